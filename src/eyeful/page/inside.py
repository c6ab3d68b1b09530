"""The tab *Look inside*: from pixels through the stages of the network to its answer, and what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eyeful.errors import EyefulError, ImageError
from eyeful.extras import require
from eyeful.page.drawing import MOST_MAPS, feature_grid, overlay_heatmap, vector_image
from eyeful.page.html import alert, note, render
from eyeful.page.messages import Trouble
from eyeful.page.quiet import gr
from eyeful.page.style import fragment
from eyeful.types import NONE_OF_THESE

if TYPE_CHECKING:
    from eyeful.explain import Explanation
    from eyeful.page.image import Choice
    from eyeful.page.models import Models
    from eyeful.types import Item

TITLE = "Look inside"
_EMPTY = "Choose an image to see what each stage of the network computes from it."
_MOST_LABELS = 5

_IS_OPEN = f"""(stored, item, model, _) => [stored, item, model, Boolean(
    [...document.querySelectorAll("[role=tab][aria-selected=true]")].find(tab => tab.innerText === "{TITLE}")
)]"""
"""The browser says whether the tab is open: with an event for every change of tabs, Gradio's stream of answers may
close while another event is on its way, whose answer then never comes."""


@dataclass(frozen=True, slots=True, eq=False)
class _Inside:
    """What is stored of one explanation: drawn already, since the maps themselves are large.

    Attributes:
        item, model: what was looked at, with which.
        steps: a fragment for each step of the road, from pixels to probabilities.
        looked: where the network looked for its best label.
        labels: (label, index) of the best five.
    """

    item: Item
    model: str
    steps: tuple[str, ...]
    looked: str
    labels: tuple[tuple[str, int], ...]


def build_inside(choice: Choice, tab: Any) -> None:
    """Draw the tab; call inside of its gr.Tab."""
    stored = gr.State()
    is_open = gr.Checkbox(visible=False)
    said = fragment(note(_EMPTY), "inside")
    with gr.Column(visible=False) as road:
        depth = gr.Slider(1, 2, 1, step=1, label="Step through the network", elem_id="depth")
        shown = fragment(elem_id="step")
        target = gr.Radio([], label="Grad-CAM: which parts speak for the label", elem_id="target")
        looked = fragment(elem_id="looked")

    def inside(before: _Inside | None, item: Item | None, model: str, wanted: bool) -> list[Any]:
        if not wanted or (before and item and (before.item, before.model) == (item, model)):
            return [gr.skip()] * 7
        found = _inside(choice.models, item, model) if item else None
        if not isinstance(found, _Inside):
            return [
                None,
                gr.update(value=alert(found) if found else note(_EMPTY), visible=True),
                gr.update(visible=False),
                gr.skip(),
                "",
                gr.skip(),
                "",
            ]
        return [
            found,
            gr.update(value="", visible=False),
            gr.update(visible=True),
            gr.update(maximum=len(found.steps), value=1),
            found.steps[0],
            gr.update(choices=list(found.labels), value=found.labels[0][1]),
            found.looked,
        ]

    outputs = [stored, said, road, depth, shown, target, looked]
    latest = {"api_visibility": "private", "trigger_mode": "always_last"}
    gr.on(
        [choice.item.change, choice.model.input, tab.select],
        inside,
        [stored, choice.item, choice.model, is_open],
        outputs,
        js=_IS_OPEN,
        show_progress_on=[said, shown],
        **latest,
    )
    depth.input(
        lambda found, step: found.steps[int(step) - 1] if found else gr.skip(),
        [stored, depth],
        shown,
        show_progress="hidden",
        **latest,
    )
    target.input(
        lambda found, index: _looked(choice.models, found, index) if found else gr.skip(),
        [stored, target],
        looked,
        show_progress_on=looked,
        **latest,
    )


def _inside(models: Models, item: Item, model: str) -> _Inside | Trouble:
    """An explanation, drawn; or why there is none."""
    try:
        require("torch", "looking inside")
        with models.use(model) as classifier:
            found = classifier.explain(item)
    except ImageError:
        return Trouble(f"There is no answer for {item.filename}, so there is nothing to look inside.")
    except EyefulError as error:
        return Trouble(str(error))
    labels = tuple((score.label, score.index) for score in found.top if score.label != NONE_OF_THESE)
    labels = labels[:_MOST_LABELS]  # no place of an image speaks for its being none of these
    return _Inside(item, model, _steps(found), _where(found), labels)


def _steps(found: Explanation) -> tuple[str, ...]:
    """The road from pixels to probabilities, a fragment for each step."""
    steps: list[dict[str, Any]] = [
        {"kind": "pixels", "drawn": found.pixels_HWC},
        *({"kind": "maps", "drawn": feature_grid(stage.maps_CHW), "stage": stage} for stage in found.stages),
        {"kind": "pooled", "drawn": vector_image(found.pooled_D), "size": len(found.pooled_D)},
        {
            "kind": "answer",
            "top": found.top[:_MOST_LABELS],
            "size": len(found.logits_K),
            "activation": found.activation,
        },
    ]
    return tuple(
        render("step.html", number=number, total=len(steps), most=MOST_MAPS, **step)
        for number, step in enumerate(steps, 1)
    )


def _where(found: Explanation) -> str:
    """Grad-CAM over the image."""
    return render(
        "looked.html",
        pixels=overlay_heatmap(found.image_HWC, found.cam_on_image()),
        label=found.target.label,
        prob=found.target.prob,
        layer=found.layer,
    )


def _looked(models: Models, stored: _Inside, index: int) -> str:
    """Where the network looked for another label."""
    try:
        with models.use(stored.model) as classifier:
            return _where(classifier.explain(stored.item, target=index))
    except EyefulError as error:
        return alert(Trouble(str(error)))
