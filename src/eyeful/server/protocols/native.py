"""eyeful's own: one or many images in, rows out, the same rows as in files."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from eyeful.classifier import Classifier
from eyeful.server.body import is_form, read_body, read_images
from eyeful.server.errors import BadRequestError, UnprocessableError
from eyeful.server.parameters import TOP_K, Sure, TopK, refuse_unknown, refuse_unknown_query
from eyeful.server.parsing import image_in, is_json, json_of
from eyeful.server.protocols import describe
from eyeful.server.replies import JSONReply
from eyeful.server.service import InferenceService
from eyeful.server.urls import Asked
from eyeful.types import Item, Prediction

_IMAGES = {"type": "array", "items": {"type": "string", "description": "base64"}, "minItems": 1}


def router(service: InferenceService) -> APIRouter:
    """`/v1/classify` and `/v1/models`."""
    routes = APIRouter(prefix="/v1", tags=[describe.NATIVE])

    @routes.post(
        "/classify",
        summary="Classify one or many images",
        dependencies=[Depends(refuse_unknown_query)],
        responses=describe.REJECTIONS,
        openapi_extra=describe.body(
            describe.IMAGE
            | describe.FORM
            | describe.json_body({"images": _IMAGES}, ["images"], {"images": [describe.EXAMPLE]})
        ),
    )
    async def classify(
        request: Request,
        topk: TopK,
        model: Annotated[str | None, Query(description="Which model; the first by default.")] = None,
        sure: Sure = None,
        logits: Annotated[bool, Query(description="Add the raw score of every class.")] = False,
    ) -> JSONReply:
        """Classify raw bytes, a form with one or many files, or JSON with base64.

        Each image is a row of `results`, in order, the same row as in files; in a request of many, a bad image is
        its own error entry. A server with `--allow-urls` takes URLs where JSON has base64.
        """
        items = await _items(request, service)
        predictions = await service.classify(request, items, model, topk, sure=sure)
        if len(predictions) == 1 and not predictions[0].ok:
            raise UnprocessableError(predictions[0].answer)
        return JSONReply(
            {"model": model or service.aliases[0], "results": [_row(one, logits=logits) for one in predictions]}
        )

    @routes.get("/models", summary="List the models", responses={401: describe.REJECTIONS[401]})
    async def models() -> JSONReply:
        """Every model of this server: its alias, its provenance, which determines its answers, and its `sure`."""
        return JSONReply({"models": [_model(alias, service.classifier(alias)) for alias in service.aliases]})

    return routes


def _model(alias: str, classifier: Classifier) -> dict[str, Any]:
    sure = classifier.spec.sure
    return {"alias": alias, "provenance": classifier.provenance} | ({} if sure is None else {"sure": sure})


async def _items(request: Request, service: InferenceService) -> Sequence[Asked]:
    if is_form(request):
        return await read_images(request, service.settings)
    body = await read_body(request, service.settings)
    if is_json(request, body):
        return await service.parse(body, _in_json, service)
    return [Item("body", body)]


def _in_json(content: bytes, service: InferenceService) -> list[Asked]:
    body = json_of(content)
    if isinstance(body, dict):
        unknown = next((name for name in ("model", *TOP_K, "sure", "logits") if name in body), None)
        if unknown:
            raise BadRequestError(f"{unknown} is no key of the JSON body; it goes into the query: ?{unknown}=...")
        refuse_unknown(body, ("images",), "key of the JSON body")
    images = body.get("images") if isinstance(body, dict) else None
    if images == []:
        raise BadRequestError('"images" is empty; it takes at least one image: [BASE64]')
    if not isinstance(images, list):
        raise BadRequestError('the JSON body is not {"images": [BASE64, ...]}')
    service.settings.allow(len(images))
    return [image_in(text, f"images[{place}]", service.fetcher) for place, text in enumerate(images)]


def _row(prediction: Prediction, *, logits: bool) -> dict[str, Any]:
    row = prediction.to_dict()
    if logits:
        row["logits"] = None if prediction.logits is None else [float(f"{x:.7g}") for x in prediction.logits]
    return row
