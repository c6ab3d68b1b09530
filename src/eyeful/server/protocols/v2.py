"""The Open Inference Protocol, version 2 (KServe, Triton): health, metadata, `/infer` with tensors.

Inputs, one tensor: `image`, either BYTES (encoded images; base64 where the request is plain JSON) or UINT8 or
FP32 pixels, RGB, (N, H, W, 3) or (H, W, 3), FP32 from 0 to 1. Every image gets the weights' own preprocessing.
Outputs: `probs` and `logits`, FP32 (N, K), and `features_ND`, FP32 (N, D), where the network has such vectors: at
unit length, as `/v1/embed` has them. Triton's parameter `classification` makes `probs` or `logits` BYTES of
"VALUE:INDEX:LABEL". Triton's binary extension is understood both ways.
"""

import struct
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

import eyeful
from eyeful.server.body import read_body
from eyeful.server.errors import BadRequestError, UnprocessableError
from eyeful.server.parameters import refuse_unknown, refuse_unknown_query
from eyeful.server.parsing import decoded, json_of
from eyeful.server.pixels import NUMBERS, pixels_in
from eyeful.server.protocols import describe
from eyeful.server.replies import ErrorReply, JSONReply, json_bytes, readiness
from eyeful.server.service import InferenceService
from eyeful.server.settings import ServerSettings
from eyeful.server.tensors import asked_outputs, known_parameters, output_tensor, outputs_of
from eyeful.types import Item, Prediction

_HEADER = "inference-header-content-length"
_BODY = describe.body(
    describe.json_body(
        {
            "inputs": {"type": "array", "items": {"type": "object"}},
            "outputs": {"type": ["array", "null"], "items": {"type": "object"}},
        },
        ["inputs"],
        {
            "inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [describe.EXAMPLE]}],
            "outputs": [{"name": "probs", "parameters": {"classification": 5}}],
        },
    )
)
_NOT_READY: dict[int | str, dict[str, Any]] = {503: describe.REJECTIONS[503]}
_KEYS = ("id", "parameters", "inputs", "outputs", "model_name", "model_version")


def router(service: InferenceService) -> APIRouter:
    """The paths under `/v2`."""
    routes = APIRouter(prefix="/v2", tags=[describe.V2])
    alias = describe.model_in(service)

    @routes.get("", summary="Describe the server")
    async def server() -> JSONReply:
        """Name, version, and the protocol's extensions that it has."""
        return JSONReply(
            {
                "name": "eyeful",
                "version": eyeful.__version__,
                "extensions": ["classification", "binary_tensor_data"],
            }
        )

    _add_health(routes, service)

    @routes.get("/models/{model}/versions/1", include_in_schema=False)
    @routes.get("/models/{model}", summary="Describe a model's tensors", responses={404: describe.REJECTIONS[404]})
    async def metadata(model: str = alias) -> JSONReply:
        """One input, the images; outputs `probs` and `logits`, a number for each class.

        A model that has vectors has the output `features_ND`, too: they are at unit length.
        """
        return JSONReply(_metadata(model, outputs_of(model, service)))

    @routes.get("/models/{model}/versions/1/ready", include_in_schema=False)
    @routes.get(
        "/models/{model}/ready",
        summary="Tell whether a model is ready",
        responses=_NOT_READY | {404: describe.REJECTIONS[404]},
    )
    async def model_ready(model: str = alias) -> JSONReply:
        """A model is ready when it has answered a first batch, and nobody has asked the server to stop."""
        service.classifier(model)
        return readiness(service.ready, {"ready": True})

    _add_infer(routes, service)
    return routes


def _add_infer(routes: APIRouter, service: InferenceService) -> None:
    strict, alias = [Depends(refuse_unknown_query)], describe.model_in(service)

    @routes.post("/models/{model}/versions/1/infer", include_in_schema=False, dependencies=strict)
    @routes.post(
        "/models/{model}/infer",
        summary="Classify images",
        dependencies=strict,
        responses=describe.REJECTIONS,
        openapi_extra=_BODY,
    )
    async def infer(request: Request, model: str = alias) -> Response:
        """One tensor in: encoded images (BYTES), or pixels (UINT8, or FP32 from 0 to 1).

        The outputs `probs` and `logits` have a number for each class; with the parameter `classification: N` they
        have the N best as texts VALUE:INDEX:LABEL. `features_ND` is the vector of each image, at unit length.
        """
        classifier = service.classifier(model)
        body = await read_body(request, service.settings)
        outputs = list(outputs_of(model, service))
        asked, items = await service.parse(body, _parsed, request.headers.get(_HEADER), service.settings, outputs)
        found = await service.classify(request, items, model)
        return _answer(asked, found, classifier.labels, model)


def _add_health(routes: APIRouter, service: InferenceService) -> None:
    @routes.get("/health/live", summary="Tell whether the server is alive", responses=_NOT_READY)
    async def live() -> JSONReply:
        """Whether the process can still answer; if not, it must be started anew."""
        return (
            JSONReply({"live": True}) if service.live else ErrorReply(503, "a decode hangs; start the server anew")
        )

    @routes.get("/health/ready", summary="Tell whether the server is ready", responses=_NOT_READY)
    async def ready() -> JSONReply:
        """Whether requests are welcome: every model is warm, and nobody has asked the server to stop."""
        return readiness(service.ready, {"ready": True})


def _metadata(model: str, numbers: dict[str, int]) -> dict[str, Any]:
    image = {"name": "image", "datatype": "BYTES", "shape": [-1]}
    outputs = [{"name": name, "datatype": "FP32", "shape": [-1, number]} for name, number in numbers.items()]
    return {"name": model, "versions": ["1"], "platform": "eyeful", "inputs": [image], "outputs": outputs}


def _answer(asked: dict[str, Any], found: list[Prediction], labels: tuple[str, ...], model: str) -> Response:
    for one in found:
        if not one.ok:
            raise UnprocessableError(f"{one.filename}: {one.answer}")
    outputs = [output_tensor(output, found, labels) for output in asked["outputs"]]
    reply = {"model_name": model, "model_version": "1"}
    return _reply(reply | ({"id": asked["id"]} if isinstance(asked["id"], str) else {}), outputs)


def _parsed(
    body: bytes, header: str | None, settings: ServerSettings, known: list[str]
) -> tuple[dict[str, Any], list[Item]]:
    """The `id` and `outputs` of a request, of those known, and its images."""
    asked, binary = _split(body, header)
    refuse_unknown(asked, _KEYS, "key of the request")
    known_parameters(asked, "request")
    items = _items(asked, binary, settings)
    return {"id": asked.get("id"), "outputs": asked_outputs(asked, known)}, items


def _split(body: bytes, header: str | None) -> tuple[dict[str, Any], memoryview]:
    """The JSON part of a body and the tensors' bytes behind it."""
    if header is not None and not (header.isascii() and header.isdigit() and int(header[:20]) <= len(body)):
        raise BadRequestError(f"{_HEADER} {header[:20]!r} is not within the body")
    length = len(body) if header is None else int(header[:20])
    asked = json_of(memoryview(body)[:length])
    if not isinstance(asked, dict):
        raise BadRequestError("the body is not an inference request")
    return asked, memoryview(body)[length:]


def _items(asked: dict[str, Any], binary: memoryview, settings: ServerSettings) -> list[Item]:
    inputs = asked.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise BadRequestError('"inputs" is not a list of one tensor, the images')
    tensor = inputs[0]
    refuse_unknown(tensor, ("name", "shape", "datatype", "parameters", "data"), "key of the input")
    name, datatype = str(tensor.get("name", "image"))[:100], tensor.get("datatype")
    size = known_parameters(tensor, "input").get("binary_data_size")
    if size is not None and (not isinstance(size, int) or not 0 <= size <= len(binary)):
        raise BadRequestError(f"binary_data_size {size} is not what follows the JSON")
    raw = None if size is None else binary[:size]
    if datatype == "BYTES":
        encoded = _texts(raw, settings) if raw is not None else _from_json(tensor.get("data"), name, settings)
        if not encoded:
            raise BadRequestError("the tensor holds no image")
        shape = tensor.get("shape", [len(encoded)])
        if not isinstance(shape, list) or [n for n in shape if n != 1] != [len(encoded)] * (len(encoded) > 1):
            raise BadRequestError(f'"shape" {str(shape)[:60]} is not that of {len(encoded)} images')
        return [Item(f"{name}[{place}]", content) for place, content in enumerate(encoded)]
    if isinstance(datatype, str) and datatype in NUMBERS:
        pixels_NHWC = pixels_in(tensor, NUMBERS[datatype], raw)
        settings.allow(len(pixels_NHWC))
        return [Item(f"{name}[{place}]", pixels_HWC) for place, pixels_HWC in enumerate(pixels_NHWC)]
    raise BadRequestError(f"datatype {str(datatype)[:20]!r} is not BYTES, UINT8 or FP32")


def _texts(raw: memoryview, settings: ServerSettings) -> list[bytes]:
    """Triton's BYTES: each element is its length, 4 bytes little-endian, and its content."""
    found = []
    while raw:
        if len(raw) < 4 or len(raw) - 4 < (length := struct.unpack("<I", raw[:4])[0]):
            raise BadRequestError("a BYTES tensor is cut off")
        found.append(bytes(raw[4 : 4 + length]))
        settings.allow(len(found))
        raw = raw[4 + length :]
    return found


def _from_json(data: Any, name: str, settings: ServerSettings) -> list[bytes]:
    if not isinstance(data, list):
        raise BadRequestError('"data" is not a list of images in base64')
    settings.allow(len(data))
    return [decoded(text, f"{name}[{place}]") for place, text in enumerate(data)]


def _reply(reply: dict[str, Any], outputs: list[tuple[dict[str, Any], bytes | None]]) -> Response:
    reply["outputs"] = [tensor for tensor, _ in outputs]
    binary = b"".join(raw for _, raw in outputs if raw is not None)
    if all(raw is None for _, raw in outputs):
        return JSONReply(reply)
    head = json_bytes(reply)
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return Response(head + binary, media_type="application/octet-stream", headers=headers)
