"""Choosing an image and a model: what three of the four tabs begin with."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import PIL.Image

from eyeful.errors import EyefulError
from eyeful.images import Limits, MemoryBudget, open_item
from eyeful.page.quiet import UPLOADS, gr, untouched
from eyeful.page.style import fragment
from eyeful.signature import name_of_signature
from eyeful.sources.samples import write_samples
from eyeful.types import Item

if TYPE_CHECKING:
    from collections.abc import Callable

    from eyeful.page.models import Models
    from eyeful.types import Prediction

MOST_EXAMPLES = 6
_ICON = 64
_IN_BROWSERS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen, as the tabs see it.

    Attributes:
        models: what there is.
        item: a gr.State with the Item, or None.
        model: the gr.Dropdown with the model's name.
        image: the gr.Image itself; an output for what `displayed` gives.
        changed: registers what to do when a new image has come, as Gradio's events do.
    """

    models: Models
    item: Any
    model: Any
    image: Any
    changed: Callable[..., Any]


def _items(payload: Any) -> Item | list[Item] | None:
    """What was uploaded, as items whose bytes on disk are the visitor's own."""
    if payload is None:
        return None
    if hasattr(payload, "root"):
        return [_item(file) for file in payload.root]
    return _item(payload)


def _item(file: Any) -> Item:
    return Item(file.orig_name or Path(file.path).name, Path(file.path))


Image = untouched(gr.Image, _items)
"""gr.Image, which itself would turn and convert an image, and save it again."""

File = untouched(gr.File, _items)
"""gr.File, which itself would leave an empty temporary file behind for each."""


def build_image(models: Models) -> Choice:
    """Draw the chooser; call inside of gr.Blocks."""
    item = gr.State()
    image = Image(
        label="Image",
        type="filepath",
        sources=["upload", "webcam"],
        height=260,
        buttons=[],
        alt_text="The image that you chose",
        placeholder="Drop an image here, paste one, or click to choose",
        elem_id="image",
    )
    examples = _examples()
    if examples:
        fragment("<p class='soft' id='examples-title'>Or try one of these:</p>")
    with gr.Row(elem_id="examples"):
        buttons = [
            gr.Button(path.stem, icon=icon, size="sm", min_width=90, elem_classes="example")
            for path, icon in examples
        ]
    model = gr.Dropdown(
        models.names,
        value=models.default,
        label="Model",
        info="What is on this machine" if len(models.names) > 1 else None,
        interactive=True,
        filterable=len(models.names) > 10,
        elem_id="model",
    )
    quietly = {"api_visibility": "private", "show_progress": "hidden"}
    picked = [image.input(lambda item: item, image, item, **quietly)]
    for button, (path, _) in zip(buttons, examples, strict=True):
        chosen = Item(path.name, path)
        picked.append(
            button.click(lambda chosen=chosen: (chosen, str(chosen.content)), None, [item, image], **quietly)
        )

    def changed(*args: Any, **kwargs: Any) -> None:
        for event in picked:
            event.then(*args, **kwargs)

    return Choice(models, item, model, image, changed)


def displayed(prediction: Prediction) -> Any:
    """What the chooser shall show: the file itself, a small copy where browsers cannot, or nothing."""
    item, thumbnail = prediction.item, prediction.thumbnail
    if item is None or thumbnail is None:
        return None
    assert isinstance(item.content, Path)  # noqa: S101 - uploads and examples are files
    with item.content.open("rb") as file:
        if name_of_signature(file.read(64)) in _IN_BROWSERS:
            return gr.skip()
    small = item.content.with_name("displayed.jpg")
    PIL.Image.fromarray(thumbnail).save(small, quality=88)
    return str(small)


def _examples() -> list[tuple[Path, str]]:
    """The sample images and a small copy of each, where the packages that carry them are installed."""
    folder = Path(tempfile.mkdtemp(dir=UPLOADS))  # of this page: Gradio deletes its files when it ends
    with suppress(EyefulError):
        return [(path, _icon(path)) for path in write_samples(folder)[:MOST_EXAMPLES]]
    return []


def _icon(path: Path) -> str:
    small = path.with_name(f"{path.stem}-small.jpg")
    with open_item(Item(path.name, path), Limits(), MemoryBudget()) as opened:
        side = min(opened.image.size)
        left, top = (opened.image.width - side) // 2, (opened.image.height - side) // 2
        square = opened.image.resize((_ICON, _ICON), box=(left, top, left + side, top + side))
    square.save(small, quality=85)
    return str(small)
