"""`predict --cluster local`: the rows, the record and the words of one machine, with Ray in between."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest

from eyeful.cluster.package import pack
from eyeful.predictor import PredictorSpec

pytest.importorskip("ray")


def eyeful(*args, **environment):
    return subprocess.run(
        [sys.executable, "-m", "eyeful", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | environment,
    )


def content(place):
    return pyarrow.parquet.read_table(place).to_pylist()


@pytest.fixture(scope="module")
def inputs(images, tmp_path_factory):
    """Images, a file that is none, a name that leads nowhere, and an archive: the last is one shard."""
    import zipfile

    folder = tmp_path_factory.mktemp("inputs")
    archive = folder / "more.zip"
    with zipfile.ZipFile(archive, "w") as written:
        for path in sorted(images.iterdir())[:3]:
            written.write(path, path.name)
        written.writestr("notes.txt", "no image")
    (folder / "broken.png").write_text("no image either, whatever it is called")
    return [folder / "gone.jpg", images, folder / "broken.png", archive]


@pytest.mark.slow
def test_rows_and_record_are_those_of_one_machine(inputs, tmp_path):
    here = eyeful("predict", *inputs, "-o", f"{tmp_path}/here/", "--shard-rows", 4)
    there = eyeful("predict", *inputs, "-o", f"{tmp_path}/there/", "--shard-rows", 4, "--cluster", "local")
    assert (here.returncode, there.returncode) == (1, 1), there.stderr
    assert content(tmp_path / "there") == content(tmp_path / "here")
    names = [sorted(path.name for path in (tmp_path / place).iterdir()) for place in ("here", "there")]
    assert names[0] == names[1]
    records = [json.loads((tmp_path / place / "_run.json").read_text()) for place in ("here", "there")]
    assert records[0] == records[1]
    assert there.stderr.splitlines()[0] == here.stderr.splitlines()[0], "the same counts"
    assert "images/s" in there.stderr
    again = eyeful("predict", *inputs, "-o", f"{tmp_path}/there/", "--shard-rows", 4, "--resume")
    assert again.returncode == 1
    assert "was complete" in again.stderr


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("-o", "rows.jsonl", "--cluster", "local"), "--cluster writes parts: -o FOLDER/"),
        pytest.param(
            ("-o", "out/", "--cluster", "nowhere"), "is none of auto, local and HOST:PORT", marks=pytest.mark.slow
        ),
        (("-o", "out/", "--cluster", "127.0.0.1:9"), "no Ray answers at 127.0.0.1:9"),
        pytest.param(
            ("-o", "out/", "--cluster-cpus", "2"), "--cluster says which cluster", marks=pytest.mark.slow
        ),
        pytest.param(
            ("-o", "out/", "--cluster", "local", "--shard", "1/2"),
            "--cluster and --shard do not go together",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("-o", "out/", "--cluster", "local", "--table"),
            "--cluster and --table do not go together",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_does_not_go_is_one_line(flags, says, images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = eyeful("predict", images, *flags)
    assert found.returncode == 2
    assert says in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert not list(Path("out").glob("*")) if Path("out").exists() else True


def test_a_package_is_the_same_bundle_elsewhere(bundle, tmp_path, monkeypatch):
    package, spec = pack(PredictorSpec(model=str(bundle)), gpus=False)
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    folder = package.unpack()
    assert folder.is_relative_to(tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in bundle.iterdir()
    }
    assert package.unpack() == folder
    assert spec.model == str(bundle)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_whole_parts_and_says_how_to_go_on(number, images, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("".join(f"{path}\n" for path in sorted(images.iterdir()) * 300))
    command = [sys.executable, "-m", "eyeful", "predict", names, "-o", f"{tmp_path}/out/", "--shard-rows", "20"]
    with subprocess.Popen([*map(str, command), "--cluster", "local"], stderr=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "out").glob("part-*"))) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run.send_signal(number)
        said = run.communicate(timeout=30)[1]
    assert run.returncode == 128 + number
    assert "--resume goes on from there" in said
    assert "***" not in said, "a stack of Ray's"
    assert {len(content(part)) for part in (tmp_path / "out").glob("part-*")} == {20}
    assert not (tmp_path / "out" / "_SUCCESS").exists()
