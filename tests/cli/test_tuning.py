"""What was measured of a model: who shows it, and how it is forgotten and left out."""

import json

import pytest

from eyeful.engines import measure, tuning
from eyeful.engines.tuning import recorded_tunings


@pytest.fixture
def _measuring(home, monkeypatch):
    monkeypatch.setenv("EYEFUL_AUTOTUNE", "1")
    monkeypatch.setattr(tuning, "_PUT_OFF", set())
    monkeypatch.setattr(tuning, "_QUIET", 0.0)  # other tests run beside this one
    monkeypatch.setattr(measure, "_SECONDS", 0.01)


@pytest.mark.usefixtures("_measuring")
def test_it_is_told_shown_and_forgotten(command, home, images, tmp_path, caplog):
    image, engine = images / "01.jpg", ("--engine", "openvino")  # on any CPU
    assert "fastest here" not in command("info").stdout
    assert command("predict", image, *engine, "--no-autotune").returncode == 0
    assert not list(recorded_tunings())
    command("predict", image, *engine, "-o", tmp_path / "rows.jsonl")
    assert "measuring which settings of openvino suit efficientnet_lite0 here" in caplog.text
    caplog.clear()
    ((path, found),) = recorded_tunings()
    assert path.is_relative_to(home)
    told = json.loads((tmp_path / "rows.jsonl.run.json").read_text())["provenance"]["tuning"]
    assert told == found.as_dict()
    command("predict", image, *engine)
    assert "measuring" not in caplog.text
    assert f"fastest here {found}" in " ".join(command("info").stdout.split())
    assert json.loads(command("info", "--json").stdout)["tuning"] == told
    assert f"{found} (" in " ".join(command("doctor").stdout.split())
    command("cache", "clear", "no_such_model")
    assert len(list(recorded_tunings())) == 1
    command("cache", "clear", "lite0")
    assert not list(recorded_tunings())


def test_doctor_says_that_it_is_off(command, home):
    assert "EYEFUL_AUTOTUNE=0" in command("doctor").stdout
