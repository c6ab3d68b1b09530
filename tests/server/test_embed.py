"""Vectors over HTTP: `/v1/embed`, and the output `features_ND` of the Open Inference Protocol."""

import base64
import io

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import eyeful
from eyeful.bundle import unit_vectors
from eyeful.engines import Outputs
from eyeful.server import create_app
from helpers import FakeEngine, fake_classifier

BAD = b"\xff\xd8\xff\xe0 and nothing more behind the first bytes"


@pytest.fixture(scope="module")
def files(images):
    return sorted(images.iterdir())[:3]


@pytest.fixture(scope="module")
def expected(lite0, files):
    return unit_vectors(lite0.features(files))


def embed(server, **body):
    reply = httpx.post(f"{server.url}/v1/embed", **body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def same(rows, expected):
    found_ND = np.array([row["vector"] for row in rows])
    assert np.abs(found_ND - expected).max() < 1e-5
    assert np.abs(np.linalg.norm(found_ND, axis=1) - 1).max() < 1e-5


def test_raw_bytes_of_one_image(server, files, expected):
    answer = embed(server, content=files[0].read_bytes(), params={"model": "again"})
    assert answer["model"] == "again"
    (row,) = answer["results"]
    assert list(row) == ["filename", "status", "vector", "error_kind", "error"]
    assert (row["filename"], row["status"], row["error_kind"], row["error"]) == ("body", "ok", None, None)
    same([row], expected[:1])
    assert row["vector"] == [float(f"{number:.7g}") for number in row["vector"]], "seven digits, as rows have"


def test_a_form_with_a_bad_file_among_good_ones(server, files, expected):
    form = [("data", (path.name, path.read_bytes())) for path in files]
    form.insert(1, ("data", ("bad.jpg", BAD)))
    answer = embed(server, files=form)
    assert answer["model"] == "lite0"
    bad = answer["results"].pop(1)
    assert (bad["filename"], bad["status"], bad["vector"]) == ("bad.jpg", "error", None)
    assert bad["error_kind"] == "truncated"
    assert [row["filename"] for row in answer["results"]] == [path.name for path in files]
    same(answer["results"], expected)


def test_json_with_base64(server, files, expected):
    images = [base64.b64encode(path.read_bytes()).decode() for path in files]
    answer = embed(server, json={"images": images})
    assert [row["filename"] for row in answer["results"]] == ["images[0]", "images[1]", "images[2]"]
    same(answer["results"], expected)


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/v1/embed", {"content": BAD}, 422, "truncated: "),
        ("/v1/embed?model=nope", {"content": BAD}, 404, "no model 'nope' here; there is lite0, again"),
        ("/v1/embed?topk=3", {"content": BAD}, 400, "unknown query parameter 'topk'; known: model"),
        ("/v1/embed", {"json": {"images": ["eA=="], "topk": 3}}, 400, "unknown key of the JSON body 'topk'"),
        ("/v1/embed", {"json": {"images": ["eA=="], "model": "again"}}, 400, "model is no key of the JSON body;"),
        ("/v1/embed", {"json": {"images": []}}, 400, '"images" is empty'),
        ("/v1/embed", {"json": {"images": ["https://example.com/a.jpg"]}}, 400, "images[0] is a URL; this server"),
        ("/v1/embed", {"json": {"images": [""] * 33}}, 413, "more than 32 images in one request"),
    ],
)
def test_what_is_wrong_is_one_sentence(server, path, body, status, error):
    reply = httpx.post(server.url + path, **body)
    assert reply.status_code == status
    assert reply.json()["error"].startswith(error)


def test_the_models_say_how_long_their_vectors_are(server):
    assert [model["vector_size"] for model in httpx.get(f"{server.url}/v1/models").json()["models"]] == [1280] * 2


@pytest.mark.parametrize("binary", [True, False])
def test_the_output_of_the_open_inference_protocol(server, files, expected, lite0, binary):
    from tritonclient import http

    client = http.InferenceServerClient(f"127.0.0.1:{server.port}")
    outputs = {one["name"]: one for one in client.get_model_metadata("lite0")["outputs"]}
    assert list(outputs) == ["probs", "logits", "features_ND"]
    assert outputs["features_ND"] == {"name": "features_ND", "datatype": "FP32", "shape": [-1, 1280]}
    encoded = http.InferInput("image", [3], "BYTES")
    contents = [path.read_bytes() if binary else base64.b64encode(path.read_bytes()) for path in files]
    encoded.set_data_from_numpy(np.array(contents, dtype=np.object_), binary_data=binary)
    asked = [http.InferRequestedOutput(name, binary_data=binary) for name in ("features_ND", "logits")]
    answer = client.infer("lite0", [encoded], outputs=asked)
    client.close()
    assert np.abs(answer.as_numpy("features_ND") - expected).max() < 1e-5
    assert np.abs(answer.as_numpy("logits") - lite0.logits(files)).max() < 1e-3


def test_vectors_have_no_classes(server):
    tensor = {"datatype": "BYTES", "data": [base64.b64encode(BAD).decode()]}
    output = {"name": "features_ND", "parameters": {"classification": 3}}
    reply = httpx.post(f"{server.url}/v2/models/lite0/infer", json={"inputs": [tensor], "outputs": [output]})
    assert reply.status_code == 400
    assert reply.json() == {"error": "classification is of probs and logits; features_ND has no classes"}


class NoFeatures(FakeEngine):
    """A network that does not end in a linear layer."""

    def _run(self, batch_NHWC):
        return Outputs(super()._run(batch_NHWC).logits_NK)


def test_a_model_without_vectors_says_so():
    image = io.BytesIO()
    Image.new("RGB", (40, 30), "blue").save(image, "PNG")
    tensor = {"datatype": "BYTES", "data": [base64.b64encode(image.getvalue()).decode()]}
    asked = {"inputs": [tensor], "outputs": [{"name": "features_ND"}]}
    with (
        fake_classifier(NoFeatures()) as fake,
        fake_classifier() as other,
        TestClient(create_app({"fake": fake, "other": other})) as client,
    ):
        reply = client.post("/v1/embed", content=b"not looked at")
        assert reply.status_code == 400
        assert reply.json() == {
            "error": "fake has no features: it does not end in a linear layer; choose another model"
        }
        reply = client.post("/v2/models/fake/infer", json=asked)
        assert reply.status_code == 404
        assert reply.json() == {"error": "no output 'features_ND'; there are probs and logits"}
        outputs = client.get("/v2/models/fake").json()["outputs"]
        assert [output["name"] for output in outputs] == ["probs", "logits"]
        lengths = [model["vector_size"] for model in client.get("/v1/models").json()["models"]]
        assert lengths == [None, 3]
        (row,) = client.post("/v1/embed?model=other", content=image.getvalue()).json()["results"]
        assert row["vector"] == pytest.approx([0, 0, 1])


def test_the_vectors_of_a_taught_model_are_those_of_its_frozen_network(taught, lite0, images):
    path = images / "01.jpg"
    with (
        eyeful.load(taught, precision="fp32") as classifier,
        TestClient(create_app(classifier)) as client,
    ):
        (row,) = client.post("/v1/embed", content=path.read_bytes()).json()["results"]
    same([row], unit_vectors(lite0.features([path])))
