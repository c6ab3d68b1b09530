"""`--precision int8` of the commands: which images calibrate, and what the record says."""

import json
import sys

import pytest
from PIL import Image

from faulty import bad_codec_environment
from small_networks import LABELS, set_speeds, write_images, write_network


@pytest.fixture
def run(command, monkeypatch, tmp_path):
    """Run a command with a small network, whose int8 network is in a cache that this test has for itself."""
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "home"))
    (tmp_path / "labels.txt").write_text("\n".join(LABELS))
    network = write_network(tmp_path / "net.onnx")
    own = ["--labels", tmp_path / "labels.txt", "--mean", ".5", ".5", ".5", "--std", ".25", ".25", ".25"]

    def run(name, *arguments, precision="int8"):
        options = [] if name == "page" else own
        return command(name, *arguments, "--model", network, *options, "--precision", precision)

    return run


@pytest.fixture
def many(tmp_path):
    (tmp_path / "many").mkdir()
    return write_images(tmp_path / "many", 40)


def test_predict_calibrates_on_its_own_inputs_and_resumes_with_the_same_network(run, many, tmp_path, caplog):
    done = run("predict", many, "-q")
    assert len(done.stdout.splitlines()) == 40, "NNCF's bars go nowhere"
    set_speeds(200, 100)
    output = tmp_path / "rows.jsonl"
    done = run("predict", many, "-o", output)
    assert done.returncode == 0
    assert "runs in int8: fp32's label on " in caplog.text
    record = json.loads((tmp_path / "rows.jsonl.run.json").read_text())
    assert record["provenance"]["precision"] == "int8"
    assert record["provenance"]["quantization"]["images"] == 20
    assert record["provenance"]["quantization"]["speed"] == 2.0
    whole = output.read_text()
    output.write_text("".join(whole.splitlines(keepends=True)[:7]))
    assert run("predict", many, "-o", output, "--resume").returncode == 0
    assert output.read_text() == whole
    set_speeds(100, 100)
    output.write_text("".join(whole.splitlines(keepends=True)[:7]))
    done = run("predict", many, "-o", output, "--resume")
    assert done.returncode == 2
    assert "its rows were made differently: precision was int8" in done.stderr


def test_predict_falls_back_for_a_few_images_and_its_rows_are_those_of_auto(run, tmp_path, caplog):
    (tmp_path / "few").mkdir()
    few = write_images(tmp_path / "few", 3)
    done = run("predict", few)
    assert done.returncode == 0
    assert "not in int8: 3 images are too few to calibrate int8 with (at least 20)" in caplog.text
    assert done.stdout == run("predict", few, precision="auto").stdout
    assert len(done.stdout.splitlines()) == 3


def test_what_cannot_be_read_twice_or_is_all_alike_needs_images(run, many, monkeypatch):
    for name in ("-", "film.mp4"):
        done = run("predict", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert "make one with images, --calibrate PHOTOS" in done.stderr
        assert done.stderr.count("error") == 1
    (many / "names").write_text(f"{many / '001.png'}\n")
    with (many / "names").open() as names:
        monkeypatch.setattr(sys, "stdin", names)
        done = run("predict", "-", "--calibrate", many)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.slow
def test_a_decoder_that_crashes_while_it_calibrates_costs_one_row(run, process, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    write_images(images, 24)
    Image.new("RGB", (51, 50)).save(images / "023.png")
    arguments = ["predict", images, "--model", tmp_path / "net.onnx", "--labels", tmp_path / "labels.txt"]
    done = process(*arguments, "--precision", "int8", "-q", env=bad_codec_environment(tmp_path / "codec"))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["error_kind"] for row in rows] == [None] * 23 + ["unreadable"], done.stderr
    assert done.returncode == 1
    assert "calibrating" in done.stderr


@pytest.mark.parametrize("name", ["serve", "page"])
def test_serve_and_page_need_images_or_a_cached_network(run, name):
    done = run(name)
    assert done.returncode == 2
    assert "no int8 network of" in done.stderr
    assert "make one with images, --calibrate PHOTOS" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--calibrate", "x", "--precision", "bf16"], "is for --precision int8"),
        (["--engine", "onnxruntime"], "leave --engine onnxruntime out"),
        (["--exact"], "exact means torch in fp32"),
        (["--cluster", "local", "--cluster-gpus", "1"], "leave --cluster-gpus out"),
        (["--server", "127.0.0.1:9"], "--precision is for models of this process"),
    ],
)
def test_what_does_not_go_together_is_refused(command, many, arguments, says):
    done = command("predict", many, "--precision", "int8", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
