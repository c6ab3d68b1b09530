"""What went wrong with an image has a sentence, and another that says what to do."""

import pytest

from eyeful.errors import ERROR_KINDS
from eyeful.page.messages import and_list, why_no_answer


@pytest.mark.parametrize(
    ("kind", "error", "happened", "remedy"),
    [
        ("truncated", "its header is broken", "a.png is incomplete or damaged.", "download it again"),
        ("not_found", "no such file", "a.png is no longer on the server.", "add it again"),
        ("internal", "KeyError: secret", "because of a bug in eyeful.", "report it"),
        ("too_large", "it has 9 pixels", "a.png cannot be classified: it has 9 pixels.", "Make it smaller"),
        ("nonfinite", "it gave NaN", "a.png cannot be classified: it gave NaN.", "another model"),
    ],
)
def test_why_there_is_no_answer(kind, error, happened, remedy):
    found = why_no_answer("a.png", kind, error)
    assert found.happened.endswith(happened)
    assert remedy in found.remedy
    assert "secret" not in found.happened


@pytest.mark.parametrize("kind", ERROR_KINDS)
def test_every_error_has_a_remedy(kind):
    found = why_no_answer("a.png", kind, "it is so")
    assert found.happened.startswith("a.png ")
    assert found.remedy.endswith(".")


def test_lists():
    assert [and_list(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
