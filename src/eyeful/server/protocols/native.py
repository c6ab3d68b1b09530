"""eyeful's own: one or many images in, rows out, the same rows as in files."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from eyeful.server.body import is_form, read_body, read_images
from eyeful.server.errors import BadRequestError, UnprocessableError
from eyeful.server.parsing import image_in, is_json, json_of
from eyeful.server.protocols import describe
from eyeful.server.replies import JSONReply
from eyeful.server.service import InferenceService
from eyeful.server.urls import Asked
from eyeful.types import Item, Prediction

_IMAGES = {"type": "array", "items": {"type": "string", "description": "base64"}, "minItems": 1}


def router(service: InferenceService) -> APIRouter:
    """`/v1/classify` and `/v1/models`."""
    routes = APIRouter(prefix="/v1", tags=["eyeful"])

    @routes.post(
        "/classify",
        responses=describe.REJECTIONS,
        openapi_extra=describe.body(
            describe.IMAGE
            | describe.FORM
            | describe.json_body({"images": _IMAGES}, ["images"], {"images": [describe.EXAMPLE]})
        ),
    )
    async def classify(
        request: Request,
        model: Annotated[str | None, Query(description="Which model; the first by default.")] = None,
        topk: Annotated[int | None, Query(ge=1, le=100_000, description="Labels for each image.")] = None,
        logits: Annotated[bool, Query(description="Add the raw score of every class.")] = False,
    ) -> JSONReply:
        """Name what is in images: raw bytes, a form with one or many files, or JSON with base64.

        Each image is a row of `results`, in order; in a request of many, a bad one is its own error entry.
        A server with `--allow-urls` takes URLs where JSON has base64.
        """
        predictions = await service.classify(request, await _items(request, service), model, topk)
        if len(predictions) == 1 and not predictions[0].ok:
            raise UnprocessableError(predictions[0].answer)
        return JSONReply(
            {"model": model or service.aliases[0], "results": [_row(one, logits=logits) for one in predictions]}
        )

    @routes.get("/models", responses={401: describe.REJECTIONS[401]})
    async def models() -> JSONReply:
        """The models here: alias, manifest and number of classes."""
        found = [{"alias": alias, "provenance": service.classifier(alias).provenance} for alias in service.aliases]
        return JSONReply({"models": found})

    return routes


async def _items(request: Request, service: InferenceService) -> Sequence[Asked]:
    if is_form(request):
        return await read_images(request, service.settings)
    body = await read_body(request, service.settings)
    if is_json(request, body):
        return await service.parse(body, _in_json, service)
    return [Item("body", body)]


def _in_json(content: bytes, service: InferenceService) -> list[Asked]:
    body = json_of(content)
    images = body.get("images") if isinstance(body, dict) else None
    if not isinstance(images, list) or not images:
        raise BadRequestError('the JSON body is not {"images": [BASE64, ...]}')
    service.settings.allow(len(images))
    return [image_in(text, f"images[{place}]", service.fetcher) for place, text in enumerate(images)]


def _row(prediction: Prediction, *, logits: bool) -> dict[str, Any]:
    row = prediction.to_dict()
    if logits:
        row["logits"] = None if prediction.logits is None else [float(f"{x:.7g}") for x in prediction.logits]
    return row
