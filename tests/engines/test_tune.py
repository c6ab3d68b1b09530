"""Choosing settings by measuring: which candidate wins, on engines whose speed is known."""

from concurrent.futures import Future

import numpy as np
import pytest

from eyeful.engines import Outputs, Settings
from eyeful.engines.tune import Candidate, fastest
from eyeful.errors import EngineError

PROBE = np.random.default_rng(0).integers(0, 256, (16, 4, 4, 3), dtype=np.uint8)


class Machine:
    """Engines on it take their time by its clock only; `rates` are images/s by settings."""

    def __init__(self, rates, wrong=(), failing=(), not_opening=(), own_batch=8):
        self.rates, self.wrong, self.failing, self.not_opening = rates, wrong, failing, not_opening
        self.own_batch = own_batch
        self.now, self.images, self.open_engines, self.most_open = 0.0, 0, 0, 0

    def find(self, limit=3.0):
        default = Candidate("fake", Settings(), lambda: self.opened(0))
        others = [
            Candidate("fake", one, lambda streams=one.streams: self.opened(streams))
            for one in self.rates
            if one != Settings(0, self.own_batch)
        ]
        self.candidates = [default, *others]
        found = fastest(self.candidates, PROBE, clock=lambda: self.now, limit=limit, decode=None)
        assert self.open_engines == 0
        assert self.most_open <= 2
        return found

    @property
    def told(self):
        """What came of each candidate: its rate, or why it was left out."""
        return {one.settings: one.left_out or one.as_dict()["images_per_s"] for one in self.candidates}

    def opened(self, streams):
        if streams in self.not_opening:
            raise EngineError("it does not open")
        return Timed(self, streams)


class Timed:
    name, device, precision, capacity = "fake", "cpu", "fp32", 2

    def __init__(self, machine, streams):
        self.machine, self.streams, self.batch_size = machine, streams, machine.own_batch
        machine.open_engines += 1
        machine.most_open = max(machine.most_open, machine.open_engines)

    def submit(self, batch_NHWC):
        settings = Settings(self.streams, len(batch_NHWC))
        rate = self.machine.rates.get(settings, 100)
        self.machine.now += len(batch_NHWC) / (rate(self.machine) if callable(rate) else rate)
        self.machine.images += len(batch_NHWC)
        future = Future()
        if settings in self.machine.failing:
            future.set_exception(EngineError("it does not run"))
        else:
            logits_NK = batch_NHWC.mean((1, 2), dtype=np.float32)
            if settings in self.machine.wrong:
                logits_NK = self.machine.wrong[settings](logits_NK)
            future.set_result(Outputs(logits_NK))
        return future

    def close(self):
        self.machine.open_engines -= 1


DEFAULT, SLOWER, FASTER, FASTEST = Settings(0, 8), Settings(0, 1), Settings(0, 16), Settings(1, 4)
RATES = {DEFAULT: 100, FASTEST: 150, SLOWER: 50, FASTER: 130}


def test_the_fastest_is_chosen_and_every_rate_is_told():
    machine = Machine(RATES)
    found = machine.find()
    assert (found.chosen.settings, found.precision) == (FASTEST, "fp32")
    assert found.gain == pytest.approx(1.5)
    assert machine.told == pytest.approx(RATES)
    assert found.chosen.as_dict() == {
        "engine": "fake",
        "streams": 1,
        "batch_size": 4,
        "images_per_s": 150.0,
        "left_out": None,
    }


@pytest.mark.parametrize(
    "answer",
    [lambda logits: logits * 1.01, lambda logits: logits * np.nan, lambda logits: logits[:, :2]],
    ids=["other", "nan", "fewer"],
)
def test_a_fast_one_with_other_answers_is_left_out(answer):
    machine = Machine(RATES, wrong={FASTEST: answer})
    assert machine.find().chosen.settings == FASTER
    assert "logits differ" in machine.told[FASTEST]


def test_rows_that_are_missing_are_no_answers():
    machine = Machine(RATES, wrong={FASTEST: lambda logits: logits[:1]})
    assert machine.find().chosen.settings == FASTER
    assert machine.told[FASTEST] == "the engine gave 1 rows for 4 images"


@pytest.mark.parametrize("fault", [{"failing": (FASTEST,)}, {"not_opening": (1,)}], ids=["runs", "opens"])
def test_one_that_fails_is_left_out(fault):
    machine = Machine(RATES, **fault)
    assert machine.find().chosen.settings == FASTER
    assert [one for one, told in machine.told.items() if isinstance(told, str)] == [FASTEST]


def test_one_that_fails_later_is_left_out():
    def rate(machine):
        if machine.now > 0.6:
            machine.failing = (FASTEST,)
        return 150

    machine = Machine(RATES | {FASTEST: rate})
    assert machine.find().chosen.settings == FASTER
    assert machine.told[FASTEST] == "it does not run"


def test_a_default_that_fails_raises():
    with pytest.raises(EngineError, match="does not run"):
        Machine(RATES, failing=(DEFAULT,)).find()


@pytest.mark.parametrize(("rate", "chosen"), [(109, DEFAULT), (111, FASTEST)])
def test_less_than_a_tenth_changes_nothing(rate, chosen):
    found = Machine({DEFAULT: 100, FASTEST: rate}).find()
    assert found.chosen.settings == chosen
    assert (found.gain == 1.0) == (chosen == DEFAULT)


@pytest.mark.parametrize(("slow_from", "chosen"), [(0.6, DEFAULT), (1.0, DEFAULT), (1.3, FASTEST)])
def test_one_that_was_not_fast_in_every_round_is_not_chosen(slow_from, chosen):
    """Rounds end at 0.53, 0.85 and 1.2 seconds."""
    rates = {DEFAULT: 100, FASTEST: lambda machine: 150 if machine.now < slow_from else 90}
    assert Machine(rates).find().chosen.settings == chosen


@pytest.mark.parametrize(
    ("slower", "tried", "seconds"), [(10, {DEFAULT, FASTEST, SLOWER}, 6.0), (25, {DEFAULT}, 2.5)]
)
def test_a_slow_network_is_not_tried_for_long(slower, tried, seconds):
    """Small batches are measured while there is time for them; then nothing is, and the default stays."""
    machine = Machine({one: rate / slower for one, rate in RATES.items()})
    found = machine.find()
    assert machine.now < seconds
    assert {one for one, told in machine.told.items() if told != "no time for it"} == tried
    assert found.chosen.settings == (FASTEST if FASTEST in tried else DEFAULT)
