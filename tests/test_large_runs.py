"""docs/large-runs.md is run: its commands in order, in a shell, on a few images, and its Python behind them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import noise_image

DOCUMENT = Path(__file__).parents[1] / "docs" / "large-runs.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
LONG = ("eyeful verify",)
"""What takes half a minute by itself, and is tested elsewhere."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def commands() -> list[str]:
    return [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The place after all commands but the long ones."""
    place = tmp_path_factory.mktemp("large")
    (place / "photos").mkdir()
    for seed in range(8):
        noise_image(seed).save(place / "photos" / f"{seed}.jpg")
    for command in commands():
        if not command.startswith(LONG):
            done = shell(command, place)
            assert done.returncode == 0, (command, done.stderr)
    return place


@pytest.mark.slow
def test_its_commands_run_in_order(folder):
    parts = [(folder / f"part-{number}.txt").read_text() for number in range(4)]
    assert all(parts)
    assert "".join(parts) == (folder / "names.txt").read_text()
    assert "<html" in (folder / "sample.html").read_text()


@pytest.mark.slow
def test_its_python_runs_behind_them(folder):
    counting, reading = blocks("python")
    run = [sys.executable, "-W", "error", "-c"]
    done = subprocess.run([*run, counting], cwd=folder, capture_output=True, text=True)
    assert done.stdout == "2 rows\n", done.stderr
    (folder / "part-2.txt").write_text("photos/7.jpg\nphotos/none.jpg\n")
    assert shell("eyeful predict part-2.txt --model model -o rows/2.parquet --quiet", folder).returncode == 1
    done = subprocess.run([*run, reading], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"not_found\s+1\b", done.stdout)
    assert eval_with_pandas(re.search(r"`(pd\.read_parquet[^`]+)`", TEXT)[1], folder) == "2"
    assert set((folder / "unsure.txt").read_text().split()) <= {f"photos/{seed}.jpg" for seed in range(8)}


def eval_with_pandas(expression: str, folder: Path) -> str:
    code = f"import pandas as pd; print(len({expression}), end='')"
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_its_long_commands_run(folder):
    for command in commands():
        if command.startswith(LONG):
            done = shell(command, folder)
            assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_its_figures_can_be_measured_again(photos):
    bench = [sys.executable, "bench/large_run.py", photos / "labelled", photos / "camera", "--quick"]
    done = subprocess.run(bench, cwd=DOCUMENT.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "| --resume, rows.jsonl |" in done.stdout


def test_the_most_that_a_gpu_can_bring_is_the_arithmetic():
    rows = re.findall(r"\| (\d+) \| (\d+) \| ([\d.]+)x \|", TEXT)
    assert rows
    for decode, forward, gain in rows:
        assert f"{1 + int(decode) / int(forward):.1f}" == gain
