"""Where outputs may go: nowhere that destroys an input or another output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_places(
    inputs: list[str],
    *,
    output: str | None = None,
    report: Path | None = None,
    figures: Path | None = None,
    overwrite: bool = False,
) -> None:
    """See that outputs destroy neither inputs nor each other, and do not become inputs.

    Args:
        inputs: what is to be classified, as it was typed.
        output: the file or folder of rows; what it holds is its sink's to check.
        report: the .html file.
        figures: the folder of figures.
        overwrite: a report and figures that exist may be replaced.

    Raises:
        UsageError: they would, or one exists already.
    """
    places = [_real(path) for path in (output, report, figures) if path is not None]
    images = [_real(one) for one in inputs if one != "-" and "://" not in one]
    for place in places:
        if place in images and not place.is_dir():
            raise UsageError(f"{place} is an input; name another file for the output")
    if places and any(_leads_to(name, places) for name in _matched(inputs)):
        raise UsageError(
            "a pattern among the inputs matches the output: write it elsewhere, or narrow the pattern"
        )
    if len(set(places)) < len(places):
        raise UsageError("two outputs have the same name")
    if report is not None:
        _check_report(report, overwrite)
    if figures is not None:
        if any(folder == _real(figures) or folder in _real(figures).parents for folder in images):
            raise UsageError(f"{figures} lies in a folder of images, so the figures would be classified too")
        if figures.exists() and not overwrite and (not figures.is_dir() or any(figures.iterdir())):
            raise UsageError(f"{figures} exists already: --overwrite writes into it")


def _check_report(report: Path, overwrite: bool) -> None:
    if report.is_dir():
        raise UsageError(f"{report} is a folder: --report names an .html file")
    if report.suffix.lower() not in {".html", ".htm"}:  # never an image that was meant as an input
        raise UsageError(f"--report names an .html file, not {report}")
    if report.exists() and not overwrite:
        raise UsageError(f"{report} exists already: --overwrite replaces it")


def _matched(inputs: list[str]) -> Iterator[Path]:
    """What the patterns among the inputs stand for."""
    from eyeful.sources import names_of

    return (Path(name) for one in inputs if "://" not in one for name in names_of(one) if name != one)


def _leads_to(path: Path, places: list[Path]) -> bool:
    """Whether a path is one of these; most cannot be by their last part, and are not looked up any further."""
    may_be = path.name in ("", "..", *(place.name for place in places)) or path.is_symlink()
    return may_be and _real(path) in places


def _real(path: str | Path) -> Path:
    """Where a path leads; as far as it does, if it leads nowhere or in circles."""
    return Path(os.path.realpath(os.fspath(path).replace("\0", "")))
