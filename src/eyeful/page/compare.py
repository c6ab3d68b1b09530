"""The tab *Compare*: the same image through two or three models."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from eyeful.page.classify import answered
from eyeful.page.html import note, render
from eyeful.page.messages import and_list
from eyeful.page.models import MOST_LOADED
from eyeful.page.quiet import gr
from eyeful.page.style import fragment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eyeful.page.answer import Answer
    from eyeful.page.image import Choice
    from eyeful.types import Item

_EMPTY = "Choose an image and two or three models, then press Compare."


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

    def compared(item: Item | None, models: Sequence[str]) -> str:
        answers = []
        for model in models:
            found = answered(choice.models, item, model, _EMPTY)
            if isinstance(found, str):
                return note(found)
            answers.append(found)
        return render("compare.html", answers=answers, agreement=_agreement(answers)) if answers else note(_EMPTY)

    button.click(compared, [choice.item, chosen], shown, api_visibility="private")
    # in the browser, at once: from the server it could come after the next comparison, and wipe it out
    choice.changed(None, None, shown, js=f"() => {json.dumps(note(_EMPTY))}")


def _agreement(answers: Sequence[Answer]) -> str:
    """Whether the models agree, in a sentence."""
    firsts = Counter(found.prediction.label for found in answers)
    if len(answers) == 1:
        return "One model alone has nobody to disagree with; choose a second."
    if len(firsts) == 1:
        return f"All {len(answers)} models put {next(iter(firsts))} first."
    in_all = set.intersection(*({score.label for score in found.prediction.top} for found in answers))
    shared = f"; all have {and_list(sorted(in_all))} among their best five" if in_all else ""
    return f"The models disagree: {and_list([str(label) for label in firsts])}{shared}."
