"""Of all who want one missing bundle, one makes it; the others wait and read."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eyeful.bundle import Manifest, read_bundle, single_flight, write_bundle
from eyeful.cache import process_folder
from eyeful.errors import BundleError, ModelError
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels

MANIFEST = Manifest(
    "fake",
    {},
    Preprocessing((8, 8), (8, 8), "bilinear", (0.5,) * 3, (0.5,) * 3),
    Labels(("a",), (None,)),
    {"sha256": "0"},
    "fake",
)


class Maker:
    """Makes a bundle, and notes that it did: one byte in a file for each."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    def __call__(self, folder: Path):
        with self.notes.open("ab") as file:
            file.write(b"x")
        time.sleep(0.1)  # as a conversion takes its time, so that the others come while it goes on
        return write_bundle(folder, MANIFEST, lambda place: (place / "w.bin").write_bytes(b"weights"))

    @property
    def made(self) -> int:
        return self.notes.stat().st_size if self.notes.exists() else 0


CODE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_flight import Maker, single_flight
sys.stdin.readline()
bundle = single_flight(Path(sys.argv[2]), Maker(Path(sys.argv[3])))
print(bundle.folder, len((bundle.folder / "w.bin").read_bytes()))
"""


def process(code, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", code, Path(__file__).parent, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.slow
def test_of_eight_processes_one_makes_it(tmp_path):
    folder, notes = tmp_path / "prepared" / "b", tmp_path / "notes"
    processes = [process(CODE, folder, notes) for _ in range(8)]
    for one in processes:
        one.stdin.write("\n")
        one.stdin.flush()
    answers = [one.communicate(timeout=60) for one in processes]
    assert answers == [(f"{folder} 7\n", "")] * 8
    assert Maker(notes).made == 1
    assert list(folder.parent.iterdir()) == [folder]


def test_of_twenty_threads_one_makes_it(tmp_path):
    folder, maker = tmp_path / "b", Maker(tmp_path / "notes")
    with ThreadPoolExecutor(20) as pool:
        bundles = list(pool.map(lambda _: single_flight(folder, maker), range(20)))
    assert {bundle.folder for bundle in bundles} == {folder}
    assert maker.made == 1


def test_a_maker_that_is_killed_does_not_block_the_others(tmp_path):
    folder = tmp_path / "b"
    hang = (
        "import sys, time; from pathlib import Path; from eyeful.bundle import single_flight\n"
        "def make(folder): print('making', flush=True); time.sleep(600)\n"
        "single_flight(Path(sys.argv[2]), make)"
    )
    killed = process(hang, folder)
    assert killed.stdout.readline() == "making\n"
    waiting = process(CODE, folder, tmp_path / "notes")
    waiting.stdin.write("\n")
    waiting.stdin.flush()
    killed.kill()
    killed.communicate()
    assert waiting.communicate(timeout=60) == (f"{folder} 7\n", "")


def test_a_maker_that_fails_lets_the_next_one_try(tmp_path):
    def fail(folder):
        raise ModelError("no such model")

    with pytest.raises(ModelError, match="no such model"):
        single_flight(tmp_path / "b", fail)
    assert single_flight(tmp_path / "b", Maker(tmp_path / "notes")).folder == tmp_path / "b"


def test_a_damaged_bundle_is_made_again(tmp_path, caplog):
    maker = Maker(tmp_path / "notes")
    bundle = single_flight(tmp_path / "b", maker)
    (bundle.folder / "w.bin").write_bytes(b"damaged")
    read_bundle(single_flight(tmp_path / "b", maker).folder)
    assert maker.made == 2
    assert "w.bin is damaged" in caplog.text


@pytest.fixture
def read_only(tmp_path, monkeypatch):
    """A home that cannot be written, by root neither: a file is in its way."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "file" / "home"))
    return tmp_path / "file" / "home" / "prepared" / "b"


def test_a_home_that_cannot_be_written_works_with_one_line(read_only, tmp_path, caplog):
    maker = Maker(tmp_path / "notes")
    with ThreadPoolExecutor(4) as pool:
        bundles = list(pool.map(lambda _: single_flight(read_only, maker), range(8)))
    assert maker.made == 1, "the threads of one process share it"
    assert {bundle.folder for bundle in bundles} == {process_folder() / "prepared" / "b"}
    (line,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert "Not a directory" in line
    assert "set EYEFUL_HOME" in line


@pytest.mark.slow
def test_what_a_process_made_for_itself_goes_with_it(read_only, tmp_path):
    one = process(CODE, read_only, tmp_path / "notes", env=os.environ | {"TMPDIR": str(tmp_path)})
    out, error = one.communicate("\n", timeout=60)
    assert out.startswith(str(tmp_path))
    assert "set EYEFUL_HOME" in error
    assert not Path(out.split()[0]).exists()
    assert not list(tmp_path.glob("eyeful-*"))


def test_where_nothing_can_be_written_one_line_says_so(read_only, tmp_path, monkeypatch):
    monkeypatch.setattr("eyeful.bundle.flight.process_folder", lambda: tmp_path / "file" / "neither")
    with pytest.raises(BundleError, match="set EYEFUL_HOME to a folder that you may write"):
        single_flight(read_only, Maker(tmp_path / "notes"))


def test_a_whole_bundle_in_a_home_that_cannot_be_written_is_used(tmp_path, caplog):
    maker = Maker(tmp_path / "notes")
    single_flight(tmp_path / "b", maker)
    tmp_path.chmod(0o555)
    try:
        assert single_flight(tmp_path / "b", maker).folder == tmp_path / "b"
    finally:
        tmp_path.chmod(0o755)
    assert maker.made == 1
    assert not caplog.messages
