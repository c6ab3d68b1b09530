"""`eyeful embed`: images in, vectors out."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from graphs import write_onnx

import eyeful
from eyeful.features import read_features
from helpers import discriminating_state


@pytest.fixture(scope="module")
def squeezenet(tmp_path_factory):
    """A checkpoint of a network whose last layer is a convolution."""
    path = tmp_path_factory.mktemp("squeezenet") / "own.pth"
    torch.save(discriminating_state("squeezenet1_1", 10), path)
    return path


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """An ONNX file that gives scores alone, as users export it."""
    return write_onnx(tmp_path_factory.mktemp("graph") / "own.onnx")


@pytest.mark.parametrize("name", ["x.npy", "x.parquet"])
def test_vectors_are_the_features_at_unit_length(name, command, samples, tmp_path):
    done = command("embed", samples, "-o", tmp_path / name)
    assert done.returncode == 0, done.stderr
    assert "9 inputs = 9 embedded + 0 errors; 1 other file ignored (.md 1)" in done.stderr
    assert done.stderr.splitlines()[-1] == f"eyeful: wrote {tmp_path / name}"
    assert done.stdout == ""
    found = read_features(tmp_path / name)
    with eyeful.load() as classifier:
        features = classifier.features(found.filenames)
        assert found.record["fingerprint"] == classifier.spec.fingerprint()
    assert np.abs(found.vector_ND - features / np.linalg.norm(features, axis=1)[:, None]).max() < 1e-6
    again = command("embed", samples, "-o", tmp_path / name, "--resume")
    assert again.returncode == 0
    assert f"{tmp_path / name} was complete: nothing was left to do" in again.stderr


def test_every_flag_that_decides_an_input_is_there(command, samples, tmp_path):
    flags = ["--img-size", 192, "--crop-mode", "squash", "--max-pixels", 100_000, "-b", 2, "-j", 1, "--exact"]
    done = command("embed", samples, "-o", tmp_path / "x.npy", "-q", *flags)
    assert done.returncode == 1
    assert done.stderr == ""
    found = read_features(tmp_path / "x.npy")
    keys = found.record["reproducibility_keys"]
    assert keys["preprocessing"]["size"] == [192, 192]
    assert keys["preprocessing"]["crop_mode"] == "squash"
    assert (keys["engine"], keys["precision"], keys["decode"]) == ("torch", "fp32", "full")
    assert set(found.errors) == {"too_large"}
    shown = command("embed", "--help").stdout
    for flag in ("--checkpoint", "--labels", "--mean", "--device", "--torchcompile", "--every", "--column"):
        assert flag in shown


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["-o", "x.jsonl"], "-o x.jsonl: vectors go to a file whose name ends in .parquet or .npy"),
        ([], "-o features.parquet, or .npy, says where the vectors go"),
        (["-o", "cat.npy", "--resume", "--overwrite"], "--resume keeps what is there, --overwrite replaces it"),
        (["-o", "x.npy", "-m", "no-such-model"], "unknown model 'no-such-model'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(flags, why, command, samples, tmp_path):
    done = command("embed", samples / "cat.png", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert why in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_input_is_not_written_over(command, samples, tmp_path):
    (tmp_path / "list.npy").write_text("cat.png")
    done = command("embed", "list.npy", "-o", "list.npy", "--overwrite", cwd=tmp_path)
    assert done.returncode == 2
    assert "is an input; name another file" in done.stderr
    assert (tmp_path / "list.npy").read_text() == "cat.png"


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".npy", ".parquet"])
def test_a_network_without_a_vector_is_refused_before_anything_is_written(
    ending, command, samples, squeezenet, graph, tmp_path
):
    models = {
        ("squeezenet1_1", "--checkpoint", squeezenet): "has no features: it does not end in a linear layer",
        (graph,): "has no features: a file gives scores alone; name the model that it was made of, or a bundle",
    }
    for model, why in models.items():
        done = command("embed", samples, "-m", *model, "-o", tmp_path / f"x{ending}")
        assert done.returncode == 2
        assert why in done.stderr.splitlines()[-1]
        assert list(tmp_path.iterdir()) == []


def test_without_pyarrow_its_install_command_is_told(samples, tmp_path):
    code = "import sys; sys.modules['pyarrow'] = None; from eyeful import extras; "
    code += "extras.find_spec = lambda name: None if name == 'pyarrow' else __import__('importlib.util').util.find_spec(name)\n"
    code += "from eyeful.cli import main; main()"
    arguments = ["embed", samples, "-o", tmp_path / "x.parquet"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        'eyeful: error: a Parquet file needs PyArrow, which is not installed: pip install "eyeful[parquet]"\n'
    )
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_a_row_and_where_nothing_exists_it_is_wrong_usage(command, samples, tmp_path):
    done = command("embed", samples / "cat.png", "none.jpg", "-o", "x.npy", cwd=tmp_path)
    assert done.returncode == 1
    rows = (tmp_path / "x.npy.names.jsonl").read_text().splitlines()
    assert [json.loads(row)["error_kind"] for row in rows] == [None, "not_found"]
    done = command("embed", "none.jpg", "-o", "y.npy", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "eyeful: error: nothing that was named exists: none.jpg"
