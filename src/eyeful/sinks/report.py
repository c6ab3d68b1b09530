"""The report: one self-contained HTML page that opens without a network, of 9 images or of 2 million.

Its counts are of every row; its images are all of a small run, and of a larger one those that need a look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from eyeful.bundle.files import check_writable, write_output
from eyeful.sinks.html import file_uri, html_environment
from eyeful.sinks.report_cards import OF_A_KIND, Card, Selection
from eyeful.sinks.report_counts import ReportCounts, bin_of, warning_code

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from eyeful.types import Prediction

_LABELS = 1000
"""Labels that are counted by name; so many of ImageNet are all of them."""


class ReportSink:
    """Counts every row, holds the images that a page shows, and writes the page when the run ends.

    Of a run that is stopped, the page says so; one that is stopped before its first row leaves what was there.
    Memory does not grow with the run, and the file is at most about 8 MB.

    Args:
        path: the .html file.
        manifest: what the page says of the model.
    """

    wants_thumbnails = True

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self._path = path
        self._manifest = manifest
        self._counts = ReportCounts()
        self._selection = Selection()

    def __enter__(self) -> Self:
        check_writable(self._path)  # what cannot be written is told before the run, not after it
        return self

    def append(self, prediction: Prediction) -> None:
        """Count one row, and hold its image if the page may show it."""
        self._counts.add(prediction)
        self._selection.offer(prediction)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._counts.inputs:
            return
        page = _render(self._counts, self._selection, self._manifest, stopped=error is not None)
        write_output(self._path, page)


def _render(counts: ReportCounts, selection: Selection, manifest: dict[str, Any], *, stopped: bool) -> str:
    environment = html_environment()
    cards = selection.cards()
    environment.filters |= {
        "warning_code": warning_code,
        "bin": bin_of,
        "jpeg": lambda card: file_uri("JPEG", card.thumbnail(len(cards))),
    }
    labels = sorted(counts.labels.items(), key=lambda entry: (-entry[1], entry[0][1]))
    return environment.get_template("report.html").render(
        cards=cards,
        counts=counts,
        labels=labels[:_LABELS],
        more_labels=len(labels[_LABELS:]),
        groups=sorted(counts.groups.items(), key=lambda entry: (-entry[1], entry[0][1])),
        chosen=_chosen(counts, cards),
        stopped=stopped,
        manifest=manifest,
    )


def _chosen(counts: ReportCounts, cards: list[Card]) -> str:
    """What the images that need a look are, in the order in which they were chosen."""
    oks = [card.prediction.ok for card in cards if not card.sampled]
    answers, errors = oks.count(True), oks.count(False)
    firsts = sum(min(count, OF_A_KIND) for count in counts.errors.values())
    parts = []
    if errors:
        whole = errors == counts.errors.total()
        parts.append("all errors" if whole else f"the first {OF_A_KIND} of each kind of error")
    if answers:
        parts.append("all answers" if answers == counts.predicted else "the least probable answers")
    if firsts < errors < counts.errors.total():
        parts.append("more errors")
    return ", then ".join(parts)
