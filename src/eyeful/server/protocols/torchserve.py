"""TorchServe's inference API, for clients that have it built in: `/ping`, `/models`, `/predictions/{model}`."""

from collections.abc import Sequence

from fastapi import APIRouter, Request

from eyeful.server.body import is_form, read_body, read_images
from eyeful.server.errors import UnprocessableError
from eyeful.server.instances import SCHEMA, instance_in, instances_in
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
    routes = APIRouter(tags=["TorchServe"])

    @routes.get("/ping", responses={503: describe.REJECTIONS[503]})
    async def ping() -> JSONReply:
        """Whether the server is ready."""
        return readiness(service.ready, {"status": "Healthy"})

    @routes.get("/models", responses={401: describe.REJECTIONS[401]})
    async def models() -> JSONReply:
        """The models here."""
        found = [{"modelName": alias, "modelUrl": service.classifier(alias).model} for alias in service.aliases]
        return JSONReply({"models": found})

    alias = describe.model_in(service)

    async def predictions(request: Request, model: str = alias) -> JSONReply:
        """The five best labels with their probabilities, as TorchServe's image_classifier gives them.

        A form with several files gives a list, in its order; an image that cannot be opened is `{"error": ...}`.
        JSON is `{"data": BASE64}`; or `{"instances": [{"data": BASE64}]}`, answered by `{"predictions": [...]}`.
        """
        images, wrapped = await _images(request, service)
        found = await service.classify(request, images, model, 5)
        answers = [_by_label(one) if one.ok else {"error": one.answer} for one in found]
        if wrapped:
            return JSONReply({"predictions": answers})
        if len(answers) > 1:
            return JSONReply(answers)
        if not found[0].ok:
            raise UnprocessableError(found[0].answer)
        return JSONReply(answers[0])

    async def versioned(request: Request, version: str, model: str = alias) -> JSONReply:
        """The same; a server has one version of each model."""
        del version
        return await predictions(request, model)

    for method in ("POST", "PUT"):
        for path, answer in (("/predictions/{model}", predictions), ("/predictions/{model}/{version}", versioned)):
            routes.add_api_route(
                path,
                answer,
                methods=[method],
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
        return instances_in(body, service), True
    return [instance_in(body, "data", service)], False
