"""A request is let in by its headers, before its body is read, or not at all."""

from starlette.types import ASGIApp, Receive, Scope, Send

from eyeful.server.admission import Admission
from eyeful.server.body import declared_length, has_body
from eyeful.server.errors import OverloadedError, RequestError, TooLargeError
from eyeful.server.middleware.access_log import PAGE
from eyeful.server.replies import rejection


class AdmissionMiddleware:
    """Refuses what does not fit, with 503 or 413, and counts the bytes of what does until it is answered.

    Args:
        app: what answers.
        admission: what fits.
        max_body: bytes of one request.
        page: whether `/page` is there, whose uploads go to files and not into memory.
    """

    def __init__(self, app: ASGIApp, admission: Admission, max_body: int, *, page: bool) -> None:
        self._app = app
        self._admission = admission
        self._max_body = max_body
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http" or not has_body(scope) or (self._page and scope["path"].startswith(PAGE)):
            await self._app(scope, receive, send)
            return
        try:
            length = declared_length(scope)
            if length > self._max_body:
                raise TooLargeError.of_body(self._max_body)
            reservation = self._admission.admit(length)
        except RequestError as error:
            scope["state"]["rejected"] = isinstance(error, OverloadedError)
            await rejection(error)(scope, receive, send)
            return
        scope["state"]["reservation"] = reservation
        try:
            await self._app(scope, receive, send)
        finally:
            reservation.release()
