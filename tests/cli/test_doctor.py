"""`eyeful doctor`: what works on this machine, and the remedies."""

import json

from eyeful.doctor import Finding, examine


def test_a_healthy_installation(command, home):
    done = command("doctor", "--json")
    assert done.returncode == 0
    found = {finding["topic"]: finding for finding in json.loads(done.stdout)}
    assert "eyeful" in found["versions"]["text"]
    assert found["extra models"]["text"] == "installed"
    assert "--precision auto runs" in found["openvino"]["text"]
    assert "operators" in found["torchvision"]["text"]
    assert found["resize"]["text"] == "cykooz_resizer, with Pillow's pixels"
    assert " models, " in found["cache"]["text"]
    assert "versions" in command("doctor").stdout


def test_a_cache_that_cannot_be_written_is_broken(command, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "file"))
    done = command("doctor")
    assert done.returncode == 1
    assert "EYEFUL_HOME names another place" in " ".join(done.stdout.split())


def test_a_missing_extra_comes_with_its_command(monkeypatch):
    monkeypatch.setattr("eyeful.doctor.available", lambda module: module not in ("nncf", "onnxruntime"))
    found = {finding.topic: finding for finding in examine()}
    assert found["extra int8"].remedy == 'pip install "eyeful[int8]"'
    assert found["onnxruntime"].text == "not installed"
    assert not found["onnxruntime"].broken


def test_on_a_narrow_terminal_a_remedy_can_be_copied(command, monkeypatch, on_terminal):
    remedy = "/a/long/path/to/python -m pip install -U pillow"
    found = [Finding("codecs", "Pillow opens JPEG, PNG, WEBP, AVIF, TIFF; not JPEG 2000", remedy)]
    monkeypatch.setattr("eyeful.cli.doctor.examine", lambda: found)
    on_terminal(40)
    lines = command("doctor").stdout.splitlines()
    assert lines[-1] == f"→ {remedy}"
    assert all(len(line) <= 40 for line in lines[:-1])
