"""What cannot be taught, told before an image is decoded."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from eyeful.bundle import is_bundle
from eyeful.bundle.files import check_writable, sha256_of
from eyeful.errors import ImageError, UsageError
from eyeful.filenames import printable
from eyeful.prepare import refuse_to_replace
from eyeful.sources import Sized
from eyeful.teaching.label_of import seen_of
from eyeful.types import NONE_OF_THESE, Item

_BLANKS = re.compile(r"[\s_.-]+")
"""What stands between words in names of folders."""


def check_labels(images_of: Mapping[str, int], fewest: int) -> None:
    """See that the labels can be told apart, and have enough images.

    Args:
        images_of: how many images each label has.
        fewest: images that each needs.

    Raises:
        UsageError: they cannot, or have not.
    """
    reserved = next((label for label in images_of if seen_of(_BLANKS.sub(" ", label)) == NONE_OF_THESE), None)
    if reserved is not None:
        raise UsageError(
            f"a label cannot be called {printable(reserved)!r}: that is the answer to images that are like "
            "none of the labels; show it such images with --outsiders"
        )
    if len(images_of) < 2:
        only = "".join(map(printable, images_of))
        raise UsageError(f"to teach takes two labels or more, and there is one: {only}")
    few = [f"{printable(label)} has {number}" for label, number in images_of.items() if number < fewest]
    if few:
        more = f" and {len(few) - 5} more labels" if len(few) > 5 else ""
        raise UsageError(
            f"a label needs {fewest} images, better 20: {', '.join(few[:5])}{more}; add images, or leave it out"
        )


def check_images(items: Sequence[Item], label_N: Sequence[int], labels: Sequence[str]) -> None:
    """See that no file lies under two labels.

    Raises:
        UsageError: one does; the text names both places.
    """
    twins = _same_files(items, label_N)
    if twins:
        one, other = (f"{printable(items[n].filename)} ({printable(labels[label_N[n]])})" for n in twins[0])
        raise UsageError(
            f"one image under two labels, the same to the byte: {one} and {other}{_more(twins)}; leave it under "
            "one"
        )


def check_apart(taught: Sequence[Item], test: Sequence[Item]) -> None:
    """See that no file of a test is taught: it would be answered too well.

    Raises:
        UsageError: one is; the text names both places.
    """
    both = [*taught, *test]
    twins = _same_files(both, [0] * len(taught) + [1] * len(test))
    if twins:
        one, other = (printable(both[n].filename) for n in twins[0])
        raise UsageError(
            f"an image of the test is taught, the same to the byte: {other} is {one}{_more(twins)}; a test is of "
            "images that are not taught"
        )


def _same_files(items: Sequence[Item], group_N: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of places in two groups whose files are equal, one for each content. Only equal lengths are read."""
    by_size: dict[int, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if size := _size_of(item):
            by_size[size].append(place)
    found = []
    for places in by_size.values():
        if len({group_N[place] for place in places}) < 2:
            continue
        by_digest: dict[str, list[int]] = defaultdict(list)
        for place in places:
            if digest := _digest_of(items[place]):
                by_digest[digest].append(place)
        for first, *others in by_digest.values():
            found += [(first, other) for other in others if group_N[other] != group_N[first]][:1]
    return sorted(found)


def _more(twins: Sequence[object]) -> str:
    number = len(twins) - 1
    return f", and {number:,} more such {'pair' if number == 1 else 'pairs'}" if number else ""


def check_output(output: str | Path, roots: Sequence[str], *, overwrite: bool) -> Path:
    """Where a taught model can be written, before anything is opened.

    Args:
        output: the bundle's folder.
        roots: the folders that are searched for images.
        overwrite: a bundle that is there may be replaced.

    Raises:
        UsageError: something is there; or it lies among the images, or they in it.
        OutputError: nothing can be written there.
    """
    folder = Path(output)
    real = folder.resolve()
    for root in (Path(one) for one in roots):
        if root.is_dir() and (root.resolve() == real or root.resolve() in real.parents):
            raise UsageError(
                f"-o {printable(str(output))} lies in {printable(str(root))}, among the images: name a folder "
                "beside it"
            )
        if real in root.resolve().parents:
            raise UsageError(
                f"-o {printable(str(output))} holds the images ({printable(str(root))}): name a new folder"
            )
    if folder.is_dir() and is_bundle(folder) and not overwrite:
        raise UsageError(f"{printable(str(output))} exists already: --overwrite replaces it")
    refuse_to_replace(folder)
    check_writable(real)
    return folder


def check_report(report: Path, folder: Path, *, overwrite: bool) -> None:
    """See that a report can be written, before anything is opened.

    Args:
        report: the HTML file.
        folder: of the bundle, which holds nothing else.
        overwrite: a report that is there may be replaced.

    Raises:
        UsageError: it is there, is a folder, or lies in the bundle.
        OutputError: nothing can be written there.
    """
    name = printable(str(report))
    if report.is_dir():
        raise UsageError(f"--report {name} is a folder; name a file: --report {name}/report.html")
    if folder.resolve() in report.resolve().parents:
        raise UsageError(f"--report {name} lies in the model's folder, which holds nothing else")
    if report.exists() and not overwrite:
        raise UsageError(f"{name} exists already: --overwrite replaces it, --report FILE names another")
    check_writable(report)


def _size_of(item: Item) -> int | None:
    """Bytes of an encoded image; None where they are not known without fetching it."""
    content = item.content
    if isinstance(content, Path):
        with suppress(OSError, ValueError):
            return content.stat().st_size
    if isinstance(content, bytes):
        return len(content)
    return content.size if isinstance(content, Sized) else None


def _digest_of(item: Item) -> str | None:
    content = item.content
    with suppress(OSError, ImageError):
        if isinstance(content, Path):
            return sha256_of(content)
        if isinstance(content, bytes):
            return sha256(content).hexdigest()
        if isinstance(content, Sized):
            return sha256(content.read()).hexdigest()
    return None
