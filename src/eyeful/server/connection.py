"""One connection: a deadline for headers, a lingering close, an end for clients that take nothing.

All else that a server promises under load is ordinary ASGI middleware (`server/middleware/`). What is here happens
before there is a request, or after its reply, where no application is asked.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from eyeful.server.replies import ErrorReply, reply_bytes

_LINGER_BYTES = 32 << 20
_LINGER_SECONDS = 2.0
_UPGRADE_HEADERS = (b"connection", b"upgrade", b"http2-settings")
_TIMEOUT_REPLY = ErrorReply(408, "the request did not arrive in time")
_NOT_HTTP_REPLY = ErrorReply(400, "the request is not HTTP")

UVICORN_NAMES = (
    "parser",
    "url",
    "headers",
    "send_400_response",
    "on_response_complete",
    "_unset_keepalive_if_required",
)
"""What `Connection` uses of uvicorn beyond the interfaces of asyncio and httptools; a test looks for them."""


class State(Enum):
    """What a connection's incoming side is at.

    IDLE → HEADERS → BODY → IDLE for each request; from any, LINGERING or CLOSED when uvicorn closes.
    """

    IDLE = auto()
    """Between two requests: closed without a word when the next does not begin in time."""
    HEADERS = auto()
    """A request begins to arrive, or the first has yet to: 408 when its headers are not there in time."""
    BODY = auto()
    """The application has the request, and a deadline for its body (`middleware/deadline.py`)."""
    LINGERING = auto()
    """The last reply is written and our side shut; what still arrives is thrown away."""
    CLOSED = auto()
    """Nothing more is read or written."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, for the promises of RELIABILITY.md that need the socket.

    - "500 slow-loris connections do not slow a normal client": headers have a deadline, and so has a client that
      takes no reply.
    - "a readable 413 ...: answer at once, drain at most 32 MB or 2 s, close; the same for 503": a close while a
      request is still arriving shuts our side only and waits for the client's, within these limits, since a socket
      that is closed with unread bytes resets the connection, and the client loses the reply.
    - "accepted requests are all answered": bytes that are not HTTP cost no earlier request its reply, and a
      lingering connection counts as one until it is closed.
    - "any bytes: no crash": an offer of HTTP/2, which Java's client makes by default, is declined; httptools would
      take the body behind it for another request.

    Args:
        receive_timeout: seconds for the headers of a request, and for a client to go on taking a reply.
        count_rejection: told the status of a reply to what never became a request.
        uvicorn: what uvicorn gives to its protocols.
    """

    def __init__(self, receive_timeout: float, count_rejection: Callable[[int], None], **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._receive_timeout = receive_timeout
        self._count_rejection = count_rejection
        self._state = State.HEADERS
        self._unanswered = 0  # requests whose headers have arrived and whose reply is not complete
        self._broken = False  # what comes behind the last request is not HTTP
        self._socket: asyncio.Transport
        self._deadline: asyncio.TimerHandle | None = None
        self._blocked: asyncio.TimerHandle | None = None
        self._linger_left = _LINGER_BYTES

    # asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request."""
        self._socket = transport
        super().connection_made(_ClosingTransport(transport, self))  # type: ignore[arg-type]
        self._restart_deadline(self._receive_timeout, self._on_deadline)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed, by whomever."""
        self._state = State.CLOSED
        for timer in (self._deadline, self._blocked):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What arrives goes to the parser, unless it is for nobody."""
        if self._state is State.LINGERING:
            self._linger_left -= len(data)
            if self._linger_left <= 0:
                self._socket.close()
        elif self._state is not State.CLOSED and not self._broken:
            self._unset_keepalive_if_required()
            self._parse(data)

    def pause_writing(self) -> None:
        """The client takes nothing; it has a while to begin again."""
        super().pause_writing()
        self._blocked = self.loop.call_later(self._receive_timeout, self._socket.abort)

    def resume_writing(self) -> None:
        """The client takes again."""
        super().resume_writing()
        if self._blocked is not None:
            self._blocked.cancel()
            self._blocked = None

    # httptools' callbacks

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._state = State.HEADERS
        self._restart_deadline(self._receive_timeout, self._on_deadline)

    def on_headers_complete(self) -> None:
        """A request is there; from now on its body's deadline counts."""
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self._state = State.BODY
            self._unanswered += 1

    def on_message_complete(self) -> None:
        """A request has arrived."""
        if not self.parser.should_upgrade():
            super().on_message_complete()
            self._state = State.IDLE

    # uvicorn's callbacks

    def on_response_complete(self) -> None:
        """A request is answered; the next has its time."""
        self._unanswered = max(0, self._unanswered - 1)  # uvicorn answers by itself what an application did not
        super().on_response_complete()
        if self._state in {State.IDLE, State.HEADERS} and not self._unanswered:
            self._restart_deadline(self._receive_timeout, self._on_deadline)
            if self._broken:
                self.close()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn answers in plain text, in our one form of errors, and after the replies that are due."""
        del msg
        self._broken = True
        if not self._unanswered or (self._state is State.BODY and self._unanswered == 1):
            self._reject(_NOT_HTTP_REPLY)

    # our own

    def _parse(self, data: bytes) -> None:
        """Feed the parser: once more, and without the offer, when that was an upgrade's."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.parser.get_method() == b"CONNECT":  # always one, whatever its headers
                self.send_400_response("")
                return
            head = b"%s %s HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
            others = [b"%s: %s\r\n" % header for header in self.headers if header[0] not in _UPGRADE_HEADERS]
            self.parser = httptools.HttpRequestParser(self)
            self._parse(b"".join([head, *others, b"\r\n", data[upgrade.args[0] :]]))
        except httptools.HttpParserError:
            self.send_400_response("")

    def _on_deadline(self) -> None:
        if self._unanswered:  # it begins again when that is answered
            return
        if self._state is State.HEADERS:
            self._reject(_TIMEOUT_REPLY)
        else:
            self.close()

    def _reject(self, reply: ErrorReply) -> None:
        if not self.is_ending:
            self._count_rejection(reply.status_code)
            self._socket.write(reply_bytes(reply))
            self.close()

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is read or written."""
        return self._state in {State.LINGERING, State.CLOSED}

    def close(self) -> None:
        """End the connection, as uvicorn or a deadline wants it."""
        if self.is_ending:
            return
        lingers = self._broken or self._state is not State.IDLE
        if not lingers or self._socket.is_closing():
            self._state = State.CLOSED
            self._socket.close()
            return
        self._state = State.LINGERING
        self._restart_deadline(_LINGER_SECONDS, self._socket.close)
        try:
            self._socket.write_eof()
            self._socket.resume_reading()
        except OSError:  # the client has gone
            self._socket.close()

    def _restart_deadline(self, seconds: float, then: Callable[[], None]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, then)


class _ClosingTransport:
    """A transport as uvicorn sees it: its connection decides how to close, and after that nothing is written."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport = transport
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._connection.is_ending:
            self._transport.write(data)

    def pause_reading(self) -> None:
        if not self._connection.is_ending:
            self._transport.pause_reading()

    def close(self) -> None:
        self._connection.close()

    def is_closing(self) -> bool:
        return self._connection.is_ending or self._transport.is_closing()
