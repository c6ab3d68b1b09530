"""`create_app` as others use it: under plain uvicorn, as a module, mounted in another application."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from documents import ROOT, blocks
from eyeful.errors import UsageError
from eyeful.server import ServerSettings, create_app
from helpers import FakeEngine, fake_classifier

BLUE = io.BytesIO()
Image.new("RGB", (40, 30), "blue").save(BLUE, "PNG")
TOKEN = "a token"  # noqa: S105
SCRIPT, MODULE = [code for _, code in blocks(ROOT / "docs" / "serving.md", "python")]


@contextmanager
def running(command, place, ends_with):
    """The address of a server that says it on standard error, as uvicorn does; at its end it goes on SIGTERM."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=place, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            lines = iter(process.stderr.readline, "")
            url = next(found[0] for line in lines if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            yield url
            process.terminate()
            assert process.wait(20) == ends_with, process.stderr.read()
        finally:
            process.kill()


def rows(url, image):
    (row,) = httpx.post(f"{url}/v1/classify", content=image.read_bytes(), timeout=30).json()["results"]
    return [(score["index"], score["prob"]) for score in row["top"]]


def expected(lite0, image):
    return [(score.index, pytest.approx(score.prob, abs=1e-6)) for score in lite0.predict(image).top]


@pytest.mark.slow
def test_the_documented_script_answers_as_predict_does(lite0, images, tmp_path):
    assert "port=8000" in SCRIPT
    code = SCRIPT.replace("port=8000", "port=0").replace('lite0")', 'lite0", precision="fp32")')
    with running([sys.executable, "-c", code], tmp_path, -signal.SIGTERM) as url:
        assert httpx.get(f"{url}/v2/health/ready").status_code == 200
        assert 'eyeful_queue_images{model="lite0"} 0.0' in httpx.get(f"{url}/metrics").text
        for image in (images / "00.png", images / "01.jpg"):
            assert rows(url, image) == expected(lite0, image)


def test_the_documented_module_answers_as_predict_does(lite0, images, tmp_path):
    (tmp_path / "app.py").write_text(MODULE.replace('lite0")', 'lite0", precision="fp32")'))
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"]
    with running(command, tmp_path, -signal.SIGTERM) as url:
        assert rows(url, images / "00.png") == expected(lite0, images / "00.png")
        assert httpx.get(f"{url}/v2/models/model/ready").status_code == 200


PLAIN = """
import uvicorn
from eyeful.server import ServerSettings, create_app
from helpers import fake_classifier
uvicorn.run(create_app(fake_classifier(), ServerSettings(receive_timeout=0.3, max_body=100, max_pending=100)), port=0)
"""


@pytest.mark.slow
def test_what_plain_uvicorn_has_and_has_not(tmp_path):
    """A body has a deadline and a limit; headers have none, as the documents say."""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n{PLAIN}"
    with running([sys.executable, "-c", code], tmp_path, -signal.SIGTERM) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(address) as headers, socket.create_connection(address) as body:
            headers.sendall(b"GET /ping HTTP/1.1\r\nHost: a\r\n")
            body.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            body.settimeout(10)
            assert body.recv(99).startswith(b"HTTP/1.1 408 ")
            headers.settimeout(0.1)  # by now it is beyond its deadline as well
            with pytest.raises(TimeoutError):
                headers.recv(1)
            headers.settimeout(10)
            headers.sendall(b"\r\n")
            assert headers.recv(99).startswith(b"HTTP/1.1 200 ")
        assert httpx.post(f"{url}/v1/classify", content=bytes(101)).status_code == 413


def mounted(app, *, opened):
    @asynccontextmanager
    async def lifespan(_):
        async with app.router.lifespan_context(app):
            yield

    outer = FastAPI(lifespan=lifespan if opened else None)
    outer.mount("/eyes", app)
    return TestClient(outer)


def test_mounted_in_another_application():
    with mounted(create_app(fake_classifier(), ServerSettings(token=TOKEN)), opened=True) as client:
        assert client.get("/eyes/v2/health/ready").status_code == 200, "probes show no token, under a prefix too"
        assert client.post("/eyes/v1/classify", content=BLUE.getvalue()).status_code == 401
        answer = client.post("/eyes/v1/classify", content=BLUE.getvalue(), headers={"x-api-key": TOKEN}).json()
        assert (answer["model"], answer["results"][0]["label"]) == ("model", "blue")


def test_whose_lifespan_nobody_begins_is_not_ready():
    with mounted(create_app(fake_classifier()), opened=False) as client:
        assert client.get("/eyes/v2/health/ready").status_code == 503


@pytest.mark.slow
def test_the_owner_closes_the_classifiers():
    engine = FakeEngine()
    with fake_classifier(engine) as classifier:
        for _ in range(2):
            with TestClient(create_app({"a": classifier})) as client:
                assert client.post("/v1/classify", content=BLUE.getvalue()).status_code == 200
        assert classifier.predict(BLUE.getvalue()).label == "blue"


@pytest.mark.parametrize(
    ("classifiers", "message"),
    [({}, "create_app needs a classifier"), ({"timm/x": 0}, "the alias 'timm/x' is empty or has a slash")],
)
def test_what_no_path_can_have_is_refused(classifiers, message):
    with pytest.raises(UsageError, match=message):
        create_app(classifiers)


def test_settings_import_no_web_framework_and_what_is_missing_is_named():
    code = """
import sys
from eyeful.server import ServerSettings
assert not {"fastapi", "uvicorn", "torch", "openvino"} & set(sys.modules)
sys.modules["orjson"] = None
from eyeful.server import create_app
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert 'create_app needs orjson, which is not installed: pip install "eyeful[serve]"' in last


@pytest.mark.slow
def test_groups_of_labels_that_have_none_are_refused_in_a_sentence():
    with fake_classifier() as fake, TestClient(create_app({"fake": fake})) as client:
        reply = client.post("/v1/classify?sure=0.8", content=BLUE.getvalue())
        assert reply.status_code == 400
        assert reply.json()["error"].startswith("none of the model's 3 labels has a WordNet id")
        assert client.post("/v1/classify", content=BLUE.getvalue()).status_code == 200
