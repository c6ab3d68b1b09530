"""Running the server: its log, its socket, its end."""

import asyncio
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, cast

import uvicorn
from fastapi import FastAPI

from eyeful.classifier import Classifier
from eyeful.server.app import create_app
from eyeful.server.connection import Connection
from eyeful.server.lifecycle import GracefulServer, LivenessCheck
from eyeful.server.metrics import Metrics
from eyeful.server.middleware.access_log import REJECTED, write_line
from eyeful.server.processes import ParentLink, bound_socket, url_of
from eyeful.server.settings import ServerSettings

LogFormat = Literal["text", "json"]


def serve(
    classifiers: Mapping[str, Classifier],
    settings: ServerSettings,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    log_format: LogFormat = "text",
    fd: int | None = None,
) -> None:
    """Serve until a signal comes.

    Args:
        classifiers: the models by alias; the first is the default. Their owner closes them.
        settings: the limits.
        host: where to listen; this machine only, unless told otherwise.
        port: 0 takes a free one, and says which.
        log_format: lines for people, or JSON for machines.
        fd: the number of a bound socket that was inherited; `host` and `port` are then said already.

    Raises:
        UsageError: the address cannot be had.
    """
    write_log(log_format)
    app = create_app(classifiers, settings)
    service = app.state.service
    connection = partial(Connection, settings.receive_timeout, partial(_count_rejection, service.metrics))
    link = ParentLink() if fd is not None else None
    config = uvicorn.Config(
        app,
        host,
        port,
        http=cast("type[asyncio.Protocol]", connection),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=25,
        callback_notify=LivenessCheck(service, link.beat if link else None),
        timeout_notify=0,  # every second
    )
    if link:
        link.stop_with_parent()
    with socket.socket(fileno=fd) if fd is not None else bound_socket(host, port) as bound:
        url = url_of(bound) if fd is None else None
        GracefulServer(config, service, url, _hang_up(app) if settings.page else None).run([bound])
    if not service.live:
        os._exit(1)  # Python would wait for the thread that never ends


def _count_rejection(metrics: Metrics, status: int) -> None:
    """What a connection answered by itself, since it never became a request."""
    metrics.refused(status)
    write_line("-", "-", "-", route=REJECTED, status=status)


def _hang_up(app: FastAPI) -> Callable[[], None]:
    from eyeful.page.serve import hang_up

    return partial(hang_up, app)


def write_log(log_format: LogFormat) -> None:
    """Send the server's log, and uvicorn's, to stderr; as JSON, all else that eyeful says too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JSONLines() if log_format == "json" else logging.Formatter("eyeful: %(message)s"))
    for name in ("eyeful" if log_format == "json" else "eyeful.server", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)


class _JSONLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One record as one line of JSON."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        for name in ("request_id", "route", "status", "seconds"):
            if hasattr(record, name):
                line[name] = getattr(record, name)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
