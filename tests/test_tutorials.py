"""The tutorials are run as they stand: in a terminal, in an empty folder, and what they show is what comes out."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from documents import ROOT, blocks, commands
from server.conftest import Running
from test_documents import nearly

pty = pytest.importorskip("pty", reason="a terminal as POSIX has them")

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
TORCHVISION = "from eyeful.models.torchvision_import import import_torchvision\n\nimport_torchvision()\n"
"""In front of a script that needs torchvision: it does not load by itself beside a torch of another index."""
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_ROOT_USER_ACTION": "ignore",
}
"""pip installs from the folder that is named, with what is there already. (0 is how pip spells "no isolation".)"""
BARS = re.compile(r"[▏▎▍▌▋▊▉█]")
NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Terminal:
    """A folder, what a reader's two terminals do in it, and what the last command wrote."""

    def __init__(self, folder: Path):
        self.folder, self.server, self.output = folder, None, ""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        python = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))
        own = {"PATH": path, "PYTHONPATH": python, "PIP_TARGET": str(folder / "site")}
        self.environment = os.environ | own | OFFLINE | {"TERM": "dumb", "COLUMNS": "80"}

    def run(self, content: str) -> None:
        """Run the commands of one block. Any that fails ends it, unless the block shows the exit code."""
        script = self._ported("\n".join(commands(content)))
        if "eyeful serve" in script:
            self.serve(script)
            return
        careful = "" if "$?" in script else "set -e -o pipefail\n"
        reading, writing = pty.openpty()
        process = subprocess.Popen(
            ["bash", "-c", careful + script], cwd=self.folder, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=writing, stderr=writing,
        )  # fmt: skip
        os.close(writing)
        self.output = read_all(reading)
        assert process.wait() == 0, (script, self.output)

    def write(self, content: str) -> None:
        """Write the file that a block's first line names."""
        name = re.match(r"# (\S+)\n", content)[1]
        script = TORCHVISION + content if "from torchvision" in content else content
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._ported(script), encoding="utf-8")

    def serve(self, command: str) -> None:
        """Start a server, as in a terminal of its own, behind the one that runs there already."""
        self.stop()
        shell = f"cd {self.folder} && exec env {command} --port {self.port}"
        self.server = Running(["bash", "-c", shell], self.environment)
        self.output = "".join(self.server.log)

    def stop(self) -> None:
        """Ctrl-C."""
        if self.server:
            assert self.server.stop(signal.SIGINT) in (0, 130)
            assert "Finished server process" in "".join(self.server.log)
            self.server = None

    def _ported(self, text: str) -> str:
        return text.replace("localhost:8000", f"127.0.0.1:{self.port}")


def read_all(descriptor: int) -> str:
    """What comes out of a terminal until its last process has closed it."""
    found = b""
    try:
        while piece := os.read(descriptor, 65536):
            found += piece
    except OSError:  # Linux says so at the end
        pass
    os.close(descriptor)
    return found.decode().replace("\r\n", "\n")


def same(shown: str, came: str) -> bool:
    """Whether a line is the one that is shown: its words, and its numbers as another processor may have them."""
    texts, numbers = zip(*((NUMBER.split(one), NUMBER.findall(one)) for one in (shown, came)), strict=True)
    words = [[" ".join(BARS.sub("", part).split()) for part in text] for text in texts]
    if words[0] != words[1]:
        return False
    percent = "%" in shown
    return all(
        float(ours) == pytest.approx(float(theirs), rel=0.1, abs=3 if percent else 0.02)
        for ours, theirs in zip(*numbers, strict=True)
    )


def compare(shown: str, came: str) -> None:
    """Each line that is shown comes, in this order; others may come between. `...` stands for some of them."""
    lines = iter(came.splitlines())
    for line in shown.splitlines():
        assert line == "..." or any(same(line, other) for other in lines), (line, came)


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_it_runs_as_it_stands(page, tmp_path):
    terminal = Terminal(tmp_path)
    try:
        for kind, content in blocks(page):
            if kind == "console":
                terminal.run(content)
            elif kind == "text":
                compare(content, terminal.output)
            elif kind == "json":
                assert json.loads(terminal.output) == nearly(json.loads(content))
            else:
                terminal.write(content)
    finally:
        terminal.stop()


def test_lines_are_the_same_but_for_the_last_digits():
    assert same("  tabby   ███▌   17.3%", "  tabby   ███▎    17.1%")
    assert not same("  tabby   ███▌   17.3%", "  lynx    ███▎    17.3%")
    assert not same("  tabby   ███▌   17.3%", "  tabby   █████▎  27.1%")
    assert not same("9 inputs = 9 predicted", "9 inputs = 8 predicted")
    compare("a 1\n...\nc 3\n", "a 1\nb 2\nc 3\n")
    with pytest.raises(AssertionError):
        compare("c 3\na 1\n", "a 1\nb 2\nc 3\n")


def test_a_block_is_of_a_kind_that_is_run():
    kinds = {kind for page in TUTORIALS for kind, _ in blocks(page)}
    assert kinds <= {"console", "text", "json", "python", "toml"}
