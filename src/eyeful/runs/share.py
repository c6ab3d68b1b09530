"""Which shards of a run are made here, and the files beside the parts that say how far it came."""

import re
from dataclasses import dataclass

from eyeful.errors import UsageError

RECORD, SUCCESS = "_run.json", "_SUCCESS"
"""Files beside the parts: how they are made; that all are there. Readers of Parquet leave out names with `_`."""
DONE = re.compile(r"_SHARD-(\d+)-of-(\d+)")
"""What a share leaves that is made: its number, and of how many."""
BESIDE = re.compile(rf"{RECORD}|{SUCCESS}|_(?:SHARD|RUNNING)-\d+-of-(\d+)")
"""All files that may be beside the parts; those of a share say of how many."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which shards of a run are made here: every `of`-th, from the `number`-th on (from 1).

    Attributes:
        asked: it was asked for by number, as by a job array of one; such a run goes on with what is there.
    """

    number: int = 1
    of: int = 1
    asked: bool = False

    @staticmethod
    def parse(text: str) -> "Share":
        """`2/3` as a share.

        Raises:
            UsageError: it is none.
        """
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UsageError(f"--shard {text} is none; write 1/3, 2/3 or 3/3 for a third of the work")
        return Share(int(match[1]), int(match[2]), asked=True)

    def has(self, shard: int) -> bool:
        """Whether the shard of a number is among them."""
        return shard % self.of == self.number - 1

    @property
    def goes_on(self) -> bool:
        """Whether it adds to what is there, without being told to."""
        return self.of > 1 or self.asked

    @property
    def done(self) -> str:
        """The name of the file that says that all of them are made."""
        return SUCCESS if self.of == 1 else f"_SHARD-{self.number}-of-{self.of}"

    @property
    def running(self) -> str:
        """The name of the file that is there while they are made; and afterwards, when that ended in a crash."""
        return f"_RUNNING-{self.number}-of-{self.of}"


WHOLE = Share()
"""All of them."""
