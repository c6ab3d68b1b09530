"""What a server may cost its machine, and whom it answers."""

from dataclasses import dataclass

from eyeful.errors import UsageError
from eyeful.server.errors import TooLargeError


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Limits of a server; every one is a flag of `eyeful serve`.

    Attributes:
        queue_size: images that may be in the server at once; beyond it 503.
        batch_timeout: seconds to wait for a batch to fill; 0: go as soon as the engine is free.
        deadline: seconds from a request's last byte to its answer; beyond it 504.
        max_body: bytes of one request; beyond it 413.
        max_pending: bytes that the bodies of all requests in the server may have together; beyond it 503.
        max_files: images in one request; as many as the queue takes, if that is less.
        receive_timeout: seconds for a request's headers to arrive, and then for its body.
        drain: seconds for which a server that was asked to stop still answers, not ready, before it closes.
        allow_urls: whether a request may name images by URL, for the server to fetch.
        token: what clients must show; None: nothing.
        cors: origins whose pages may call; none by default.
        page: whether the web page is at /page.
    """

    queue_size: int = 64
    batch_timeout: float = 0.0
    deadline: float = 30.0
    max_body: int = 20 << 20
    max_pending: int = 256 << 20
    max_files: int = 32
    receive_timeout: float = 10.0
    drain: float = 1.0
    allow_urls: bool = False
    token: str | None = None
    cors: tuple[str, ...] = ()
    page: bool = False

    def __post_init__(self) -> None:
        for name in ("queue_size", "deadline", "max_body", "max_pending", "max_files", "receive_timeout"):
            if getattr(self, name) <= 0:
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)} is not above 0")
        if self.max_pending < self.max_body:
            raise UsageError("--max-pending is less than --max-body: no request of that size would ever be let in")
        if self.batch_timeout < 0 or self.drain < 0:
            raise UsageError("--batch-timeout and --drain are not below 0")
        if self.page and self.token:
            raise UsageError(
                "--page does not go with a token: a browser cannot show it; put a proxy with a login in front"
            )

    def allow(self, images: int) -> None:
        """Let a request have so many images.

        Raises:
            TooLargeError: they are too many.
        """
        most = min(self.max_files, self.queue_size)
        if images > most:
            raise TooLargeError(f"more than {most} images in one request")
