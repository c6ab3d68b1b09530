"""A connection that bears neither slow clients nor a full house, and that ends so that its last reply is read."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from eyeful.server.replies import ErrorReply, on_the_wire

_LINGER_BYTES = 32 << 20
_LINGER_SECONDS = 2.0
_LATE = on_the_wire(ErrorReply(408, "the request did not arrive in time"))
_NOT_HTTP = on_the_wire(ErrorReply(400, "the request is not HTTP"))

Refuse = Callable[[str, bytes, list[tuple[bytes, bytes]]], bytes | None]
"""Method, path and headers of a request → the whole reply, if its body shall not even be read."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, but with deadlines, refusals and a patient end.

    - A connection whose request does not arrive in time is closed (slow-loris).
    - A request that is refused by its headers costs nothing more: no task, no reading of its body.
    - Whoever is still sending when the reply is complete can read it: see `_Lingering`.

    Args:
        receive_timeout: seconds for the headers and body of one request, from its first byte, or from the
            connection's beginning.
        refuse: decides whether a request is refused.
        given: what uvicorn gives.
    """

    def __init__(self, receive_timeout: float, refuse: Refuse, **given: Any) -> None:
        super().__init__(**given)
        self._receive_timeout = receive_timeout
        self._refuse = refuse
        self._late: asyncio.TimerHandle | None = None
        self._receiving = False  # whether a request has begun to arrive, and not ended
        self._over = False  # whether what still arrives is for nobody

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(_PatientlyClosed(transport, self._close))  # type: ignore[arg-type]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._arrived()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request's time begins to run."""
        super().on_message_begin()
        self._receiving = True
        self._wait()

    def on_headers_complete(self) -> None:
        """Let the request in, or refuse it."""
        answering = self.cycle is not None and not self.cycle.response_complete  # an earlier request
        refusal = None if answering else self._refuse(self.parser.get_method().decode(), self.url, self.headers)
        if refusal is None:
            super().on_headers_complete()
        else:
            self._over = True
            self._end_with(refusal)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self._over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has arrived."""
        self._receiving = False
        self._arrived()
        if not self._over:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn answers in plain text, in our one form of errors."""
        del msg
        self._end_with(_NOT_HTTP)

    def _wait(self) -> None:
        self._arrived()
        self._late = self.loop.call_later(self._receive_timeout, self._give_up)

    def _arrived(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_LATE)
        self.transport.close()

    def _end_with(self, reply: bytes) -> None:
        self.transport.write(reply)
        self.transport.close()

    def _close(self, transport: asyncio.Transport) -> None:
        if not self._receiving or transport.is_closing():
            transport.close()
            return
        self._over = True
        _Lingering(transport)
        self.connection_lost(None)  # for uvicorn and the application it is


class _PatientlyClosed:
    """A transport, but for how it is closed."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[asyncio.Transport], None]) -> None:
        self._transport = transport
        self._close = close
        self._closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._close(self._transport)

    def is_closing(self) -> bool:
        return self._closed or self._transport.is_closing()


class _Lingering(asyncio.BufferedProtocol):
    """Ends a connection whose client is still sending, and throws away what comes, for a while.

    A server that closes while a client is sending resets the connection, and most clients then lose the answer.
    So the reply is followed by our end of the connection only; theirs is awaited, within limits.
    """

    _anywhere = memoryview(bytearray(1 << 16))  # nobody reads it

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._left = _LINGER_BYTES
        self._end = asyncio.get_running_loop().call_later(_LINGER_SECONDS, transport.close)
        transport.write_eof()
        transport.pause_reading()  # uvloop asks a protocol how it reads only when reading begins
        transport.set_protocol(self)
        transport.resume_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._anywhere

    def buffer_updated(self, nbytes: int) -> None:
        self._left -= nbytes
        if self._left <= 0:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._end.cancel()
