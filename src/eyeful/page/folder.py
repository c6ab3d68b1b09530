"""The tab *Folder*: several images at once, and the report of `eyeful predict --report` to download."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from eyeful.errors import EyefulError
from eyeful.page.html import note, render
from eyeful.page.image import File
from eyeful.page.quiet import UPLOADS, gr
from eyeful.page.style import fragment
from eyeful.runs import run
from eyeful.sinks.report import ReportSink
from eyeful.sources import open_source

if TYPE_CHECKING:
    from types import TracebackType

    from eyeful.page.models import Models
    from eyeful.types import Item, Prediction

MOST_FILES = 500
_MOST_ROWS = 100
_TOO_MANY = f"These are too many: the page takes {MOST_FILES} at once, `eyeful predict` any number."
_EMPTY = "The answers appear here as soon as there are images."


def build_folder(models: Models) -> None:
    """Draw the tab; call inside of its gr.Tab."""
    files = File(file_count="multiple", label=f"Images: up to {MOST_FILES} files", height=180, elem_id="files")
    model = gr.Dropdown(models.names, value=models.default, label="Model", elem_id="folder-model")
    download = gr.DownloadButton("Download the report", variant="primary", visible=False, elem_id="report")
    shown = fragment(note(_EMPTY), elem_id="rows")

    def classified(items: list[Item] | None, name: str, progress: Any = gr.Progress()) -> list[Any]:  # noqa: B008 - Gradio's way
        if not items:
            return [gr.update(visible=False), note(_EMPTY)]
        if len(items) > MOST_FILES:
            return [gr.update(visible=False), note(_TOO_MANY)]
        try:
            report, html = _reported(models, items, name, progress)
        except EyefulError as error:
            return [gr.update(visible=False), note(str(error))]
        return [gr.update(value=str(report), visible=True), html]

    gr.on(
        [files.upload, files.delete, files.clear, model.input],
        classified,
        [files, model],
        [download, shown],
        api_visibility="private",
        show_progress_on=shown,
    )


class _Rows:
    """The sink of what the page itself shows: the first rows, in input order."""

    wants_thumbnails = False

    def __init__(self) -> None:
        self.first: list[Prediction] = []

    def __enter__(self) -> Self:
        return self

    def append(self, prediction: Prediction) -> None:
        """Keep one of the first."""
        if len(self.first) < _MOST_ROWS:
            self.first.append(prediction)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def _reported(models: Models, items: list[Item], model: str, progress: Any) -> tuple[Path, str]:
    """One run, as `eyeful predict` has it: the report's file, and what the page shows."""
    report = Path(tempfile.mkdtemp(dir=UPLOADS)) / "eyeful-report.html"
    rows = _Rows()
    done = iter(range(1, len(items) + 1))

    def advance(new: int) -> None:
        for number in islice(done, new):
            progress((number, len(items)), desc="Classifying", unit="images")

    with models.use(model) as classifier:
        summary = run(
            classifier, open_source(items), [ReportSink(report, classifier.provenance), rows], on_rows=advance
        )
    return report, render("folder.html", summary=f"{summary}.", rows=rows.first, inputs=summary.inputs)
