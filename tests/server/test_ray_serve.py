"""The example for Ray Serve, in a Ray of its own on this machine."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from documents import ROOT
from eyeful import PredictorSpec
from eyeful.classifier import open_classifier

pytest.importorskip("ray")
pytest.importorskip("ray.serve", exc_type=ImportError)

SCRIPT = """
import json, os, sys
import httpx, ray
from ray import serve
folder, port, image = sys.argv[1:]
ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False,
         _temp_dir=folder, _node_ip_address="127.0.0.1")
try:
    serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
    from ray_serve import app
    serve.run(app)
    url = f"http://127.0.0.1:{port}"
    assert httpx.get(f"{url}/v2/models/model/ready", timeout=60).status_code == 200
    asked = [httpx.post(f"{url}/v1/classify", content=open(image, "rb").read(), timeout=60) for _ in range(8)]
    assert httpx.post(f"{url}/v1/classify", content=b"not an image", timeout=60).status_code == 422
    json.dump([answer.json()["results"][0]["top"] for answer in asked], open(f"{folder}/answers.json", "w"))
finally:
    serve.shutdown()
    ray.shutdown()
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]


@pytest.fixture
def folder():
    """A short one: the paths of Ray's sockets have at most 107 characters."""
    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
def test_replicas_in_ray_serve_answer_as_predict_does(images, bundle, folder):
    environment = os.environ | {
        "HOME": folder,  # where Ray writes its token
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(ROOT / "deploy"),
        "EYEFUL_MODEL": str(bundle),
    }
    image = images / "01.jpg"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder, str(free_port()), str(image)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with open_classifier(PredictorSpec(model=str(bundle))) as classifier:
        top = classifier.predict(image).top
    expected = [(score.label, pytest.approx(score.prob, abs=1e-6)) for score in top]
    answers = json.loads(Path(folder, "answers.json").read_text())
    assert [[(score["label"], score["prob"]) for score in answer] for answer in answers] == 8 * [expected]
