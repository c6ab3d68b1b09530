"""Choosing an image and a model, which three of the five tabs work with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import PIL.Image

from eyeful.page.examples import examples
from eyeful.page.html import render
from eyeful.page.quiet import gr, untouched
from eyeful.page.style import fragment
from eyeful.signature import name_of_signature
from eyeful.types import Item

if TYPE_CHECKING:
    from eyeful.page.models import Models
    from eyeful.types import Prediction

_IN_BROWSERS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen, as the tabs see it.

    Attributes:
        models: what there is.
        example: the Item that is there at the start; None where no samples are installed.
        item: a gr.State with the Item, or None; its `change` is when another image has come.
        model: the gr.Dropdown with the model's name.
        image: the gr.Image itself; an output for what `displayed` gives.
        others: a column with examples and the models, to be rendered where it belongs.
    """

    models: Models
    example: Item | None
    item: Any
    model: Any
    image: Any
    others: Any


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

UploadButton = untouched(gr.UploadButton, _items)
"""gr.UploadButton, which itself would leave an empty temporary file behind for each."""


def build_image(models: Models) -> Choice:
    """Draw the image and the ways to another one; call inside of gr.Blocks."""
    samples = examples()
    first = samples[0].item if samples else None
    item = gr.State(first)
    image = Image(
        str(first.content) if first else None,
        label="Image",
        show_label=False,
        type="filepath",
        sources=["upload"],
        buttons=[],
        alt_text="The image that you chose",
        placeholder="Drop or paste an image anywhere on this page",
        elem_id="image",
    )
    fragment(render("camera.html"), elem_id="camera-place")
    with gr.Row(elem_id="ways"):
        photo = UploadButton("Take or choose a photo", variant="primary", size="md", min_width=0, elem_id="photo")
        gr.Button("Live camera", size="md", min_width=0, elem_id="live")
    with gr.Column(render=False, elem_id="others") as others:
        fragment("<h2>Examples and model</h2>", elem_id="others-title")
        with gr.Row(elem_id="examples"):
            buttons = [
                gr.Button(
                    Path(item.filename).stem, icon=str(icon), size="sm", min_width=90, elem_classes="example"
                )
                for item, icon in samples
            ]
        model = gr.Dropdown(
            models.names,
            value=models.default,
            label="Model" if len(models.names) == 1 else "Model, of those on this machine",
            interactive=True,
            filterable=len(models.names) > 10,
            elem_id="model",
        )
    quietly = {"api_visibility": "private", "show_progress": "hidden"}
    image.upload(lambda item: item, image, item, **quietly)
    image.clear(lambda: None, None, item, **quietly)
    photo.upload(lambda item: (item, str(item.content)), photo, [item, image], **quietly)
    for button, example in zip(buttons, samples, strict=True):
        chosen = example.item
        button.click(lambda chosen=chosen: (chosen, str(chosen.content)), None, [item, image], **quietly)
    return Choice(models, first, item, model, image, others)


def displayed(prediction: Prediction) -> Any:
    """What the chooser shall show: the file itself, a small copy where browsers cannot, or nothing."""
    item, thumbnail = prediction.item, prediction.thumbnail
    if item is None or thumbnail is None:
        return None
    assert isinstance(item.content, Path)  # noqa: S101 - uploads and examples are files
    with item.content.open("rb") as file:
        if name_of_signature(file.read(64)) in _IN_BROWSERS:
            return str(item.content)
    small = item.content.with_name("displayed.jpg")
    PIL.Image.fromarray(thumbnail).save(small, quality=88)
    return str(small)
