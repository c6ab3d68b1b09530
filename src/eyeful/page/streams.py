"""The streams by which answers come to a browser, so that no event falls between two of them.

Gradio ends a session's stream when nothing is pending any more, with a message at which the browser hangs up. An
event that joined in that moment got no answer: Gradio took the hang-up for a visitor who has gone and forgot all
events of the session, or the browser heard of the event before it read that message, and waited on the old stream.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Send

_LAST = b'data: {"msg":"close_stream"'

_MOST_S = 2
"""Seconds that a browser has to hang up; others than browsers may never do."""


class ClosingStreams:
    """Which sessions' streams are being closed."""

    def __init__(self) -> None:
        self._closing: dict[str, asyncio.Event] = {}

    def joining(self, session: str, send: Send) -> Send:
        """What sends the answer to an event that joins, once no stream of its session is being closed."""

        async def sent(message: Message) -> None:
            if closing := self._closing.get(session):
                await closing.wait()
            await send(message)

        return sent

    def watched(self, session: str, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """A stream's two ends for Gradio, which is not told of a hang-up that it asked for."""
        ending = False

        async def received() -> Message:
            message = await receive()
            if ending:
                await asyncio.Future()  # until Gradio has ended, and cancels this
            return message

        async def sent(message: Message) -> None:
            nonlocal ending
            if not message.get("body", b"").startswith(_LAST):
                await send(message)
                return
            ending = True
            closed = self._closing[session] = asyncio.Event()
            try:
                await send(message)
                with suppress(TimeoutError):
                    await asyncio.wait_for(_hung_up(receive), _MOST_S)
            finally:
                closed.set()
                if self._closing.get(session) is closed:
                    del self._closing[session]

        return received, sent


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
