"""What is measured of real engines is recorded once, for this machine, and never in the way."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from contract import noise
from small import converted

from eyeful.bundle.files import locked
from eyeful.cpu import processor, share_of_cores
from eyeful.engines import DEFAULT_SETTINGS, family, measure, tuning
from eyeful.engines.tuning import Running, recorded_tuning, recorded_tunings, tuning_of
from eyeful.errors import ModelError


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Of the small network, for OpenVINO."""
    return converted("openvino", tmp_path_factory.mktemp("openvino") / "bundle")


@pytest.fixture(scope="module")
def onnx_bundle(tmp_path_factory):
    return converted("onnxruntime", tmp_path_factory.mktemp("onnxruntime") / "bundle")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tuning, "_PUT_OFF", set())
    monkeypatch.setattr(tuning, "_QUIET", 0.0)  # other tests run beside this one
    monkeypatch.setattr(measure, "_SECONDS", 0.01)  # how fast they are does not matter here


@pytest.fixture
def counted(monkeypatch):
    """How often something was measured."""
    calls = []
    monkeypatch.setattr(tuning, "fastest", lambda *args, one=tuning.fastest: calls.append(1) or one(*args))
    return calls


def running(bundle, **changes):
    return replace(Running(bundle, "cpu", "fp32", 2), **changes)


@pytest.mark.parametrize("engine", ["openvino", pytest.param("onnxruntime", marks=pytest.mark.slow)])
def test_a_measurement_is_recorded_and_not_made_again(engine, counted, caplog, request):
    caplog.set_level(logging.INFO, "eyeful")
    asked = running(request.getfixturevalue("bundle" if engine == "openvino" else "onnx_bundle"))
    assert recorded_tuning(asked) is None
    found = tuning_of(asked)
    tried = {(one["streams"], one["batch_size"]) for one in found.trials}
    assert {(one.streams, one.batch_size) for one in family(engine).settings_to_try(2)} < tried
    assert all(one["images_per_s"] or one["left_out"] == "no time for it" for one in found.trials)
    assert (found.engine, found.precision, found.threads, found.cpu) == (engine, "fp32", 2, processor()[0])
    assert found.versions[engine]
    assert tuning_of(asked) == recorded_tuning(asked) == found
    assert len(counted) == 1
    assert [line for line in caplog.messages if "measuring which settings" in line] == [caplog.messages[0]]
    assert "images/s" in str(found)


@pytest.mark.parametrize(
    "changes",
    [
        *(pytest.param(change, marks=pytest.mark.slow) for change in ({"threads": 1}, {"precision": None})),
        {"batch_size": 4},
    ],
)
def test_another_way_to_run_is_measured_by_itself(bundle, changes):
    asked = running(bundle)
    tuning_of(asked)
    other = running(bundle, **changes)
    assert recorded_tuning(other) is None
    found = tuning_of(other)
    if "batch_size" in changes:
        assert {one["batch_size"] for one in found.trials} == {4}
    if "threads" in changes:
        assert {one["streams"] for one in found.trials} == {0}


@pytest.mark.parametrize(
    "damage",
    [*(pytest.param(text, marks=pytest.mark.slow) for text in ("", "[]", "{", '{"engine": "openvino"}')), None],
)
def test_a_damaged_record_is_measured_again(bundle, damage, counted):
    asked = running(bundle)
    tuning_of(asked)
    ((path, _),) = recorded_tunings()
    whole = json.loads(path.read_text())
    path.write_text(
        json.dumps(whole | {"settings": {"streams": -1, "batch_size": 8}}) if damage is None else damage
    )
    assert recorded_tuning(asked) is None
    assert tuning_of(asked).settings.streams >= 0
    assert len(counted) == 2


def test_several_at_once_measure_once(bundle, counted):
    asked = running(bundle)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(tuning_of, [asked] * 4))
    assert found == [found[0]] * 4
    assert len(counted) == 1


def test_one_that_measures_for_too_long_is_not_waited_for(bundle, counted, monkeypatch):
    monkeypatch.setattr(tuning, "_WAIT", 0.01)
    asked = running(bundle)
    path = asked.record
    path.parent.mkdir(parents=True)
    with locked(path.with_name(f".{path.stem}.lock")):
        assert tuning_of(asked) is None
    assert not counted


def test_where_nothing_can_be_recorded_nothing_is_measured(bundle, counted, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "eyeful")
    (tmp_path / "file").touch()
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "file"))
    assert [tuning_of(running(bundle)) for _ in range(2)] == [None, None]
    assert not counted
    assert ["cannot be recorded" in line for line in caplog.messages] == [True]


def test_a_busy_machine_is_not_measured(bundle, counted, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "eyeful")
    monkeypatch.setattr(tuning, "_QUIET", 2.0)  # more than there is
    assert tuning_of(running(bundle)) is None
    assert not counted
    assert not list(recorded_tunings())
    assert ["this machine is busy" in line for line in caplog.messages] == [True]


def test_the_share_of_cores_is_a_share():
    assert 0 < share_of_cores(0.02) < 1.5  # a quota of less than a core is spent at once


def test_settings_change_no_logit(bundle):
    """To the bit in OpenVINO, which is why settings are not among what decides answers."""
    batch_NHWC = noise(16, (64, 64))
    tunable = family("openvino")
    for precision in ("fp32", None):
        expected = None
        for settings in (DEFAULT_SETTINGS, *tunable.settings_to_try(2)):
            engine = tunable.open(bundle, "cpu", precision, 2, settings, cached=False)
            size = engine.batch_size
            found_NK = np.concatenate(
                [engine.submit(batch_NHWC[at : at + size]).result(60).logits_NK for at in range(0, 16, size)]
            )
            engine.close()
            assert size == (settings.batch_size or 8)
            expected = found_NK if expected is None else expected
            assert np.array_equal(found_NK, expected), (precision, settings)


def test_trials_leave_no_compiled_graph(bundle, tmp_path):
    asked = running(bundle, precision=None)
    found = tuning_of(asked)
    assert not list(tmp_path.glob("home/compiled/*"))
    family("openvino").open(asked.bundle, "cpu", None, 2, found.settings).close()
    assert len(list(tmp_path.glob("home/compiled/*"))) == 1


@pytest.mark.slow
def test_another_engine_is_tried_beside_it(bundle, onnx_bundle, counted):
    asked, prepared = running(bundle, rival="onnxruntime"), []

    def prepare_rival():
        prepared.append(1)
        return onnx_bundle

    found = tuning_of(asked, prepare_rival)
    assert [one["engine"] for one in found.trials][:3] == ["openvino", "onnxruntime", "openvino"]
    assert {"openvino", "onnxruntime"} <= set(found.versions)
    assert all(one["images_per_s"] or one["left_out"] == "no time for it" for one in found.trials)
    assert tuning_of(asked, prepare_rival) == found
    assert (len(prepared), len(counted)) == (1, 1)
    assert recorded_tuning(running(bundle)) is None


def test_an_engine_that_does_not_run_is_left_to_whoever_opens_it(bundle, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("of a plug-in")

    monkeypatch.setattr(type(family("openvino")), "open", broken)
    assert tuning_of(running(bundle)) is None
    assert not list(recorded_tunings())


@pytest.mark.slow
def test_a_conversion_that_fails_is_not_tried_again(bundle):
    asked, tried = running(bundle, rival="onnxruntime"), []

    def prepare_rival():
        tried.append(1)
        raise ModelError("it cannot be converted")

    for _ in range(2):
        found = tuning_of(asked, prepare_rival)
        assert found.engine == "openvino"
        assert found.trials[-1]["left_out"] == "it cannot be converted"
    assert len(tried) == 1
