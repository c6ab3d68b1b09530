"""Images that crash or hang a process are found in processes of their own."""

import io
import itertools
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from eyeful.errors import EyefulError, ImageError
from eyeful.images import Limits, MemoryBudget, open_item
from eyeful.isolate import IsolatedDecoder, _Process, isolate_suspects
from eyeful.types import Item

CRASH, HANG, RAISE = b"crash", b"hang", b"raise"


def decode(item):
    """A decoder with three faults."""
    content = item.content() if callable(item.content) else item.content
    if content == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    if content == HANG:
        time.sleep(600)
    if content == RAISE:
        raise ValueError("not an image")


def noted(folder, item):
    """Notes which process opened which item, then opens it."""
    with (Path(folder) / item.filename).open("a") as file:
        file.write(f"{os.getpid()}\n")
    decode(item)


def error_of(item):
    with pytest.raises(ImageError) as caught:
        item.content()
    return caught.value.kind


def test_a_crash_and_a_hang_become_error_rows_and_all_else_comes_back():
    with IsolatedDecoder(decode, timeout=5.0) as decoder:
        for content in (b"good", RAISE):
            item = Item("a", content)
            assert decoder.try_alone(item) is item
        assert error_of(decoder.try_alone(Item("b", CRASH))) == "unreadable"
        item = Item("c", b"good")
        assert decoder.try_alone(item) is item
    with IsolatedDecoder(decode, timeout=0.2) as decoder:
        hung = decoder.try_alone(Item("d", HANG))
        assert (hung.filename, error_of(hung)) == ("d", "timeout")
        assert decoder.try_alone(item) is item, "the next one has a new process"


def test_one_process_serves_until_it_dies(tmp_path):
    with IsolatedDecoder(partial(noted, str(tmp_path))) as decoder:
        for name, content in (("a", b"good"), ("b", RAISE), ("c", CRASH), ("d", b"good")):
            decoder.try_alone(Item(name, content))
    a, b, c, d = ((tmp_path / name).read_text() for name in "abcd")
    assert a == b == c != d


@pytest.mark.slow
def test_a_process_that_something_else_ended_is_no_fault_of_the_next_image(tmp_path):
    item = Item("a", b"good")
    with IsolatedDecoder(partial(noted, str(tmp_path))) as decoder:
        decoder.try_alone(item)
        process = int((tmp_path / "a").read_text())
        os.kill(process, signal.SIGKILL)
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
        assert decoder.try_alone(item) is item


def test_threads_share_one_process_in_turn():
    results = []
    with IsolatedDecoder(decode) as decoder:
        items = [Item(str(number), CRASH if number == 3 else b"good") for number in range(8)]
        threads = [
            threading.Thread(target=lambda item=item: results.append(decoder.try_alone(item))) for item in items
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(item.filename for item in results) == [str(number) for number in range(8)]
    assert [item.filename for item in results if callable(item.content)] == ["3"]


def test_closing_does_not_wait_for_a_hang(tmp_path):
    decoder = IsolatedDecoder(partial(noted, str(tmp_path)))
    item, results = Item("a", HANG), []
    thread = threading.Thread(target=lambda: results.append(decoder.try_alone(item)))
    thread.start()
    while not (tmp_path / "a").exists():
        thread.join(0.01)
    decoder.close()
    thread.join(20)
    assert results == [item], "it was not tried to its end, so nothing is known against it"


@pytest.mark.parametrize("content", [b"good", CRASH])
def test_what_cannot_be_sent_is_fetched_and_sent(content):
    with IsolatedDecoder(decode) as decoder:
        tried = decoder.try_alone(Item("a", lambda: content))
        assert error_of(tried) == "unreadable" if content == CRASH else tried.content == b"good"

        def gone():
            raise ImageError("not_found", "no such file")

        item = Item("b", gone)
        assert decoder.try_alone(item) is item


def test_images_in_memory_can_be_tried(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with IsolatedDecoder(real) as decoder, Image.open(tmp_path / "a.png") as image:
        for content in (tmp_path / "a.png", image, (tmp_path / "a.png").read_bytes()):
            item = Item("a.png", content)
            assert decoder.try_alone(item) is item


def real(item):
    with open_item(item, Limits(), MemoryBudget()) as opened:
        opened.image.load()


def test_a_process_that_cannot_begin_is_no_fault_of_the_image(capfd):
    with (
        IsolatedDecoder(partial(print, Unloadable())) as decoder,
        pytest.raises(EyefulError, match="cannot start a process"),
    ):
        decoder.try_alone(Item("a", b"good"))
    assert "RuntimeError" in capfd.readouterr().err


def explode():
    raise RuntimeError("at import")


class Unloadable:
    def __reduce__(self):
        return explode, ()


@pytest.mark.slow
def test_of_thousands_of_suspects_each_is_opened_once_and_a_process_is_started_for_each_culprit(tmp_path):
    culprits = {7, 8, 500}
    items = [Item(f"{number:04d}", CRASH if number in culprits else b"good") for number in range(1200)]
    tried = list(isolate_suspects(iter(items), 1000, partial(noted, str(tmp_path))))
    assert [item.filename for item in tried] == [item.filename for item in items]
    assert {number for number, item in enumerate(tried) if item is not items[number]} == culprits
    assert len(list(tmp_path.iterdir())) == 1000, "what was not in flight is not tried"
    processes = [path.read_text().split() for path in tmp_path.iterdir()]
    assert all(len(one) == 1 for one in processes)
    assert len({one for (one,) in processes}) <= 4 + len(culprits)


def test_suspects_are_taken_lazily_and_the_processes_end_with_the_generator(tmp_path):
    taken = itertools.count()
    items = (Item(str(next(taken)), b"good") for _ in range(10_000))
    tried = isolate_suspects(items, 10_000, partial(noted, str(tmp_path)))
    assert next(tried).filename == "0"
    tried.close()
    assert next(taken) < 100
    notes = {path.read_text() for path in tmp_path.iterdir()} - {""}  # empty: ended while it wrote
    for process in map(int, notes):
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_a_process_that_has_died_is_never_waited_for(monkeypatch):
    process = _Process()
    process.kill()
    with monkeypatch.context() as patch:
        patch.setattr(process._popen, "stdin", io.BytesIO())  # as if one started beside it could still read
        assert [process.ask(b"", 60) for _ in range(2)] == ["died", "died"]
    process.end()


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from eyeful.isolate import IsolatedDecoder
from eyeful.types import Item
from test_isolate import decode
print("the script runs")
with IsolatedDecoder(decode) as decoder:
    print(decoder.try_alone(Item("a", b"good")).filename)
"""


@pytest.mark.slow
def test_a_script_without_a_main_guard_is_not_run_again(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    for command in ([tmp_path / "script.py"], ["-c", SCRIPT]):
        done = subprocess.run(
            [sys.executable, *command, Path(__file__).parent], capture_output=True, text=True, timeout=60
        )
        assert (done.stdout, done.stderr) == ("the script runs\na\n", "")


def test_a_process_whose_run_is_gone_ends_by_itself_where_an_image_hangs():
    command = [sys.executable, "-P", "-c", "from eyeful.isolate import serve; serve()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        pickle.dump(pickle.dumps((-4.5, pickle.dumps(time.sleep))), process.stdin)  # so long, and 5 seconds more
        pickle.dump(pickle.dumps(600), process.stdin)
        process.stdin.flush()
        assert process.wait(30) == 1
