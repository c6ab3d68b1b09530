"""What every request passes: its id, the token, metrics, log, the last net; and A full server's rejection."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING

from eyeful.server.errors import OverloadedError, UnauthorizedError
from eyeful.server.replies import ErrorReply, failure, on_the_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from eyeful.server.service import InferenceService

    Headers = Iterable[tuple[bytes, bytes]]

log = logging.getLogger("eyeful.server")

OPEN_PATHS = ("/ping", "/v2/health/live", "/v2/health/ready")
"""What a probe may ask without a token."""

PAGE = "/page"

GONE = 499
"""nginx's number for a client that closed its connection; nobody sees it but the log."""

_BODILESS = ("GET", "HEAD", "OPTIONS", "DELETE")
_ID = b"x-request-id"


class Door:
    """The application's outermost layer."""

    def __init__(self, app: ASGIApp, service: InferenceService) -> None:
        self._app = app
        self._house = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, and see its reply out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope["headers"])
        status = GONE
        body_read = _has_no_body(scope["method"], scope["headers"])

        async def watched() -> Message:
            nonlocal body_read
            message = await receive()
            body_read = body_read or not message.get("more_body")
            return message

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_ID, request_id.encode())]
                if not body_read:  # the rest is not worth waiting for
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            if _may_enter(self._house, scope["method"], scope["path"], scope["headers"]):
                await self._app(scope, watched, answered)
            else:
                rejection = UnauthorizedError()
                await ErrorReply(rejection.status, str(rejection), rejection.headers)(scope, watched, answered)
        except Exception:
            log.exception("request %s failed", request_id)
            if status == GONE:
                await failure()(scope, watched, answered)
        finally:
            path = scope["path"]
            of_page = self._house.settings.page and path.startswith(PAGE)
            route = PAGE if of_page else getattr(scope.get("route"), "path", "other")
            seconds = time.perf_counter() - started
            note = partial(
                _note, self._house, request_id, scope["method"], path, route=route, status=status, seconds=seconds
            )
            asyncio.get_running_loop().call_soon(note)  # the reply goes out first


def rejection_when_full(service: InferenceService) -> Callable[[str, bytes, Headers], bytes | None]:
    """What a connection asks before it lets the application read a body: the whole 503 when the queue is full."""
    error = OverloadedError()
    reply = ErrorReply(error.status, str(error), error.headers)

    def rejection(method: str, target: bytes, headers: Headers) -> bytes | None:
        if not service.full or _has_no_body(method, headers):
            return None
        if service.settings.cors:  # a page may read a reply only with headers that the application gives
            return None
        path = target.partition(b"?")[0].decode("ascii", "replace")
        if not _may_enter(service, method, path, headers):
            return None
        request_id = _request_id(headers)
        service.metrics.refused(error.status)
        _write(request_id, method, path, route="refused", status=error.status)
        return on_the_wire(reply, [(_ID, request_id.encode())])

    return rejection


def note_of(service: InferenceService) -> Callable[[int], None]:
    """What a connection tells when it answers by itself what never became a request."""

    def note(status: int) -> None:
        service.metrics.refused(status)
        _write("-", "-", "-", route="refused", status=status)

    return note


def _has_no_body(method: str, headers: Headers) -> bool:
    if method in _BODILESS:
        return True
    return not any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers
    )


def _may_enter(service: InferenceService, method: str, path: str, headers: Headers) -> bool:
    token = service.settings.token
    if token is None or path in OPEN_PATHS or method == "OPTIONS":
        return True
    shown = b""
    for name, value in headers:
        if name == b"x-api-key":
            shown = value
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            shown = value[7:]
    return secrets.compare_digest(shown, token.encode())


def _note(
    service: InferenceService, request_id: str, method: str, path: str, *, route: str, status: int, seconds: float
) -> None:
    """Count a request that was answered, and write its line."""
    service.metrics.request(route, status, seconds)
    _write(request_id, method, path, route=route, status=status, seconds=seconds)


def _write(request_id: str, method: str, path: str, *, route: str, status: int, seconds: float = 0.0) -> None:
    log.info(
        "%s %s %d %.1f ms",
        method,
        json.dumps(path)[1:-1][:200],
        status,
        1000 * seconds,
        extra={"request_id": request_id, "status": status, "route": route, "seconds": round(seconds, 6)},
    )


def _request_id(headers: Headers) -> str:
    """The client's own, where it is harmless, else a new one."""
    for name, value in headers:
        if name == _ID and 0 < len(value) <= 64 and value.replace(b"-", b"").isalnum():
            return str(value, "ascii")
    return uuid.uuid4().hex
