"""Everything that a row says in one code is said to people in words, and a probability in one way."""

import re
from pathlib import Path

import eyeful.images
from eyeful.errors import ERROR_KINDS, ERROR_TEXTS
from eyeful.wording import (
    WARNING_TEXTS,
    counted_percent,
    error_label,
    percent,
    points,
    rate,
    warning_label,
    warning_sentence,
)


def codes() -> set[str]:
    source = "".join(path.read_text() for path in Path(eyeful.images.__file__).parent.glob("*.py"))
    return set(re.findall(r"(?:found|warnings)\.append\(f?\"(\w+)", source)) | {"exif_rotated", "srgb_converted"}


def test_every_warning_has_words():
    assert set(WARNING_TEXTS) == codes()
    for code in codes():
        assert warning_sentence(code).endswith("."), code
        assert code not in warning_sentence(code)
        assert "_" not in warning_label(code)
        assert len(warning_label(code)) < 40


def test_every_kind_of_error_has_words_of_its_own():
    assert tuple(ERROR_TEXTS) == ERROR_KINDS
    labels = [error_label(kind) for kind in ERROR_KINDS]
    assert len(set(labels)) == len(labels)
    for kind, label in zip(ERROR_KINDS, labels, strict=True):
        assert label != kind or "_" not in label
        assert len(label) < 25
    assert error_label("truncated") == "damaged or cut off"
    assert error_label("something_new") == "something new"


def test_shares_are_told():
    assert (
        warning_sentence("cropped_away:0.61") == "The network did not see 61% of the image: it was cropped away."
    )
    assert warning_label("cropped_away:0.61") == "61% cropped away"
    assert warning_label("cropped_away") == "part cropped away"
    assert warning_label("dark:0.02") == "reaches 2% of its range"
    assert warning_label("something_new:3") == warning_sentence("something_new:3") == "something new:3"
    assert warning_label("cropped_away:most") == "cropped away:most"


def test_other_numbers():
    assert [rate(value) for value in (0.04, 3.25, 10, 584.4)] == ["0.0", "3.2", "10", "584"]
    assert points(0.01234) == "1.23"


def test_a_probability_is_never_said_to_be_0_or_100():
    probs = (0, 0.00049, 0.0005, 0.0042, 0.3927, 0.99949, 0.9995, 1)
    said = ["<0.1%", "<0.1%", "0.1%", "0.4%", "39.3%", "99.9%", ">99.9%", ">99.9%"]
    assert [percent(prob) for prob in probs] == said


def test_a_share_of_none_or_all_is_said_and_nothing_else_is():
    assert [counted_percent(value) for value in (0, 0.0, 0.0004, 0.5, 0.9996, 1.0, 1)] == [
        *("0%", "0%", "<0.1%", "50.0%", ">99.9%", "100%", "100%"),
    ]
