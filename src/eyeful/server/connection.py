"""A connection that bears neither slow clients nor A full server, and that ends so that its last reply is read."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from eyeful.server.replies import ErrorReply, on_the_wire

_LINGER_BYTES = 32 << 20
_LINGER_SECONDS = 2.0
_NOT_FORWARDED = (b"connection", b"upgrade", b"http2-settings")
_LATE = ErrorReply(408, "the request did not arrive in time")
_NOT_HTTP = ErrorReply(400, "the request is not HTTP")

Reject = Callable[[str, bytes, list[tuple[bytes, bytes]]], bytes | None]
"""Method, path and headers of a request → the whole reply, if its body shall not even be read."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, but with deadlines, rejections and a lingering close.

    - A connection whose request does not arrive in time is closed (slow-loris).
    - A request that is refused by its headers costs nothing more: no task, no reading of its body.
    - Whoever is still sending when the reply is complete can read it: see `_LingeringClose`.
    - Whoever does not take the reply is dropped.
    - An offer to speak HTTP/2 instead, as Java's client makes it, is declined and the request answered.

    Args:
        receive_timeout: seconds for the headers and body of one request, from its first byte, or from the
            connection's beginning; and for a client to go on taking a reply.
        refuse: decides whether a request is refused.
        note: told the status of a reply to what never became a request.
        given: what uvicorn gives.
    """

    def __init__(self, receive_timeout: float, refuse: Reject, note: Callable[[int], None], **given: Any) -> None:
        super().__init__(**given)
        self._receive_timeout = receive_timeout
        self._refuse = refuse
        self._note = note
        self._late: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._receiving = False  # whether a request has begun to arrive, and not ended
        self._unanswered = 0  # requests that have arrived: what comes behind them waits for its turn
        self._over = False  # whether what still arrives is for nobody

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(_LingeringTransport(transport, self._close))  # type: ignore[arg-type]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        if self._stuck is not None:
            self._stuck.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What arrives goes to the parser: once more, and without the offer, when that was an upgrade's."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.parser.get_method() == b"CONNECT":  # always one, whatever its headers
                self.send_400_response("")
                return
            head = b"%s %s HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
            forwarded = [b"%s: %s\r\n" % header for header in self.headers if header[0] not in _NOT_FORWARDED]
            self.parser = httptools.HttpRequestParser(self)
            self.data_received(b"".join([head, *forwarded, b"\r\n", data[upgrade.args[0] :]]))
        except httptools.HttpParserError:
            self.send_400_response("")

    def pause_writing(self) -> None:
        """The client takes nothing; it has a while to begin again."""
        super().pause_writing()
        self._stuck = self.loop.call_later(self._receive_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes again."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def on_message_begin(self) -> None:
        """A request's time begins to run."""
        if self._over:
            return
        super().on_message_begin()
        self._receiving = True
        self._wait()

    def on_headers_complete(self) -> None:
        """Let the request in, or refuse it."""
        if self._over or self.parser.should_upgrade():
            return
        rejection = None
        if not self._unanswered:
            rejection = self._refuse(self.parser.get_method().decode(), self.url, self.headers)
        if rejection is None:
            super().on_headers_complete()
        else:
            self._end_with(rejection)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self._over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has arrived."""
        if self._over or self.parser.should_upgrade():
            return
        self._receiving = False
        self._unanswered += 1
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request is answered; the next may come."""
        self._unanswered = max(0, self._unanswered - 1)
        super().on_response_complete()
        if not self._over and self._late is None:
            self._wait()  # uvicorn's own keep-alive timer ends with the first byte, of whatever

    def send_400_response(self, msg: str) -> None:
        """What uvicorn answers in plain text, in our one form of errors."""
        del msg
        if self._over:
            return
        if self._unanswered:
            self._over = True
            self.cycle.keep_alive = False  # the last answer is the end
        else:
            self._note(_NOT_HTTP.status_code)
            self._end_with(on_the_wire(_NOT_HTTP))

    def _wait(self) -> None:
        self._stop_waiting()
        self._late = self.loop.call_later(self._receive_timeout, self._give_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        if self._unanswered:  # nothing is read meanwhile, so it is not late
            self._wait()
        elif self._receiving or self.cycle is None:
            answered = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
            self._note(_LATE.status_code)
            self._end_with(b"" if answered else on_the_wire(_LATE))
        else:
            self.transport.close()

    def _end_with(self, reply: bytes) -> None:
        self.transport.write(reply)
        self.transport.close()

    def _close(self, transport: asyncio.Transport) -> None:
        self._over = True
        if not self._receiving or transport.is_closing():
            transport.close()
            return
        _LingeringClose(transport, partial(self.connections.discard, self))
        self.connection_lost(None)  # for uvicorn and the application it is
        self.connections.add(self)  # but a server that stops waits for it


class _LingeringTransport:
    """A transport, but for how it is closed."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[asyncio.Transport], None]) -> None:
        self._transport = transport
        self._close = close
        self._closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._closed:
            self._transport.write(data)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._close(self._transport)

    def is_closing(self) -> bool:
        return self._closed or self._transport.is_closing()


class _LingeringClose(asyncio.BufferedProtocol):
    """Ends a connection whose client is still sending, and throws away what comes, for a while.

    A server that closes while a client is sending resets the connection, and most clients then lose the answer.
    So the reply is followed by our end of the connection only; the client's is awaited, within limits.
    """

    _anywhere = memoryview(bytearray(1 << 16))  # nobody reads it

    def __init__(self, transport: asyncio.Transport, on_end: Callable[[], None]) -> None:
        self._transport = transport
        self._on_end = on_end
        self._left = _LINGER_BYTES
        self._end = asyncio.get_running_loop().call_later(_LINGER_SECONDS, transport.close)
        with suppress(OSError):  # the client may be gone
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
        self._on_end()
