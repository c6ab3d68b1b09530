"""The tab *Compare*: the same image through two or three models, as a matrix of labels and models."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eyeful.errors import EyefulError
from eyeful.page.answer import Answer, answered
from eyeful.page.html import alert, note, render
from eyeful.page.messages import Trouble, and_list
from eyeful.page.models import MOST_LOADED
from eyeful.page.quiet import gr
from eyeful.page.style import fragment
from eyeful.results import probabilities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eyeful.classifier import Classifier
    from eyeful.page.image import Choice
    from eyeful.page.models import Models
    from eyeful.types import Item

_EMPTY = "Press Compare to run these models on your image."
_NO_IMAGE = Trouble("There is no image to compare the models on.", "Choose one.")
_NO_MODEL = Trouble("There is no model to compare.", "Choose two or three.")


Key = tuple[str, int]
"""A label of any model: its WordNet id, or its name where it has none, and how many before it have the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One model in the matrix.

    Attributes:
        answer: its answer.
        probs: the probability of each of its labels, in the model's order.
    """

    answer: Answer
    probs: dict[Key, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One label in the matrix.

    Attributes:
        label: its name.
        probs: its probability by each model; None where a model has no such label.
        first: whether each model puts it first.
    """

    label: str
    probs: tuple[float | None, ...]
    first: tuple[bool, ...]


def build_compare(choice: Choice) -> None:
    """Draw the tab; call inside of its gr.Tab."""
    names = choice.models.names
    chosen = gr.Dropdown(
        names,
        value=names[:MOST_LOADED],
        multiselect=True,
        max_choices=MOST_LOADED,
        label="Models, up to three",
        elem_id="compared",
    )
    button = gr.Button("Compare", variant="primary", elem_id="compare")
    shown = fragment(note(_EMPTY), elem_id="comparison")

    def compared(item: Item | None, models: Sequence[str], progress: Any = gr.Progress()) -> str:  # noqa: B008 - Gradio's way
        if item is None or not models:
            return alert(_NO_MODEL if item else _NO_IMAGE)
        columns = []
        for number, found in enumerate(answers(choice.models, item, models)):
            if isinstance(found, Trouble):
                return alert(found)
            columns.append(found)
            progress((number + 1, len(models)), desc="Comparing", unit="models")
        return render("compare.html", columns=columns, rows=matrix(columns), agreement=_agreement(columns))

    pressed = button.click(
        compared, [choice.item, chosen], shown, api_visibility="private", show_progress_on=shown
    )
    choice.item.change(None, None, shown, js=f"() => {json.dumps(note(_EMPTY))}", cancels=pressed)


def matrix(columns: Sequence[Column]) -> list[Row]:
    """The best labels of every model, the one with the highest mean probability first."""
    tops = [_top(one) for one in columns]
    labels = {key: label for top in tops for key, label in top.items()}
    rows = [
        Row(
            label,
            tuple(one.probs.get(key) for one in columns),
            tuple(key == next(iter(top)) for top in tops),
        )
        for key, label in labels.items()
    ]
    return sorted(rows, key=lambda row: -sum(prob or 0 for prob in row.probs))


def answers(models: Models, item: Item, names: Sequence[str]) -> Iterator[Column | Trouble]:
    """Each model's answer, one model after another."""
    for name in names:
        try:
            with models.use(name) as classifier:
                found = answered(classifier, name, item)
                column = found if isinstance(found, Trouble) else Column(found, _probs(classifier, found))
        except EyefulError as error:
            column = Trouble(str(error))
        yield column


def _probs(classifier: Classifier, found: Answer) -> dict[Key, float]:
    prediction = found.prediction
    assert prediction.logits is not None  # noqa: S101 - it is an answer
    probs_K = probabilities(prediction.logits, prediction.activation, prediction.temperature)
    keys = _keys([wnid or label for wnid, label in zip(classifier.wnids, classifier.labels, strict=True)])
    return dict(zip(keys, map(float, probs_K), strict=True))


def _keys(names: Sequence[str]) -> Iterator[Key]:
    """Each name with how often it came before: two labels may have one name."""
    seen: Counter[str] = Counter()
    for name in names:
        yield name, seen[name]
        seen[name] += 1


def _top(column: Column) -> dict[Key, str]:
    """The names of a model's best labels, the best one first."""
    keys = list(column.probs)
    return {keys[score.index]: score.label for score in column.answer.prediction.top}


def _agreement(columns: Sequence[Column]) -> str:
    """Whether the models agree, in a sentence."""
    predictions = [one.answer.prediction for one in columns]
    firsts = list(dict.fromkeys(prediction.answer_parts[0] for prediction in predictions))
    if len(columns) == 1:
        return "This is one model alone: choose a second one."
    if len(firsts) == 1:
        return f"All {len(columns)} models answer {firsts[0]}."
    return f"The models disagree: {and_list(firsts)}."
