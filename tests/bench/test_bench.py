"""The benchmark measures what it says; no speed is asserted."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from eyeful.bench import Figures, bench
from eyeful.bench.startup import startup
from eyeful.bench.throughput import _round
from eyeful.cli.bench import _show
from eyeful.errors import EngineError, UsageError
from eyeful.models import ModelRequest, find_model
from eyeful.prepare import export


@pytest.mark.slow
@pytest.mark.parametrize("start_up", [False, True])
def test_every_stage_is_measured(images, resnet18_checkpoint, start_up):
    found = bench(
        "resnet18" if start_up else "efficientnet_lite0",  # which is prepared already
        images,
        checkpoint=resnet18_checkpoint if start_up else None,
        device="cpu",
        num_images=16,
        rounds=2,
        precision="fp32",
        start_up=start_up,
    )
    assert found.path == "openvino fp32 on cpu"
    assert set(found.rates) == {"textbook", "eyeful", "decode", "forward"}
    assert set(found.core_rates) == set(found.rates)
    for rates in (*found.rates.values(), *found.core_rates.values()):
        assert len(rates) == 2
        assert min(rates) > 0
    if not start_up:
        assert found.startup == {}
        return
    assert found.startup["warm"] > 0
    assert 30 < found.startup["warm peak memory"] < 5000


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_a_bundle_is_measured_beside_the_model_it_was_made_of(engine, images, tmp_path):
    export(ModelRequest("efficientnet_lite0"), tmp_path / "bundle", engine)
    found = bench(str(tmp_path / "bundle"), images, device="cpu", num_images=8, rounds=1)
    assert found.engine == engine
    assert found.startup["warm"] > 0


RATES = {"textbook": [9, 10, 10.5], "eyeful": [60, 61, 62], "decode": [100], "forward": [300]}
CORE_RATES = {"textbook": [7, 8, 8.5], "eyeful": [30, 32, 31], "decode": [50], "forward": [150]}


def figures(num_images=1000, device="cpu", **rates) -> Figures:
    return Figures("openvino", "bf16", device, num_images, RATES | rates, CORE_RATES)


def test_what_follows_from_the_rates():
    found = figures()
    assert found.median("textbook") == 10
    assert found.speedup == pytest.approx(6.1)
    assert found.estimate == pytest.approx(75)
    assert found.noise == []
    assert found.median_per_core("eyeful") == 31
    assert found.core_hours("eyeful") == pytest.approx(1e6 / 31 / 3600)
    assert found.hours("eyeful") == pytest.approx(1e6 / 61 / 3600)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (figures(textbook=[10], eyeful=[60]), "1 round, not 3"),
        (figures(num_images=100), "a round lasts 1.6 s, less than 2 s"),
        (figures(textbook=[7, 10, 10]), "rounds differ by 43%"),
        (figures(eyeful=[40, 60, 60]), "rounds differ by 50%"),
    ],
)
def test_noisy_rounds_give_no_ratio(found, why, capsys):
    assert found.noise == [why]
    _show(found)
    shown = capsys.readouterr().out
    assert why in " ".join(shown.split())
    assert "times the textbook loop" not in shown
    assert "ratio" not in shown.splitlines()[0]
    assert not re.search(r"[0-9]x", shown)
    assert "A million images" not in shown


def test_a_quiet_machine_gives_a_ratio(capsys):
    _show(figures())
    assert "eyeful runs at 6.1 times the textbook loop" in capsys.readouterr().out


@pytest.mark.parametrize(("device", "beside"), [("cpu", ""), ("cuda", ", besides what cuda does")])
def test_what_a_million_images_cost(device, beside, capsys):
    _show(figures(device=device))
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        f"A million images cost 9.0 core-hours{beside}, and 4.6 hours of this machine; "
        "with the textbook loop 35, and 28." in shown
    )


def test_a_round_counts_the_work_of_every_thread():
    def work():
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass

    def run():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: work(), range(2)))
        return 10

    assert _round(run).core_rate <= 10 / 0.1


@pytest.mark.slow
def test_one_short_round_is_told_stage_by_stage_and_is_noisy(images):
    told = []
    found = bench(
        "efficientnet_lite0", images, num_images=20, rounds=1, start_up=False, on_stage=told.append, device="cpu"
    )
    assert "1 round, not 3" in found.noise
    assert told[:2] == ["loading efficientnet_lite0", "warming up: textbook"]
    assert told[-1] == "round 1 of 1: forward"
    assert found.bottleneck


@pytest.mark.slow
def test_the_textbook_loop_is_the_lessons(images, resnet18_checkpoint):
    """The baseline gives eyeful's exact answers: it is the same work."""
    import eyeful
    from eyeful.bench.textbook import textbook_loop

    model = find_model(ModelRequest("resnet18", resnet18_checkpoint))
    loop = textbook_loop(model.load()[0], model.preprocessing, "cpu")
    files = sorted(images.iterdir())
    with eyeful.load("resnet18", checkpoint=resnet18_checkpoint, exact=True, device="cpu") as classifier:
        for path in files:
            assert [score.index for score in classifier.predict(path).top] == loop(path)


def test_nothing_to_measure_with(tmp_path):
    with pytest.raises(UsageError, match="no images"):
        bench("efficientnet_lite0", tmp_path)


@pytest.mark.slow
def test_a_process_that_fails_is_no_measurement(tmp_path):
    with pytest.raises(EngineError, match=r"start-up cannot be measured.*unknown model"):
        startup(["--model", "no_such_model"], tmp_path / "none.jpg")
