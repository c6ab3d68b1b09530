"""A plain `pip install eyeful`, without torch, runs an exported bundle: in an environment of its own."""

import json
import os
import subprocess
import venv
from pathlib import Path

import pytest

from eyeful.models import ModelRequest
from eyeful.prepare import export

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_core_alone_runs_a_bundle(tmp_path, images, lite0, taught):
    export(ModelRequest("efficientnet_lite0"), tmp_path / "bundle", "openvino")
    venv.create(tmp_path / "core", with_pip=True)
    scripts = tmp_path / "core" / ("Scripts" if os.name == "nt" else "bin")
    pip = [scripts / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    installed = subprocess.run([*pip, ROOT], capture_output=True, text=True)
    if "No matching distribution found" in installed.stderr:
        pytest.skip("no package index can be reached")
    assert installed.returncode == 0, installed.stderr
    packages = {path.name.partition("-")[0] for path in (tmp_path / "core").rglob("*.dist-info")}
    assert "openvino" in packages
    assert not packages & {"torch", "torchvision", "timm", "matplotlib", "onnxruntime", "scikit_learn"}
    environment = {"PATH": os.environ["PATH"], "EYEFUL_HOME": str(tmp_path / "home")}
    command = [scripts / "eyeful", "predict", images / "01.jpg", "--model", tmp_path / "bundle"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] == lite0.predict(images / "01.jpg").label
    done = subprocess.run([*command[:3], "--model", taught], capture_output=True, text=True, env=environment)
    assert json.loads(done.stdout)["label"] == "green", "a model that was taught, without scikit-learn"
    done = subprocess.run([*command[:3], "--model", "resnet18"], capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert 'pip install "eyeful[models]"' in done.stderr
