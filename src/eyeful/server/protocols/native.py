"""eyeful's own: one or many images in; rows out, the same as in files, or vectors."""

from collections.abc import Collection, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from eyeful.bundle import unit_vectors
from eyeful.classifier import Classifier
from eyeful.predictor import no_features
from eyeful.server.body import is_form, read_body, read_images
from eyeful.server.errors import BadRequestError, UnprocessableError
from eyeful.server.parameters import TOP_K, Sure, TopK, refuse_unknown, refuse_unknown_query
from eyeful.server.parsing import image_in, is_json, json_of
from eyeful.server.protocols import describe
from eyeful.server.replies import JSONReply, plain_numbers
from eyeful.server.service import InferenceService
from eyeful.server.urls import Asked
from eyeful.types import Item, Prediction

_IMAGES = {"type": "array", "items": {"type": "string", "description": "base64"}, "minItems": 1}
_BODY = describe.body(
    describe.IMAGE
    | describe.FORM
    | describe.json_body({"images": _IMAGES}, ["images"], {"images": [describe.EXAMPLE]})
)
_Model = Annotated[str | None, Query(description="Which model; the first by default.")]
_EMBED, _CLASSIFY = ("model",), ("model", *TOP_K, "sure", "logits")
"""What the query of a call may have."""


def router(service: InferenceService) -> APIRouter:
    """`/v1/classify`, `/v1/embed` and `/v1/models`."""
    routes = APIRouter(prefix="/v1", tags=[describe.NATIVE])

    @routes.post(
        "/classify",
        summary="Classify one or many images",
        dependencies=[Depends(refuse_unknown_query)],
        responses=describe.REJECTIONS,
        openapi_extra=_BODY,
    )
    async def classify(
        request: Request,
        topk: TopK,
        model: _Model = None,
        sure: Sure = None,
        logits: Annotated[bool, Query(description="Add the raw score of every class.")] = False,
    ) -> JSONReply:
        """Classify raw bytes, a form with one or many files, or JSON with base64.

        Each image is a row of `results`, in order, the same row as in files; in a request of many, a bad image is
        its own error entry. A server with `--allow-urls` takes URLs where JSON has base64.
        """
        items = await _items(request, service, _CLASSIFY)
        predictions = await service.classify(request, items, model, topk, sure=sure)
        _refuse_single(predictions)
        return JSONReply(
            {"model": model or service.aliases[0], "results": [_row(one, logits=logits) for one in predictions]}
        )

    _add_embed(routes, service)

    @routes.get("/models", summary="List the models", responses={401: describe.REJECTIONS[401]})
    async def models() -> JSONReply:
        """Every model of this server.

        `alias`; `provenance`, which determines its answers; `vector_size`, the numbers in a vector of
        `/v1/embed`, null without vectors; and `sure`, if it is served with one.
        """
        models = [(alias, service.classifier(alias), service.vector_size(alias)) for alias in service.aliases]
        return JSONReply({"models": [_model(*one) for one in models]})

    return routes


def _add_embed(routes: APIRouter, service: InferenceService) -> None:
    @routes.post(
        "/embed",
        summary="Make vectors of one or many images",
        dependencies=[Depends(refuse_unknown_query)],
        responses=describe.REJECTIONS,
        openapi_extra=_BODY,
    )
    async def embed(request: Request, model: _Model = None) -> JSONReply:
        """The vector behind the logits, at unit length, of images sent as `/v1/classify` takes them.

        Each image is an entry of `results`, in order, with its `vector`; in a request of many, a bad image has
        null there, and its error. The cosine of two images is the sum of the products of their numbers.
        """
        alias = model or service.aliases[0]
        if service.vector_size(alias) is None:
            raise BadRequestError(str(no_features(service.classifier(alias).predictor)))
        predictions = await service.classify(request, await _items(request, service, _EMBED), alias, 1)
        _refuse_single(predictions)
        return JSONReply({"model": alias, "results": [_vector_row(one) for one in predictions]})


def _model(alias: str, classifier: Classifier, vector_size: int | None) -> dict[str, Any]:
    sure = classifier.spec.sure
    found = {"alias": alias, "provenance": classifier.provenance, "vector_size": vector_size}
    return found | ({} if sure is None else {"sure": sure})


def _refuse_single(predictions: Sequence[Prediction]) -> None:
    """Make an error of a request whose only image has one.

    Raises:
        UnprocessableError: it has.
    """
    if len(predictions) == 1 and not predictions[0].ok:
        raise UnprocessableError(predictions[0].answer)


async def _items(request: Request, service: InferenceService, query: Collection[str]) -> Sequence[Asked]:
    if is_form(request):
        return await read_images(request, service.settings)
    body = await read_body(request, service.settings)
    if is_json(request, body):
        return await service.parse(body, _in_json, service, query)
    return [Item("body", body)]


def _in_json(content: bytes, service: InferenceService, query: Collection[str]) -> list[Asked]:
    body = json_of(content)
    if isinstance(body, dict):
        unknown = next((name for name in query if name in body), None)
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
        row["logits"] = None if prediction.logits is None else plain_numbers(prediction.logits)
    return row


def _vector_row(prediction: Prediction) -> dict[str, Any]:
    row = prediction.to_dict()
    found: dict[str, Any] = {name: row[name] for name in ("filename", "filename_b64", "status") if name in row}
    features = prediction.features
    found["vector"] = None if features is None else plain_numbers(unit_vectors(features))
    return found | {name: row[name] for name in ("error_kind", "error")}
