"""What went wrong with an image has a sentence."""

import pytest

from eyeful.page.messages import and_list, why_no_answer
from eyeful.types import Prediction


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


def test_lists():
    assert [and_list(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
