"""What a run has delivered, in memory that outlives the process that carries it."""

import mmap
import struct

from eyeful.errors import ERROR_KINDS


class Journal:
    """Counts that a supervised process writes and its parent, or its successor, reads; see `cli.supervisor`.

    Its fields: `delivered`, the most rows that every output has had; `repeatable`, whether the inputs can be named
    once more; `anew`, whether a next process must make every row again, for outputs that show a whole run;
    `ended`, whether it was our own code that ended the process; `settled`, whether it was found out what runs, for
    which images may have to be opened; and the counts of the present process.

    Attributes:
        attempt: how many processes have carried this run before; 0 for the first.
    """

    _FIELDS = (
        "delivered",
        "repeatable",
        "anew",
        "ended",
        "settled",
        "rows",
        "predicted",
        "abstained",
        "grouped",
        "none_of_these",
        *ERROR_KINDS,
    )

    def __init__(self) -> None:
        self.attempt = 0
        self._format = f"{len(self._FIELDS)}q"
        self._memory = mmap.mmap(-1, struct.calcsize(self._format))
        self["repeatable"] = 1

    def __getitem__(self, field: str) -> int:
        place = self._FIELDS.index(field)
        return int(struct.unpack_from("q", self._memory, 8 * place)[0])

    def __setitem__(self, field: str, value: int) -> None:
        struct.pack_into("q", self._memory, 8 * self._FIELDS.index(field), value)

    def save(
        self, predicted: int, abstained: int, grouped: int, none_of_these: int, errors: dict[str, int]
    ) -> None:
        """Write the counts of the rows that every output has now."""
        rows = predicted + sum(errors.values())
        delivered = max(self["delivered"], rows)
        kinds = (errors.get(kind, 0) for kind in ERROR_KINDS)
        flags = (self["repeatable"], self["anew"], self["ended"], self["settled"])
        counts = (rows, predicted, abstained, grouped, none_of_these)
        struct.pack_into(self._format, self._memory, 0, delivered, *flags, *counts, *kinds)

    @property
    def errors(self) -> dict[str, int]:
        """Rows without an answer, by kind."""
        return {kind: count for kind in ERROR_KINDS if (count := self[kind])}
