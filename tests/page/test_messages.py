"""Everything that eyeful says of an image in one word has a sentence."""

import re
from pathlib import Path

import pytest

import eyeful.images
from eyeful.page.messages import and_list, message_of, share, why_no_answer
from eyeful.types import Prediction


def test_every_warning_has_a_sentence():
    source = "".join(path.read_text() for path in Path(eyeful.images.__file__).parent.glob("*.py"))
    warnings = set(re.findall(r"(?:found|warnings)\.append\(f?\"(\w+)", source))
    assert {"exif_rotated", "cropped_away", "sixteen_bit_scaled"} <= warnings
    for warning in warnings:
        assert message_of(warning).endswith("."), warning
        assert warning not in message_of(warning)


def test_a_share_is_told():
    assert message_of("cropped_away:0.61") == "The network did not see 61 % of the image: it was cropped away."
    assert message_of("something_new:3") == "something_new:3"


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        ("truncated", "its header is broken", "a.png cannot be classified (truncated): its header is broken."),
        ("not_found", "no such file", "no longer here"),
        ("internal", "KeyError: secret", "mistake in eyeful"),
    ],
)
def test_why_there_is_no_answer(kind, error, says):
    sentence = why_no_answer(Prediction("a.png", error_kind=kind, error=error))
    assert says in sentence
    assert "secret" not in sentence


def test_numbers_and_lists():
    assert [share(prob) for prob in (0, 0.0042, 0.392, 0.99999)] == ["< 0.1 %", "0.4 %", "39.2 %", "> 99.9 %"]
    assert [and_list(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
