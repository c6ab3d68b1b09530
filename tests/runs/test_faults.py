"""What happens to a run when its process is killed, its disk is full, or an image takes it down."""

import json
import os
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from eyeful.sinks import format_of
from faulty import KINDS, bad_codec_environment, small_tmpfs, write_thirty
from helpers import noise_image

MAIN = """
from eyeful.sinks import parquet
parquet.ROWS_IN_A_PART = parquet.ParquetSink.rows_in_hand = 100  # so that a few hundred rows are several parts
from eyeful.cli import main
main()
"""


def command(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, arguments)], capture_output=True, text=True, **options
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """600 images: 20 of them, linked thirty times."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "source").mkdir()
    for number in range(20):
        noise_image(number, 160, 120).save(folder / "source" / f"{number:02d}.jpg")
    (folder / "links").mkdir()
    for number in range(600):
        os.link(folder / "source" / f"{number % 20:02d}.jpg", folder / "links" / f"{number:04d}.jpg")
    return folder / "links"


@pytest.fixture(scope="module")
def uninterrupted(many, bundle, tmp_path_factory) -> Callable[[str], tuple[object, float]]:
    """What an output holds after a run that nothing disturbed, and how long that took; of each format one run."""
    folder = tmp_path_factory.mktemp("whole")

    @cache
    def of(file: str) -> tuple[object, float]:
        started = time.monotonic()
        done = command("predict", many, "-m", bundle, "-o", folder / file, "-q")
        assert done.returncode == 0, done.stderr
        return content(folder / file), time.monotonic() - started

    return lambda name: of("rows.parquet" if name == "rows/" else name)


def content(path: Path) -> object:
    if path.suffix == ".jsonl":
        return path.read_bytes()
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(path).to_pylist()
    return [{name: value for name, value in row.items() if name != "columns"} for row in rows]


def parts_of_100(name: str) -> list[str]:
    return ["--shard-rows", "100"] if name.endswith("/") else []


@pytest.mark.parametrize(
    "name", [*(pytest.param(name, marks=pytest.mark.slow) for name in ("rows.jsonl", "rows.parquet")), "rows/"]
)
@pytest.mark.parametrize(
    "seed", [seed if seed < 1 else pytest.param(seed, marks=pytest.mark.slow) for seed in range(20)]
)
def test_kill_9_at_random_moments_loses_and_doubles_nothing(name, seed, many, bundle, uninterrupted, tmp_path):
    chance = random.Random(seed)  # noqa: S311
    output = [f"{tmp_path}/{name}", "--resume", *parts_of_100(name)]
    arguments = ["predict", str(many), "-m", str(bundle), "-q", "-o", *output]
    (expected, seconds), killed = uninterrupted(name), 0
    while killed < 3:
        run = subprocess.Popen([sys.executable, "-c", MAIN, *arguments], stderr=subprocess.PIPE)
        try:
            run.wait(chance.uniform(0.3, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            killed += 1
        run.communicate()
        if run.returncode == 0:
            break
    last = command(*arguments)
    assert last.returncode == 0, last.stderr
    assert content(tmp_path / name) == expected
    if name == "rows/":
        assert command("join", tmp_path / name).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB, where this process may mount one."""
    with small_tmpfs(tmp_path / "small") as place:
        yield place


@pytest.mark.parametrize(
    "name",
    [
        "rows.jsonl",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("rows.csv", "rows.parquet", "rows/")),
    ],
)
def test_a_full_disk_keeps_what_was_written_and_says_how_to_go_on(name, small_disk, many, bundle):
    images = sorted(many.iterdir())[:500]
    listing = small_disk.parent / "list.txt"
    listing.write_text("\n".join(map(str, images)))
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * {"rows.parquet": 200_000, "rows/": 170_000}.get(name, 40_000))
    arguments = ["predict", listing, "-m", bundle, "-o", f"{small_disk}/{name}", *parts_of_100(name)]
    full = command(*arguments)
    assert full.returncode == 2
    *_, hint, cause = full.stderr.strip().splitlines()
    assert cause.startswith("eyeful: error: cannot write"), full.stderr
    assert "No space left" in cause
    assert "--resume" in hint
    filler.unlink()
    before = len(filenames(small_disk / name))
    assert before <= 500, "Parquet may have every part, and no space for the whole"
    if name != "rows.parquet":
        assert before > 100
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    resumed = command(*arguments, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert filenames(small_disk / name) == [str(path) for path in images]


def filenames(path: Path) -> list[str]:
    if path.is_dir():
        return [row["filename"] for row in content(path)]
    return [row.filename for row in format_of(str(path)).written(path)]


@pytest.fixture
def bad_codec(tmp_path) -> dict[str, str]:
    """An environment whose PNG decoder crashes on 51x50 pixels and hangs on 52x50, in child processes too."""
    return bad_codec_environment(tmp_path / "site")


@pytest.fixture
def thirty(tmp_path) -> list[Path]:
    """Thirty images, of which two crash that decoder and one hangs it."""
    return write_thirty(tmp_path / "images")


def error_kinds(rows: list[dict]) -> dict[int, str]:
    return {place: row["error_kind"] for place, row in enumerate(rows) if row["error_kind"]}


@pytest.mark.parametrize("name", ["rows.jsonl", pytest.param("rows.parquet", marks=pytest.mark.slow)])
def test_an_image_that_takes_the_process_down_is_an_error_row_of_this_run(
    name, bad_codec, bundle, thirty, tmp_path
):
    done = command("predict", thirty[0].parent, "-m", bundle, "-o", tmp_path / name, "-q", env=bad_codec)
    assert done.returncode == 1, done.stderr
    assert "crashed (SIGSEGV): going on" in done.stderr
    rows = list(format_of(str(tmp_path / name)).written(tmp_path / name))
    assert [row.filename for row in rows] == list(map(str, thirty))
    assert {place: row.error_kind for place, row in enumerate(rows) if row.error_kind} == KINDS


@pytest.mark.slow
@pytest.mark.parametrize("inputs", ["images", "images.zip"])
def test_so_it_is_in_a_folder_of_parts(inputs, bad_codec, bundle, thirty, tmp_path):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for path in thirty:
            archive.write(path, path.name)
    output = ["-o", "rows/", "--shard-rows", "4", "--batch-size", "1", "-j", "1", "-q"]
    done = command("predict", inputs, "-m", bundle, *output, env=bad_codec, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "crashed (SIGSEGV): going on" in done.stderr
    rows = content(tmp_path / "rows")
    assert [row["filename"] for row in rows] == [f"{inputs}/{path.name}" for path in thirty]
    assert error_kinds(rows) == KINDS
    assert command("join", "rows/", cwd=tmp_path).returncode == 1


@pytest.mark.slow
def test_sigterm_leaves_whole_parts_that_resume_completes(many, bundle, uninterrupted, tmp_path):
    arguments = ["predict", str(many), "-m", str(bundle), "-o", f"{tmp_path}/rows/", "--shard-rows", "50"]
    run = subprocess.Popen([sys.executable, "-c", MAIN, *arguments], stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("rows/part-*")) and run.poll() is None:
        time.sleep(0.01)
    run.terminate()
    _, told = run.communicate(timeout=60)
    assert run.returncode == 143, told
    assert f"the rows so far are in {tmp_path}/rows/" in told
    there = content(tmp_path / "rows")
    whole, _ = uninterrupted("rows/")
    assert there == whole[: len(there)]
    assert 0 < len(there) < 600
    assert command("join", tmp_path / "rows").returncode == 2
    assert command(*arguments, "--resume").returncode == 0
    assert content(tmp_path / "rows") == whole


@pytest.mark.parametrize("more", [(), ("--report", "report.html")])
@pytest.mark.slow
def test_so_it_is_where_rows_go_down_a_pipe_once_each(more, bad_codec, bundle, thirty, tmp_path):
    done = command("predict", thirty[0].parent, "-m", bundle, *more, env=bad_codec, cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stderr
    assert [row["filename"] for row in rows] == list(map(str, thirty))
    assert error_kinds(rows) == KINDS
    assert "30 inputs = 27 predicted + 3 errors (unreadable 2, timeout 1)" in done.stderr
    if more:
        assert (tmp_path / "report.html").read_text().count("<li class=") == 30


@pytest.mark.slow
def test_a_crash_that_was_not_supervised_is_got_over_by_resume(bad_codec, bundle, thirty, tmp_path):
    arguments = ["predict", thirty[0].parent, "-m", bundle, "-o", tmp_path / "rows.jsonl", "-q"]
    alone = MAIN.replace("from eyeful.cli import main", "from eyeful.cli.program import run as main")
    crashed = subprocess.run([sys.executable, "-c", alone, *map(str, arguments)], env=bad_codec)
    assert crashed.returncode < 0
    resumed = command(*arguments, "--resume", env=bad_codec)
    assert resumed.returncode == 1, resumed.stderr
    assert "crashed" in resumed.stderr
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["filename"] for row in rows] == list(map(str, thirty))
    assert error_kinds(rows) == KINDS


@pytest.mark.slow
def test_a_process_that_crashes_twice_at_one_place_is_not_started_for_ever(bundle, tmp_path):
    Image.new("RGB", (50, 50)).save(tmp_path / "good.png")
    code = "import os, signal\nfrom eyeful.engines import base\n"
    code += "base.ThreadedEngine._work = lambda *_: os.kill(os.getpid(), signal.SIGSEGV)\n" + MAIN
    arguments = ["predict", str(tmp_path / "good.png"), "-m", str(bundle)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert "twice at the same place" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_names_from_standard_input_cannot_be_read_again(bad_codec, bundle, thirty):
    done = command("predict", "-", "-m", bundle, "-q", env=bad_codec, input="\n".join(map(str, thirty)))
    assert done.returncode == 2
    assert "standard input" in done.stderr


@pytest.mark.slow
def test_a_decode_that_hangs_is_an_error_row_of_this_run(bad_codec, bundle, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a", "b", "hang", "i", "j"):
        Image.new("RGB", (52 if name == "hang" else 50, 50), "red").save(folder / f"{name}.png")
    for workers in ("1", "4"):
        done = command("predict", folder, "-m", bundle, "-q", "--workers", workers, env=bad_codec, timeout=120)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 1, done.stderr
        assert error_kinds(rows) == {2: "timeout"}
        assert len(rows) == 5


def test_ctrl_c_twice_stops_at_once_and_leaves_a_readable_file(many, bundle, tmp_path):
    import signal

    out = tmp_path / "rows.jsonl"
    run = subprocess.Popen([sys.executable, "-c", MAIN, "predict", str(many), "-m", str(bundle), "-o", str(out)])
    while not (out.exists() and out.stat().st_size > 10_000):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    run.send_signal(signal.SIGINT)
    assert run.wait(20) == 130
    assert sum(1 for _ in format_of(str(out)).written(out)) > 10
