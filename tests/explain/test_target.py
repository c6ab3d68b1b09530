"""A label as people write it."""

import pytest

from eyeful.errors import UsageError
from eyeful.explain.target import find_target
from eyeful.models.labels import imagenet_labels

LABELS = imagenet_labels()


@pytest.mark.parametrize(
    ("text", "index"),
    [("tabby", 281), (" Tabby ", 281), ("n02123045", 281), (281, 281), ("281", 281), ("tiger cat", 282)],
)
def test_found(text, index):
    assert find_target(LABELS, text) == index


def test_two_labels_of_one_name():
    with pytest.raises(
        UsageError, match=r"2 labels are called cardigan: say 264 \(n02113186\) or 474 \(n02963159\)"
    ):
        find_target(LABELS, "cardigan")
    assert find_target(LABELS, "n02963159") == 474


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tabbi", "did you mean tabby"),
        ("1000", "no label 1000; the last is 999"),
        ("person", "no label 'person' among the 1000"),
        (-1, "no label '-1'"),
    ],
)
def test_not_found(text, says):
    with pytest.raises(UsageError, match=says):
        find_target(LABELS, text)
