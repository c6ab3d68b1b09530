"""Teaching with a real network: from files to a bundle that answers with the user's labels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import eyeful
from eyeful.bundle import HEAD, TaughtHead, read_bundle
from eyeful.bundle.manifest import TAUGHT
from eyeful.errors import UsageError
from eyeful.evaluation.metrics import share_of
from eyeful.teaching.labelled import labelled_images
from eyeful.teaching.refused import check_better
from eyeful.teaching.vectors import LabelledVectors, labelled_vectors
from helpers import fake_classifier, noise_image


def coloured(label: str, number: int) -> Image.Image:
    """An image with structure whose label is how it is tinted."""
    grey = ImageOps.grayscale(noise_image(number + 100 * ("red", "green", "blue").index(label), 160, 120))
    return ImageOps.colorize(grey, "black", label)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Twelve images of each of three labels, one of which is broken; others to test, and of no label."""
    root = tmp_path_factory.mktemp("images")
    for label in ("red", "green", "blue"):
        for folder, numbers in (("taught", range(12)), ("test", range(20, 24))):
            (root / folder / label).mkdir(parents=True)
            for number in numbers:
                coloured(label, number).save(root / folder / label / f"{number}.png")
    (root / "taught" / "red" / "broken.png").write_text("no image at all")
    (root / "outsiders").mkdir()
    for number in range(4):
        Image.new("RGB", (99, 99), "white").save(root / "outsiders" / f"{number}.png")
    (root / "outsiders" / "broken.png").write_text("no image at all")
    return root


@pytest.fixture(scope="module")
def taught(root, lite0, tmp_path_factory):
    output = tmp_path_factory.mktemp("models") / "mine"
    return eyeful.teach(root / "taught", output, model=lite0, test=root / "test", outsiders=root / "outsiders")


def test_a_bundle_answers_with_the_labels(taught, root):
    assert (taught.labels, dict(taught.images_of)) == (
        ("blue", "green", "red"),
        dict.fromkeys(("blue", "green", "red"), 12),
    )
    assert dict(taught.left_out) == {"unidentified": 1}
    assert taught.cross_validated.top1.share > 0.8
    with eyeful.load(taught.output) as own:
        assert own.labels == (*taught.labels, "none of these")
        assert own.predict(str(root / "test/blue/20.png")).label == "blue"


def test_what_it_says_is_what_the_bundle_does(taught, root):
    with eyeful.load(taught.output, precision="fp32") as own:
        rows = own.predict(sorted(map(str, (root / "test").glob("*/*"))))
        right = sum(Path(row.filename).parent.name == row.label for row in rows)
        flagged = sum(row.none_of_these for row in own.predict(str(root / "outsiders")) if row.ok)
    assert (taught.test.scored, taught.test.top1.right) == (12, right)
    assert taught.outsiders == {"images": 4, "flagged": flagged}
    assert taught.outsiders["flagged"] == 4


def test_the_manifest_says_what_was_taught(taught):
    said = read_bundle(taught.output).manifest.taught
    assert said == taught.manifest
    assert set(said) == set(TAUGHT)
    top1 = taught.cross_validated.top1
    assert said["accuracy"] == {
        "right": top1.right,
        "of": 36,
        "share": top1.share,
        "low": top1.low,
        "high": top1.high,
    }
    assert (said["images"], said["labels"]["red"], said["left_out"]) == (36, 12, {"unidentified": 1})
    assert (said["precision"], said["false_alarms"]) == ("fp32", taught.false_alarms)
    head = TaughtHead.read(taught.output / HEAD)
    assert np.isclose(said["least_cosine"], head.least_cosine)
    found = taught.to_dict()
    assert found["cross_validated"]["top1"]["of"] == 36
    assert found["taught"]["labels"] == {"blue": 12, "green": 12, "red": 12}


@pytest.mark.slow
def test_the_order_of_images_and_the_number_of_workers_change_nothing(taught, root, lite0, tmp_path):
    found = labelled_images(root / "taught")
    order = np.random.default_rng(0).permutation(len(found))
    mixed = {
        label: [str(found.items[n].filename) for n in order if found.labels[found.label_N[n]] == label]
        for label in found.labels
    }
    again = eyeful.teach(mixed, tmp_path / "again", model=lite0.with_options(workers=8, batch_size=0))
    assert (again.output / HEAD).read_bytes() == (taught.output / HEAD).read_bytes()


@pytest.mark.slow
def test_a_report_that_is_there_is_replaced_only_when_asked(root, lite0, tmp_path):
    page = tmp_path / "mine.html"
    page.write_text("another")
    with pytest.raises(UsageError, match="html exists already: --overwrite replaces it"):
        eyeful.teach(root / "taught", tmp_path / "mine", model=lite0, report=page)
    assert (page.read_text(), sorted(tmp_path.iterdir())) == ("another", [page])
    eyeful.teach(root / "taught", tmp_path / "mine", model=lite0, report=page, overwrite=True)
    assert "What was taught?" in page.read_text()


def written(folder: Path, images_of: dict[str, list[Image.Image]]) -> Path:
    for label, images in images_of.items():
        (folder / label).mkdir(parents=True)
        for number, image in enumerate(images):
            image.save(folder / label / f"{number}.png")
    return folder


def broken(folder: Path) -> None:
    for number in range(2):
        (folder / "red" / f"{number}.png").write_text(f"no image {number}")


def nothing(folder: Path) -> None:
    del folder


@pytest.mark.parametrize(
    ("images_of", "change", "text"),
    [
        (lambda: {"red": [coloured("red", n) for n in range(6)], "blue": [coloured("blue", n) for n in range(6)]}, broken, r"needs 5 images that can be opened: red has 4 \(not opened: 2 "),
        (lambda: {"one": [noise_image(1)] * 5, "two": [coloured("blue", n) for n in range(6)]}, nothing, "5 images of one are near copies of each other, as .*one/0.png: add different"),
        (lambda: {"a": [noise_image(n, 96, 96) for n in range(8)], "b": [noise_image(n, 96, 96) for n in range(50, 56)]}, nothing, "nothing is written: .* of 14 images are right in cross-validation, and 57.1% are of the label a"),
    ],
)  # fmt: skip
def test_what_cannot_be_taught_is_refused_and_nothing_is_written(
    images_of: Callable, change: Callable, text, lite0, tmp_path
):
    folder = written(tmp_path / "images", images_of())
    change(folder)
    with pytest.raises(UsageError, match=text) as raised:
        eyeful.teach(folder, tmp_path / "mine", model=lite0)
    assert "\n" not in str(raised.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images"]


def test_a_model_without_features_is_refused(root):
    classifier = fake_classifier()
    run = classifier.predictor.engine._run
    classifier.predictor.engine._run = lambda batch: replace(run(batch), features_ND=None)
    with (
        classifier,
        pytest.raises(UsageError, match="fake has no features: it does not end in a linear layer; choose"),
    ):
        labelled_vectors(classifier, labelled_images(root / "taught"))


def test_as_good_as_a_guess_is_refused():
    vectors = LabelledVectors([""] * 10, np.zeros((10, 2), np.float32), np.array([0] * 6 + [1] * 4), {})
    check_better(share_of(7, 10), vectors, ("a", "b"))
    with pytest.raises(
        UsageError, match=r"60\.0% of 10 images are right in cross-validation, and 60.0% are of the label a"
    ):
        check_better(share_of(6, 10), vectors, ("a", "b"))
