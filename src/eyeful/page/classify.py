"""The tab *Classify*: the best five, their logits, and what a temperature does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eyeful.errors import EyefulError
from eyeful.page.answer import Answer, answer
from eyeful.page.html import note, render
from eyeful.page.image import displayed
from eyeful.page.messages import why_no_answer
from eyeful.page.quiet import gr
from eyeful.page.style import fragment
from eyeful.results import probabilities

if TYPE_CHECKING:
    from eyeful.page.image import Choice
    from eyeful.page.models import Models
    from eyeful.types import Item

_EMPTY = "The answer appears here as soon as there is an image."


def build_classify(choice: Choice) -> None:
    """Draw the tab; call inside of its gr.Tab."""
    state = gr.State()
    bars = fragment(note(_EMPTY), elem_id="answer")
    with gr.Column(visible=False, elem_id="heat") as heat:
        temperature = gr.Slider(0.25, 4, 1, step=0.05, label="Temperature of softmax", elem_id="temperature")
        effect = fragment(elem_id="effect")
    seen = fragment(elem_id="seen")

    def classified(item: Item | None, model: str, degree: float) -> list[Any]:
        found = answered(choice.models, item, model, _EMPTY)
        if isinstance(found, str):
            return [None, note(found), gr.update(visible=False), "", "", None]
        shown, explained = _at(found, degree)
        return [
            found,
            shown,
            gr.update(visible=True),
            explained,
            render("seen.html", answer=found),
            displayed(found.prediction),
        ]

    for event in (choice.changed, choice.model.input):
        event(
            classified,
            [choice.item, choice.model, temperature],
            [state, bars, heat, effect, seen, choice.image],
            api_visibility="private",
            show_progress_on=bars,
        )
    temperature.input(
        lambda found, degree: _at(found, degree) if found else gr.skip(),
        [state, temperature],
        [bars, effect],
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
    )


def answered(models: Models, item: Item | None, model: str, empty: str) -> Answer | str:
    """An answer to show, or the sentence that says why there is none; `empty` where there is no image yet."""
    if item is None:
        return empty
    try:
        with models.use(model) as classifier:
            found = answer(classifier, model, item)
    except EyefulError as error:
        return str(error)
    return found if found.prediction.ok else why_no_answer(found.prediction)


def _at(found: Answer, temperature: float) -> tuple[str, str]:
    """The bars and what to say of them, from the stored logits: the network does not run again."""
    prediction = found.prediction
    assert prediction.logits is not None  # noqa: S101 - only answers are stored
    probs_K = probabilities(prediction.logits, prediction.activation, temperature)
    probs = [float(probs_K[score.index]) for score in prediction.top]
    bars = render("answer.html", prediction=prediction, probs=probs, model=found.model, classes=found.classes)
    return bars, render("temperature.html", prediction=prediction, prob=probs[0], temperature=temperature)
