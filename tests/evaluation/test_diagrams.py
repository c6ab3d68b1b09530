"""Diagrams: every dot where its numbers say, no text beyond the edge, valid SVG for any bins and curves."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eyeful.evaluation.diagrams import place_of, reliability_diagram, risk_coverage_curve
from eyeful.evaluation.metrics import Answered, Bin, bins_of, risk_coverage_of

SVG = "{http://www.w3.org/2000/svg}"
LEFT, RIGHT, TOP, BOTTOM, CURVE_BOTTOM = 62, 448, 10, 250, 316


def parsed(text: str) -> ET.Element:
    """As a file of its own, which is stricter than a page."""
    return ET.fromstring(text.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))  # noqa: S314 - our own


def dots(root) -> list[tuple[float, float]]:
    return [(float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter(f"{SVG}circle")]


def words(root) -> list[str]:
    return [text.text for text in root.iter(f"{SVG}text")]


def test_a_dot_stands_at_probability_and_share():
    root = parsed(reliability_diagram([Bin(0.4, 0.6, 4, 0.5, 0.75), Bin(0.6, 1.0, 0, None, None)]))
    assert dots(root) == [(LEFT + 0.5 * (RIGHT - LEFT), BOTTOM - 0.75 * (BOTTOM - TOP))]
    (title,) = root.iter(f"{SVG}title")
    assert title.text == "40% to 60%: 3 of 4 right (75.0%)"
    (interval,) = [line for line in root.iter(f"{SVG}polyline") if line.get("style").endswith("stroke-width:2")]
    low, high = (float(place.split(",")[1]) for place in interval.get("points").split())
    assert (low - BOTTOM) / (TOP - BOTTOM) == pytest.approx(0.3006, abs=1e-3)  # scipy's Wilson interval of 3 of 4
    assert (high - BOTTOM) / (TOP - BOTTOM) == pytest.approx(0.9544, abs=1e-3)


@pytest.mark.parametrize(
    ("images", "shown"),
    [(1, "1"), (999, "999"), (1000, "1k"), (1499, "1k"), (56_100, "56k"), (999_600, "1M"), (2_000_000, "2M")],
)
def test_counts_are_short(images, shown):
    assert shown in words(parsed(reliability_diagram([Bin(0.8, 1.0, images, 0.9, 0.9)])))


def test_the_curve_and_its_names():
    points = [Answered(0.95, 10, 0.1, 0), Answered(0.8, 50, 0.5, 1), Answered(0.2, 100, 1.0, 26)]
    root = parsed(risk_coverage_curve(points))
    assert words(root)[:5] == ["60%", "70%", "80%", "90%", "100%"]
    names = [word for word in words(root) if word.startswith("≥") or word == "all"]
    assert names == ["all", "≥ 80%", "≥ 90%"], "the names of thresholds that lie together are not over each other"
    last = CURVE_BOTTOM - (0.74 - 0.6) / 0.4 * (CURVE_BOTTOM - TOP)
    assert dots(root)[0] == (RIGHT, pytest.approx(last, abs=0.05))
    assert "74.0%" in words(root)


def test_of_nothing_there_are_axes():
    for text in (
        reliability_diagram([]),
        risk_coverage_curve([]),
        risk_coverage_curve([Answered(1.0, 0, 0.0, 0)]),
    ):
        root = parsed(text)
        assert dots(root) == []
        assert "100%" in words(root)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=300))
def test_any_evaluation_makes_valid_diagrams(judged):
    prob_N = np.array([prob for prob, _ in judged], dtype=np.float64)
    right_N = np.array([right for _, right in judged], dtype=np.bool_)
    for text in (
        reliability_diagram(bins_of(prob_N, right_N)),
        risk_coverage_curve(risk_coverage_of(prob_N, right_N)),
    ):
        root = parsed(text)
        assert all(LEFT <= x <= RIGHT and TOP <= y <= CURVE_BOTTOM for x, y in dots(root))
        for line in root.iter(f"{SVG}polyline"):
            numbers = [float(number) for number in re.split("[ ,]", line.get("points"))]
            assert all(0 <= number <= 470 for number in numbers)
        for word in root.iter(f"{SVG}text"):
            assert 0 <= float(word.get("y")) <= 370


def test_which_point_stands_for_a_threshold():
    points = [Answered(0.9, 1, 0.1, 0), Answered(0.8, 5, 0.5, 0), Answered(0.3, 10, 1.0, 2)]
    assert [place_of(points, least) for least in (0.0, 0.3, 0.5, 0.8, 0.81, 0.95)] == [2, 2, 1, 1, 0, None]
    assert place_of(points[::-1], 0.5) == 1
