"""What happens to `eyeful embed` when its process is killed, its disk is full, or an image takes it down."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eyeful.features import read_features
from eyeful.features.output import format_of_vectors
from faulty import KINDS, bad_codec_environment, small_tmpfs, write_thirty
from helpers import noise_image

MAIN = """
from eyeful.sinks import parquet
parquet.ROWS_IN_A_PART = parquet.ParquetSink.rows_in_hand = 50  # so that a few hundred rows are several parts
from eyeful.cli import main
main()
"""


def start(*arguments: object, **options) -> subprocess.Popen[str]:
    python = [sys.executable, "-c", MAIN, "embed"]
    return subprocess.Popen([*python, *map(str, arguments)], stderr=subprocess.PIPE, text=True, **options)


def embed(*arguments: object, **options) -> tuple[int, str]:
    run = start(*arguments, **options)
    _, told = run.communicate(timeout=120)
    return run.returncode, told


def rows_on_disk(path: Path) -> int:
    """How many rows a run has written so far."""
    if path.suffix == ".parquet":
        return 50 * len(list(path.parent.glob("*.parquet.parts/part-*")))
    names = path.with_name(f"{path.name}.names.jsonl")
    return names.read_bytes().count(b"\n") if names.exists() else 0


def when(run: subprocess.Popen[str], path: Path, rows: int) -> None:
    """Wait until a run has written so many rows."""
    while rows_on_disk(path) < rows and run.poll() is None:
        time.sleep(0.002)
    assert run.poll() is None, "it was over before"


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """A list of 300 images: 20 of them, fifteen times, and of one that is none."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(20):
        noise_image(number, 160, 120).save(folder / f"{number:02d}.jpg")
    (folder / "07.jpg").write_text("not an image, at all, whatever it is called")
    (folder / "list.txt").write_text("\n".join(f"{number % 20:02d}.jpg" for number in range(300)))
    return folder / "list.txt"


@pytest.fixture(scope="module")
def whole(many, bundle, tmp_path_factory):
    """What a run gives that nothing disturbed, in a precision, and a file of it."""
    made: dict[str, Path] = {}

    def find(precision: str) -> Path:
        if precision not in made:
            path = tmp_path_factory.mktemp("whole") / "x.npy"
            code, told = embed(many, "-m", bundle, "-o", path, "--precision", precision)
            if "this CPU runs" in told:
                pytest.skip("this CPU has no such arithmetic")
            assert code == 1, told
            made[precision] = path
        return made[precision]

    return find


def check_same(path: Path, expected: Path) -> None:
    """The same rows to the bit, in whichever format."""
    if path.suffix == ".npy":
        assert path.read_bytes() == expected.read_bytes()
        beside = (one.with_name(f"{one.name}.names.jsonl").read_bytes() for one in (path, expected))
        assert len(set(beside)) == 1
    found, same = read_features(path), read_features(expected)
    assert found.filenames == same.filenames
    assert found.errors == same.errors == {"unidentified": 15}
    assert found.vector_ND.tobytes() == same.vector_ND.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "precision"),
    [("x.npy", "auto"), *((name, precision) for name in ("x.npy", "x.parquet") for precision in ("fp32", "bf16"))],
)
def test_kill_9_in_the_middle_and_resume_is_exact(name, precision, many, bundle, whole, tmp_path):
    expected = whole(precision)
    arguments = [many, "-m", bundle, "-q", "-o", tmp_path / name, "--resume", "--precision", precision]
    run = start(*arguments)
    when(run, tmp_path / name, 101)
    run.kill()
    run.communicate()
    assert not (tmp_path / name).exists()
    code, told = embed(*arguments)
    assert code == 1, told
    check_same(tmp_path / name, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x.npy", "x.parquet"])
@pytest.mark.parametrize("seed", range(10))
def test_kill_9_again_and_again_at_random_moments(name, seed, many, bundle, whole, tmp_path):
    expected, chance = whole("fp32"), random.Random(seed)  # noqa: S311
    arguments = [many, "-m", bundle, "-q", "-o", tmp_path / name, "--resume", "--precision", "fp32"]
    for _ in range(3):
        run = start(*arguments)
        try:
            run.wait(chance.uniform(1.0, 4.0))
        except subprocess.TimeoutExpired:
            run.kill()
        run.communicate()
    code, told = embed(*arguments)
    assert code == 1, told
    check_same(tmp_path / name, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x.npy", "x.parquet"])
def test_ctrl_c_writes_what_is_in_hand_and_says_how_to_go_on(name, many, bundle, whole, tmp_path):
    arguments = [many, "-m", bundle, "-o", tmp_path / name, "--precision", "fp32"]
    run = start(*arguments)
    when(run, tmp_path / name, 20)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130, told
    assert f"the rows so far are in {tmp_path / name}; the same command with --resume goes on from there" in told
    assert 20 <= sum(1 for _ in format_of_vectors(name).written(tmp_path / name)) < 300
    assert embed(*arguments, "--resume")[0] == 1
    check_same(tmp_path / name, whole("fp32"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x.npy", "x.parquet"])
def test_a_full_disk_leaves_what_was_written_and_says_how_to_go_on(name, many, bundle, whole, tmp_path):
    with small_tmpfs(tmp_path / "small") as disk:
        arguments = [many, "-m", bundle, "-o", disk / name, "--precision", "fp32"]
        code, told = embed(*arguments)
        assert code == 2
        *_, hint, cause = told.strip().splitlines()
        assert cause.startswith("eyeful: error: cannot write")
        assert "No space left" in cause
        assert name == "x.parquet" or "--resume" in hint
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        code, told = embed(*arguments, "--resume")
        assert code == 1, told
        check_same(disk / name, whole("fp32"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x.npy", "x.parquet"])
def test_an_image_that_takes_the_process_down_is_an_error_row_of_this_run(name, bundle, tmp_path):
    thirty = write_thirty(tmp_path / "images")
    env = bad_codec_environment(tmp_path / "site")
    code, told = embed(thirty[0].parent, "-m", bundle, "-o", tmp_path / name, env=env)
    assert code == 1, told
    assert "crashed (SIGSEGV): going on" in told
    assert "30 inputs = 27 embedded + 3 errors (unreadable 2, timeout 1)" in told
    rows = list(format_of_vectors(name).written(tmp_path / name))
    assert [row.filename for row in rows] == list(map(str, thirty))
    assert {place: row.error_kind for place, row in enumerate(rows) if row.error_kind} == KINDS
    assert len(read_features(tmp_path / name).vector_ND) == 27


@pytest.mark.slow
def test_two_runs_do_not_write_to_one_file(many, bundle, whole, tmp_path):
    arguments = [many, "-m", bundle, "-o", tmp_path / "x.npy", "--precision", "fp32"]
    first = start(*arguments)
    when(first, tmp_path / "x.npy", 1)
    code, told = embed(*arguments, "--overwrite")
    assert code == 2
    assert "another run is writing" in told
    first.communicate(timeout=60)
    check_same(tmp_path / "x.npy", whole("fp32"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "x.npy.names.jsonl", "x.npy.run.json"]
