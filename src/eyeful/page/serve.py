"""The page inside an application that is there, or alone."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.routing import Mount

from eyeful.errors import UsageError
from eyeful.loading import load
from eyeful.page.app import build
from eyeful.page.live import live_route
from eyeful.page.middleware import PageMiddleware
from eyeful.page.models import Models
from eyeful.page.quiet import gr
from eyeful.page.style import css, javascript, theme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from types import FrameType

    from eyeful.classifier import Classifier

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - to tell, not to listen

MAX_FILE = 32 << 20
"""Bytes of one uploaded image."""


def mount(
    app: FastAPI,
    classifiers: Mapping[str, Classifier],
    path: str = "/page",
    *,
    others: Callable[[str], Classifier] | None = load,
    max_file: int = MAX_FILE,
) -> FastAPI:
    """Put the page into an application.

    Args:
        app: the application; its lifespan becomes the page's too.
        classifiers: by alias; the first is the default. Their owner closes them.
        path: where the page is.
        others: loads the models of this machine that a visitor may choose beside those, by name; None: only those.
        max_file: bytes of one uploaded image.
    """
    models = Models(classifiers, others)
    gr.mount_gradio_app(
        app,
        build(models),
        path,
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        show_error=False,
        max_file_size=max_file,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        pwa=False,
        theme=theme(),
        css=css(),
        js=javascript(),
    )
    mounted = app.routes[-1]
    assert isinstance(mounted, Mount)  # noqa: S101 - it was just made
    app.state.page = mounted.app
    app.state.page.router.routes.insert(0, live_route(models))
    app.state.page.add_middleware(PageMiddleware)
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[Any]:
        async with before(application) as state:
            try:
                yield state
            finally:
                await run_in_threadpool(models.close)

    app.router.lifespan_context = lifespan
    return app


def hang_up(app: Any) -> None:
    """End the streams by which open browsers keep their sessions, so that the server can close; on its loop.

    Args:
        app: where the page was mounted.
    """
    app.state.page.stop_event.set()


def serve(
    classifiers: Mapping[str, Classifier],
    host: str = "127.0.0.1",
    port: int = 7860,
    *,
    others: Callable[[str], Classifier] | None = load,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the page alone, until a signal comes.

    Args:
        classifiers: as for `mount`.
        host: where to listen; this machine only, unless told otherwise.
        port: 0 takes a free one.
        others: as for `mount`.
        on_ready: called with the address when the page answers.

    Raises:
        UsageError: the address cannot be had.
    """
    try:
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
    app = mount(FastAPI(openapi_url=None), classifiers, "/", others=others)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, ws="none", timeout_graceful_shutdown=3
    )
    with bound:
        name = "127.0.0.1" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
        _Server(config, lambda: on_ready(f"http://{name}:{bound.getsockname()[1]}/")).run([bound])


class _Server(uvicorn.Server):
    """uvicorn that reports when it listens, and stops without waiting for open browsers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and report it."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal is an orderly end, after which uploads are deleted; a second one ends at once."""
        if self.should_exit:
            super().handle_exit(sig, frame)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of open browsers first."""
        hang_up(self.config.app)
        await super().shutdown(sockets)
