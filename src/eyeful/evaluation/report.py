"""The report of an evaluation: one self-contained HTML page, of 9 images or of 2 million."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from eyeful.bundle.files import check_writable, write_output
from eyeful.evaluation import outcomes
from eyeful.evaluation import report_sentences as words
from eyeful.evaluation.confusions import CONFUSIONS, FEWEST
from eyeful.evaluation.diagrams import reliability_diagram, risk_coverage_curve
from eyeful.evaluation.metrics import Answered, Bin, share_of
from eyeful.evaluation.thumbnails import EXAMPLES, NONE, PAIRS, SUSPICIOUS, shown_filenames, thumbnails
from eyeful.sinks.html import file_uri, html_environment
from eyeful.wording import counted_percent, rate

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.images import Limits
    from eyeful.types import Item

_CLASSES, _UNMATCHED = 1000, 40
"""Rows of the table of classes, and folders without a label that are named."""


def write_report(
    evaluation: Mapping[str, Any], path: Path, items: Iterable[Item] = (), limits: Limits | None = None
) -> None:
    """Write the page whole, or leave what was there.

    Its size does not grow with the number of images: it shows at most 168 of them, which are opened again.

    Args:
        evaluation: `Evaluation.to_dict()`, or the same read from its JSON.
        path: the .html file.
        items: where the images are, by the filenames that were evaluated; without them the page shows their names.
        limits: what one image may cost.

    Raises:
        OutputError: the page cannot be written.
    """
    check_writable(path)
    found = thumbnails(items, shown_filenames(evaluation), limits)
    write_output(path, render(evaluation, found))


def render(
    evaluation: Mapping[str, Any],
    jpegs: Mapping[str, bytes],
    template: str = "evaluation.html",
    package: str = "eyeful.evaluation",
    **more: Any,
) -> str:
    """The page's text.

    Args:
        evaluation: as for `write_report`.
        jpegs: small images by filename; one that is missing has a placeholder.
        template: a page that extends the evaluation's.
        package: whose template that is.
        **more: what it shows besides.
    """
    bins = [Bin(**one) for one in evaluation["bins"]]
    curve = [Answered(**one) for one in evaluation["risk_coverage"]]
    environment = html_environment(package, "eyeful.evaluation")
    environment.filters |= {
        "share": counted_percent,
        "rate": rate,
        "of": share_of,
        "right": lambda point: share_of(point.answered - point.wrong, point.answered),
        "css": lambda value: f"{100 * value:.2f}%",
        "last": lambda name: name.replace("\\", "/").rstrip("/").rpartition("/")[2] or name,
    }
    environment.globals["words"] = words
    return environment.get_template(
        template
    ).render(
        it=evaluation,
        bins=bins,
        curve=curve,
        reliability=Markup(reliability_diagram(bins)),  # noqa: S704 - numbers only
        risk=Markup(risk_coverage_curve(curve)),  # noqa: S704
        sure=words.when_sure(curve),
        classes=evaluation["classes"][:_CLASSES],
        pairs=evaluation["confusions"][:PAIRS],
        missed=(evaluation["none_of_these"] or [])[:NONE],
        examples=EXAMPLES,
        suspicious=evaluation["suspicious"][:SUSPICIOUS],
        fewest=FEWEST,
        most_pairs=CONFUSIONS,
        most_suspicious=outcomes.SUSPICIOUS,
        unmatched=evaluation["unmatched"][:_UNMATCHED],
        uris={name: file_uri("JPEG", jpeg) for name, jpeg in jpegs.items()},
        **more,
    )
