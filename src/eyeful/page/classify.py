"""The answer to one image, and the tab *Classify*: its best five labels, and what a temperature does to them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from eyeful.errors import EyefulError
from eyeful.page.answer import Answer, answered
from eyeful.page.card import save_card
from eyeful.page.html import alert, note, render
from eyeful.page.image import displayed
from eyeful.page.messages import Trouble
from eyeful.page.quiet import gr
from eyeful.page.snippets import snippets
from eyeful.page.style import fragment
from eyeful.results import probabilities

if TYPE_CHECKING:
    from eyeful.page.image import Choice
    from eyeful.page.models import Models
    from eyeful.types import Item

_EMPTY = "Choose an image: its answer appears here."

_SAVE = "(file) => Object.assign(document.createElement('a'), {href: file.url, download: file.orig_name}).click()"


class _Shown(NamedTuple):
    """The fragments of one image's answer, or of why there is none."""

    headline: str
    bars: str = ""
    effect: str = ""
    seen: str = ""
    elsewhere: str = ""


def build_classify(choice: Choice, headline: Any) -> None:
    """Draw the tab; call inside of its gr.Tab.

    Args:
        choice: the image and the model.
        headline: a fragment outside of the tab, which its answer or an error is written to.
    """
    models = choice.models
    first = _answered(models, choice.example, models.default)
    with models.use(models.default) as classifier:
        grouping = classifier.spec.sure is not None
    at_start = _shown(first, 1, grouping)
    headline.value = at_start.headline
    state = gr.State(first if isinstance(first, Answer) else None)
    bars = fragment(at_start.bars, elem_id="bars")
    fragment(elem_id="browser-bars")
    with gr.Column(visible=isinstance(first, Answer), elem_id="more") as more:
        switch = gr.Checkbox(grouping, label="Answer with a group where no label is sure", elem_id="sure")
        temperature = gr.Slider(0.25, 4, 1, step=0.05, label="Temperature T", elem_id="temperature")
        effect = fragment(at_start.effect, elem_id="effect")
        seen = fragment(at_start.seen, elem_id="seen")
        elsewhere = fragment(at_start.elsewhere, elem_id="elsewhere")
        card = gr.Button(
            "Save the answer as an image", size="md", elem_id="card", visible=find_spec("matplotlib") is not None
        )
    file = gr.DownloadButton(visible="hidden")  # not in the column: what shows that again would show this too

    def classified(item: Item | None, model: str, degree: float, grouping: bool) -> list[Any]:
        found = _answered(models, item, model)
        ok = found if isinstance(found, Answer) else None
        image = displayed(ok.prediction) if ok else None
        return [ok, *_shown(found, degree, grouping), gr.update(visible=ok is not None), image]

    gr.on(
        [choice.item.change, choice.model.input],
        classified,
        [choice.item, choice.model, temperature, switch],
        [state, headline, bars, effect, seen, elsewhere, more, choice.image],
        api_visibility="private",
        show_progress_on=headline,
        trigger_mode="always_last",  # one after another: an answer never covers that to a later choice
    )
    quietly = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
    temperature.input(
        lambda found, degree, grouping: _at(found.shown(grouping=grouping), degree) if found else gr.skip(),
        [state, temperature, switch],
        [headline, bars, effect],
        **quietly,
    )
    switch.input(
        lambda found, degree, grouping: _shown(found, degree, grouping) if found else gr.skip(),
        [state, temperature, switch],
        [headline, bars, effect, seen, elsewhere],
        **quietly,
    )
    card.click(_saved, [state, switch], file, api_visibility="private", show_progress_on=card).success(
        None, file, None, js=_SAVE
    )


def headline_of(found: Answer, temperature: float = 1) -> str:
    """The best label, and its probability as the network gives it: at T = 1."""
    return render("headline.html", answer=found, temperature=temperature)


def bars_of(found: Answer, temperature: float = 1) -> str:
    """The best five, from the stored logits: the network does not run again for another temperature."""
    return render("bars.html", answer=found, probs=_probs(found, temperature), temperature=temperature)


def _answered(models: Models, item: Item | None, model: str) -> Answer | Trouble | None:
    if item is None:
        return None
    try:
        with models.use(model) as classifier:
            return answered(classifier, model, item)
    except EyefulError as error:
        return Trouble(str(error))


def _probs(found: Answer, temperature: float) -> list[float]:
    prediction = found.prediction
    assert prediction.logits is not None  # noqa: S101 - only answers are stored
    probs_K = probabilities(prediction.logits, prediction.activation, temperature * prediction.temperature)
    return [float(probs_K[score.index]) for score in prediction.top]


def _at(found: Answer, temperature: float) -> tuple[str, str, str]:
    """What a temperature changes."""
    prob = _probs(found, temperature)[0]
    effect = render("temperature.html", prediction=found.prediction, prob=prob, temperature=temperature)
    return headline_of(found, temperature), bars_of(found, temperature), effect


def _shown(found: Answer | Trouble | None, temperature: float, grouping: bool) -> _Shown:
    if found is None:
        return _Shown(note(_EMPTY))
    if isinstance(found, Trouble):
        return _Shown(alert(found))
    found = found.shown(grouping=grouping)
    code = snippets(found.spec, found.prediction.filename)
    return _Shown(
        *_at(found, temperature),
        render("seen.html", answer=found),
        render("elsewhere.html", snippets=code) if code else "",
    )


def _saved(found: Answer, grouping: bool) -> str:
    try:
        return str(save_card(found.shown(grouping=grouping)))
    except EyefulError as error:
        raise gr.Error(str(error), title="The answer cannot be saved") from error
