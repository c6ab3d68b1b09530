"""The application: every protocol over one service, with request ids, the token, logs and errors in one form."""

from __future__ import annotations

import gc
import logging
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

import eyeful
from eyeful import plugins
from eyeful.errors import EyefulError, UsageError
from eyeful.server.errors import RequestError
from eyeful.server.middleware import (
    AccessLogMiddleware,
    AdmissionMiddleware,
    AuthMiddleware,
    ErrorNetMiddleware,
    ReceiveDeadlineMiddleware,
    RequestIdMiddleware,
)
from eyeful.server.middleware.access_log import GONE, PAGE
from eyeful.server.protocols import describe
from eyeful.server.replies import ErrorReply, failure, plain_status, rejection
from eyeful.server.service import ClientGoneError, InferenceService
from eyeful.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from eyeful.classifier import Classifier

log = logging.getLogger("eyeful.server")

_EXPECTED = {
    "int_parsing": "a whole number is needed",
    "int_parsing_size": "the number is too long",
    "int_from_float": "a whole number is needed",
    "greater_than_equal": "at least {ge:g} is needed",
    "less_than_equal": "at most {le:g} is needed",
    "float_parsing": "a number is needed",
    "bool_parsing": "true or false is needed",
}
"""Pydantic's kinds of errors in a query, as plain sentences."""


def create_app(
    classifiers: Classifier | Mapping[str, Classifier], settings: ServerSettings | None = None
) -> FastAPI:
    """The server as an ASGI application: every protocol of `eyeful serve`, with the same answers.

        with eyeful.load("resnet18") as classifier:
            uvicorn.run(create_app(classifier))

    It is ready when its lifespan has begun, which ASGI servers see to; an application that mounts it has to.

    The token, the queue, the deadlines of bodies and answers, and the limits are the application's, and hold
    under any server. What `eyeful serve` has beside them is its process's and its connections': a deadline for
    headers, a rejection that a client can read while it still sends, `settings.drain`, thread priorities, its log,
    and the end of a process in which a decode hangs (here `/v2/health/live` fails, and a probe has to act).

    Args:
        classifiers: the models by alias; the first is the default. One by itself is called `model`. Who opened
            them closes them, after the server has ended; the application ends only threads of its own.
        settings: the limits; those of `eyeful serve` when None.

    Raises:
        UsageError: there is no classifier, or an alias that no path can have.
    """
    settings = settings or ServerSettings()
    classifiers = _by_alias(classifiers)
    service = InferenceService(classifiers, settings)

    app: FastAPI = FastAPIOffline(  # /docs without scripts from somebody else's network
        title="eyeful",
        summary="Image classification with a pretrained CNN.",
        description=describe.NONE,
        version=eyeful.__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=_lifespan,
        openapi_tags=describe.TAGS,
        middleware=_middleware(service),
    )
    app.state.service = service
    # eyeful's own by name, then those of other packages by name; the first that has a path answers it
    for router in plugins.load_all("protocols", plugins.function).values():
        app.include_router(router(service))
    _answer_errors(app)
    _redirect_root(app, "page/" if settings.page else "docs")
    if settings.page:
        from eyeful.page.serve import mount

        mount(app, classifiers, PAGE, others=None, max_file=settings.max_body)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Between its two ends requests are welcome."""
    service: InferenceService = app.state.service
    await service.open()
    app.openapi()
    gc.collect()
    gc.freeze()  # what is there stays; looking through it again would stop all requests for 0.1 s
    try:
        yield
    finally:
        gc.unfreeze()
        await service.close()


def _answer_errors(app: FastAPI) -> None:
    """Say for each kind of error what a client gets."""
    for kind, handler in (
        (RequestError, _rejected),
        (EyefulError, _failed),
        (RequestValidationError, _invalid),
        (HTTPException, _plain),
        (ClientDisconnect, _gone),
        (ClientGoneError, _gone),
    ):
        app.add_exception_handler(kind, handler)


def _by_alias(classifiers: Classifier | Mapping[str, Classifier]) -> Mapping[str, Classifier]:
    """The classifiers by the names that paths have for them.

    Raises:
        UsageError: as for `create_app`.
    """
    if not isinstance(classifiers, Mapping):
        return {"model": classifiers}
    if not classifiers:
        raise UsageError('create_app needs a classifier: create_app({"ALIAS": eyeful.load(MODEL)})')
    for alias in classifiers:
        if not alias or "/" in alias:
            raise UsageError(f"create_app: the alias {alias!r} is empty or has a slash; it is part of paths")
    return classifiers


def _redirect_root(app: FastAPI, target: str) -> None:
    """Lead a browser that opens `/` somewhere; relative, so that it holds behind a proxy's path too."""

    @app.get(
        "/",
        status_code=307,
        response_class=RedirectResponse,
        tags=[describe.OPERATIONS],
        summary="Redirect a browser",
    )
    async def root() -> str:
        """To the page with `--page`, else to this description."""
        return target


def _middleware(service: InferenceService) -> list[Middleware]:
    """What every request passes, from the outside inwards."""
    settings = service.settings
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.cors),
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Retry-After", "X-Request-Id"],
    )
    return [
        *([cors] if settings.cors else []),  # outermost, so that a page may read rejections too
        Middleware(RequestIdMiddleware),
        Middleware(AccessLogMiddleware, metrics=service.metrics, page=settings.page),
        Middleware(ReceiveDeadlineMiddleware, seconds=settings.receive_timeout),
        Middleware(ErrorNetMiddleware),
        Middleware(AuthMiddleware, token=settings.token),  # before admission: a stranger takes no place
        Middleware(
            AdmissionMiddleware, admission=service.admission, max_body=settings.max_body, page=settings.page
        ),
    ]


async def _rejected(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 - registered for it
    return rejection(error)


async def _failed(_: Request, error: Exception) -> Response:
    log.error("%s: %s", type(error).__name__, error)
    return failure()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    first = error.errors()[0]
    name, value = first["loc"][-1], str(first.get("input"))[:40]
    expected = _EXPECTED.get(first["type"])
    said = expected.format(**first.get("ctx", {})) if expected else first["msg"].removeprefix("Value error, ")
    return ErrorReply(400, f"{name} {value!r}: {said}"[:300])


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    path = getattr(request.scope.get("route"), "path", None)
    if error.status_code == 405 and path in (paths := request.app.openapi()["paths"]):
        # a path may have several routes, each of which knows its own methods only
        error.headers = {"Allow": ", ".join(method.upper() for method in paths[path])}
    return ErrorReply(error.status_code, plain_status(error.status_code), error.headers)


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=GONE)
