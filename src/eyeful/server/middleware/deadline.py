"""A body arrives in time or not at all, and a reply that comes before its end ends the connection."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eyeful.server.body import has_body
from eyeful.server.errors import ReceiveTimeoutError
from eyeful.server.replies import rejection

_END = (b"connection", b"close")


class ReceiveDeadlineMiddleware:
    """Answers 408 when a body is not there in time; to the application its client has then gone.

    Args:
        app: what answers.
        seconds: for a body to arrive, from its headers on.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http" or not has_body(scope):
            await self._app(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self._seconds
        arrived = answered = late = False

        async def receive_in_time() -> Message:
            nonlocal arrived, late
            if arrived or late:
                return {"type": "http.disconnect"} if late else await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                if not answered:
                    await rejection(ReceiveTimeoutError())(scope, receive, send_and_end)
                late = True
                return {"type": "http.disconnect"}
            arrived = not message.get("more_body")
            return message

        async def send_and_end(message: Message) -> None:
            nonlocal answered
            if late:
                return
            answered = True
            if message["type"] == "http.response.start" and not arrived:
                message["headers"] = [*message.get("headers", ()), _END]  # the rest is not worth waiting for
            await send(message)

        await self._app(scope, receive_in_time, send_and_end)
