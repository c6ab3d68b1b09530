"""TorchServe's inference API, for clients that have it built in: `/ping`, `/models`, `/predictions/{model}`."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request

from eyeful.server.body import is_form, read_body, read_images
from eyeful.server.errors import BadRequestError, UnprocessableError
from eyeful.server.instances import KEYS, SCHEMA, instance_in, instances_in
from eyeful.server.parameters import TopK, refuse_unknown, refuse_unknown_query
from eyeful.server.parsing import is_json, json_of
from eyeful.server.protocols import describe
from eyeful.server.replies import JSONReply, readiness
from eyeful.server.service import InferenceService
from eyeful.server.urls import Asked
from eyeful.types import Item, Prediction

_JSON = describe.json_body(
    {"data": {"type": "string", "description": "base64"}, "instances": SCHEMA}, [], {"data": describe.EXAMPLE}
)


def router(service: InferenceService) -> APIRouter:
    """TorchServe's paths."""
    routes = APIRouter(tags=[describe.TORCHSERVE])

    @routes.get("/ping", summary="Tell whether the server is ready", responses={503: describe.REJECTIONS[503]})
    async def ping() -> JSONReply:
        """`{"status": "Healthy"}` once every model is warm; never asks for a token."""
        return readiness(service.ready, {"status": "Healthy"})

    @routes.get("/models", summary="List the models", responses={401: describe.REJECTIONS[401]})
    async def models() -> JSONReply:
        """`modelName` is the alias, `modelUrl` the model's name in eyeful."""
        found = [{"modelName": alias, "modelUrl": service.classifier(alias).model} for alias in service.aliases]
        return JSONReply({"models": found})

    alias = describe.model_in(service)

    async def predictions(request: Request, topk: TopK, model: str = alias) -> JSONReply:
        """The best labels with their probabilities, as TorchServe's image_classifier gives them: five, or `topk`.

        A form with several files gives a list, in its order; an image that cannot be opened is `{"error": ...}`.
        JSON is `{"data": BASE64}`; or `{"instances": [{"data": BASE64}]}`, answered by `{"predictions": [...]}`.
        """
        images, wrapped = await _images(request, service)
        found = await service.classify(request, images, model, topk or 5)
        answers = [_by_label(one) if one.ok else {"error": one.answer} for one in found]
        if wrapped:
            return JSONReply({"predictions": answers})
        if len(answers) > 1:
            return JSONReply(answers)
        if not found[0].ok:
            raise UnprocessableError(found[0].answer)
        return JSONReply(answers[0])

    async def versioned(request: Request, topk: TopK, version: str, model: str = alias) -> JSONReply:
        """The same as without a version; a server has one version of each model."""
        del version
        return await predictions(request, topk, model)

    for method in ("POST", "PUT"):
        for path, answer in (("/predictions/{model}", predictions), ("/predictions/{model}/{version}", versioned)):
            routes.add_api_route(
                path,
                answer,
                methods=[method],
                summary=f"Classify images{' with a version in the path' if 'version' in path else ''}",
                dependencies=[Depends(refuse_unknown_query)],
                responses=describe.REJECTIONS,
                openapi_extra=describe.body(describe.IMAGE | describe.FORM | _JSON),
                operation_id=f"predictions_{method.lower()}{'_version' if 'version' in path else ''}",
            )
    return routes


def _by_label(prediction: Prediction) -> dict[str, float]:
    """Label → probability, best first; a label that is there already, as names may be, with its index."""
    found: dict[str, float] = {}
    for score in prediction.top:
        found[score.label if score.label not in found else f"{score.label} ({score.index})"] = score.prob
    return found


async def _images(request: Request, service: InferenceService) -> tuple[Sequence[Asked], bool]:
    """The images of a request, and whether they were `instances`."""
    if is_form(request):
        return await read_images(request, service.settings), False
    body = await read_body(request, service.settings)
    if is_json(request, body):
        return await service.parse(body, _in_json, service)
    return [Item("body", body)], False


def _in_json(content: bytes, service: InferenceService) -> tuple[list[Asked], bool]:
    """The images of a JSON body, and whether they were `instances`."""
    body = json_of(content)
    if isinstance(body, dict) and "instances" in body:
        refuse_unknown(body, ["instances"], "key of the JSON body")
        return instances_in(body, service), True
    if isinstance(body, dict) and len(body) > 1:  # an only key may be called anything
        refuse_unknown(body, KEYS, "key of the JSON body")
    if isinstance(body, list) and not (body and isinstance(body[0], list)):  # nested lists are pixels
        raise BadRequestError(
            'the JSON body is a list; send {"data": BASE64} or {"instances": [{"data": BASE64}]}'
        )
    return [instance_in(body, "data", service)], False
