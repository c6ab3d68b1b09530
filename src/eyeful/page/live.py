"""The live camera: one frame in, its answer out. Frames are never written to disk."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eyeful.errors import EyefulError
from eyeful.page.answer import answered
from eyeful.page.classify import bars_of, headline_of
from eyeful.page.html import alert
from eyeful.page.messages import Trouble
from eyeful.types import Item

if TYPE_CHECKING:
    from starlette.requests import Request

    from eyeful.page.models import Models

PATH = "/live"
_MAX_FRAME = 2 << 20
_FRAME = "image/jpeg"
_BUSY = Response("another frame is being classified", 503)


def live_route(models: Models) -> Route:
    """`POST /live?model=NAME` with a JPEG gives `{"headline": HTML, "bars": HTML}`; with `&groups=`, of a group.

    One frame at a time, whoever sends it: what comes meanwhile is refused with 503, so that the newest frame is
    the next one and the cameras of many visitors take no more than one forward pass at once.
    """
    free = threading.Lock()

    def classified(frame: bytes, model: str, grouping: bool) -> Response:
        if not free.acquire(blocking=False):
            return _BUSY
        try:
            with models.use(model) as classifier:
                found = answered(classifier, model, Item("camera.jpg", frame))
        except EyefulError as error:
            found = Trouble(str(error))
        finally:
            free.release()
        if isinstance(found, Trouble):
            return JSONResponse({"headline": alert(found), "bars": ""})
        found = found.shown(grouping=grouping)
        return JSONResponse({"headline": headline_of(found), "bars": bars_of(found)})

    async def live(request: Request) -> Response:
        # a page of another host cannot send this type without asking first, and is refused then
        if request.headers.get("content-type") != _FRAME:
            return Response(f"a frame is {_FRAME}", 415)
        frame = b""
        async for part in request.stream():
            frame += part
            if len(frame) > _MAX_FRAME:
                return Response(f"a frame has at most {_MAX_FRAME} bytes", 413)
        asked = request.query_params
        model, grouping = asked.get("model", models.default), "groups" in asked
        return await run_in_threadpool(classified, frame, model, grouping)

    return Route(PATH, live, methods=["POST"])
