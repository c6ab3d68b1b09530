"""What the README and the documents show is run."""

import subprocess
import sys
from pathlib import Path

import pytest

from documents import ROOT, RUN_BY, blocks, commands
from eyeful.cli.program import run
from eyeful.sources.samples import write_samples

README = ROOT / "README.md"
LONG = ("eyeful bench", "eyeful verify", "--engine onnxruntime", "--cluster")
"""What takes half a minute by itself, and is tested elsewhere in other words."""


def shown(page: Path, *, long: bool) -> list[str]:
    """The commands of eyeful that a page's consoles show, in order."""
    found = [command for _, content in blocks(page, "console") for command in commands(content)]
    assert all(one.startswith("eyeful ") for one in found), f"{page.name}: {found}"
    return [one for one in found if long == any(part in one for part in LONG)]


def run_all(some: list[str], place: Path, monkeypatch, capsys) -> None:
    for command in some:
        if "--cluster" in command:  # Ray begins once in a process
            done = subprocess.run(
                [sys.executable, "-m", *command.split()], cwd=place, capture_output=True, text=True
            )
            assert done.returncode == 0, (command, done.stderr)
            continue
        with monkeypatch.context() as patch:
            patch.chdir(place)
            patch.setattr(sys, "argv", command.split())
            with pytest.raises(SystemExit) as ended:
                run()
        assert not ended.value.code, (command, capsys.readouterr().err)


def test_its_commands_run_in_order(tmp_path, monkeypatch, capsys):
    some = shown(README, long=False)
    assert len(some) >= 7
    run_all(some, tmp_path, monkeypatch, capsys)
    for made in ("rows.parquet", "report.html", "why-not-tabby.png", "features.parquet"):
        assert (tmp_path / made).is_file()


OTHERS = [ROOT / page for page, run in RUN_BY.items() if run.get("console") == "tests/test_readme.py"]
OTHERS.remove(README)


@pytest.mark.slow
@pytest.mark.parametrize("long", [False, True])
def test_commands_of_the_documents_run(long, tmp_path, monkeypatch, capsys):
    assert len(OTHERS) >= 3
    some = [command for page in OTHERS for command in shown(page, long=long)]
    run_all(["eyeful samples samples/", *some], tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("page", ["README.md", pytest.param("docs/python.md", marks=pytest.mark.slow)])
def test_its_python_runs(page, tmp_path):
    ((_, code),) = blocks(ROOT / page, "python")
    write_samples(tmp_path / "samples")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tiger cat 0.39")
    assert (tmp_path / "cat.png").is_file() == ("savefig" in code)


def test_its_numbers_are_true():
    from eyeful.models import list_models

    count = len([entry for entry in list_models() if not entry.name.startswith("efficientnet_lite")])
    assert f"every TorchVision classifier, {count} of them" in (ROOT / "docs" / "models.md").read_text()
