"""The tab *Teach*: labels of a visitor's own, a few images of each, and the model that is taught with them."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.errors import EyefulError
from eyeful.evaluation.thumbnails import shown_filenames, thumbnails
from eyeful.loading import load
from eyeful.page.answer import answered
from eyeful.page.classify import bars_of, headline_of
from eyeful.page.html import alert, note, render
from eyeful.page.image import UploadButton
from eyeful.page.messages import Trouble
from eyeful.page.own_images import MOST_IMAGES, Own, by_label, with_images
from eyeful.page.progress import advancing
from eyeful.page.quiet import UPLOADS, gr
from eyeful.page.style import fragment
from eyeful.page.taught import NAME, zip_folder
from eyeful.teaching.labelled import FEWEST, labelled_images
from eyeful.teaching.report import write_report
from eyeful.teaching.summary import NEW_LABELS, summary_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eyeful.page.models import Models
    from eyeful.teaching.labelled import Labelled
    from eyeful.teaching.result import Taught
    from eyeful.types import Item

MOST_LABELS = 12
_AT_FIRST = 2
_PAIRS, _SUSPICIOUS = 4, 6
"""Pairs of labels and labels that look wrong, of which images are shown."""
_EMPTY = (
    f"Name two labels or more, and add at least {FEWEST} images to each, better 20; {MOST_IMAGES} in all. The "
    "network stays as it is: only its last layer is new, which takes seconds."
)
_TRY = "Choose an image that was not taught: its answer appears here."
_QUIETLY = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one label is written: its column, its name, the buttons, its images and how they are shown."""

    column: Any
    name: Any
    add: Any
    remove: Any
    own: Any
    shown: Any


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Where what was taught is shown."""

    found: Any
    after: Any
    tried: Any
    downloads: tuple[Any, Any]

    @property
    def all(self) -> list[Any]:
        return [self.found, self.after, self.tried, *self.downloads]


def build_teach(models: Models) -> None:
    """Draw the tab; call inside of its gr.Tab."""
    model = gr.Dropdown(
        models.names, value=models.default, label="Network that stays as it is", elem_id="teach-model"
    )
    places = [_place(number) for number in range(MOST_LABELS)]
    with gr.Row(elem_id="label-ways"):
        more = gr.Button("Add a label", size="md", min_width=0, elem_id="more-labels")
        anew = gr.Button("Start anew", size="md", min_width=0, elem_id="anew")
        teach = gr.Button("Teach", variant="primary", size="md", min_width=0, elem_id="teach")
    found = fragment(note(_EMPTY), elem_id="taught")
    with gr.Column(visible=False, elem_id="after") as after:
        attempt = UploadButton("Try an image", variant="primary", size="md", elem_id="try")
        tried = fragment(note(_TRY), elem_id="tried")
        fragment(render("take_away.html", name=NAME, limit=NEW_LABELS))
        with gr.Row(elem_id="taught-downloads"):
            downloads = (
                gr.DownloadButton("Model (.zip)", size="md", min_width=0, elem_id="taught-model"),
                gr.DownloadButton("Report (HTML)", size="md", min_width=0, elem_id="taught-report"),
            )
    outcome = _Outcome(found, after, tried, downloads)
    _connect_labels(places, more, anew, outcome)

    def taught(
        request: gr.Request,
        progress: Any = gr.Progress(),  # noqa: B008 - Gradio's way
        *values: Any,
    ) -> list[Any]:
        name, names, owns = values[0], values[1 : MOST_LABELS + 1], values[MOST_LABELS + 1 :]
        labelled = by_label(names, owns, FEWEST)
        done = labelled if isinstance(labelled, Trouble) else _taught(models, request, name, labelled, progress)
        if isinstance(done, Trouble):
            return [alert(done), gr.update(visible=False), note(_TRY), *[gr.update(value=None)] * 2]
        html, files = done
        return [html, gr.update(visible=True), note(_TRY), *(gr.update(value=str(file)) for file in files)]

    def answer(request: gr.Request, item: Any) -> Any:  # Gradio must be able to read these types
        return _tried(models, request.session_hash, item) if item else gr.skip()

    teach.click(
        taught,
        [model, *(place.name for place in places), *(place.own for place in places)],
        outcome.all,
        api_visibility="private",
        show_progress_on=found,
    )
    attempt.upload(answer, attempt, tried, api_visibility="private", show_progress_on=tried)


def _place(number: int) -> _Place:
    """Where one label is written, from 0."""
    with gr.Column(visible=number < _AT_FIRST, elem_classes="own-label", elem_id=f"own-{number}") as column:
        with gr.Row(elem_classes="own-ways"):
            name = gr.Textbox("", label=f"Label {number + 1}", max_length=60, max_lines=1, min_width=120, scale=3)
            add = UploadButton("Add images", size="md", file_count="multiple", min_width=0)
            remove = gr.Button("Remove", size="md", min_width=0)
        shown = fragment(Own().html(FEWEST))
    return _Place(column, name, add, remove, gr.State(Own()), shown)


def _connect_labels(places: Sequence[_Place], more: Any, anew: Any, outcome: _Outcome) -> None:
    """What adds, fills and removes labels."""
    used = gr.State(_AT_FIRST)
    written = [place.name for place in places] + [place.own for place in places]
    drawn = [used, more, *(one for place in places for one in (place.column, place.name, place.own, place.shown))]

    def draw(number: int, names: Sequence[str], owns: Sequence[Own]) -> list[Any]:
        updates: list[Any] = [number, gr.update(interactive=number < MOST_LABELS)]
        for at, (name, own) in enumerate(zip(names, owns, strict=True)):
            updates += [gr.update(visible=at < number), name, own, own.html(FEWEST)]
        return updates

    def removed(at: int) -> Callable[..., list[Any]]:
        def remove(number: int, *values: Any) -> list[Any]:
            names, owns = list(values[:MOST_LABELS]), list(values[MOST_LABELS:])
            del names[at], owns[at]
            return draw(max(_AT_FIRST, number - 1), [*names, ""], [*owns, Own()])

        return remove

    def added(items: list[Item] | None, own: Own, progress: Any = gr.Progress()) -> Any:  # noqa: B008
        if not items:
            return gr.skip()
        advance = advancing(progress, len(items), "Opening")
        own = with_images(own, items, lambda _: advance(1))
        return own, own.html(FEWEST)

    def one_more(number: int) -> list[Any]:
        number = min(MOST_LABELS, number + 1)
        shown = [gr.update(visible=at < number) for at in range(MOST_LABELS)]
        return [number, gr.update(interactive=number < MOST_LABELS), *shown]

    for at, place in enumerate(places):
        place.add.upload(
            added,
            [place.add, place.own],
            [place.own, place.shown],
            api_visibility="private",
            show_progress_on=place.shown,
        )
        place.remove.click(removed(at), [used, *written], drawn, **_QUIETLY)
    more.click(one_more, used, [used, more, *(place.column for place in places)], **_QUIETLY)
    anew.click(
        lambda: [
            *draw(_AT_FIRST, [""] * MOST_LABELS, [Own()] * MOST_LABELS),
            *(note(_EMPTY), gr.update(visible=False), note(_TRY), *[gr.update(value=None)] * 2),
        ],
        None,
        [*drawn, *outcome.all],
        **_QUIETLY,
    )


def _taught(
    models: Models, request: Any, model: str, labels: dict[str, list[Item]], progress: Any
) -> tuple[str, tuple[Path, Path]] | Trouble:
    """What was found, and the files to download; or why nothing could be taught."""
    from eyeful.teaching.run import teach

    folder = Path(tempfile.mkdtemp(dir=UPLOADS))
    try:
        labelled = labelled_images(labels)
        advance = advancing(progress, len(labelled), "Looking at")
        with models.use(model) as classifier:
            found = teach(labelled, folder / NAME, model=classifier, on_rows=advance)
            spec = classifier.spec
        files = zip_folder(folder / NAME, folder / f"{NAME}.zip"), folder / f"{NAME}.html"
        write_report(found, labelled, files[1])
        own = load(folder / NAME, device=spec.device, precision=spec.precision, max_pixels=spec.max_pixels)
    except (EyefulError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        full = f"the model cannot be written on the server: {getattr(error, 'strerror', None) or error}"
        return Trouble(full if isinstance(error, OSError) else str(error))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    models.taught.add(request.session_hash, own, folder)
    return _html(found, labelled), files


def _html(found: Taught, labelled: Labelled) -> str:
    evaluation = found.cross_validated.to_dict()
    return render(
        "taught.html",
        lines=summary_lines(found),
        pairs=[*evaluation["confusions"][:_PAIRS], *evaluation["none_of_these"][:_PAIRS]],
        suspicious=evaluation["suspicious"][:_SUSPICIOUS],
        jpegs=thumbnails(labelled.items, shown_filenames(evaluation)),
    )


def _tried(models: Models, session: str, item: Item) -> str:
    try:
        with models.taught.use(session) as classifier:
            found = answered(classifier, "your model", item)
    except EyefulError as error:
        return alert(Trouble(str(error)))
    if isinstance(found, Trouble):
        return alert(found)
    pixels = found.prediction.thumbnail
    return render("tried.html", pixels=pixels, headline=headline_of(found), bars=bars_of(found))
