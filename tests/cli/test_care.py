"""`eyeful doctor` and `eyeful cache`: what works here, what is cached, and being rid of it."""

import json

import pytest
from typer.testing import CliRunner

from eyeful.cli import app
from eyeful.doctor import examine
from eyeful.models import ModelRequest
from eyeful.prepare import prepared


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    prepared(ModelRequest("efficientnet_lite0"))
    return tmp_path


def eyeful(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_a_healthy_installation(home):
    done = eyeful("doctor", "--json")
    assert done.exit_code == 0
    found = {finding["topic"]: finding for finding in json.loads(done.stdout)}
    assert "eyeful" in found["versions"]["text"]
    assert found["extra models"]["text"] == "installed"
    assert "--precision auto runs" in found["openvino"]["text"]
    assert "operators" in found["torchvision"]["text"]
    assert "1 models" in found["cache"]["text"]
    assert "versions" in eyeful("doctor").stdout


def test_a_cache_that_cannot_be_written_is_broken(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "file"))
    done = eyeful("doctor")
    assert done.exit_code == 1
    assert "EYEFUL_HOME names another place" in " ".join(done.stdout.split())


def test_a_missing_extra_comes_with_its_command(monkeypatch):
    monkeypatch.setattr("eyeful.doctor.available", lambda module: module not in ("nncf", "onnxruntime"))
    found = {finding.topic: finding for finding in examine()}
    assert found["extra int8"].remedy == 'pip install "eyeful[int8]"'
    assert found["onnxruntime"].text == "not installed"
    assert not found["onnxruntime"].broken


def test_the_cache_is_listed_verified_and_cleared(home):
    assert "whole" in eyeful("cache").stdout
    assert eyeful("cache", "verify").exit_code == 0
    (graph,) = home.glob("prepared/*/model.bin")
    graph.write_bytes(graph.read_bytes()[:-1])
    done = eyeful("cache", "verify")
    assert done.exit_code == 1
    assert "sha256 is not the manifest's" in " ".join(done.stdout.split())
    assert eyeful("cache", "clear", "no_such_model").exit_code == 0
    assert graph.exists()
    assert eyeful("cache", "clear").exit_code == 0
    assert not graph.exists()
    assert eyeful("cache", "verify").exit_code == 0
