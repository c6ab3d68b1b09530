"""Small files are written whole by any number of writers; a lock is taken in turns and leaves nothing."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import Timeout

from eyeful.bundle.files import locked, sha256_or, write_atomically
from eyeful.errors import UsageError


def test_threads_that_write_one_file_do_not_collide(tmp_path):
    path = tmp_path / "ledger.json"
    texts = [f"{number}" * 2000 for number in range(8)]

    def write(number):
        write_atomically(path, texts[number % 8])
        return path.read_text()

    with ThreadPoolExecutor(12) as pool:
        seen = list(pool.map(write, range(600)))
    assert set(seen) <= set(texts), "a reader sees one whole content"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_file_has_the_permissions_of_any_other(tmp_path):
    write_atomically(tmp_path / "ours", "text")
    (tmp_path / "other").write_text("text")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_lock_is_held_by_one_thread_at_a_time_though_it_is_removed_each_time(tmp_path):
    holders, most = set(), []

    def hold(number):
        with locked(tmp_path / "x.lock"):
            holders.add(number)
            most.append(len(holders))
            holders.discard(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, range(40)))
    assert most == [1] * 40
    assert not list(tmp_path.iterdir())


HOLD = """
import sys
from pathlib import Path
from eyeful.bundle.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_free_again_when_its_holder_is_killed(tmp_path):
    path = tmp_path / "x.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Timeout), locked(path, timeout=0):
        pass
    holder.kill()
    holder.communicate()
    assert path.exists(), "nobody was there to remove it"
    with locked(path, timeout=20):
        assert path.exists()
    assert not path.exists()


def test_a_sha256_or_one_line_of_the_callers_kind(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    assert sha256_or(UsageError, "the labels", tmp_path / "a.bin").startswith("ba7816bf")
    for path in (tmp_path, tmp_path / "none.bin"):
        with pytest.raises(UsageError, match=rf"the labels {path} cannot be read: (Is a|No such)"):
            sha256_or(UsageError, "the labels", path)
