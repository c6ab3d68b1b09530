"""What lies at one level of a bucket, in the order of its keys; of S3 a page at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eyeful.sources.deadline import Deadline

LIST_TIMEOUT = 300.0
"""Seconds for listing one level; of S3, for one page of a thousand keys."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object or a folder."""

    name: str
    is_folder: bool

    @property
    def key(self) -> str:
        """What it is sorted by: S3's own order, in which a folder ends with a slash."""
        return f"{self.name}/" if self.is_folder else self.name


def level(filesystem: Any, folder: str) -> Iterator[Entry]:
    """The entries of a folder in a bucket, in the order of their keys.

    Args:
        filesystem: fsspec's.
        folder: its path there.

    Raises:
        TimeoutError: no answer in time.
        Exception: what the bucket's library raises.
    """
    if _lists_in_order(filesystem, folder):
        yield from _pages(filesystem, folder)
        return
    listed = Deadline(LIST_TIMEOUT).call(filesystem.ls, folder, detail=True)
    entries = [Entry(str(entry["name"]), entry["type"] == "directory") for entry in listed]
    del listed  # it is many times as large
    yield from sorted(entries, key=lambda entry: entry.key)


def is_folder(filesystem: Any, path: str) -> bool:
    """Whether something lies below a path. S3's library would list all of it.

    Raises:
        Exception: what the bucket's library raises.
    """
    if not (_lists_in_order(filesystem, path) and "/" in path.rstrip("/")):
        return bool(filesystem.isdir(path))
    try:
        page = filesystem.call_s3("list_objects_v2", **_asked(filesystem, path), MaxKeys=1)
    except FileNotFoundError:
        return False
    return bool(page.get("CommonPrefixes") or page.get("Contents"))


def _lists_in_order(filesystem: Any, folder: str) -> bool:
    """Whether it is S3, which sorts keys; its directory buckets do not, and old versions have other names."""
    bucket = folder.partition("/")[0]
    return (
        hasattr(filesystem, "call_s3")
        and bool(bucket)
        and not bucket.endswith("--x-s3")
        and not filesystem.version_aware
    )


def _pages(filesystem: Any, folder: str) -> Iterator[Entry]:
    asked = _asked(filesystem, folder)
    bucket = asked["Bucket"]
    while True:
        page = Deadline(LIST_TIMEOUT).call(filesystem.call_s3, "list_objects_v2", **asked)
        entries = [
            Entry(f"{bucket}/{found['Prefix'][:-1]}", is_folder=True) for found in page.get("CommonPrefixes", ())
        ]
        entries += [Entry(f"{bucket}/{found['Key']}", is_folder=False) for found in page.get("Contents", ())]
        yield from sorted(entries, key=lambda entry: entry.key)
        if not page.get("IsTruncated"):
            return
        asked["ContinuationToken"] = page["NextContinuationToken"]


def _asked(filesystem: Any, folder: str) -> dict[str, Any]:
    bucket, _, prefix = folder.rstrip("/").partition("/")
    return {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else "", "Delimiter": "/", **filesystem.req_kw}
