"""The images in `{"instances": [...]}`, in the forms that clients of KServe V1, TF Serving and TorchServe send."""

from typing import Any

import numpy as np

from eyeful.server.errors import BadRequestError
from eyeful.server.parameters import refuse_unknown, sure_in, topk_in
from eyeful.server.parsing import image_in, json_of
from eyeful.server.service import InferenceService
from eyeful.server.urls import Asked
from eyeful.sources import open_source
from eyeful.types import Item

KEYS = ("b64", "data", "image_bytes", "image", "bytes", "body")
"""What the image of an instance is called, the first that is there."""
_DEEPEST = 3

SCHEMA = {"type": "array", "minItems": 1, "description": 'images: {"b64": BASE64}, BASE64, or pixels HWC'}


def instances_in(body: Any, service: InferenceService) -> list[Asked]:
    """The images of a JSON body's `instances`.

    Raises:
        BadRequestError: there are none, or one holds no image.
        TooLargeError: they are too many.
    """
    instances = body.get("instances") if isinstance(body, dict) else None
    if instances == []:
        raise BadRequestError('"instances" is empty; it takes at least one image: [{"b64": BASE64}]')
    if not isinstance(instances, list):
        raise BadRequestError('the JSON body is not {"instances": [{"b64": BASE64}, ...]}')
    service.settings.allow(len(instances))
    return [instance_in(one, f"instances[{place}]", service) for place, one in enumerate(instances)]


def instance_in(value: Any, where: str, service: InferenceService) -> Asked:
    """The image of one instance: base64 by itself or under a key, or pixels as nested lists HWC of 0 to 255.

    Raises:
        BadRequestError: it is none of these.
    """
    for _ in range(_DEEPEST):
        if not isinstance(value, dict) or not value:
            break
        key = next((key for key in KEYS if key in value), None)
        if key is None and len(value) > 1:
            raise BadRequestError(f'{where} has no "b64" among its keys')
        value = value[key or next(iter(value))]
    if isinstance(value, list):
        return _pixels(value, where)
    return image_in(value, where, service.fetcher)


def instances_of(
    content: bytes, service: InferenceService, topk: int | None, sure: float | None
) -> tuple[list[Asked], int | None, float | None]:
    """The images of a body, and how many labels and which groups its `parameters` or the query ask for.

    Args:
        content: the body.
        service: the models and limits.
        topk: labels, as the query asks for.
        sure: what a group must hold, the same.

    Raises:
        BadRequestError, TooLargeError: as for `instances_in`; or there is an unknown key.
    """
    body = json_of(content)
    if isinstance(body, dict):
        refuse_unknown(body, ("instances", "parameters", "signature_name"), "key of the JSON body")
    found = instances_in(body, service)
    return found, topk_in(body, topk, ["sure"]), sure_in(body, sure)


def _pixels(rows: list[Any], where: str) -> Item:
    try:
        values = np.asarray(rows)
    except ValueError as error:
        raise BadRequestError(f"{where} is a list of unlike lists, not pixels HWC") from error
    if values.dtype.kind not in "iu" or values.ndim != 3 or values.shape[-1] not in (1, 3, 4):
        raise BadRequestError(f"{where} is not pixels: nested lists HWC of whole numbers from 0 to 255")
    if values.size == 0 or values.min() < 0 or values.max() > 255:
        raise BadRequestError(f"{where} has values outside 0 to 255")
    (item,) = open_source(values.astype(np.uint8)).items
    return Item(where, item.content)
