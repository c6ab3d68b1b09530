"""The table fits the terminal: no percentage and no word is broken, and names stay whole."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from eyeful.sinks.table import TableSink
from eyeful.types import Group, Prediction, Score
from eyeful.wording import warning_label

NAME = "a/folder/with a very long name/and_an_image_that_has_one_too.jpg"
WARNINGS = ("grayscale", "colour_profile", "srgb_converted", "cropped_away:0.62", "upscaled")
LABELS = ("American Staffordshire terrier, pit bull", "cup", "日本の猫と犬とたくさんの長い名前の動物たち")
SCORES = tuple(Score(n, None, label, prob, 1.0) for n, (label, prob) in enumerate(zip(LABELS, (0.9996, 0.0004, 0.393), strict=True)))  # fmt: skip


def shown(columns: int, prediction: Prediction) -> list[str]:
    file = io.StringIO()
    with TableSink(Console(file=file, width=columns)) as sink:
        sink.append(prediction)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("columns", [24, 30, 40, 60, 62, 80, 120])
def test_every_line_fits_and_ends_with_its_percentage(columns):
    name, *lines = shown(columns, Prediction(NAME, SCORES, warnings=WARNINGS))
    assert name == NAME, "to be copied as it is"
    assert all(cell_len(line) <= columns for line in lines)
    assert [line.split()[-1] for line in lines[:3]] == [">99.9%", "<0.1%", "39.3%"]
    assert len({cell_len(line) for line in lines[:3]}) == 1, "in one column"
    assert all(line.startswith("  ") for line in lines)
    assert " ".join(" ".join(lines[3:]).split()) == ", ".join(map(warning_label, WARNINGS))


def test_a_wide_terminal_has_the_same_table_as_one_of_80_columns():
    assert (
        shown(62, Prediction("a", SCORES))
        == shown(80, Prediction("a", SCORES))
        == shown(120, Prediction("a", SCORES))
    )


def test_an_error_is_broken_between_words_and_not_in_a_path():
    path = "/a/very/long/path/to/some/image/that/is/longer/than/a/line.jpg"
    _, *lines = shown(40, Prediction("x.jpg", error_kind="unreadable", error=f"{path} cannot be read by anyone"))
    assert f"  {path}" in lines
    assert " ".join(" ".join(lines).split()) == f"unreadable: {path} cannot be read by anyone"


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (Group("dog", "n02084071", 0.97, 118), "dog 97.0% (American Staffordshire terrier, pit bull?)"),
        (Group(LABELS[0], None, 0.9996, 1), f"{LABELS[0]} >99.9%"),
        (None, "unsure (American Staffordshire terrier, pit bull?)"),
    ],
)
def test_a_group_is_beside_the_name_or_below_it(group, said):
    row = Prediction("dog.jpg", SCORES, sure=0.8, group=group)
    name, *scores = shown(120, row)
    assert name == f"dog.jpg  {said}"
    name, *below = shown(40, row)
    assert name == "dog.jpg"
    assert " ".join(" ".join(below[:-3]).split()) == said
    assert len(scores) == 3
    assert all(cell_len(line) <= 40 for line in below)


def test_what_is_possible_is_a_line_below_the_labels():
    row = Prediction("dog.jpg", SCORES, prediction_set=SCORES[:2])
    assert shown(80, row)[-1] == f"  one of: {LABELS[0]}, cup"
    assert shown(80, Prediction("dog.jpg", SCORES, prediction_set=SCORES[:1])) == shown(
        80, Prediction("dog.jpg", SCORES)
    )
    many = tuple(Score(n, None, f"label {n}", 0.1, 1.0) for n in range(9))
    assert shown(80, Prediction("a", SCORES, prediction_set=many))[-1].endswith("label 4 and 4 more")
