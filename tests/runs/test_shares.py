"""A run that three processes share: the rows of one, bit for bit, whatever is among the inputs."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pyarrow.parquet
import pytest
from PIL import Image

from helpers import noise_image

HOSTILE = Path(__file__).parents[1] / "hostile" / "make_hostile.py"
COMMAND = [sys.executable, "-c", "from eyeful.cli import main; main()"]


def started(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=cwd, stderr=subprocess.PIPE, text=True)


def ended(*arguments: object, cwd: Path) -> tuple[int, str]:
    run = started(*arguments, cwd=cwd)
    _, told = run.communicate()
    return run.returncode, told


def rows(path: Path) -> list[dict]:
    found = pyarrow.parquet.read_table(path).to_pylist()
    return [{name: value for name, value in row.items() if name != "columns"} for row in found]


@pytest.fixture
def place(tmp_path) -> Path:
    """Images, one of them damaged, a list of them, and archives and a video of others."""
    (tmp_path / "images").mkdir()
    for number in range(9):
        noise_image(number, 200, 150).save(tmp_path / "images" / f"{number}.jpg")
    damaged = tmp_path / "images" / "4.jpg"
    damaged.write_bytes(damaged.read_bytes()[:2000])
    (tmp_path / "list.csv").write_text("image,id\nimages/1.jpg,a\nimages/none.jpg,b\n")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted((tmp_path / "images").iterdir()):
            archive.write(path, path.name)
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        archive.add(tmp_path / "images", "images")
    film(tmp_path / "clip.mp4")
    return tmp_path


def film(path: Path) -> None:
    """Five seconds of noise."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=4)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(20):
            container.mux(stream.encode(av.VideoFrame.from_image(noise_image(number, 64, 48))))
        container.mux(stream.encode(None))


def check(inputs: list[str], shard_rows: int, bundle: Path, place: Path) -> None:
    """See that three processes at once make what one makes."""
    assert ended("predict", *inputs, "-m", bundle, "-o", "rows.parquet", "-q", cwd=place)[0] == 1
    common = ["predict", *inputs, "-m", bundle, "-o", "out/", "--shard-rows", shard_rows, "-j", 1]
    runs = [started(*common, "--shard", f"{number}/3", cwd=place) for number in (3, 1, 2)]
    told = [run.communicate()[1] for run in runs]
    assert {run.returncode for run in runs} <= {0, 1}, told
    code, told = ended("join", "out/", "-o", "joined.parquet", cwd=place)
    assert code == 1, told
    expected = rows(place / "rows.parquet")
    assert rows(place / "joined.parquet") == rows(place / "out") == expected
    errors = sum(row["error_kind"] is not None for row in expected)
    assert f"{len(expected)} rows, {errors} errors" in told


@pytest.mark.slow
def test_three_processes_at_once_make_what_one_makes(bundle, place):
    check(["images", "a.zip", "clip.mp4", "list.csv", "b.tar", "images/0.jpg"], 4, bundle, place)
    code, told = ended("join", "out/", "-o", "out/all.parquet", cwd=place)
    assert code == 2
    assert "lies among the parts" in told
    code, told = ended("join", "out/", "-o", "joined.parquet", cwd=place)
    assert (code, told) == (2, "eyeful: error: joined.parquet exists already: --overwrite replaces a file\n")
    code, told = ended("join", "none/", cwd=place)
    assert (code, told.count("\n")) == (2, 1)


@pytest.mark.slow
def test_so_it_is_with_hostile_images(bundle, place):
    Image.open(place / "images" / "0.jpg").save(place / "photo.jpg")
    make = [sys.executable, "-W", "ignore", HOSTILE, place / "set", "--photo", place / "photo.jpg"]
    subprocess.run([*make, "--hostile-fs", place / "fs"], check=True)
    check(["images", "set", "a.zip", "fs", "clip.mp4", "b.tar", "set"], 20, bundle, place)
