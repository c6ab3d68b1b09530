"""The lesson's figure stays readable for labels of any length and any number of them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from eyeful.models.labels import imagenet_labels
from eyeful.sinks.figures import _on_two_lines, plot
from eyeful.types import Group, Prediction, Score


def prediction(*labels, prob=0.5):
    top = tuple(Score(place, None, label, prob / (place + 1), 1.0) for place, label in enumerate(labels))
    return Prediction("cat.png", top, thumbnail=np.zeros((30, 40, 3), np.uint8))


def names(figure):
    return [label.get_text() for label in figure.axes[1].get_yticklabels()]


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("tabby", "tabby"),
        ("American Staffordshire terrier", "American Staffordshire\nterrier"),
        ("West Highland white terrier", "West Highland white\nterrier"),
        ("German short-haired pointer", "German short-haired\npointer"),
        ("$x$", r"\$x\$"),
    ],
)
def test_a_long_label_has_two_lines(label, shown):
    assert names(plot(prediction(label, "lynx"))) == [shown, "lynx"]


def test_no_label_of_imagenet_is_cut():
    shown = [_on_two_lines(label) for label in imagenet_labels().names]
    assert [label for label in shown if "…" in label] == []


def test_no_bars_overlap_and_none_is_too_thick():
    one, five, many = (plot(prediction(*map(str, range(count)))) for count in (1, 5, 20))
    assert tuple(five.get_size_inches()) == (6, 3)
    assert tuple(many.get_size_inches()) == pytest.approx((6, 6.6))
    for figure in (one, five, many):
        figure.draw_without_rendering()
        boxes = [label.get_window_extent() for label in figure.axes[1].get_yticklabels()]
        assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))
        heights = [bar.get_window_extent().height / figure.dpi for bar in figure.axes[1].patches]
        assert max(heights) < 0.6
    assert one.axes[1].get_title() == "Top Prediction"


def test_probabilities_are_said_as_everywhere():
    figure = plot(prediction("tabby", "lynx", prob=0.99999))
    assert [text.get_text() for text in figure.axes[1].texts] == [">99.9%", "50.0%"]


@pytest.mark.parametrize(
    ("group", "title", "blue"),
    [
        (Group("dog", "n02084071", 0.97, 118), "dog 97.0%", False),
        (Group("tabby", "n1", 0.5, 1), "Top 2 Predictions", True),
        (None, "Top 2 Predictions (unsure)", False),
        (
            Group("a very long name of a group $x$", None, 0.97, 2),
            "a very long name of a\ngroup \\$x\\$ 97.0%",
            False,
        ),
    ],
)
def test_a_group_is_in_the_title(group, title, blue):
    figure = plot(replace(prediction("tabby", "lynx"), sure=0.8, group=group))
    assert figure.axes[1].get_title() == title
    first, second = (bar.get_facecolor() for bar in figure.axes[1].patches)
    assert (first != second) == blue
