"""`eyeful calibrate`, and every command that takes what it writes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import eyeful
from eyeful.bundle import MANIFEST, read_bundle
from eyeful.cli import app
from eyeful.results import read_calibration
from helpers import noise_image

ROOT = Path(__file__).parents[2]
RUN = "from eyeful.cli.program import run; run()"


@pytest.fixture(scope="module")
def judged(tmp_path_factory, bundle):
    """100 images; for 95 of them the model's own answer is said to be right."""
    folder = tmp_path_factory.mktemp("judged")
    (folder / "images").mkdir()
    for number in range(100):
        noise_image(number, 64, 48).save(folder / "images" / f"{number:02d}.png")
    with eyeful.load(bundle, precision="fp32") as classifier:
        rows = classifier.predict(sorted((folder / "images").iterdir()))
    wnids = [row.top[number % 20 == 7].wnid for number, row in enumerate(rows)]
    lines = [f"{row.filename},{wnid}" for row, wnid in zip(rows, wnids, strict=True)]
    (folder / "truth.csv").write_text("\n".join(["filename,label", *lines]) + "\n")
    return folder


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def calibration(judged, bundle):
    done = run(
        *("calibrate", "images", "--truth", "truth.csv", "-o", "c.json", "--model", bundle, "--precision", "fp32"),
        *("--risk", "0.1", "--json"),
        cwd=judged,
    )
    assert done.returncode == 0, done.stderr
    path = judged / "c.json"
    assert json.loads(done.stdout) == json.loads(path.read_text())
    found = read_calibration(path)
    assert f"with 100 images: 50 of them set the temperature ({found.temperature:.3g}), 50 judge" in done.stderr
    assert "wrote c.json; `eyeful predict --calibration c.json` uses it" in done.stderr
    return path


def test_the_file_is_what_python_finds(judged, bundle, calibration):
    with eyeful.load(bundle, precision="fp32") as classifier:
        found = eyeful.calibrate(classifier, judged / "images", judged / "truth.csv", risk=0.1)
    written = read_calibration(calibration)
    assert found == written or found.made != written.made  # at midnight


def test_predict_heeds_it_and_says_so(judged, bundle, calibration, monkeypatch):
    asked = ("predict", "images", "-o", "rows.jsonl", "--overwrite", "--model", bundle, "--calibration", "c.json")
    done = run(*asked, "--precision", "fp32", cwd=judged)
    assert done.returncode == 0, done.stderr
    assert "calibrated: " in done.stderr
    assert "for images like the 100 that it was made with" in done.stderr
    found = read_calibration(calibration)
    rows = [json.loads(line) for line in (judged / "rows.jsonl").read_text().splitlines()]
    monkeypatch.chdir(judged)
    with eyeful.load(bundle, precision="fp32", calibration=found) as classifier:
        assert rows == [row.to_dict() for row in classifier.predict([row["filename"] for row in rows])]
    assert [row["abstained"] for row in rows] == [row["prob"] < found.least_prob for row in rows]
    record = json.loads((judged / "rows.jsonl.run.json").read_text())
    assert record["provenance"]["calibration"] == found.to_dict()
    for difference, flags in {
        "the precision was fp32 (--precision fp32), now bf16": ("--precision", "bf16"),
        "crop_mode was center, is squash": ("--precision", "fp32", "--crop-mode", "squash"),
    }.items():
        refused = run(*asked, *flags, cwd=judged)
        assert refused.returncode == 2
        assert difference in refused.stderr or "bf16" in refused.stderr  # a CPU may have none
        assert refused.stderr.count("\n") == 1


@pytest.mark.slow
def test_another_model_is_refused(judged, calibration, resnet18_checkpoint):
    other = ("--model", "resnet18", "--checkpoint", resnet18_checkpoint, "--precision", "fp32")
    refused = run("predict", "images/00.png", "--calibration", "c.json", *other, cwd=judged)
    assert refused.returncode == 2
    assert "the weights were" in refused.stderr


@pytest.mark.slow
def test_a_bundle_takes_it_along(judged, calibration):
    asked = ("export", "-o", "calibrated", "--calibration", "c.json", "--overwrite")
    done = run(*asked, cwd=judged)
    assert done.returncode == 0, done.stderr
    assert read_bundle(judged / "calibrated").manifest.calibration == json.loads(calibration.read_text())
    with eyeful.load(judged / "calibrated", precision="fp32") as classifier:
        assert classifier.predictor.calibration == read_calibration(calibration)
        assert classifier.predict(judged / "images" / "00.png").prediction_set is not None
    with pytest.raises(eyeful.UsageError, match="crop_mode was center, is squash"):
        eyeful.load(judged / "calibrated", precision="fp32", crop_mode="squash")
    squashed = ("--model", "calibrated", "--precision", "fp32", "--crop-mode", "squash")
    turned_off = run("predict", "images/00.png", *squashed, "--calibration", "none", cwd=judged)
    assert (turned_off.returncode, "calibrated: " in turned_off.stderr) == (0, False)
    anew = run("calibrate", "images", "--truth", "truth.csv", "-o", "squashed.json", *squashed, cwd=judged)
    assert anew.returncode == 0, anew.stderr
    info = CliRunner().invoke(app, ["info", str(judged / "calibrated"), "--json"])
    assert info.exit_code == 0
    refused = run(*asked, "--activation", "sigmoid", cwd=judged)
    assert refused.returncode == 2
    assert "the activation was softmax, now sigmoid" in refused.stderr
    manifest = judged / "calibrated" / MANIFEST
    manifest.write_text(manifest.read_text().replace('"temperature": ', '"temperature": -'))
    broken = run("predict", "images/00.png", "--model", "calibrated", cwd=judged)
    assert broken.returncode == 2
    assert "damaged calibration" in broken.stderr


@pytest.mark.slow
def test_an_evaluation_heeds_it_and_does_not_ask_it_of_another_model(judged, bundle, calibration):
    assert run("export", "-o", "other", "--mean", "0.4", "0.4", "0.4", cwd=judged).returncode == 0
    asked = ("evaluate", "images", "--truth", "truth.csv", "--model", bundle, "--precision", "fp32", "--json")
    done = run(*asked, "--calibration", "c.json", "--against", "other", cwd=judged)
    assert done.returncode == 0, done.stderr
    found, plain = json.loads(done.stdout), json.loads(run(*asked, cwd=judged).stdout)
    assert found["against"]["images"] == 100
    assert found["top1"] == plain["top1"]
    assert found["nll"] != plain["nll"]  # of divided logits


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a folder of images"),
        (("images",), "-o calibration.json says where to write"),
        (("images", "-o", "c.json"), "c.json exists already: --overwrite replaces it"),
        (("images", "-o", "images"), "images is a folder"),
        (("none", "-o", "new.json"), "none: no such file or folder"),
        (("images", "-o", "new.json", "--risk", "3"), "risk 3 is not above 0"),
        (("images", "-o", "new.json", "--risk", "1e-6"), "risk 1e-06 cannot be shown: more than 100,000 answers"),
        (("images", "-o", "c.json/new.json"), "cannot write c.json/new.json"),
        (("images", "-o", "new.json", "--truth", "none.csv"), "none.csv"),
    ],
)
def test_misuse_is_one_line_before_anything_is_classified(judged, calibration, arguments, said):
    done = run("calibrate", *arguments, cwd=judged)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (judged / "new.json").exists()


def test_nothing_ships():
    """A calibration is a user's own: none is in the package."""
    files = [path for path in (ROOT / "src" / "eyeful").rglob("*.json") if "made_for" in path.read_text()]
    assert files == []
    assert list((ROOT / "src" / "eyeful").rglob("*.npz")) == []
