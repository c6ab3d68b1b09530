"""Hugging Face's image-classification task: raw bytes or `{"inputs": BASE64}` in, `[{"label", "score"}]` out."""

from fastapi import APIRouter, Request

from eyeful.server.body import is_form, read_body, read_images
from eyeful.server.errors import BadRequestError, UnprocessableError
from eyeful.server.parsing import image_in, is_json, json_of, topk_in
from eyeful.server.protocols import describe
from eyeful.server.replies import JSONReply
from eyeful.server.service import InferenceService
from eyeful.server.urls import Asked, Fetcher
from eyeful.types import Item

_BODY = describe.body(
    describe.IMAGE
    | describe.json_body(
        {
            "inputs": {"type": "string", "description": "base64"},
            "parameters": describe.TOP_K,
        },
        ["inputs"],
        {"inputs": describe.EXAMPLE, "parameters": {"top_k": 5}},
    )
)


def router(service: InferenceService) -> APIRouter:
    """`/` for the first model, `/models/{model}` for any."""
    routes = APIRouter(tags=["Hugging Face"])

    async def classify(request: Request, model: str | None) -> JSONReply:
        item, topk = await _item(request, service, model)
        (found,) = await service.classify(request, [item], model, topk)
        if not found.ok:
            raise UnprocessableError(found.answer)
        return JSONReply([{"label": score.label, "score": score.prob} for score in found.top])

    @routes.post("/", responses=describe.REJECTIONS, openapi_extra=_BODY)
    async def root(request: Request) -> JSONReply:
        """Classify one image with the first model."""
        return await classify(request, None)

    alias = describe.model_in(service)

    @routes.post("/models/{model}", responses=describe.REJECTIONS, openapi_extra=_BODY)
    async def by_model(request: Request, model: str = alias) -> JSONReply:
        """Classify one image."""
        return await classify(request, model)

    return routes


async def _item(request: Request, service: InferenceService, model: str | None) -> tuple[Asked, int | None]:
    """The image of a request, and how many labels it asks for."""
    if is_form(request):
        image, *more = await read_images(request, service.settings)
        if more:
            raise BadRequestError("one image in a request; /v1/classify takes many")
        return image, None
    body = await read_body(request, service.settings)
    if is_json(request, body):
        activation = service.classifier(model or service.aliases[0]).provenance["activation"]
        return await service.parse(body, _in_json, service.fetcher, activation)
    return Item("body", body), None


def _in_json(content: bytes, fetcher: Fetcher | None, activation: str) -> tuple[Asked, int | None]:
    body = json_of(content)
    if not isinstance(body, dict) or "inputs" not in body:
        raise BadRequestError('the JSON body is not {"inputs": BASE64, "parameters": {"top_k": 5}}')
    topk = topk_in(body)
    function = (body.get("parameters") or {}).get("function_to_apply")
    if function not in (None, activation):
        raise BadRequestError(
            f"parameters.function_to_apply is {activation} for this model: `eyeful serve --activation` sets it"
        )
    return image_in(body["inputs"], "inputs", fetcher), topk
