"""`eyeful teach`: from folders of photographs to a model and its report; what it refuses, before anything is opened."""

import json
import re
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from cli.conftest import MAIN
from own_labels import write_folders

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def own(photos, lite0, tmp_path_factory):
    """A folder with photos/, test/ and other/."""
    folder = tmp_path_factory.mktemp("own")
    write_folders(photos, lite0.predictor.manifest.labels, folder)
    return folder


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """A folder with what cannot be taught, whose files are no images: they are not opened."""
    folder = tmp_path_factory.mktemp("refused")
    for name in ("photos/cat", "photos/dog", "few/cat", "few/dog", "test/hen", "loose"):
        (folder / name).mkdir(parents=True)
        for number in range(4 if name == "few/dog" else 5):
            (folder / name / f"{number}.jpg").write_text(f"{name} {number}")
    (folder / "photos.csv").write_text("filename,width\nphotos/cat/1.jpg,4\n")
    (folder / "report.html").write_text("a report")
    return folder


def test_a_model_a_report_and_plain_sentences(command, own, bundle, tmp_path):
    done = command(
        *("teach", own / "photos", "-m", bundle, "-o", tmp_path / "mine"),
        *("--test", own / "test", "--outsiders", own / "other"),
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"Taught 3 labels, bird \d+, dog \d+, vehicle \d+: \d+ images\.\n", done.stdout)
    for said in ("right in cross-validation: ", "right in the test: ", "None of these: ", "of no label, "):
        assert said in done.stdout
    assert f"wrote {tmp_path / 'mine'} and {tmp_path / 'mine.html'}, its report" in done.stderr
    assert f"`eyeful predict --model {tmp_path / 'mine'} photos/` runs it" in done.stderr
    page = (tmp_path / "mine.html").read_text()
    for heading in ("What was taught?", "How good is it in the test?", "What if an image is none of these?"):
        assert f"<h2>{heading}</h2>" in page
    rows = command("predict", own / "test" / "dog", "-m", tmp_path / "mine", "--format", "jsonl").stdout
    answers = [json.loads(line)["label"] for line in rows.splitlines()]
    assert answers.count("dog") >= 0.6 * len(answers)


@pytest.mark.slow
def test_json_and_exit_codes(command, own, bundle, tmp_path):
    photos = tmp_path / "photos"
    shutil.copytree(own / "photos", photos, symlinks=True)
    (photos / "dog" / "broken.jpg").write_text("no image")
    asked = ("-m", bundle, "-o", tmp_path / "mine", "--report", tmp_path / "r.html", "-q")
    done = command("teach", photos, *asked, "--json", "--min-accuracy", "0.5")
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)
    assert list(found["images_of"]) == ["bird", "dog", "vehicle"]
    assert found["left_out"] == {"unidentified": 1}
    assert (tmp_path / "r.html").exists()
    assert not (tmp_path / "mine.html").exists()
    done = command("teach", own / "photos", *asked)
    assert done.returncode == 2
    assert "mine exists already: --overwrite replaces it" in done.stderr
    done = command("teach", own / "photos", *asked, "--overwrite", "--min-accuracy", "1")
    assert done.returncode == 1
    assert re.search(r"right is less than --min-accuracy 1\.0", done.stderr)


MISUSE = [
    ((), "name a folder with a folder of images for each label"),
    (("none", "-o", "m"), "none: no such file or folder"),
    (("photos",), "-o mymodel/ says where to write the model"),
    (("photos", "-o", "m", "--min-accuracy", "90"), "--min-accuracy 90.0 is not between 0 and 1"),
    (("photos", "-o", "m", "--activation", "sigmoid"), "--activation is for models with labels"),
    (("photos", "-o", "m", "--truth", "none.csv"), "none.csv cannot be read: No such file or directory"),
    (("photos", "-o", "m", "--truth", "photos.csv"), "has no column of right labels (width): call it label"),
    (("photos", "-o", "m", "--truth", "names"), "--truth names: it is auto, folders, or a .csv or .jsonl file"),
    (("photos", "-o", "m", "--test", "none"), "none: no such file or folder"),
    (("photos", "-o", "m", "--test", "test"), "the test has images of what is not taught: hen"),
    (("photos", "-o", "m", "--outsiders", "none"), "none: no such file or folder"),
    (("photos/cat", "-o", "m"), "lie in no folders, so that nothing says their labels"),
    (("few", "-o", "m"), "a label needs 5 images, better 20: dog has 4"),
    (("photos", "-o", "photos/m"), "lies in photos, among the images"),
    (("photos", "-o", "loose", "--overwrite"), "loose holds 0.jpg, which is no part of a bundle"),
    (("photos", "-o", "report.html", "--overwrite"), "report.html is a file; name a new folder"),
    (
        ("photos", "-o", "report"),
        "report.html exists already: --overwrite replaces it, --report FILE names another",
    ),
    (("photos", "-o", "m", "--report", "m/r.html"), "lies in the model's folder"),
    (("photos", "-o", "m", "--report", "loose"), "--report loose is a folder; name a file"),
]


@pytest.mark.parametrize(("arguments", "fault"), MISUSE, ids=[fault[:30] for _, fault in MISUSE])
def test_misuse_is_one_line_and_leaves_nothing(arguments, fault, command, refused):
    before = sorted(refused.rglob("*"))
    done = command("teach", *arguments, cwd=refused)
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(refused.rglob("*")) == before


def test_without_scikit_learn_it_says_what_to_install(command, refused, monkeypatch):
    monkeypatch.setattr("eyeful.extras.available", lambda module: module != "sklearn")
    done = command("teach", "photos", "-o", "m", cwd=refused)
    assert done.returncode == 2
    assert done.stderr == (
        'eyeful: error: teaching needs scikit-learn, which is not installed: pip install "eyeful[teach]"\n'
    )


def test_a_guess_at_the_largest_label_is_not_taught(command, bundle, tmp_path):
    noise = np.random.default_rng(0)
    for label in ("one", "other"):
        (tmp_path / "noise" / label).mkdir(parents=True)
        for number in range(8):
            pixels = noise.integers(0, 256, (64, 64, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "noise" / label / f"{number}.png")
    done = command("teach", tmp_path / "noise", "-m", bundle, "-o", tmp_path / "m")
    assert done.returncode == 2, done.stdout
    assert "nothing is written: " in done.stderr
    assert not (tmp_path / "m").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
def test_a_full_disk_is_one_line(process, own, bundle, tmp_path):
    code = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n{MAIN}"
    done = process("teach", own / "photos", "-m", bundle, "-o", tmp_path / "mine", "-q", code=code)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert "cannot write a prepared model to " in done.stderr
    assert list(tmp_path.iterdir()) == []
