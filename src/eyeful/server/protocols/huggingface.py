"""Hugging Face's image-classification task: raw bytes or `{"inputs": BASE64}` in, `[{"label", "score"}]` out."""

from fastapi import APIRouter, Depends, Request

from eyeful.server.body import is_form, read_body, read_images
from eyeful.server.errors import BadRequestError, UnprocessableError
from eyeful.server.parameters import TopK, refuse_unknown, refuse_unknown_query, topk_in
from eyeful.server.parsing import image_in, is_json, json_of
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
    routes = APIRouter(tags=[describe.HUGGING_FACE], dependencies=[Depends(refuse_unknown_query)])

    async def classify(request: Request, model: str | None, topk: int | None) -> JSONReply:
        item, topk = await _item(request, service, model, topk)
        (found,) = await service.classify(request, [item], model, topk)
        if not found.ok:
            raise UnprocessableError(found.answer)
        return JSONReply([{"label": score.label, "score": score.prob} for score in found.top])

    @routes.post(
        "/", summary="Classify one image with the first model", responses=describe.REJECTIONS, openapi_extra=_BODY
    )
    async def root(request: Request, topk: TopK) -> JSONReply:
        """Hugging Face's image-classification task: raw bytes, or `{"inputs": BASE64, "parameters": {...}}`.

        `parameters` may have `top_k`, and `function_to_apply` if it is the model's own; `options` are ignored.
        """
        return await classify(request, None, topk)

    alias = describe.model_in(service)

    @routes.post(
        "/models/{model}", summary="Classify one image", responses=describe.REJECTIONS, openapi_extra=_BODY
    )
    async def by_model(request: Request, topk: TopK, model: str = alias) -> JSONReply:
        """The same as `/`, with any of the models."""
        return await classify(request, model, topk)

    return routes


async def _item(
    request: Request, service: InferenceService, model: str | None, topk: int | None
) -> tuple[Asked, int | None]:
    """The image of a request, and how many labels it asks for."""
    if is_form(request):
        image, *more = await read_images(request, service.settings)
        if more:
            raise BadRequestError("one image in a request; /v1/classify takes many")
        return image, topk
    body = await read_body(request, service.settings)
    if is_json(request, body):
        activation = service.classifier(model or service.aliases[0]).provenance["activation"]
        return await service.parse(body, _in_json, service.fetcher, activation, topk)
    return Item("body", body), topk


def _in_json(
    content: bytes, fetcher: Fetcher | None, activation: str, topk: int | None
) -> tuple[Asked, int | None]:
    body = json_of(content)
    if not isinstance(body, dict) or "inputs" not in body:
        raise BadRequestError('the JSON body is not {"inputs": BASE64, "parameters": {"top_k": 5}}')
    refuse_unknown(body, ("inputs", "parameters", "options"), "key of the JSON body")
    topk = topk_in(body, topk, ["function_to_apply"])
    function = (body.get("parameters") or {}).get("function_to_apply")
    if function not in (None, activation):
        raise BadRequestError(
            f"parameters.function_to_apply is {activation} for this model: `eyeful serve --activation` sets it"
        )
    return image_in(body["inputs"], "inputs", fetcher), topk
