"""docs/similar.md: its Python answers as its commands do."""

import re
import subprocess
import sys

import pytest

from documents import ROOT, blocks
from test_readme import run_all


@pytest.mark.slow
def test_its_python_finds_what_the_command_finds(tmp_path, monkeypatch, capsys):
    commands = ["eyeful samples samples/", "eyeful embed samples/ -o features.parquet"]
    run_all(commands, tmp_path, monkeypatch, capsys)
    ((_, code),) = blocks(ROOT / "docs" / "similar.md", "python")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shape, *by_python = done.stdout.splitlines()
    assert shape == "(9, 1280) 9 {}"
    run_all(["eyeful similar samples/cat.png --in features.parquet -k 3"], tmp_path, monkeypatch, capsys)
    by_command = re.findall(r"^ +\d  (\d\.\d+)  (\S+)$", capsys.readouterr().out, re.MULTILINE)
    assert len(by_python) == len(by_command) == 3
    for line, (cosine, filename) in zip(by_python, by_command, strict=True):
        assert line.split()[1] == filename
        assert abs(float(line.split()[0]) - float(cosine)) < 1e-3
