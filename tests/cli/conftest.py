"""The command as a user runs it: in this process where a process is not the point."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock

import eyeful
from conftest import SHARED
from eyeful.cli.program import run as main  # the supervisor is for processes
from eyeful.sources.samples import write_samples

MAIN = "from eyeful.cli import main; main()"


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `eyeful ARGUMENTS`."""

    def run(*arguments: object, cwd: Path | None = None) -> Done:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["eyeful", *map(str, arguments)])
            if cwd is not None:
                patch.chdir(cwd)
            with pytest.raises(SystemExit) as ended:
                main()
        return Done(ended.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def on_terminal(monkeypatch, capsys):
    """Let standard output be a terminal of so many columns."""

    def begin(columns: int) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    return begin


@pytest.fixture
def process():
    """The same in a process of its own, for what belongs to a process: streams, signals, imports."""

    def run(*arguments: object, code: str = MAIN, **options) -> subprocess.CompletedProcess[str]:
        python = [sys.executable, "-W", "error::ResourceWarning", "-c", code]
        return subprocess.run([*python, *map(str, arguments)], capture_output=True, text=True, **options)

    return run


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache of its own, with the default model in it: a copy of one that is prepared once."""
    prepared = SHARED / "home"
    with FileLock(f"{prepared}.lock"):
        monkeypatch.setenv("EYEFUL_HOME", str(prepared))
        eyeful.load().close()
        shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    return tmp_path
