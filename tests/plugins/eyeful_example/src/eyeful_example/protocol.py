"""An HTTP protocol: `POST /example/label` with an image's bytes answers with its label, as plain text."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from eyeful import Item
from eyeful.server.body import read_body
from eyeful.server.errors import UnprocessableError


def router(service):
    routes = APIRouter(prefix="/example", tags=["example"])

    @routes.post("/label", response_class=PlainTextResponse)
    async def label(request: Request) -> PlainTextResponse:
        """The label of one image."""
        body = await read_body(request, service.settings)
        (prediction,) = await service.classify(request, [Item("body", body)])
        if not prediction.ok:
            raise UnprocessableError(prediction.answer)
        return PlainTextResponse(prediction.label)

    return routes
