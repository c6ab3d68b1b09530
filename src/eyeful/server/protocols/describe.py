"""What the OpenAPI description says of bodies that FastAPI does not parse for us."""

from typing import Any

from fastapi import Path

from eyeful.server.service import InferenceService
from eyeful.types import NONE_OF_THESE

NATIVE, V2, KSERVE_V1 = "eyeful", "Open Inference Protocol (v2)", "KServe V1, TensorFlow Serving"
HUGGING_FACE, TORCHSERVE, OPERATIONS = "Hugging Face", "TorchServe", "Operations"
TAGS = [
    {"name": NATIVE, "description": "eyeful's own calls: one or many images in, the rows of files out."},
    {"name": V2, "description": "The calls of KServe and Triton: tensors in, tensors out, health, metadata."},
    {"name": KSERVE_V1, "description": "Instances in, predictions out."},
    {"name": HUGGING_FACE, "description": "The image-classification task: one image in, labels and scores out."},
    {"name": TORCHSERVE, "description": "The inference API, for clients that have it built in."},
    {"name": OPERATIONS, "description": "For those who run the server."},
]
"""The protocols, in the order in which `/docs` shows them."""

NONE = (
    f'A model that was taught labels of its own has one more, the last: "{NONE_OF_THESE}". It is the answer to an '
    "image that is like none of those that the labels were taught from. Every protocol gives it as it gives any "
    "label, with its logit and its probability; `abstained` is never true beside it."
)
"""What one label means."""

EXAMPLE = (
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQMAAABJtOi3AAAABlBMVEVaoNz60jww5Sb1AAAARElEQVR42n3MsQ2AMADEwOOFxBgwCpvBaBklY1Cg"
    "hCKiQ7hw4cL8s1Ssl9hmsQe9y8QZSIzqU42SseodRxOliXq/+z8eGIwO/AhZZ7UAAAAASUVORK5CYII="
)
"""An image in base64, small enough to try a call with: a yellow disc on blue."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}

IMAGE: dict[str, Any] = {"application/octet-stream": _BINARY, "image/jpeg": _BINARY, "image/png": _BINARY}
FORM: dict[str, Any] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {"data": {"type": "array", "items": {"type": "string", "format": "binary"}}},
            "required": ["data"],
        }
    }
}
TOP_K: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {"top_k": {"type": ["integer", "null"], "minimum": 1}},
}
_SURE = {"type": ["number", "null"], "minimum": 0.5, "maximum": 1}
TOP_K_AND_SURE: dict[str, Any] = TOP_K | {"properties": TOP_K["properties"] | {"sure": _SURE}}
ERROR: dict[str, Any] = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"error": {"type": "string"}},
                "required": ["error"],
            },
            "example": {"error": "unidentified: not an image of a known format"},
        }
    }
}
_REJECTIONS = {
    400: "The body or a parameter is not what is asked for.",
    401: "The token is missing or wrong.",
    404: "No such model.",
    408: "The request did not arrive in time.",
    413: "The body is too large, or holds too many images.",
    422: "The image cannot be classified.",
    503: "The server is busy, or stopping: come back after `Retry-After` seconds.",
    504: "Not answered in time.",
}
REJECTIONS: dict[int | str, dict[str, Any]] = {
    status: ERROR | {"description": description} for status, description in _REJECTIONS.items()
}


def model_in(service: InferenceService) -> Any:
    """A path's `{model}`, described with the names that this server knows."""
    return Path(description="A model's alias.", json_schema_extra={"enum": list(service.aliases)})


def body(content: dict[str, Any]) -> dict[str, Any]:
    """`openapi_extra` for a required body of these media types."""
    return {"requestBody": {"required": True, "content": content}}


def json_body(properties: dict[str, Any], required: list[str], example: Any) -> dict[str, Any]:
    """A JSON object as one of a body's media types."""
    return {
        "application/json": {
            "schema": {"type": "object", "properties": properties, "required": required},
            "example": example,
        }
    }
