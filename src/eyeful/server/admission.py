"""Who is let in: by the queue, and by the bytes that the bodies of all requests have."""

from collections.abc import Callable

from eyeful.server.errors import OverloadedError


class Admission:
    """Counts the bytes of the requests that are in the server; used on its event loop only.

    A request is refused by its headers when the queue is full or its declared length does not fit. Bytes are
    counted as they arrive, not as they are declared, and a place in the queue is taken when a body is complete:
    otherwise a few clients that declare much and send nothing would keep all others out until their deadline.

    Args:
        max_pending: bytes that all bodies in the server may have together.
        is_full: whether the queue takes no image now.
    """

    def __init__(self, max_pending: int, is_full: Callable[[], bool]) -> None:
        self._max_pending = max_pending
        self._is_full = is_full
        self.pending = 0

    def admit(self, declared: int) -> "Reservation":
        """Let a request in, with nothing counted yet.

        Args:
            declared: bytes that its body is said to have; 0 if that is not known.

        Raises:
            OverloadedError: the queue is full, or so many bytes do not fit now.
        """
        if self._is_full() or self.pending + declared > self._max_pending:
            raise OverloadedError
        return Reservation(self)

    def count(self, length: int) -> None:
        """Count bytes in, or out again if negative.

        Raises:
            OverloadedError: they do not fit.
        """
        if length > 0 and self.pending + length > self._max_pending:
            raise OverloadedError
        self.pending += length


class Reservation:
    """The bytes of one request, from their arrival until it is answered."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._length = 0

    def cover(self, length: int) -> None:
        """Count a body that has so many bytes by now.

        Raises:
            OverloadedError: they do not fit.
        """
        self._admission.count(length - self._length)
        self._length = length

    def release(self) -> None:
        """The request is answered."""
        self._admission.count(-self._length)
        self._length = 0
