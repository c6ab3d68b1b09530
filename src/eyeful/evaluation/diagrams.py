"""Two diagrams, for pages and notebooks: whether probabilities hold, and what answering only when sure gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eyeful.evaluation import svg
from eyeful.evaluation.metrics import share_of
from eyeful.evaluation.svg import BAR, INK, LINE, REST, SOFT, Point
from eyeful.wording import counted_percent, percent

if TYPE_CHECKING:
    from eyeful.evaluation.metrics import Answered, Bin

_SIZE = (470, 370)
_LEFT, _RIGHT, _TOP = 62, 448, 10
_COUNTS = (268, 324)
"""From where to where the counts of images go, under the reliability diagram."""
_STEPS = {0.9: 5, 0.8: 4, 0.6: 4, 0.4: 3, 0.2: 4, 0.0: 5}
"""Where an axis of shares may begin, and in how many steps it goes to 1."""
_NAMED = (0.8, 0.5, 0.9)
"""Thresholds that the curve names, the first where there is no space for all."""
_APART = 70
"""Pixels between two of its names."""
_OVER = 'class="over"'
"""Of text with a rim in the colour of the page, so that it can be read over other shapes."""
_SPACE = 0.18
"""How much of its height the curve leaves below, for the names."""


@dataclass(frozen=True, slots=True)
class _Plot:
    """Axes: 0 to 1 to the right, `base` to 1 upwards; `bottom` in pixels."""

    base: float
    bottom: float

    def at(self, x: float, y: float) -> Point:
        height = (y - self.base) / (1 - self.base) * (self.bottom - _TOP)
        return _LEFT + x * (_RIGHT - _LEFT), self.bottom - height

    def grid(self, title: str) -> Iterator[str]:
        steps = _STEPS[self.base]
        for number in range(steps + 1):
            value = self.base + (1 - self.base) * number / steps
            x, y = self.at(0, value)
            yield svg.line([(x, y), self.at(1, value)], LINE)
            yield svg.text((x - 7, y + 4.5), f"{value:.0%}", SOFT, "end")
        middle = (_TOP + self.bottom) / 2
        yield svg.text((12, middle), title, SOFT, "middle", f'transform="rotate(-90 12 {middle:g})"')


def reliability_diagram(bins: Sequence[Bin]) -> str:
    """SVG: how often answers are right, by their probability, and how many images that is known from.

    A dot stands at a bin's mean probability and share of right answers, its line is the 95 % interval, and the
    dashed diagonal is where the dots of a model lie whose probabilities hold.
    """
    plot = _Plot(0.0, 250)
    most = max((one.images for one in bins), default=0)
    known = ((one, one.prob, one.right) for one in bins if one.prob is not None and one.right is not None)
    parts = [
        *plot.grid("share that is right"),
        svg.line([plot.at(0, 0), plot.at(1, 1)], SOFT, "stroke-width:1.5;stroke-dasharray:5 4"),
        *(svg.group(_said(one, right), _bin(plot, one, (prob, right), most)) for one, prob, right in known),
        svg.text((_LEFT + 10, _TOP + 18), "probabilities too low", INK, attributes=_OVER),
        svg.text((_RIGHT - 8, plot.bottom - 10), "probabilities too high", INK, "end", _OVER),
        svg.line([(_LEFT, _COUNTS[1]), (_RIGHT, _COUNTS[1])], LINE),
        *_axis(_COUNTS[1], "its probability, and how many images had it"),
    ]
    return svg.svg("Reliability diagram", _SIZE, parts)


def _bin(plot: _Plot, one: Bin, dot: tuple[float, float], most: int) -> Iterator[str]:
    prob, right = dot
    interval = share_of(round(right * one.images), one.images)
    left, top = plot.at(one.low, right)
    width = plot.at(one.high, 0)[0] - left - 3
    yield svg.box((left + 1.5, top), (width, plot.bottom - top), BAR, 0.22)
    yield svg.line([plot.at(prob, interval.low), plot.at(prob, interval.high)], BAR, "stroke-width:2")
    yield svg.dot(plot.at(prob, right), BAR)
    height = max(1.5, (_COUNTS[1] - _COUNTS[0] - 14) * one.images / most)
    top = _COUNTS[1] - height
    yield svg.box((left + 1.5, top), (width, height), REST)
    count = (left + 1.5 + width / 2, top - 3)
    yield svg.text(count, _short(one.images), SOFT, "middle", 'class="count" font-size="10"')


def _said(one: Bin, right: float) -> str:
    count = f"{round(right * one.images):,} of {one.images:,} right"
    return f"{one.low:.0%} to {one.high:.0%}: {count} ({counted_percent(right)})"


def risk_coverage_curve(points: Sequence[Answered]) -> str:
    """SVG: the share that is right of the images answered, over the share that is answered, the surest first."""
    found = sorted((one for one in points if one.answered), key=lambda one: one.answered)
    curve = [(one.share, 1 - one.wrong / one.answered) for one in found]
    lowest = min((right for _, right in curve[len(curve) // 20 :]), default=0.0)  # the first are of few images
    base = next((start for start in _STEPS if lowest - start > _SPACE * (1 - start)), 0.0)
    plot = _Plot(base, 316)
    places = [plot.at(answered, max(base, right)) for answered, right in curve]
    parts = list(plot.grid("share right, of those answered"))
    if places:
        parts += [
            svg.area([(places[0][0], plot.bottom), *places, (places[-1][0], plot.bottom)], BAR, 0.16),
            svg.line(places, BAR, "stroke-width:2.5;stroke-linejoin:round"),
            *_names(found, places),
        ]
    parts += _axis(plot.bottom, "share of the images that it answers")
    return svg.svg("Right answers, if it only answers when sure", _SIZE, parts)


def _names(points: Sequence[Answered], places: Sequence[Point]) -> Iterator[str]:
    """The thresholds beside their points: all answers first, then those that nothing is in the way of."""
    taken: list[float] = []
    wanted = [(len(points) - 1, "all"), *((place_of(points, least), f"≥ {least:.0%}") for least in _NAMED)]
    for place, name in wanted:
        if place is None or any(abs(places[place][0] - other) < _APART for other in taken):
            continue
        (x, y), one = places[place], points[place]
        taken.append(x)
        title = f"{percent(one.prob)} or more: {one.answered:,} answered, {one.answered - one.wrong:,} right"
        yield svg.group(title, [svg.dot((x, y), BAR)])
        anchor, beside = ("start", x - 3) if x < _LEFT + 60 else ("end", x + 3)  # below a curve that falls
        yield svg.text((beside, y + 24), name, INK, anchor)
        right = counted_percent(1 - one.wrong / one.answered)
        yield svg.text((beside, y + 40), right, INK, anchor, 'font-weight="600"')


def place_of(points: Sequence[Answered], threshold: float) -> int | None:
    """Which point of a curve answers most, of those with at least so high a threshold; None where none does."""
    reached = [place for place, one in enumerate(points) if one.answered and one.prob >= threshold]
    return max(reached, key=lambda place: points[place].answered, default=None)


def _axis(bottom: float, title: str) -> Iterator[str]:
    for number in range(6):
        x = _LEFT + number / 5 * (_RIGHT - _LEFT)
        yield svg.text((x, bottom + 18), f"{number / 5:.0%}", SOFT, "middle")
    yield svg.text(((_LEFT + _RIGHT) / 2, bottom + 38), title, SOFT, "middle")


def _short(number: int) -> str:
    """A count in four characters: 812, 1k, 56k, 1M."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit - unit // 2000:
            return f"{number / unit:.0f}{name}"
    return str(number)
