"""Every request has an id: in its log line, and in its reply."""

import random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADER = b"x-request-id"


class RequestIdMiddleware:
    """Puts `scope["state"]["request_id"]` in, and `X-Request-Id` on the reply."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_HEADER, request_id.encode())]
            await send(message)

        await self._app(scope, receive, send_with_id)


def _request_id(scope: Scope) -> str:
    """The client's own, where it is harmless, else a new one."""
    for name, value in scope["headers"]:
        if name == _HEADER and 0 < len(value) <= 64 and value.replace(b"-", b"").isalnum():
            return str(value, "ascii")
    return f"{random.getrandbits(128):032x}"
