"""Two diagrams as SVG, for pages and notebooks: whether probabilities hold, and what answering only when sure gives.

Their colours are those of the page that they stand in, by the names in `sinks/templates/base.css`, or else those of
the light reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from eyeful.evaluation.metrics import share_of
from eyeful.wording import percent, share

if TYPE_CHECKING:
    from eyeful.evaluation.metrics import Answered, Bin

_INK, _SOFT, _LINE = "var(--ink,#1d2733)", "var(--soft,#5b6773)", "var(--line,#d9dfe4)"
_BAR, _REST = "var(--bar,#2a6f97)", "var(--rest,#b0c0cb)"
_WIDTH, _HEIGHT = 470, 370
_LEFT, _RIGHT, _TOP = 62, 448, 10
_BOTTOM, _ALONE = 250, 316
"""Where the plot ends: above the counts, or with nothing below but its axis."""
_STRIP = (268, 324)
_MARKS = (0.5, 0.8, 0.9)
"""Thresholds that the curve names."""
_STEPS = {0.9: 5, 0.8: 4, 0.6: 4, 0.4: 3, 0.2: 4, 0.0: 5}
"""Where the curve's axis may begin, and in how many steps it goes to 1."""
_APART = 70
"""Pixels between two of its names."""


def reliability_diagram(bins: Sequence[Bin]) -> str:
    """How often answers were right, by the probability they were given, and how many images that is known from.

    A dot stands at a bin's mean probability and share of right answers, its line is the 95 % interval, and the
    dashed diagonal is where the dots of a model lie whose probabilities hold.
    """
    most = max((one.images for one in bins), default=0)
    parts = [
        *_grid(0.0, _BOTTOM, "share that is right"),
        _line(_x(0), _y(0, 0, _BOTTOM), _x(1), _y(1, 0, _BOTTOM), _SOFT, "stroke-dasharray:5 4;stroke-width:1.5"),
        _text(_LEFT + 10, _TOP + 18, "probabilities too low", _INK),
        _text(_RIGHT - 8, _BOTTOM - 10, "probabilities too high", _INK, "end"),
    ]
    for one in bins:
        if one.images and one.prob is not None and one.right is not None:
            parts.append(f"<g><title>{_said(one)}</title>{''.join(_bin(one, one.prob, one.right, most))}</g>")
    parts += [
        _line(_LEFT, _STRIP[1], _RIGHT, _STRIP[1], _LINE),
        *_axis(_STRIP[1], "its probability, and how many images had it"),
    ]
    return _svg("Reliability diagram", parts)


def _bin(one: Bin, prob: float, right: float, most: int) -> Iterator[str]:
    interval = share_of(round(right * one.images), one.images)
    left, width = _x(one.low) + 1.5, _x(one.high) - _x(one.low) - 3
    top = _y(right, 0, _BOTTOM)
    yield _box(left, top, width, _BOTTOM - top, _BAR, "fill-opacity:.22")
    yield _line(
        _x(prob), _y(interval.low, 0, _BOTTOM), _x(prob), _y(interval.high, 0, _BOTTOM), _BAR, "stroke-width:2"
    )
    yield f'<circle cx="{_x(prob):.1f}" cy="{top:.1f}" r="4.5" style="fill:{_BAR}"/>'
    height = max(1.5, (_STRIP[1] - _STRIP[0] - 14) * one.images / most)
    yield _box(left, _STRIP[1] - height, width, height, _REST)
    yield _text(
        left + width / 2,
        _STRIP[1] - height - 3,
        _short(one.images),
        _SOFT,
        "middle",
        "",
        ' class="count" font-size="10"',
    )


def _said(one: Bin) -> str:
    right = round((one.right or 0) * one.images)
    return f"{one.low:.0%} to {one.high:.0%}: {right:,} of {one.images:,} right ({share(one.right or 0)})"


def risk_coverage_curve(points: Sequence[Answered]) -> str:
    """The share that is right of the images answered, over the share that is answered: the surest first."""
    found = sorted((one for one in points if one.answered), key=lambda one: one.answered)
    curve = [(one.share, 1 - one.wrong / one.answered) for one in found]
    lowest = min((right for _, right in curve[len(curve) // 20 :]), default=0.0)
    base = next((start for start in _STEPS if lowest - start > 0.18 * (1 - start)), 0.0)
    places = [(_x(answered), _y(max(base, right), base, _ALONE)) for answered, right in curve]
    parts = [*_grid(base, _ALONE, "share right, of those answered")]
    if places:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        area = f"{places[0][0]:.1f},{_ALONE} {line} {places[-1][0]:.1f},{_ALONE}"
        parts += [
            f'<polygon points="{area}" style="fill:{_BAR};fill-opacity:.16"/>',
            f'<polyline points="{line}" style="fill:none;stroke:{_BAR};stroke-width:2.5;stroke-linejoin:round"/>',
            *_named(found, places),
        ]
    parts += _axis(_ALONE, "share of the images that it answers")
    return _svg("Right answers, if it only answers when sure", parts)


def _named(points: Sequence[Answered], places: Sequence[tuple[float, float]]) -> Iterator[str]:
    """The thresholds' names beside their points: all answers first, the others where nothing is in the way."""
    taken: list[float] = []
    wanted = [(len(points) - 1, "all"), *((place_of(points, mark), f"≥ {mark:.0%}") for mark in _MARKS)]
    for place, name in wanted:
        if place is None or any(abs(places[place][0] - other) < _APART for other in taken):
            continue
        x, y = places[place]
        taken.append(x)
        one = points[place]
        title = f"{percent(one.prob)} or more: {one.answered:,} answered, {one.answered - one.wrong:,} right"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" style="fill:{_BAR}"><title>{title}</title></circle>'
        anchor, beside = ("start", x - 3) if x < _LEFT + 60 else ("end", x + 3)  # below a curve that falls
        for row, text in enumerate((name, share(1 - one.wrong / one.answered))):
            below = y + 24 + 16 * row if y < _ALONE - 44 else y - 25 + 16 * row
            weight = "font-weight:600" if row else ""
            yield _text(beside, below, text, _INK, anchor, weight)


def place_of(points: Sequence[Answered], threshold: float) -> int | None:
    """Which point of a curve answers most, of those with at least so high a threshold; None where none does."""
    reached = [place for place, one in enumerate(points) if one.answered and one.prob >= threshold]
    return max(reached, key=lambda place: points[place].answered, default=None)


def _x(value: float) -> float:
    return _LEFT + value * (_RIGHT - _LEFT)


def _y(value: float, base: float, bottom: float) -> float:
    return bottom - (value - base) / (1 - base) * (bottom - _TOP)


def _grid(base: float, bottom: float, title: str) -> Iterator[str]:
    steps = _STEPS[base]
    for number in range(steps + 1):
        value = base + (1 - base) * number / steps
        y = _y(value, base, bottom)
        yield _line(_LEFT, y, _RIGHT, y, _LINE)
        yield _text(_LEFT - 7, y + 4.5, f"{value:.0%}", _SOFT, "end")
    middle = (_TOP + bottom) / 2
    yield _text(12, middle, title, _SOFT, "middle", "", f' transform="rotate(-90 11 {middle:g})"')


def _axis(bottom: float, title: str) -> Iterator[str]:
    for number in range(6):
        yield _text(_x(number / 5), bottom + 18, f"{number / 5:.0%}", _SOFT, "middle")
    yield _text((_LEFT + _RIGHT) / 2, bottom + 38, title, _SOFT, "middle")


def _line(x: float, y: float, to_x: float, to_y: float, colour: str, style: str = "") -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" style="stroke:{colour};{style}"/>'


def _box(x: float, y: float, width: float, height: float, colour: str, style: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} rx="2" style="fill:{colour};{style}"/>'


def _text(
    x: float, y: float, text: str, colour: str, anchor: str = "start", style: str = "", more: str = ""
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="fill:{colour};stroke:none;{style}"{more}>'
        f"{text}</text>"
    )


def _short(number: int) -> str:
    """A count in four characters: 812, 1k, 56k, 1M."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit - unit // 2000:
            return f"{number / unit:.0f}{name}"
    return str(number)


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}" '
        f'font-family="system-ui,sans-serif" font-size="13">{"".join(parts)}</svg>'
    )
