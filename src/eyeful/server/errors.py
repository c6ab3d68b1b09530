"""What a request can be refused for, and the status that says so."""

from http import HTTPStatus

from eyeful.errors import EyefulError


class RequestError(EyefulError):
    """A request that is not answered as asked.

    Attributes:
        status: of the reply.
        headers: of the reply, beyond the usual.
    """

    status = HTTPStatus.BAD_REQUEST
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class BadRequestError(RequestError):
    """The body is not what the protocol asks for."""


class UnauthorizedError(RequestError):
    """The token is missing or wrong."""

    status = HTTPStatus.UNAUTHORIZED
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012

    def __init__(self, *, shown: bool) -> None:
        if shown:
            super().__init__("the token is wrong")
        else:
            super().__init__("a token is needed: Authorization: Bearer TOKEN, or X-API-Key: TOKEN")


class NoSuchModelError(RequestError):
    """The server has no model of that name."""

    status = HTTPStatus.NOT_FOUND


class TooLargeError(RequestError):
    """The body, or the number of images in it, is beyond the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    @classmethod
    def of_body(cls, limit: int) -> "TooLargeError":
        """A body of more than `limit` bytes."""
        return cls(f"the body is larger than {limit >> 20} MB" if limit >> 20 else f"more than {limit} bytes")


class ReceiveTimeoutError(RequestError):
    """The body did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT

    def __init__(self) -> None:
        super().__init__("the request did not arrive in time")


class UnprocessableError(RequestError):
    """The one image of a request cannot be classified."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class OverloadedError(RequestError):
    """The queue is full; a client shall come back."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": "1"}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__("the server is busy: try again in a second")


class DeadlineError(RequestError):
    """The answer took too long; its place is free again."""

    status = HTTPStatus.GATEWAY_TIMEOUT

    def __init__(self) -> None:
        super().__init__("not answered in time")
