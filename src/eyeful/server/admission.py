"""Who is let in: images in the server, and bytes of the requests that bring them."""

from collections.abc import Callable

from eyeful.server.errors import OverloadedError


class Admission:
    """Counts what is in the server; used on its event loop only.

    A request takes a place for one image before its body is read. When the body is there, its images take theirs
    in a model's queue and the place is given back, so that requests which are still arriving and images that are
    waiting together never outnumber the queue.

    Args:
        queue_size: images that may be in the server at once.
        max_pending: bytes that the bodies of all requests in the server may have.
        queued: the images in the queue that has the fewest.
    """

    def __init__(self, queue_size: int, max_pending: int, queued: Callable[[], int]) -> None:
        self._queue_size = queue_size
        self._max_pending = max_pending
        self._queued = queued
        self.arriving = 0
        self.pending = 0

    def reserve(self, length: int) -> "Reservation":
        """A place, and so many bytes.

        Raises:
            OverloadedError: one of them is not to be had now.
        """
        if self._queued() + self.arriving >= self._queue_size:
            raise OverloadedError
        return Reservation(self, length)

    def take(self, length: int) -> None:
        """Count bytes in.

        Raises:
            OverloadedError: they would be too many.
        """
        if self.pending + length > self._max_pending:
            raise OverloadedError
        self.pending += length


class Reservation:
    """What one request has: a place until its body is there, its bytes until it is answered.

    Raises:
        OverloadedError: its bytes would be too many.
    """

    def __init__(self, admission: Admission, length: int) -> None:
        self._admission = admission
        self._length = 0
        self._arriving = False
        self.cover(length)
        self._arriving = True
        admission.arriving += 1

    def cover(self, length: int) -> None:
        """Reserve more, if the body is longer than was reserved: chunked, or packed.

        Raises:
            OverloadedError: they would be too many.
        """
        if length > self._length:
            self._admission.take(length - self._length)
            self._length = length

    def arrived(self) -> None:
        """The body is there: its images take places of their own."""
        self._admission.arriving -= self._arriving
        self._arriving = False

    def release(self) -> None:
        """The request is answered."""
        self.arrived()
        self._admission.pending -= self._length
        self._length = 0
