"""Every protocol, spoken by the clients that people have."""

import base64
import io
import json
import subprocess

import httpx
import numpy as np
import pytest
from PIL import Image

from eyeful.server.protocols.torchserve import _by_label
from eyeful.types import Prediction, Score
from helpers import noise_image


@pytest.fixture(scope="module")
def jpeg(images):
    return images / "01.jpg"


@pytest.fixture(scope="module")
def expected(lite0, jpeg):
    return lite0.predict(jpeg)


def curl(*arguments: object) -> object:
    done = subprocess.run(
        ["curl", "--silent", "--show-error", *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def same(row, expected, tolerance=1e-5):
    assert row["index"] == expected.top[0].index
    assert [score["index"] for score in row["top"]] == [score.index for score in expected.top]
    for score, wanted in zip(row["top"], expected.top, strict=True):
        assert abs(score["prob"] - wanted.prob) < tolerance


def test_curl_with_a_form(server, jpeg, expected):
    answer = curl("-F", f"data=@{jpeg}", f"{server.url}/v1/classify")
    assert answer["model"] == "lite0"
    same(answer["results"][0], expected)
    assert answer["results"][0]["filename"] == "01.jpg"


def test_curl_with_raw_bytes_and_parameters(server, jpeg, expected):
    (row,) = curl("--data-binary", f"@{jpeg}", f"{server.url}/v1/classify?topk=3&logits=true&model=again")[
        "results"
    ]
    assert len(row["top"]) == 3
    assert len(row["logits"]) == 1000
    assert np.abs(np.array(row["logits"]) - expected.logits).max() < 1e-3


def test_many_files_and_a_bad_one_among_them(server, images, lite0):
    files = sorted(images.iterdir())[:5]
    form = [("data", (path.name, path.read_bytes())) for path in files]
    form.insert(2, ("data", ("bad.jpg", b"\xff\xd8\xff\xe0 and nothing more behind the first bytes")))
    rows = httpx.post(f"{server.url}/v1/classify", files=form).json()["results"]
    assert [row["filename"] for row in rows] == ["00.png", "01.jpg", "bad.jpg", *(path.name for path in files[2:])]
    assert rows[2]["error_kind"] == "truncated"
    for row, path in zip(rows[:2] + rows[3:], files, strict=True):
        same(row, lite0.predict(path))


def test_json_with_base64(server, jpeg, expected):
    encoded = base64.b64encode(jpeg.read_bytes()).decode()
    body = {"images": [encoded, f"data:image/jpeg;base64,{encoded}"]}
    for row in httpx.post(f"{server.url}/v1/classify", json=body).json()["results"]:
        same(row, expected)


def test_curl_with_json_and_no_type(server, jpeg, expected, tmp_path):
    encoded = base64.encodebytes(jpeg.read_bytes()).decode()  # with line breaks, as the command base64 writes it
    (tmp_path / "body.json").write_text(json.dumps({"images": [encoded]}))
    same(curl("-d", f"@{tmp_path / 'body.json'}", f"{server.url}/v1/classify")["results"][0], expected)


def test_too_many_files_in_a_form(server, jpeg):
    form = [("data", ("x.jpg", jpeg.read_bytes()[:100]))] * 40
    reply = httpx.post(f"{server.url}/v1/classify", files=form)
    assert (reply.status_code, reply.json()) == (413, {"error": "more than 32 images in one request"})


def test_a_file_name_that_no_text_can_hold(server, jpeg):
    body = b'--b\r\nContent-Disposition: form-data; name="data"; filename="+2AA-.jpg"\r\n\r\n' + jpeg.read_bytes()
    headers = {"Content-Type": "multipart/form-data; boundary=b; charset=utf-7"}
    reply = httpx.post(f"{server.url}/v1/classify", content=body + b"\r\n--b--\r\n", headers=headers)
    assert reply.status_code == 200
    assert "\\ud800" in reply.text


def test_the_same_output_is_not_asked_for_many_times(server, jpeg):
    tensor = {"datatype": "BYTES", "data": [base64.b64encode(jpeg.read_bytes()).decode()]}
    asked = {"inputs": [tensor], "outputs": [{"name": "probs"}] * 4}
    reply = httpx.post(f"{server.url}/v2/models/lite0/infer", json=asked)
    assert (reply.status_code, reply.json()) == (
        400,
        {"error": "4 outputs; there are probs, logits and features_ND"},
    )


def test_a_gzipped_body(server, jpeg, expected):
    import gzip

    body = gzip.compress(jpeg.read_bytes())
    answer = httpx.post(f"{server.url}/v1/classify", content=body, headers={"Content-Encoding": "gzip"})
    same(answer.json()["results"][0], expected)


@pytest.mark.parametrize("path", ["/", "/models/lite0"])
def test_hugging_faces_body(server, jpeg, expected, path):
    raw = httpx.post(server.url + path, content=jpeg.read_bytes(), headers={"Content-Type": "image/jpeg"}).json()
    inputs = base64.b64encode(jpeg.read_bytes()).decode()
    encoded = httpx.post(server.url + path, json={"inputs": inputs, "parameters": {"top_k": 2}}).json()
    assert [one["label"] for one in raw] == [score.label for score in expected.top]
    assert [one["label"] for one in encoded] == [score.label for score in expected.top[:2]]
    assert abs(encoded[0]["score"] - expected.prob) < 1e-5


def test_torchserves_calls(server, jpeg, expected):
    assert curl(f"{server.url}/ping") == {"status": "Healthy"}
    assert [model["modelName"] for model in curl(f"{server.url}/models")["models"]] == ["lite0", "again"]
    by_form = curl("-X", "POST", f"{server.url}/predictions/lite0", "-F", f"data=@{jpeg}")
    by_upload = curl("-T", jpeg, f"{server.url}/predictions/again/1.0")  # the call in TorchServe's README
    assert list(by_form) == list(by_upload) == [score.label for score in expected.top]
    assert abs(by_form[expected.label] - expected.prob) < 1e-5


def in_base64(jpeg):
    return base64.b64encode(jpeg.read_bytes()).decode()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: {"b64": text},
        lambda text: {"image_bytes": {"b64": text}},
        lambda text: {"data": text},
        lambda text: {"image": {"b64": text}, "key": "1"},
        lambda text: {"input_1": {"b64": text}},
        lambda text: text,
    ],
)
@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_kserves_v1(server, jpeg, expected, wrap, version):
    body = {"instances": [wrap(in_base64(jpeg))] * 2, "parameters": {"top_k": 5}}
    answer = httpx.post(f"{server.url}/v1/models/lite0{version}:predict", json=body).json()
    assert list(answer) == ["predictions"]
    for row in answer["predictions"]:
        same(row, expected)
        assert row["label"] == expected.label
        assert "filename" not in row


def test_pixels_as_kserves_instances(server, lite0):
    pixels = np.asarray(noise_image(3, 24, 20))
    body = {"instances": [pixels.tolist(), {"image": pixels[..., :1].tolist()}]}
    rows = httpx.post(f"{server.url}/v1/models/lite0:predict", json=body).json()["predictions"]
    same(rows[0], lite0.predict(pixels))
    same(rows[1], lite0.predict(pixels[..., :1]))


def test_a_model_of_kserve_and_of_tensorflow_serving(server):
    status = httpx.get(f"{server.url}/v1/models/lite0").json()
    assert (status["name"], status["ready"]) == ("lite0", True)
    assert status["model_version_status"][0]["state"] == "AVAILABLE"
    assert httpx.get(f"{server.url}/v1/models/nope").status_code == 404


def test_a_bad_image_among_kserves_instances(server, jpeg):
    good, bad = {"b64": in_base64(jpeg)}, {"b64": base64.b64encode(b"no image at all").decode()}
    rows = httpx.post(f"{server.url}/v1/models/lite0:predict", json={"instances": [bad, good]}).json()
    assert [row["error_kind"] for row in rows["predictions"]] == ["unidentified", None]


def test_labels_of_one_name_are_told_apart():
    top = tuple(
        Score(index, None, label, prob, 0.0) for index, label, prob in [(7, "crane", 0.6), (9, "crane", 0.3)]
    )
    assert _by_label(Prediction("a", top)) == {"crane": 0.6, "crane (9)": 0.3}


def test_torchserves_json(server, jpeg, expected):
    best = [score.label for score in expected.top]
    url = f"{server.url}/predictions/lite0"
    for body in ({"data": in_base64(jpeg)}, {"body": in_base64(jpeg)}):
        assert list(httpx.post(url, json=body).json()) == best
        assert list(curl("-d", json.dumps(body), url)) == best
    many = httpx.post(url, json={"instances": [{"data": in_base64(jpeg)}] * 2}).json()
    assert [list(one) for one in many["predictions"]] == [best, best]


def test_the_official_triton_client(server, jpeg, expected):
    from tritonclient import http

    client = http.InferenceServerClient(f"127.0.0.1:{server.port}")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("lite0")
    assert client.get_model_metadata("lite0")["inputs"][0]["datatype"] == "BYTES"
    for binary, version in ((True, ""), (False, "1")):
        encoded = http.InferInput("image", [2], "BYTES")
        content = jpeg.read_bytes() if binary else base64.b64encode(jpeg.read_bytes())
        encoded.set_data_from_numpy(np.array([content, content], dtype=np.object_), binary_data=binary)
        outputs = [
            http.InferRequestedOutput("probs", binary_data=binary, class_count=3),
            http.InferRequestedOutput("logits", binary_data=binary),
        ]
        result = client.infer("lite0", [encoded], version, outputs, request_id="7")
        assert result.get_response()["id"] == "7"
        classes = result.as_numpy("probs").reshape(2, 3)
        value, index, label = classes[1][0].decode().split(":") if binary else classes[1][0].split(":")
        assert (int(index), label) == (expected.top[0].index, expected.label)
        assert abs(float(value) - expected.prob) < 1e-5
        assert np.abs(result.as_numpy("logits") - expected.logits).max() < 1e-3
    client.close()


@pytest.mark.parametrize("datatype", ["UINT8", "FP32"])
@pytest.mark.parametrize("binary", [True, False])
def test_pixels_as_tensors(server, images, lite0, datatype, binary):
    from tritonclient import http

    pixels = np.asarray(Image.open(images / "03.png").convert("RGB"))
    expected = lite0.predict(pixels)
    values = pixels if datatype == "UINT8" else (pixels / 255).astype(np.float32)
    tensor = http.InferInput("image", [1, *pixels.shape], datatype)
    tensor.set_data_from_numpy(values[None], binary_data=binary)
    client = http.InferenceServerClient(f"127.0.0.1:{server.port}")
    found = client.infer("again", [tensor]).as_numpy("probs")
    client.close()
    assert found.shape == (1, 1000)
    assert found[0].argmax() == expected.top[0].index
    assert abs(found.max() - expected.prob) < 1e-4


BAD = [
    ("/v1/classify", b"not an image, whatever the client may think of it", {}, 422),
    ("/v1/classify", b"", {}, 422),
    ("/v1/classify", b"{", {"Content-Type": "application/json"}, 400),
    ("/v1/classify", b'{"images": []}', {"Content-Type": "application/json"}, 400),
    ("/v1/classify", b'{"images": ["%%%"]}', {"Content-Type": "application/json"}, 400),
    ("/v1/classify", b"[" * 100_000, {"Content-Type": "application/json"}, 400),
    ("/v1/classify?topk=0", b"x", {}, 400),
    ("/v1/classify?model=nope", b"x", {}, 404),
    ("/v1/classify", b"x", {"Content-Type": "multipart/form-data"}, 400),
    ("/v1/classify", b"--b--", {"Content-Type": "multipart/form-data; boundary=b"}, 400),
    ("/v1/classify", b"x", {"Content-Encoding": "br"}, 400),
    ("/v1/classify", b"x", {"Content-Encoding": "gzip"}, 400),
    ("/predictions/nope", b"x", {}, 404),
    ("/nope", b"x", {}, 404),
    ("/v2/models/lite0/infer", b"{}", {}, 400),
    ("/v2/models/lite0/infer", b'{"inputs":[{"name":"i","shape":[1],"datatype":"INT64","data":[1]}]}', {}, 400),
    (
        "/v2/models/lite0/infer",
        b'{"inputs":[{"name":"i","shape":[9,9,3],"datatype":"UINT8","data":[1]}]}',
        {},
        400,
    ),
    (
        "/v2/models/lite0/infer",
        b'{"inputs":[{"name":"i","shape":[1],"datatype":"BYTES","data":["eA=="]}]}',
        {},
        422,
    ),
    ("/v2/models/lite0/infer", b"{}", {"Inference-Header-Content-Length": "99"}, 400),
    ("/models/lite0", b'{"inputs": 3}', {"Content-Type": "application/json"}, 400),
    ("/v2/models/lite0/infer", b'{"inputs":[{"datatype":"BYTES","data":[]}]}', {}, 400),
    ("/v2/models/lite0/infer", b'{"inputs":[{"datatype":[],"data":[]}]}', {}, 400),
    ("/v2/models/lite0/infer", b'{"inputs":[{"datatype":"BYTES","name":"\\ud800","data":["*"]}]}', {}, 400),
    ("/v2/models/lite0/infer", b'{"inputs":[{"datatype":"BYTES","data":[' + b'"",' * 99 + b'""]}]}', {}, 413),
    ("/v2/models/lite0/infer", b"{}", {"Inference-Header-Content-Length": b"\xb2"}, 400),
    ("/v2/models/lite0/infer", b"{}", {"Inference-Header-Content-Length": "9" * 5000}, 400),
    ("/v1/classify", b'{"images": [' + b'"",' * 99 + b'""]}', {"Content-Type": "application/json"}, 413),
    *(
        ("/v1/models/lite0:predict", body, {"Content-Type": "application/json"}, status)
        for body, status in (
            (b"{", 400),
            (b"[]", 400),
            (b'{"instances": []}', 400),
            (b'{"instances": [{}]}', 400),
            (b'{"instances": [{"a": "x", "b": "y"}]}', 400),
            (b'{"instances": [{"a": {"a": {"a": {"a": "eA=="}}}}]}', 400),
            (b'{"instances": [{"b64": 3}]}', 400),
            (b'{"instances": [[[0.5]]]}', 400),
            (b'{"instances": [[[[0.5, 0.5, 0.5]]]]}', 400),
            (b'{"instances": [[[[256, 0, 0]]]]}', 400),
            (b'{"instances": [[[[1, 2], [3]]]]}', 400),
            (b'{"instances": [{"b64": "eA=="}], "parameters": {"top_k": 0}}', 400),
            (b'{"instances": [{"b64": "eA=="}]}', 422),
            (b'{"instances": [' + b'"",' * 99 + b'""]}', 413),
        )
    ),
    ("/v1/models/nope:predict", b"{}", {}, 404),
    *(
        ("/v2/models/lite0/infer", b'{"inputs":[{"datatype":%s}]}' % tensor, {}, 400)
        for tensor in (
            b'"UINT8","shape":[1,1,3],"data":[0.5,0.5,0.5]',
            b'"UINT8","shape":[1,1,3],"data":[true,true,true]',
            b'"UINT8","shape":[1,1,3],"data":["1","1","1"]',
            b'"UINT8","shape":[1,1,3],"data":[-1,0,0]',
            b'"UINT8","shape":[1,1,3],"data":[256,0,0]',
            b'"FP32","shape":[1,1,3],"data":["0","0","0"]',
            b'"BYTES","shape":[2],"data":["eA=="]',
        )
    ),
    (
        "/models/lite0",
        b'{"inputs": "eA==", "parameters": {"function_to_apply": "sigmoid"}}',
        {"Content-Type": "application/json"},
        400,
    ),
    ("/predictions/lite0", b'{"data": 3}', {"Content-Type": "application/json"}, 400),
    ("/models/lite0", b'{"inputs": "", "parameters": []}', {"Content-Type": "application/json"}, 400),
    ("/v2/models/lite0/infer", b'{"inputs":[{"datatype":"BYTES","data":[]}],"outputs":0}', {}, 400),
    ("/models/lite0", b'{"inputs": "", "parameters": {"top_k": "x"}}', {"Content-Type": "application/json"}, 400),
]


@pytest.mark.parametrize(("path", "body", "headers", "status"), BAD)
def test_what_is_wrong_is_one_sentence(server, path, body, headers, status):
    reply = httpx.post(server.url + path, content=body, headers=headers)
    assert reply.status_code == status, reply.text
    assert set(reply.json()) == {"error"}
    assert "Traceback" not in reply.text
    assert "/work" not in reply.text
    assert "/home" not in reply.text


def test_methods_and_ids(server):
    assert httpx.get(f"{server.url}/v1/classify").json() == {"error": "method not allowed"}
    assert httpx.delete(f"{server.url}/predictions/lite0").headers["allow"] == "POST, PUT"
    assert httpx.post(f"{server.url}/static-offline-docs/swagger-ui.css").status_code == 405
    assert httpx.get(f"{server.url}/ping", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    hostile = httpx.get(f"{server.url}/ping", headers={"X-Request-Id": "a" * 300}).headers["x-request-id"]
    assert len(hostile) == 32


def test_the_metrics(server, jpeg):
    httpx.post(f"{server.url}/v1/classify", content=jpeg.read_bytes())
    text = httpx.get(f"{server.url}/metrics").text
    for name in (
        'eyeful_requests_total{path="/v1/classify",status="200"}',
        'eyeful_images_total{outcome="ok"}',
        'eyeful_stage_seconds_bucket{le="0.01",stage="decode"}',
        "eyeful_batch_images_count",
        'eyeful_queue_images{model="lite0"} 0.0',
    ):
        assert name in text


def test_the_description(server):
    description = httpx.get(f"{server.url}/openapi.json").json()
    assert "/v2/models/{model}/infer" in description["paths"]
    assert description["info"]["title"] == "eyeful"


def test_a_16_bit_or_huge_image_is_told_like_in_a_file(server):
    buffer = io.BytesIO()
    Image.new("I;16", (64, 48), 40000).save(buffer, "PNG")
    (row,) = httpx.post(f"{server.url}/v1/classify", content=buffer.getvalue()).json()["results"]
    assert "sixteen_bit_scaled" in row["warnings"]
