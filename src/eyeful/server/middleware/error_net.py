"""Whatever goes wrong unexpectedly is one 500 in our form, and a traceback in the log only."""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eyeful.server.replies import failure

log = logging.getLogger("eyeful.server")


class ErrorNetMiddleware:
    """Answers 500 for an exception that nothing inside has handled."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            log.exception("request %s failed", scope["state"]["request_id"])
            if not answered:
                await failure()(scope, receive, send)
