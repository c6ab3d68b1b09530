"""One line in the log, and one count in the metrics, for each request."""

import asyncio
import json
import logging
import time
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eyeful.server.metrics import Metrics

log = logging.getLogger("eyeful.server")

PAGE = "/page"

GONE = 499
"""nginx's number for a client that closed its connection; nobody sees it but the log."""

REJECTED = "refused"
"""The route, in log and metrics, of what no route was looked for."""


class AccessLogMiddleware:
    """Counts and logs a request when its reply is out.

    Args:
        app: what answers.
        metrics: what counts.
        page: whether all below `/page` is one route.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, page: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = GONE

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            note = partial(self._note, scope, status, time.perf_counter() - started)
            asyncio.get_running_loop().call_soon(note)  # the reply goes out first

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        state = scope["state"]
        if self._page and scope["path"].startswith(PAGE):
            route = PAGE
        else:  # never the client's own path, of which there may be any number
            route = REJECTED if state.get("rejected") else getattr(scope.get("route"), "path", "other")
        self._metrics.request(route, status, seconds)
        write_line(
            state["request_id"], scope["method"], scope["path"], route=route, status=status, seconds=seconds
        )


def write_line(request_id: str, method: str, path: str, *, route: str, status: int, seconds: float = 0.0) -> None:
    """One line of the access log; without control characters, whatever a path holds."""
    log.info(
        "%s %s %d %.1f ms",
        method,
        json.dumps(path)[1:-1][:200],
        status,
        1000 * seconds,
        extra={"request_id": request_id, "status": status, "route": route, "seconds": round(seconds, 6)},
    )
