"""What visitors teach: whose it is, how much of it there is, and when it goes; what they add, and what is refused."""

import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from eyeful.errors import UsageError
from eyeful.page import own_images
from eyeful.page.models import Models
from eyeful.page.own_images import Own, by_label, with_images
from eyeful.page.taught import MOST_TAUGHT, NAME, TaughtModels, zip_folder
from eyeful.page.teach import _taught
from eyeful.teaching.labelled import FEWEST
from eyeful.types import Item
from helpers import FakeEngine, fake_classifier, noise_image


class Engine(FakeEngine):
    closed = False

    def close(self):
        self.closed = True


def own(number: int, size: int = 10) -> Own:
    return Own(tuple(Item(f"{n}.jpg", Path(f"{n}.jpg")) for n in range(number)), size)


@pytest.fixture
def taught(tmp_path):
    """As many models as there may be, each of another visitor; and their engines."""
    models, engines = TaughtModels(), {}
    for number in range(MOST_TAUGHT):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        engines[number] = Engine()
        models.add(f"visitor {number}", fake_classifier(engines[number]), folder)
    return models, engines


def test_a_visitor_has_their_own_model_and_no_other(taught):
    models, engines = taught
    for number, engine in engines.items():
        with models.use(f"visitor {number}") as classifier:
            assert classifier.predictor.engine is engine
    with pytest.raises(UsageError, match="press Teach again"), models.use("a stranger"):
        pass


def test_the_longest_unused_is_closed_and_deleted(taught, tmp_path):
    models, engines = taught
    with models.use("visitor 0"):
        pass
    models.add("one more", fake_classifier(Engine()), tmp_path / "more")
    assert len(models) == MOST_TAUGHT
    assert [engine.closed for engine in engines.values()] == [False, True, False, False]
    assert not (tmp_path / "1").exists()
    with pytest.raises(UsageError, match="no longer on the server"), models.use("visitor 1"):
        pass


def test_teaching_again_and_leaving_close_and_delete_what_was_there(taught, tmp_path):
    models, engines = taught
    models.add("visitor 0", fake_classifier(Engine()), tmp_path / "again")
    models.forget("visitor 1")
    models.forget("visitor 1")
    assert (engines[0].closed, engines[1].closed, len(models)) == (True, True, MOST_TAUGHT - 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2", "3"]
    models.close()
    assert (len(models), list(tmp_path.iterdir())) == (0, [])
    assert all(engine.closed for engine in engines.values())


def test_a_model_is_not_closed_under_somebody_who_uses_it(taught):
    models, engines = taught
    with models.use("visitor 0"):
        leaving = threading.Thread(target=models.forget, args=("visitor 0",))
        leaving.start()
        leaving.join(0.05)
        assert not engines[0].closed
    leaving.join(5)
    assert engines[0].closed


def test_the_page_closes_them_when_it_ends(tmp_path):
    models, engine = Models({"fake": fake_classifier()}, None), Engine()
    models.taught.add("visitor", fake_classifier(engine), tmp_path)
    models.close()
    assert engine.closed


def test_the_file_to_download_holds_the_bundle(tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for name in ("manifest.json", "model.bin"):
        (bundle / name).write_bytes(name.encode() * 1000)
    path = zip_folder(bundle, tmp_path / "mymodel.zip")
    zipfile.ZipFile(path).extractall(tmp_path / "unzipped")
    for file in bundle.iterdir():
        assert (tmp_path / "unzipped" / NAME / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("names", "owns", "said"),
    [
        (("cat", ""), (own(5), own(5)), "A label has images and no name."),
        (("a cat", " A  Cat "), (own(5), own(5)), "Two labels are called a cat."),
        (("cat", "None of These"), (own(5), own(5)), "No label can be called “none of these”"),
        (("cat", ""), (own(5), Own()), "To teach takes two labels or more."),
        (("", ""), (Own(), Own()), "To teach takes two labels or more."),
        (
            ("cat", "dog", "cow"),
            (own(5), own(4), Own()),
            "A label needs 5 images, better 20: dog has 4, cow has 0.",
        ),
        (("cat", "dog"), (own(300), own(201)), "501 images are too many: this page takes 500 in all."),
        (("cat", "dog"), (own(5, 1 << 30), own(5)), "1,024 MB of images are too many: this page takes 1,024 MB."),
    ],
)
def test_what_cannot_be_taught_is_said_in_a_sentence(names, owns, said):
    trouble = by_label(names, owns, FEWEST)
    assert trouble.happened.startswith(said)
    assert trouble.remedy


def test_labels_and_images_have_names_of_their_own():
    images = tuple(Item("image.jpg", Path(f"{n}.jpg")) for n in range(5))
    found = by_label((" my  cat", "", "dog"), (Own(images), Own(), own(5)), FEWEST)
    assert list(found) == ["my cat", "dog"]
    assert [item.filename for item in found["my cat"][:3]] == [
        *("my cat/image.jpg", "my cat/2 image.jpg", "my cat/3 image.jpg")
    ]
    assert [item.content for item in found["my cat"]] == [item.content for item in images]


def test_what_cannot_be_opened_is_named_and_left_out(tmp_path, monkeypatch):
    good, broken = tmp_path / "good.png", tmp_path / "broken.png"
    noise_image(1, 320, 240).save(good)
    broken.write_bytes(good.read_bytes()[:5000])
    items = [Item(path.name, path) for path in (good, broken, tmp_path / "gone.png")]
    numbers = []
    found = with_images(own(2), items, numbers.append)
    assert [item.filename for item in found.items] == ["0.jpg", "1.jpg", "good.png"]
    assert found.bytes == 10 + good.stat().st_size
    assert [trouble.happened for trouble in found.troubles] == [
        "broken.png is incomplete or damaged.",
        "gone.png is no longer on the server.",
    ]
    assert (numbers, [max(pixels.shape) for pixels in found.shown]) == ([1, 2, 3], [96])
    assert "broken.png is incomplete" in found.html(FEWEST)
    assert "3 images; 5 or more are needed" in found.html(FEWEST)
    monkeypatch.setattr(own_images, "MOST_IMAGES", 4)
    more = with_images(found, items)
    assert more.items == found.items
    assert "6 images are too many: this page takes 4 in all." in more.html(FEWEST)


@pytest.mark.filterwarnings("ignore")
def test_what_teaching_refuses_is_an_alert_and_leaves_nothing(tmp_path, monkeypatch, lite0):
    from eyeful.page import teach

    monkeypatch.setattr(teach, "UPLOADS", tmp_path / "uploads")
    (tmp_path / "uploads").mkdir()
    paths = [tmp_path / f"{n}.png" for n in range(10)]
    for seed, path in enumerate(paths):
        noise_image(seed, 64, 48).save(path)
    items = [Item(path.name, path) for path in paths]
    visitor = SimpleNamespace(session_hash="visitor")
    models = Models({"lite0": lite0}, None)

    def said(labels):
        return _taught(models, visitor, "lite0", labels, lambda *_, **__: None).happened

    twice = said({"cat": items[:5], "dog": items[4:]})
    assert twice.startswith("one image under two labels, the same to the byte: 4.png (cat) and 4.png (dog)")
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    assert "pip install" in said({"cat": items[:5], "dog": items[5:]})
    assert (len(models.taught), list((tmp_path / "uploads").iterdir())) == (0, [])
