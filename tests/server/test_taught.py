"""The server with a model that was taught: its labels, and "none of these", in every protocol's own words."""

from starlette.testclient import TestClient

import eyeful
from eyeful.server import create_app
from eyeful.types import NONE_OF_THESE
from heads import COLOURS


def test_the_server_answers_with_its_labels(taught, images):
    image = (images / "00.png").read_bytes()
    with (
        eyeful.load(taught, precision="fp32") as classifier,
        TestClient(create_app({"taught": classifier})) as client,
    ):
        native = client.post("/v1/classify", content=image).json()["results"][0]
        expected = classifier.predict(images / "00.png")
        metadata = client.get("/v2/models/taught").json()
    assert native["label"] == expected.label == "red"
    assert {score["label"] for score in native["top"]} == {*COLOURS, NONE_OF_THESE}
    shapes = {one["name"]: one["shape"] for one in metadata["outputs"]}
    assert shapes["logits"] == shapes["probs"] == [-1, len(COLOURS) + 1]
