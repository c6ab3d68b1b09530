"""Whether all parts of a divided run are there, each once, and of one kind."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eyeful.errors import OutputError, UsageError
from eyeful.runs.parts import RECORD, SUCCESS
from eyeful.shards.parts import listed, open_part, part_counts, part_record

if TYPE_CHECKING:
    from eyeful.shards import Storage

_SHARE = re.compile(r"_SHARD-(\d+)-of-(\d+)")


@dataclass(frozen=True, slots=True)
class Whole:
    """What a complete run holds.

    Attributes:
        parts: their names, in order.
        rows: in all of them.
        errors: rows without an answer.
    """

    parts: tuple[str, ...]
    rows: int
    errors: int


def check_complete(storage: Storage) -> Whole:
    """See that every shard has its one part, all made alike; then note so beside them.

    Raises:
        UsageError: something is missing, or there twice.
        OutputError: something cannot be read.
    """
    names = storage.names()
    found = listed(names)
    total = _total(storage, names)
    missing = [number for number in range(total) if number not in found]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UsageError(
            f"{storage.place} is not complete: part {missing[0]}{more} of {total} is missing; run again"
        )
    doubled = next((number for number, parts in found.items() if len(parts) > 1 or number >= total), None)
    if doubled is not None:
        raise UsageError(
            f"{storage.place} holds parts of different inputs: {', '.join(sorted(found[doubled])[:2])}; the same "
            "inputs must be named for every shard"
        )
    record = _json(storage, RECORD)
    rows = errors = 0
    parts = tuple(found[number][0] for number in range(total))
    for part in parts:
        table = open_part(storage, part)
        if part_record(table).get("fingerprint") != record.get("fingerprint"):
            raise UsageError(
                f"{part} in {storage.place} was made by another model or other settings than the rest"
            )
        counts = part_counts(table)
        rows, errors = rows + counts["rows"], errors + sum(counts["errors"].values())
    if SUCCESS not in names:
        storage.write(SUCCESS, json.dumps({"shards": total, "rows": rows}).encode())
    return Whole(parts, rows, errors)


def _total(storage: Storage, names: list[str]) -> int:
    """How many shards there are, as those say who have ended."""
    if SUCCESS in names:
        return int(_json(storage, SUCCESS)["shards"])
    shares = [match for name in names if (match := _SHARE.fullmatch(name))]
    if not shares:
        raise UsageError(
            f"{storage.place} holds no run that has ended: eyeful predict ... -o {storage.place} --resume"
        )
    of = int(shares[0][2])
    lacking = sorted(set(range(1, of + 1)) - {int(match[1]) for match in shares})
    if lacking:
        raise UsageError(f"{storage.place} is not complete: --shard {lacking[0]}/{of} has not ended")
    totals = {int(_json(storage, match[0])["shards"]) for match in shares}
    if len(totals) > 1:
        raise UsageError(
            f"{storage.place} holds parts of different inputs: {min(totals)} shards for one process, "
            f"{max(totals)} for another; the same inputs must be named for every shard"
        )
    return totals.pop()


def _json(storage: Storage, name: str) -> dict[str, Any]:
    try:
        found = json.loads(storage.read(name) or b"")
    except ValueError as error:
        raise OutputError(f"{name} in {storage.place} is damaged or missing") from error
    return found if isinstance(found, dict) else {}
