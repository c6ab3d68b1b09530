"""uvicorn with a deadline for receiving, and a stop that answers first."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from eyeful.server.house import House

log = logging.getLogger("eyeful.server")

_LATE = b'{"error":"the request did not arrive in time"}'
_TIMEOUT = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: "
    + str(len(_LATE)).encode()
    + b"\r\n\r\n"
    + _LATE
)


def protocol_with(receive_timeout: float) -> type[HttpToolsProtocol]:  # noqa: C901 - a class, in it
    """Uvicorn's protocol, but a connection whose request does not arrive in time is closed (slow-loris).

    Args:
        receive_timeout: seconds for the headers and body of one request, from its first byte, or from the
            connection's beginning.
    """

    class Impatient(HttpToolsProtocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._wait()

        def on_message_complete(self) -> None:
            super().on_message_complete()
            self._arrived()

        def connection_lost(self, exc: Exception | None) -> None:
            self._arrived()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._arrived()
            self._late = self.loop.call_later(receive_timeout, self._close)

        def _arrived(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _close(self) -> None:
            if self.transport.is_closing():
                return
            if self.cycle is None or not self.cycle.response_started:
                self.transport.write(_TIMEOUT)
            self.transport.close()

    return Impatient


class PatientServer(uvicorn.Server):
    """A server that, asked to stop, is no longer ready at once, still answers for a while, and then closes.

    Load balancers need that while to notice. A second signal ends it at once.

    Args:
        config: uvicorn's.
        house: what is ready, or no longer.
        url: said in the log when the server is ready; None: somebody else says it.
        hang_up: ends what browsers hold open, so that it can close.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        house: House,
        url: str | None = None,
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(config)
        self._url = url
        self._house = house
        self._hang_up = hang_up
        self._stopping = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Warm up and listen."""
        await super().startup(sockets)
        if self.started and self._url:
            log.info("running on %s", self._url)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first SIGTERM or SIGINT drains, a second one ends."""
        if self._stopping:
            super().handle_exit(sig, frame)
            return
        self._stopping = True
        self._house.ready = False
        drain = self._house.settings.drain if sig == signal.SIGTERM else 0.0
        asyncio.get_running_loop().call_later(drain, self._stop)

    def _stop(self) -> None:
        if self._hang_up:
            self._hang_up()
        self.should_exit = True
