"""A real S3-compatible server on this machine, which may answer badly or not at all."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

Fault = Callable[[dict[str, Any]], str | None]


class S3:
    """A server, and what it does wrong.

    Attributes:
        address: of the server.
        fault: of a request's WSGI environment, the HTTP status to answer with at once, or "hang", or None.
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._server.daemon_threads = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.port}"
        self.fault: Fault = lambda _: None

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        fault = self.fault(environ)
        if fault is None:
            return self._app(environ, start_response)
        if fault == "hang":
            self._ended.wait(60)
            fault = "500 Ended"
        start_response(fault, [("Content-Length", "0")])
        return [b""]

    def close(self) -> None:
        """Let go of requests that hang, and end."""
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """That of another process whose S3 this is."""
        return dict(os.environ)


@contextmanager
def s3(*names: str) -> Iterator[S3]:
    """A server that holds empty buckets of these names; meanwhile it is this process's S3, and its children's."""
    pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    from moto.moto_api._internal import moto_api_backend

    server = S3()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ({"AWS_ENDPOINT_URL": server.address} | keys).items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()  # they keep the address of the server that was before
        for name in names:
            s3fs.S3FileSystem().mkdir(name)
        yield server
        server.fault = lambda _: None
        s3fs.S3FileSystem.clear_instance_cache()
    server.close()
    moto_api_backend.reset()
