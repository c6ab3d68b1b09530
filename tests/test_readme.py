"""What the README shows is run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from eyeful.cli.program import run

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("readme")


LONG = ("eyeful bench", "eyeful verify", "--engine onnxruntime")
"""What takes half a minute by itself, and is tested elsewhere in other words."""


@pytest.mark.parametrize("long", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_its_commands_run_in_order(place, long, monkeypatch, capsys):
    commands = [
        line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ eyeful")
    ]
    assert len(commands) >= 9
    some = [command for command in commands if long == any(part in command for part in LONG)]
    if long:
        some.insert(0, "eyeful samples samples/")
    for command in some:
        with monkeypatch.context() as patch:
            patch.chdir(place)
            patch.setattr(sys, "argv", command.split())
            with pytest.raises(SystemExit) as ended:
                run()
        assert not ended.value.code, (command, capsys.readouterr().err)
    if long:
        return
    for made in ("rows.jsonl", "report.html", "figures/0004-cat.png"):
        assert (place / made).is_file()


def test_its_python_runs(place):
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tiger cat 0.39")
    assert (place / "cat.png").is_file()


def test_its_numbers_are_true(place):
    from eyeful.models import list_models

    assert len([entry for entry in list_models() if not entry.name.startswith("efficientnet_lite")]) == 80


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target
