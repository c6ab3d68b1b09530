"""KServe's V1 protocol, which is TensorFlow Serving's: `{"instances": [...]}` in, `{"predictions": [...]}` out."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from eyeful.server.body import read_body
from eyeful.server.errors import UnprocessableError
from eyeful.server.instances import SCHEMA, instances_of
from eyeful.server.parameters import Sure, TopK, refuse_unknown_query
from eyeful.server.protocols import describe
from eyeful.server.replies import JSONReply
from eyeful.server.service import InferenceService
from eyeful.types import Prediction

_BODY = describe.body(
    describe.json_body(
        {
            "instances": SCHEMA,
            "parameters": describe.TOP_K_AND_SURE,
        },
        ["instances"],
        {"instances": [{"b64": describe.EXAMPLE}]},
    )
)


def router(service: InferenceService) -> APIRouter:
    """`/v1/models/{model}` and `/v1/models/{model}:predict`, with or without a version."""
    routes = APIRouter(prefix="/v1/models/{model}", tags=[describe.KSERVE_V1])
    alias = describe.model_in(service)

    async def predict(request: Request, topk: TopK, model: str = alias, sure: Sure = None) -> JSONReply:
        """Each image is a row of `predictions`, in order.

        An instance is `{"b64": BASE64}`, the same under another key, base64 by itself, or pixels as nested lists.
        In a request of many, a bad image is its own error entry.
        """
        service.classifier(model)  # no body is worth reading for a model that is not here
        body = await read_body(request, service.settings)
        items, labels, share = await service.parse(body, instances_of, service, topk, sure)
        found = await service.classify(request, items, model, labels, sure=share)
        if len(found) == 1 and not found[0].ok:
            raise UnprocessableError(found[0].answer)
        return JSONReply({"predictions": [_row(one) for one in found]})

    async def predict_version(
        request: Request, topk: TopK, version: str, model: str = alias, sure: Sure = None
    ) -> JSONReply:
        """The same as without a version; a server has one version of each model."""
        del version
        return await predict(request, topk, model, sure)

    async def status(model: str = alias) -> JSONReply:
        """Whether a model is ready, in KServe's words and TensorFlow Serving's."""
        service.classifier(model)
        state = {
            "version": "1",
            "state": "AVAILABLE" if service.ready else "LOADING",
            "status": {"error_code": "OK", "error_message": ""},
        }
        return JSONReply({"name": model, "ready": service.ready, "model_version_status": [state]})

    for path, answer, summary in (
        (":predict", predict, "Classify one or many images"),
        ("/versions/{version}:predict", predict_version, "Classify with a version in the path"),
    ):
        routes.add_api_route(
            path,
            answer,
            methods=["POST"],
            summary=summary,
            dependencies=[Depends(refuse_unknown_query)],
            responses=describe.REJECTIONS,
            openapi_extra=_BODY,
        )
    routes.add_api_route(
        "",
        status,
        methods=["GET"],
        summary="Tell whether a model is ready",
        responses={code: describe.REJECTIONS[code] for code in (401, 404)},
    )
    return routes


def _row(prediction: Prediction) -> dict[str, Any]:
    row = prediction.to_dict()
    del row["filename"]  # an instance has no name
    return row
