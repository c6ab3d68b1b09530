"""What a person sees on a terminal: a real pseudo-terminal, emulated."""

import os
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec

import pytest

from eyeful.cli.progress import Progress

fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
pyte = pytest.importorskip("pyte")

ERASE = b"\r\x1b[2K"
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
MAIN = "from eyeful.cli import main; main()"
SLOW = f"""
import time
from eyeful.classifier import Classifier
from eyeful.cli import progress, terminal
progress._DELAY = 0
stream = Classifier.stream
def slow(self, *inputs, **options):
    for number, row in enumerate(stream(self, *inputs, **options)):
        while number < 2 and terminal._live is not None and not terminal._live._shown:
            time.sleep(0.01)  # until the live line is there
        yield row
Classifier.stream = slow
{MAIN}
"""


class Terminal:
    """Runs a command on a terminal, and keeps every state of its screen. One that is not `sized` has 0 columns."""

    def __init__(self, columns=80, *, sized=True):
        self.columns = columns
        self.sized = sized
        self.screen = pyte.Screen(columns, 200)
        self.states: list[list[str]] = []

    def run(self, *arguments, code=MAIN, **streams) -> int:
        controller, terminal = pty.openpty()
        if self.sized:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 200, self.columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm"}
        ends = {"stdout": terminal, "stderr": terminal} | streams
        command = [sys.executable, "-c", code, *map(str, arguments)]
        process = subprocess.Popen(command, env=environment, **ends)
        os.close(terminal)
        stream = pyte.ByteStream(self.screen)
        with suppress(OSError):  # as a terminal's end is told
            while data := os.read(controller, 1 << 16):
                for part in data.replace(ERASE, b"\0" + ERASE).split(b"\0"):  # each state between two redrawings
                    stream.feed(part)
                    self.states.append(self.lines)
        os.close(controller)
        return process.wait()

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]


@pytest.fixture
def terminal():
    return Terminal()


def is_live(line: str) -> bool:
    return line[:1] in FRAMES and "classifying" in line


def test_no_row_shares_its_line_with_the_progress(terminal, samples):
    assert terminal.run("predict", samples, "-k", 1, code=SLOW) == 0
    live = [line for state in terminal.states for line in state if "classifying" in line]
    assert any("1/9" in line for line in live), "it was there, below the first row"
    assert all(is_live(line) and "samples" not in line for line in live)
    rows = [line for line in terminal.lines if not line.startswith("eyeful: ")]
    assert not any("classifying" in line for line in rows)
    assert rows[0].endswith("admiral.jpg")
    assert sum(line.endswith("%") for line in rows) == 9


@pytest.mark.slow
def test_a_run_that_ends_before_the_delay_shows_no_progress(terminal, samples):
    code = f"from eyeful.cli import progress\nassert progress._DELAY == 0.5\nprogress._DELAY = 60\n{MAIN}"
    assert terminal.run("predict", samples / "cat.png", code=code) == 0
    assert not any("classifying" in line for state in terminal.states for line in state)


@pytest.mark.slow
def test_rows_go_to_the_file_that_standard_output_is(terminal, samples, tmp_path):
    """A library's live display once took them away, to the terminal."""
    with (tmp_path / "rows.jsonl").open("w") as file:
        assert terminal.run("predict", samples, code=SLOW, stdout=file) == 0
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 9
    assert not any("{" in line for line in terminal.lines)


@pytest.mark.slow
def test_rows_through_a_pipe_that_leads_back_to_the_terminal(terminal, samples):
    code = f"""
import os, subprocess, sys
cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=os.dup(1))
os.dup2(cat.stdin.fileno(), 1)
cat.stdin.close()
{SLOW}"""
    assert terminal.run("predict", samples, code=code) == 0
    live = [line for state in terminal.states for line in state if "classifying" in line]
    assert live
    assert all(map(is_live, live))


PARTS = """
import sys, time
from eyeful.cli.terminal import LiveLine, guard_streams
guard_streams()
with LiveLine("working") as line:
    time.sleep(0.15)
    sys.stdout.write("half a row")  # and no line break: a live line must wait for it
    time.sleep(0.25)
    print(" is whole")
    line.say("still working")
    time.sleep(0.15)
    sys.stderr.write("a library's own bar\\r")
    time.sleep(0.25)
    print(file=sys.stderr)
"""


def test_whatever_is_written_stands_on_lines_of_its_own(terminal):
    assert terminal.run(code=PARTS) == 0
    assert terminal.lines == ["half a row is whole", "a library's own bar"]
    live = [line for state in terminal.states for line in state if "working" in line]
    assert {line[2:] for line in live} == {"working", "still working"}


def test_a_bar_that_was_erased_does_not_keep_the_live_line_away(terminal):
    code = """
import sys, time
from eyeful.cli.terminal import LiveLine, guard_streams
guard_streams()
with LiveLine("working"):
    sys.stderr.write("\\r50%")
    sys.stderr.write("\\r   \\r")
    time.sleep(0.3)
"""
    assert terminal.run(code=code) == 0
    assert any("working" in line for line in terminal.states[-2])


def test_a_terminal_that_was_never_told_its_size_is_an_ordinary_one(samples, tmp_path):
    terminal = Terminal(sized=False)
    assert terminal.run("predict") == 2
    assert terminal.lines[0].startswith("eyeful: error: ")
    terminal = Terminal(sized=False)
    (tmp_path / "bad.jpg").write_text("not an image")
    assert terminal.run("predict", samples / "cat.png", tmp_path / "bad.jpg") == 1
    assert "Traceback" not in " ".join(terminal.lines)
    assert any(line.endswith("%") for line in terminal.lines)


def test_messages_break_between_words_and_not_inside_a_command():
    terminal = Terminal(60)
    assert terminal.run("verify", "--model", "resnet18", "--images", "photos") == 2
    command = "`eyeful verify resnet18 --images photos`"
    said = f"eyeful: error: `eyeful verify` takes the model as its argument: {command}"
    assert " ".join(" ".join(terminal.lines).split()) == said
    assert any(command in line for line in terminal.lines)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("gradio") is None, reason="there is no Gradio here")
def test_a_page_says_what_it_does_before_it_listens(terminal):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert terminal.run("page", "--no-open", "--port", taken.getsockname()[1]) == 2
    live = {line[2:].partition(" (")[0] for state in terminal.states for line in state if line[0] in FRAMES}
    assert live == {"starting", "loading efficientnet_lite0"}
    assert terminal.lines[0].startswith("eyeful: error: cannot listen on 127.0.0.1")


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (80, "classifying ████████░░░░░░░░░░░░ 200/500, 60 images/s, 5 s left"),
        (60, "classifying █████▎░░░░░░░ 200/500, 60 images/s, 5 s left"),
        (50, "classifying 200/500, 60 images/s, 5 s left"),
        (40, "classifying 200/500, 60 images/s"),
    ],
)
def test_the_progress_fits_the_terminal(columns, shown, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    now = iter([0.0, 1.0])
    monkeypatch.setattr("eyeful.cli.progress.time.monotonic", lambda: next(now))
    progress = Progress([], {})
    progress._total = 500
    progress.advance(140)
    progress._text()
    progress.advance(60)
    assert progress._text() == shown


INTERRUPTED = """
import os, signal, time
from eyeful.cli import program
from eyeful.cli.terminal import LiveLine
from eyeful.runs import SignalHandler
def app(standalone_mode):
    with SignalHandler(), LiveLine("w" * 100):
        time.sleep(0.3)
        os.write(2, b"^C")  # as the terminal echoes it
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
program.app = app
program.run()
"""


def test_what_a_signal_says_stands_on_lines_of_its_own():
    terminal = Terminal(40)
    assert terminal.run(code=INTERRUPTED) == 0
    assert terminal.lines == ["eyeful: finishing what is in hand;", "  Ctrl-C again stops at once"]


BACKGROUND = """
import fcntl, os, termios, time
from eyeful.cli.terminal import LiveLine
os.setsid()
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
with LiveLine("foreground"):
    time.sleep(0.2)
if os.fork() == 0:
    os.setpgid(0, 0)
    with LiveLine("background"):
        time.sleep(0.2)
    os._exit(0)
os.wait()
"""


def test_a_background_job_draws_nothing(terminal):
    assert terminal.run(code=BACKGROUND) == 0
    shown = {line[2:] for state in terminal.states for line in state}
    assert shown == {"foreground"}
