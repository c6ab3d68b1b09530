"""The application: every protocol over one house, with request ids, the token, logs and errors in one form."""

from __future__ import annotations

import json
import logging
import secrets
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

import eyeful
from eyeful.errors import EyefulError
from eyeful.server.errors import OverloadedError, RequestError, UnauthorizedError
from eyeful.server.house import ClientGoneError, House
from eyeful.server.protocols import ROUTERS
from eyeful.server.replies import ErrorReply, failure, plain_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from eyeful.pipeline import Classifier
    from eyeful.server.settings import ServerSettings

log = logging.getLogger("eyeful.server")

OPEN_PATHS = ("/ping", "/v2/health/live", "/v2/health/ready")
"""What a probe may ask without a token."""

PAGE = "/page"

_GONE = 499
"""nginx's number for a client that closed its connection; nobody sees it but the log."""


def create_app(classifiers: Mapping[str, Classifier], settings: ServerSettings) -> FastAPI:
    """The server as an ASGI application.

    Args:
        classifiers: the models by alias; the first is the default. Their owner closes them.
        settings: the limits.
    """
    house = House(classifiers, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await house.open()
        try:
            yield
        finally:
            await house.close()

    app = FastAPI(
        title="eyeful",
        summary="Names what is in pictures, with a pretrained CNN.",
        version=eyeful.__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
    )
    app.state.house = house
    for router in ROUTERS:
        app.include_router(router(house))
    for kind, handler in (
        (RequestError, _refused),
        (EyefulError, _failed),
        (RequestValidationError, _invalid),
        (HTTPException, _plain),
        (ClientDisconnect, _gone),
        (ClientGoneError, _gone),
    ):
        app.add_exception_handler(kind, handler)
    if settings.page:
        from eyeful.page.serve import mount

        mount(app, classifiers, PAGE, others=None, max_file=settings.max_body)
    if settings.cors:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.cors), allow_methods=["*"], allow_headers=["*"]
        )
    app.add_middleware(_Door, house=house)
    return app


class _Door:
    """What every request passes: its id, the token, how far its body was read, metrics, log, the last net."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        status = _GONE
        path = scope["path"]
        scope["eyeful.body_read"] = scope["method"] in ("GET", "HEAD", "OPTIONS", "DELETE")

        async def watched() -> Message:
            message = await receive()
            scope["eyeful.body_begun"] = True
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                scope["eyeful.body_read"] = True
            return message

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is None:
                await self._app(scope, watched, answered)
            else:
                await ErrorReply(refusal.status, str(refusal), refusal.headers)(scope, watched, answered)
        except Exception:
            log.exception("request %s failed", request_id)
            if status == _GONE:
                await failure()(scope, watched, answered)
        finally:
            seconds = time.perf_counter() - started
            of_page = self._house.settings.page and path.startswith(PAGE)
            route = PAGE if of_page else getattr(scope.get("route"), "path", "other")
            self._house.metrics.request(route, status, seconds)
            log.info(
                "%s %s %d %.1f ms",
                scope["method"],
                json.dumps(path)[1:-1][:200],
                status,
                1000 * seconds,
                extra={"request_id": request_id, "status": status, "route": route, "seconds": round(seconds, 6)},
            )

    def _refusal(self, scope: Scope) -> RequestError | None:
        """Why a request is not let in, known from its headers alone."""
        if not self._may_enter(scope):
            return UnauthorizedError()
        if self._house.full and not scope["eyeful.body_read"]:
            return OverloadedError()
        return None

    def _may_enter(self, scope: Scope) -> bool:
        token = self._house.settings.token
        if token is None or scope["path"] in OPEN_PATHS or scope["method"] == "OPTIONS":
            return True
        shown = b""
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                shown = value
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                shown = value[7:]
        return secrets.compare_digest(shown, token.encode())


def _request_id(scope: Scope) -> str:
    """The client's own, where it is harmless, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and 0 < len(value) <= 64 and value.replace(b"-", b"").isalnum():
            return str(value, "ascii")
    return uuid.uuid4().hex


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 - registered for it
    return ErrorReply(error.status, str(error), error.headers)


async def _failed(_: Request, error: Exception) -> Response:
    log.error("%s: %s", type(error).__name__, error)
    return failure()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    first = error.errors()[0]
    return ErrorReply(400, f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}"[:300])


async def _plain(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    return ErrorReply(error.status_code, plain_status(error.status_code), error.headers)


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=_GONE)
