"""The few shapes of SVG that diagrams are made of, in the colours of their page. Text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

Point = tuple[float, float]
"""(x, y) in the diagram's own pixels, y downwards."""

INK, SOFT, LINE = "var(--ink,#1d2733)", "var(--soft,#5b6773)", "var(--line,#d9dfe4)"
BAR, REST = "var(--bar,#2a6f97)", "var(--rest,#b0c0cb)"
"""By their names in `sinks/templates/base.css`; beside it, for a page that has none, those of a light report."""


def svg(title: str, size: Point, parts: Iterable[str]) -> str:
    """A whole diagram that scales with its page; `title` is for those who do not see it."""
    return (
        f'<svg viewBox="0 0 {size[0]:g} {size[1]:g}" role="img" aria-label="{escape(title)}" '
        f'font-family="system-ui,sans-serif" font-size="13">{"".join(parts)}</svg>'
    )


def group(title: str, parts: Iterable[str]) -> str:
    """Shapes that tell `title` to a pointer over them."""
    return f"<g><title>{escape(title)}</title>{''.join(parts)}</g>"


def line(points: Sequence[Point], colour: str, style: str = "stroke-width:1") -> str:
    """A line through points."""
    return f'<polyline points="{_places(points)}" style="fill:none;stroke:{colour};{style}"/>'


def area(points: Sequence[Point], colour: str, opacity: float) -> str:
    """A filled area."""
    return f'<polygon points="{_places(points)}" style="fill:{colour};fill-opacity:{opacity:g}"/>'


def box(corner: Point, size: Point, colour: str, opacity: float = 1) -> str:
    """A filled box, from its upper left corner on."""
    place = f'x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}"'
    return f'<rect {place} rx="2" style="fill:{colour};fill-opacity:{opacity:g}"/>'


def dot(place: Point, colour: str) -> str:
    """A dot."""
    return f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="4.5" style="fill:{colour}"/>'


def text(place: Point, shown: str, colour: str, anchor: str = "start", attributes: str = "") -> str:
    """Text whose `anchor` (start, middle or end) is at a place."""
    where = f'x="{place[0]:.1f}" y="{place[1]:.1f}" text-anchor="{anchor}"'
    return f'<text {where} style="fill:{colour}" {attributes}>{escape(shown)}</text>'


def _places(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
