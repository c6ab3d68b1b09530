"""Processes that take turns: what a script of `bench/` measures with."""

import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.append(str(BENCH))

from turns import Runner  # noqa: E402 - a script's module, in no package

SCRIPT = f"""
import sys, time
sys.path.append({str(BENCH)!r})
from turns import answer, request

def prepare(greeting):
    print("what a library prints is no reply")
    if greeting == "refused":
        sys.exit("it cannot be opened")
    def work(seconds):
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass
    return greeting, work

answer(lambda: prepare(**request()))
"""


@pytest.fixture
def script(tmp_path) -> str:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return str(path)


def test_two_processes_take_turns(script):
    with Runner(script, {"greeting": "first"}) as first, Runner(script, {"greeting": "second"}) as second:
        assert (first.ready, second.ready) == ("first", "second")
        for runner in (first, second, first):
            taken = runner.take_turn(0.1)
            assert min(taken) >= 0.09  # os.times counts hundredths


def test_a_process_that_ends_ends_the_script(script):
    with pytest.raises(SystemExit, match="ended with 1: its own message is above"):
        Runner(script, {"greeting": "refused"})
