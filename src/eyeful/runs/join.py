"""Whether all parts of a divided run are there, each once, and of one kind."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eyeful.errors import OutputError, UsageError
from eyeful.runs.share import DONE, RECORD, SUCCESS
from eyeful.shards.ahead import read_ahead
from eyeful.shards.parts import listed, open_part, part_counts, part_record

if TYPE_CHECKING:
    from eyeful.shards import Storage

_SAME = "name the same inputs for every shard, and a new folder for others"


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
    ended = _ended(storage, names)
    total = ended["shards"]
    missing = [number for number in range(total) if number not in found]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UsageError(
            f"{storage.place} is not complete: part {missing[0]}{more} of {total} is missing; the same command "
            "with --resume makes it"
        )
    doubled = next((number for number, parts in sorted(found.items()) if len(parts) > 1 or number >= total), None)
    parts = tuple(found[number][0] for number in range(total))
    if doubled is not None:
        raise UsageError(
            f"{storage.place} holds parts of different inputs: {', '.join(sorted(found[doubled])[:2])}; {_SAME}"
        )
    if hashlib.sha256("".join(parts).encode()).hexdigest() != ended["inputs"]:
        raise UsageError(f"{storage.place} holds parts of other inputs than those of its run; {_SAME}")
    rows, errors = _checked(storage, parts)
    if SUCCESS not in names:
        storage.write(SUCCESS, (json.dumps(ended | {"rows": rows}, indent=1) + "\n").encode())
    return Whole(parts, rows, errors)


def _checked(storage: Storage, parts: tuple[str, ...]) -> tuple[int, int]:
    """Read every part, and see that all were made alike: rows, and errors among them."""
    record = _json(storage, RECORD)
    if "fingerprint" not in record:
        raise _damaged(storage, RECORD)
    rows = errors = 0
    for part, table in read_ahead(open_part, storage, parts):
        if part_record(table).get("fingerprint") != record.get("fingerprint"):
            raise UsageError(
                f"{part} in {storage.place} was made by another model or other settings than the rest: delete it, "
                "and --resume makes it again"
            )
        counts = part_counts(table)
        rows, errors = rows + counts["rows"], errors + sum(counts["errors"].values())
    return rows, errors


def _ended(storage: Storage, names: list[str]) -> dict[str, Any]:
    """How many shards there are, and a digest of all their inputs, as those say who have ended."""
    if SUCCESS in names:
        return _end(storage, SUCCESS)
    shares = [match for name in sorted(names) if (match := DONE.fullmatch(name))]
    if not shares:
        raise UsageError(
            f"{storage.place} holds no run that has ended: eyeful predict ... -o {storage.place} --resume"
        )
    of = max(int(match[2]) for match in shares)
    lacking = sorted(set(range(1, of + 1)) - {int(match[1]) for match in shares if int(match[2]) == of})
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise UsageError(f"{storage.place} is not complete: --shard {lacking[0]}/{of}{more} has not ended")
    first, *others = (_end(storage, match[0]) for match in shares)
    for other, share in zip(others, shares[1:], strict=True):
        if other != first:
            raise UsageError(
                f"{storage.place} holds parts of different inputs: {first['shards']} shards for --shard "
                f"{shares[0][1]}/{of}, {other['shards']}, or others, for {share[1]}/{share[2]}; {_SAME}"
            )
    return first


def _end(storage: Storage, name: str) -> dict[str, Any]:
    found = _json(storage, name)
    ended = {key: found.get(key) for key in ("shards", "inputs")}
    if not (isinstance(ended["shards"], int) and ended["shards"] > 0 and isinstance(ended["inputs"], str)):
        raise _damaged(storage, name)
    return ended


def _json(storage: Storage, name: str) -> dict[str, Any]:
    try:
        found = json.loads(storage.read(name) or b"")
    except ValueError as error:
        raise _damaged(storage, name) from error
    return found if isinstance(found, dict) else {}


def _damaged(storage: Storage, name: str) -> OutputError:
    remedy = "--overwrite starts anew" if name == RECORD else "the same command with --resume makes it anew"
    return OutputError(f"{name} in {storage.place} is damaged or missing: {remedy}")
