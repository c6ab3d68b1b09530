"""The page: an image and a model on one side, five tabs on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eyeful import wording
from eyeful.page.classify import build_classify
from eyeful.page.compare import build_compare
from eyeful.page.folder import build_folder
from eyeful.page.html import render
from eyeful.page.image import build_image
from eyeful.page.inside import TITLE as INSIDE
from eyeful.page.inside import build_inside
from eyeful.page.middleware import TITLE
from eyeful.page.quiet import gr
from eyeful.page.style import fragment
from eyeful.page.teach import build_teach

if TYPE_CHECKING:
    from eyeful.page.models import Models

_AT_ONCE = 2
"""Visitors that are answered at the same time; the others wait their turn."""

_DELETE_EVERY, _DELETE_AFTER = 300, 3600
"""Seconds: uploads are looked through, and go when they are so old."""

_MANY = (
    "() => {{ const main = document.getElementById('main'); main.classList.toggle('many', {});"
    " main.classList.toggle('teaching', {}); }}"
)
"""The image and its answer are of no use where several are chosen."""


def build(models: Models) -> Any:
    """The page as a gr.Blocks, ready to be mounted."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(_DELETE_EVERY, _DELETE_AFTER)) as blocks:
        with models.use(models.default) as classifier:
            labels = classifier.predictor.manifest.labels
        choice_of = wording.choice_of(len(labels), none_of_these=labels.none_of_these is not None)
        fragment(render("heading.html", title=TITLE, choice=choice_of), elem_id="heading")
        with gr.Column(elem_id="main"):
            with gr.Column(elem_id="chosen"):
                choice = build_image(models)
            with gr.Column(elem_id="side"):
                headline = fragment(elem_id="answer")
                fragment(elem_id="browser-answer")
                with gr.Tabs(elem_id="tabs"):
                    with gr.Tab("Classify") as classify:
                        build_classify(choice, headline)
                    with gr.Tab(INSIDE) as inside:
                        build_inside(choice, inside)
                    with gr.Tab("Compare") as compare:
                        build_compare(choice)
                    with gr.Tab("Folder") as folder:
                        build_folder(models)
                    with gr.Tab("Teach") as teach:
                        build_teach(models)
            choice.others.render()
        for tab in (classify, inside, compare, folder, teach):
            tab.select(None, js=_MANY.format(str(tab in {folder, teach}).lower(), str(tab is teach).lower()))

        def left(request: gr.Request) -> None:
            models.taught.forget(request.session_hash)

        blocks.unload(left)
    return blocks.queue(default_concurrency_limit=_AT_ONCE, max_size=64, api_open=False)
