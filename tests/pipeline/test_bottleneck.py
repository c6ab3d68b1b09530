"""What a run waited for, and what it says about it."""

from collections import Counter
from types import SimpleNamespace

import pytest

from eyeful.cpu import usable_cores
from eyeful.doctor import examine
from eyeful.engines import machine as machine_probes
from eyeful.pipeline import StageTimer, advice, faster
from eyeful.runs import RunSummary


def test_the_longest_wait_names_the_limit():
    timer = StageTimer({"decode": 1.0, "forward": 3.0, "write": 2.0})
    assert timer.longest == "forward"
    with timer.on("decode"):
        pass
    assert timer.seconds["decode"] > 1


def ran(**facts) -> SimpleNamespace:
    """A classifier as far as advice asks: resnet18 by OpenVINO in bf16, on a CPU, with a thread for each core."""
    usual = {"engine": "openvino", "device": "cpu", "precision": "bf16", "workers": usable_cores()}
    return SimpleNamespace(**(usual | {"provenance": {"architecture": {"name": "resnet18"}}} | facts))


SMALL = {"architecture": {"name": "tf_efficientnet_lite0"}}


@pytest.mark.parametrize(
    ("stage", "facts", "machine", "offered"),
    [
        ("decode", {}, {}, "more cores or smaller files"),
        ("decode", {"workers": 0}, {}, f"--workers {usable_cores()} or smaller files"),
        ("forward", {"precision": "fp32"}, {"able": {"fp32", "bf16"}}, "a smaller --model or --precision bf16"),
        ("forward", {"precision": "fp32"}, {}, "a smaller --model"),
        ("forward", {"engine": "torch", "precision": "fp32"}, {"able": {"fp32", "bf16"}}, "a smaller --model"),
        ("forward", {"provenance": SMALL}, {}, "more cores"),
        ("forward", {}, {"gpu": "cuda:0"}, "a smaller --model or --device cuda:0"),
        (
            "forward",
            {"precision": "fp32"},
            {"able": {"int8"}, "nncf": True},
            "a smaller --model or --precision int8",
        ),
        ("forward", {"precision": "int8", "provenance": SMALL}, {"able": {"int8"}, "nncf": True}, "more cores"),
        ("forward", {"device": "cuda:0"}, {"gpu": "cuda:0"}, "a smaller --model or a larger --batch-size"),
        ("forward", {"provenance": SMALL}, {"able": {"bf16", "int8"}, "nncf": True}, "--precision int8"),
        (
            "forward",
            {"provenance": SMALL | {"quantization": {"refused": "it is slow"}}},
            {"able": {"bf16", "int8"}, "nncf": True},
            "more cores",
        ),
        ("write", {}, {}, "fewer of them (figures cost the most) or a faster disk"),
    ],
)
def test_only_what_this_machine_can_do_is_offered(stage, facts, machine, offered, monkeypatch):
    monkeypatch.setattr(machine_probes, "native_precisions", lambda: machine.get("able", {"fp32"}))
    monkeypatch.setattr(faster, "gpu", lambda: machine.get("gpu"))
    monkeypatch.setattr(faster, "available", lambda _: machine.get("nncf", False))
    assert advice(stage, ran(**facts)).partition("; ")[2] == f"{offered} would move it"


def test_a_probe_that_fails_takes_no_run_with_it(monkeypatch):
    def broken():
        raise RuntimeError("no CPU plug-in")

    monkeypatch.setattr(machine_probes, "native_precisions", broken)
    assert advice("forward", ran(precision="fp32")).startswith("the forward pass; a smaller --model")


def test_a_server_is_its_own_bottleneck():
    assert advice("forward", ran(engine="server", device="http://h:1")) == (
        "the server at http://h:1, or the way to it"
    )


def test_advice_and_doctor_ask_the_same_probes(lite0):
    """What doctor says this CPU cannot do is not offered."""
    doctors = next(finding.text for finding in examine() if finding.topic == "openvino")
    offered = advice("forward", lite0)
    assert ("--precision bf16" in offered) == ("bf16 natively" in doctors)


def summary(**counts) -> RunSummary:
    timer = StageTimer({"decode": 1.5, "forward": 0.2, "write": 0.0})
    return RunSummary(timer=timer, **({"inputs": 100, "predicted": 100, "seconds": 2.0} | counts))


def test_the_speed_line_is_about_the_slowest():
    assert summary().speed(ran(), 0.5) == (
        "50 images/s in 2.0 s; the bottleneck is decoding images; more cores or smaller files would move it"
    )
    assert "starting took 3.0 s" in summary().speed(ran(), 3.0)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"seconds": 0.99}, ""),
        ({"predicted": 0, "errors": Counter(empty=100)}, ""),
        ({"resumed": 100}, "100 rows were there"),
        ({"resumed": 60, "seconds": 0.5}, "60 rows were there"),
    ],
)
def test_no_speed_where_there_is_none(counts, line):
    assert summary(**counts).speed(ran()) == line
