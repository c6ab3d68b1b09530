"""What a run waited for, and what it says about it."""

import pytest

from eyeful.pipeline import StageTimer, advice
from eyeful.runs import RunSummary


def test_the_longest_wait_names_the_limit():
    timer = StageTimer({"decode": 1.0, "forward": 3.0, "write": 2.0})
    assert timer.longest == "forward"
    with timer.on("decode"):
        pass
    assert timer.seconds["decode"] > 1


@pytest.mark.parametrize(
    ("stage", "device", "precision", "flag"),
    [
        ("decode", "cpu", "bf16", "--workers"),
        ("forward", "cpu", "fp32", "--precision bf16"),
        ("forward", "cpu", "bf16", "int8"),
        ("forward", "cuda:0", "bf16", "--batch-size"),
        ("write", "cpu", "bf16", "--report"),
    ],
)
def test_advice_names_the_flag(stage, device, precision, flag):
    assert flag in advice(stage, device, precision)


def test_the_speed_line_is_about_the_slowest(lite0):
    summary = RunSummary(
        inputs=100, predicted=100, seconds=2.0, timer=StageTimer({"decode": 1.5, "forward": 0.2, "write": 0.0})
    )
    assert summary.speed(lite0, 0.5).startswith("50 images/s in 2.0 s; the bottleneck is decoding images")
    assert "starting took 3.0 s" in summary.speed(lite0, 3.0)
