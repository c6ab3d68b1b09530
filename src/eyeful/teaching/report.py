"""The report of teaching: one self-contained HTML page, the evaluation's with what was taught in front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from eyeful.bundle.files import check_writable, write_output
from eyeful.evaluation.report import render
from eyeful.evaluation.thumbnails import EXAMPLES, shown_filenames, thumbnails
from eyeful.filenames import portable_name
from eyeful.teaching import summary

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.images import Limits
    from eyeful.teaching.labelled import Labelled
    from eyeful.teaching.result import Taught
    from eyeful.types import Item

LABELS, SAMPLES = 24, 4
"""Labels whose images are shown, and how many of each."""
_TEST_PAIRS, _TEST_CLASSES = 8, 12


def write_report(
    taught: Taught,
    labelled: Labelled,
    path: Path,
    test_items: Iterable[Item] = (),
    limits: Limits | None = None,
) -> None:
    """Write the page whole, or leave what was there.

    Its size does not grow with the number of images: it shows at most 300 of them, which are opened again.

    Args:
        taught: what was found.
        labelled: what it was taught from.
        path: the .html file.
        test_items: the images of the test.
        limits: what one image may cost.

    Raises:
        OutputError: the page cannot be written.
    """
    check_writable(path)
    found = taught.cross_validated.to_dict()
    samples = samples_of(labelled)
    own = shown_filenames(found) | {name for names in samples.values() for name in names}
    jpegs = thumbnails(labelled.items, own, limits)
    test = None if taught.test is None else taught.test.to_dict()
    if test is not None:
        test["confusions"] = test["confusions"][:_TEST_PAIRS]
        jpegs |= thumbnails(
            test_items, {name for one in test["confusions"] for name in one["examples"][:EXAMPLES]}, limits
        )
    write_output(path, page_of(taught, found, test, samples, jpegs))


def page_of(
    taught: Taught,
    found: Mapping[str, Any],
    test: Mapping[str, Any] | None,
    samples: Mapping[str, list[str]],
    jpegs: Mapping[str, bytes],
) -> str:
    """The page's text.

    Args:
        taught: what was found.
        found: its cross-validated evaluation, as a dict.
        test: that of the test; None without one.
        samples: filenames of a few images of the first labels.
        jpegs: small images by filename.
    """
    return render(
        found,
        jpegs,
        "taught.html",
        "eyeful.teaching",
        taught=taught,
        says=summary,
        best=taught.manifest["accuracy"] if test is None else test["top1"],
        accuracy=taught.manifest["accuracy"],
        test=test,
        test_classes=[] if test is None else test["classes"][:_TEST_CLASSES],
        samples=samples,
        reasons={summary.reason_label(reason): number for reason, number in taught.left_out.items()},
    )


def samples_of(labelled: Labelled) -> dict[str, list[str]]:
    """A few filenames of the first labels, from all over their images."""
    names: dict[str, list[str]] = {label: [] for label in labelled.labels}
    for item, place in zip(labelled.items, labelled.label_N, strict=True):
        names[labelled.labels[place]].append(portable_name(item.filename)[0])
    return {label: _spread(found) for label, found in list(names.items())[:LABELS]}


def _spread(names: list[str]) -> list[str]:
    number = min(SAMPLES, len(names))
    return [names[place * len(names) // number] for place in range(number)]
