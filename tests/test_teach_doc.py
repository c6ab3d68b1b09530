"""docs/teach.md is run, from nothing: its commands in order, its call of the server, and its Python."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import MAIN
from documents import ROOT, blocks, commands
from eyeful.cli.program import run
from own_labels import write_folders

pytest.importorskip("sklearn")
pytest.importorskip("uvloop")

PAGE = ROOT / "docs" / "teach.md"


@pytest.fixture(scope="module")
def place(photos, lite0, tmp_path_factory):
    """A folder with photos/, test/, other/, new/, labels.csv and cat.jpg."""
    folder = tmp_path_factory.mktemp("teach")
    write_folders(photos, lite0.predictor.manifest.labels, folder)
    (folder / "new").symlink_to(folder / "test" / "dog")
    (folder / "cat.jpg").symlink_to(folder / "test" / "dog" / "1.jpg")
    head = blocks(PAGE, "csv")[0][1].splitlines()[0]
    lines = [f"{path.relative_to(folder)},{path.parent.name}" for path in sorted(folder.glob("photos/*/*"))]
    (folder / "labels.csv").write_text("\n".join([head, *lines, ""]))
    return folder


@pytest.mark.slow  # tests/cli/test_teach.py is its short version
def test_its_commands_run_in_order(place: Path, monkeypatch, capsys):
    monkeypatch.chdir(place)
    said = {}
    for _, content in blocks(PAGE, "console"):
        for command in commands(content):
            said[command] = served(command) if " serve " in command else ran(command, monkeypatch, capsys)
    assert sum(" teach " in command for command in said) == 4
    first = next(text for command, text in said.items() if " teach " in command)
    assert "Taught 3 labels" in first
    assert "dog" in next(text for command, text in said.items() if " predict " in command)
    found = json.loads((place / "evaluation" / "evaluation.json").read_text())
    assert found["top1"]["share"] >= 0.6
    assert "dog" in next(text for command, text in said.items() if " serve " in command)
    (code,) = [content for _, content in blocks(PAGE, "python")]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "dog"


def ran(command: str, monkeypatch, capsys) -> str:
    """What a command prints."""
    monkeypatch.setattr(sys, "argv", command.split())
    with pytest.raises(SystemExit) as ended:
        run()
    shown = capsys.readouterr()
    assert not ended.value.code, (command, shown.err)
    return shown.out


def served(command: str) -> str:
    """What the page's call of the server answers."""
    from server.conftest import Running

    (call,) = [line for _, content in blocks(PAGE, "sh") for line in commands(content)]
    server = Running([sys.executable, "-c", MAIN, *command.split()[1:], "--port", "0"])
    try:
        script = call.replace("localhost:8000", f"127.0.0.1:{server.port}").replace("curl ", "curl -sS --fail ")
        return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    finally:
        server.stop()
