"""What a request asks for beside its images: said in one place or another, or refused by its name."""

import base64
import json

import httpx
import pytest

URLS = ["/v1/classify", "/", "/models/lite0", "/predictions/lite0", "/predictions/lite0/1.0"]


@pytest.fixture(scope="module")
def content(images):
    return (images / "01.jpg").read_bytes()


def count(reply):
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    return len(answer["results"][0]["top"] if "results" in answer else answer)


@pytest.mark.parametrize("path", URLS)
@pytest.mark.parametrize("query", ["topk=3", "top_k=3", "topk=3&top_k=3"])
def test_every_call_takes_topk(server, content, path, query):
    assert count(httpx.post(f"{server.url}{path}?{query}", content=content)) == 3


@pytest.mark.parametrize("path", URLS)
@pytest.mark.parametrize("number", [5000, 10**30])
def test_more_labels_than_there_are_give_all(server, content, path, number):
    assert count(httpx.post(f"{server.url}{path}?topk={number}", content=content)) == 1000


@pytest.mark.parametrize("name", ["top_k", "topk"])
def test_topk_in_parameters(server, content, name):
    encoded = base64.b64encode(content).decode()
    parameters = {"parameters": {name: 2}}
    answer = httpx.post(
        f"{server.url}/", json={"inputs": encoded, "options": {"wait_for_model": True}} | parameters
    )
    assert count(answer) == 2
    body = {"instances": [{"b64": encoded}], "signature_name": "serving_default"} | parameters
    (row,) = httpx.post(f"{server.url}/v1/models/lite0:predict?topk=2", json=body).json()["predictions"]
    assert len(row["top"]) == 2


@pytest.mark.parametrize("sure", [0.5, 0.8, 1])
def test_rows_have_the_group_that_is_asked_for(server, lite0, content, sure):
    def rows(reply, key):
        assert reply.status_code == 200, reply.text
        return reply.json()[key]

    expected = lite0.with_options(sure=sure).predict(content).to_dict()["group"]
    (native,) = rows(httpx.post(f"{server.url}/v1/classify?sure={sure}", content=content), "results")
    body = {"instances": [{"b64": base64.b64encode(content).decode()}]}
    kserve = [
        rows(httpx.post(f"{server.url}{PREDICT}?sure={sure}", json=body), "predictions"),
        rows(httpx.post(server.url + PREDICT, json=body | {"parameters": {"sure": sure}}), "predictions"),
    ]
    for row in (native, *(row for (row,) in kserve)):
        prob = {"prob": pytest.approx(expected["prob"], abs=1e-5)} if expected else {}
        assert row["group"] == (expected | prob if expected else None)
    (plain,) = rows(httpx.post(f"{server.url}/v1/classify", content=content), "results")
    assert "group" not in plain


PREDICT, INFER = "/v1/models/lite0:predict", "/v2/models/lite0/infer"
TENSOR = {"datatype": "BYTES", "data": ["eA=="]}
REFUSED = [
    ("/v1/classify?modle=lite0", None, "unknown query parameter 'modle'; did you mean model?"),
    ("/v1/classify?x=1", None, "unknown query parameter 'x'; known: model, sure, logits, topk"),
    ("/?topkk=3", None, "unknown query parameter 'topkk'; did you mean topk?"),
    ("/predictions/lite0?model=lite0", None, "unknown query parameter 'model'; known: topk"),
    (f"{INFER}?topk=3", None, "unknown query parameter 'topk'; known: none"),
    ("/v2/models/lite0/versions/1/infer?topk=3", None, "unknown query parameter 'topk'; known: none"),
    ("/v1/classify?topk=3&top_k=4", None, "topk is given twice, as 3 and as 4"),
    ("/v1/classify?topk=3&topk=5", None, "query parameter 'topk' is given twice"),
    ("/v1/classify?topk=abc", None, "topk 'abc': a whole number is needed"),
    ("/v1/classify?topk=1.5", None, "topk '1.5': a whole number is needed"),
    ("/v1/classify?top_k=0", None, "top_k '0': at least 1 is needed"),
    ("/v1/classify?logits=maybe", None, "logits 'maybe': true or false is needed"),
    ("/v1/classify", {"images": ["eA=="], "topk": 3}, "topk is no key of the JSON body; it goes into the query: ?topk=..."),
    ("/v1/classify", {"image": ["eA=="]}, "unknown key of the JSON body 'image'; did you mean images?"),
    ("/v1/classify", {"images": []}, '"images" is empty; it takes at least one image: [BASE64]'),
    ("/", {"inputs": "eA==", "top_k": 3}, "unknown key of the JSON body 'top_k'; known: inputs, parameters, options"),
    ("/", {"inputs": "eA==", "parameters": {"topkk": 3}}, "unknown key of parameters 'topkk'; did you mean topk?"),
    ("/?topk=2", {"inputs": "eA==", "parameters": {"top_k": 3}}, "topk is given twice, as 2 and as 3"),
    (PREDICT, {"instances": []}, '"instances" is empty; it takes at least one image: [{"b64": BASE64}]'),
    (PREDICT, {"inputs": ["eA=="]}, "unknown key of the JSON body 'inputs'; known: instances, parameters, signature_name"),
    (PREDICT, {"instances": ["eA=="], "parameters": {"k": 3}}, "unknown key of parameters 'k'; known: top_k, topk, sure"),
    ("/predictions/lite0", {"instances": []}, '"instances" is empty; it takes at least one image: [{"b64": BASE64}]'),
    ("/predictions/lite0", {"data": "eA==", "topk": 3}, "unknown key of the JSON body 'topk'; known: b64, data,"),
    ("/predictions/lite0", ["eA=="], "the JSON body is a list; send "),
    ("/predictions/lite0", [], "the JSON body is a list; send "),
    ("/v1/classify?sure=0.4", None, "sure '0.4': at least 0.5 is needed"),
    ("/v1/classify?sure=1.1", None, "sure '1.1': at most 1 is needed"),
    ("/v1/classify?sure=nan", None, "sure 'nan': at most 1 is needed"),
    ("/v1/classify?sure=very", None, "sure 'very': a number is needed"),
    ("/v1/classify", {"images": ["eA=="], "sure": 0.8}, "sure is no key of the JSON body; it goes into the query: ?sure=..."),
    (PREDICT, {"instances": ["eA=="], "parameters": {"sure": 2}}, "parameters.sure 2 is not between 0.5 and 1"),
    (PREDICT, {"instances": ["eA=="], "parameters": {"sure": "0.8"}}, "parameters.sure '0.8' is not a number"),
    (PREDICT, {"instances": ["eA=="], "parameters": {"sure": True}}, "parameters.sure True is not a number"),
    (f"{PREDICT}?sure=0.5", {"instances": ["eA=="], "parameters": {"sure": 0.8}}, "sure is given twice, as 0.5 and as 0.8"),
    ("/", {"inputs": "eA==", "parameters": {"sure": 0.8}}, "unknown key of parameters 'sure'; known: top_k, topk, function"),
    ("/?sure=0.8", None, "unknown query parameter 'sure'; known: topk"),
    ("/predictions/lite0?sure=0.8", None, "unknown query parameter 'sure'; known: topk"),
    (INFER, {"inputs": [TENSOR], "output": []}, "unknown key of the request 'output'; did you mean outputs?"),
    (INFER, {"inputs": [TENSOR], "parameters": {"topk": 3}}, "unknown parameter of the request 'topk'; known: binary"),
    (INFER, {"inputs": [TENSOR], "outputs": [{"name": "probs", "classification": 2}]}, "unknown key of the output 'classifi"),
    (INFER, {"inputs": [TENSOR | {"foo": 1}]}, "unknown key of the input 'foo'; known: name, shape,"),
    (INFER, {"inputs": [TENSOR], "parameters": 3}, '"parameters" of the request is not an object'),
    (INFER, {"inputs": [TENSOR | {"parameters": {"shared_memory_region": "a"}}]}, "unknown parameter of the input 'shared"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "error"), REFUSED)
def test_what_is_not_known_is_named(server, content, path, body, error):
    reply = httpx.post(server.url + path, **({"content": content} if body is None else {"json": body}))
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(error)


def test_an_unknown_parameter_of_an_output(server, content):
    tensor = {"datatype": "BYTES", "data": [base64.b64encode(content).decode()]}
    body = {"inputs": [tensor], "outputs": [{"name": "probs", "parameters": {"classifications": 3}}]}
    error = httpx.post(server.url + INFER, json=body).json()["error"]
    assert error == "unknown parameter of the output 'classifications'; did you mean classification?"


@pytest.mark.parametrize("path", URLS)
def test_a_field_of_a_form_that_is_no_file(server, content, path):
    reply = httpx.post(server.url + path, files={"data": ("a.jpg", content)}, data={"topk": "3"})
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("unknown form field 'topk'; ")


def test_a_list_without_a_type_is_json(server):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}  # as `curl -d` sends it
    reply = httpx.post(f"{server.url}/predictions/lite0", content=json.dumps(["x"]), headers=headers)
    assert (reply.status_code, reply.json()["error"][:23]) == (400, "the JSON body is a list")


@pytest.mark.parametrize("path", ["/ping?x=1", "/metrics?x=1", "/v2/health/ready?verbose=1", "/v1/models?x=1"])
def test_probes_and_lists_take_any_query(server, path):
    assert httpx.get(server.url + path).status_code == 200


def test_tritons_client_may_send_what_schedulers_of_other_servers_use(server, content):
    import numpy as np
    from tritonclient import http

    encoded = http.InferInput("image", [1], "BYTES")
    encoded.set_data_from_numpy(np.array([content], dtype=np.object_))
    client = http.InferenceServerClient(f"127.0.0.1:{server.port}")
    found = client.infer("lite0", [encoded], sequence_id=7, sequence_start=True, priority=1, timeout=10**6)
    assert found.as_numpy("probs").shape == (1, 1000)
    with pytest.raises(Exception, match="unknown parameter of the request 'topk'"):
        client.infer("lite0", [encoded], parameters={"topk": 3})
    client.close()
