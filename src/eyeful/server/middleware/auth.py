"""The token."""

import secrets

from starlette.types import ASGIApp, Receive, Scope, Send

from eyeful.server.errors import UnauthorizedError
from eyeful.server.replies import rejection

OPEN_PATHS = ("/ping", "/v2/health/live", "/v2/health/ready")
"""What a probe may ask without a token."""


class AuthMiddleware:
    """Rejects with 401 who does not show the token; compared in constant time.

    Args:
        app: what answers.
        token: what clients must show; None: nothing.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http" or self._token is None or _is_open(scope):
            await self._app(scope, receive, send)
            return
        shown = _shown(scope)
        if secrets.compare_digest(shown, self._token.encode()):
            await self._app(scope, receive, send)
        else:
            await rejection(UnauthorizedError(shown=bool(shown)))(scope, receive, send)


def _is_open(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))  # where another application mounts this one
    return path in OPEN_PATHS or scope["method"] == "OPTIONS"


def _shown(scope: Scope) -> bytes:
    """The token that a request shows; empty where it shows none."""
    shown = b""
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            shown = value
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            shown = value[7:]
    return shown
