"""The tab *Folder*: many images at once, and the report and the rows of `eyeful predict` to download."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from eyeful.errors import EyefulError
from eyeful.page.html import alert, note, render
from eyeful.page.image import UploadButton
from eyeful.page.messages import Trouble
from eyeful.page.progress import advancing
from eyeful.page.quiet import UPLOADS, gr
from eyeful.page.style import fragment
from eyeful.runs import run
from eyeful.sinks.csv import CsvSink
from eyeful.sinks.report import ReportSink
from eyeful.sources import open_source

if TYPE_CHECKING:
    from types import TracebackType

    from eyeful.page.models import Models
    from eyeful.sinks import Sink
    from eyeful.types import Item, Prediction

MOST_FILES = 500
_MOST_ROWS = 100
_EMPTY = f"Choose up to {MOST_FILES} images, or drop or paste them anywhere on this page."


class _Result(NamedTuple):
    """What one run leaves: the report and the rows to download, and what the page shows."""

    files: tuple[Path, Path]
    html: str


def build_folder(models: Models) -> None:
    """Draw the tab; call inside of its gr.Tab."""
    with gr.Row(elem_id="folder-ways"):
        model = gr.Dropdown(models.names, value=models.default, label="Model", elem_id="folder-model")
        files = UploadButton("Choose images", variant="primary", file_count="multiple", elem_id="files")
    with gr.Row(elem_id="downloads"):
        downloads = [
            gr.DownloadButton("Report (HTML)", size="md", min_width=0, interactive=False, elem_id="report"),
            gr.DownloadButton("Rows (CSV)", size="md", min_width=0, interactive=False, elem_id="csv"),
        ]
    shown = fragment(note(_EMPTY), elem_id="rows")

    def classified(items: list[Item] | None, name: str, progress: Any = gr.Progress()) -> list[Any]:  # noqa: B008 - Gradio's way
        found = _run(models, items, name, progress) if items else note(_EMPTY)
        if isinstance(found, str):
            return [found, *[gr.update(value=None, interactive=False)] * 2]
        return [found.html, *(gr.update(value=str(file), interactive=True) for file in found.files)]

    gr.on(
        [files.upload, model.input],
        classified,
        [files, model],
        [shown, *downloads],
        api_visibility="private",
        show_progress_on=shown,
    )


class _Rows:
    """The sink of what the page itself shows: the first rows, in input order."""

    wants_thumbnails = True

    def __init__(self) -> None:
        self.first: list[Prediction] = []

    def __enter__(self) -> Self:
        return self

    def append(self, prediction: Prediction) -> None:
        """Store it, if it is one of the first."""
        if len(self.first) < _MOST_ROWS:
            self.first.append(prediction)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def _run(models: Models, items: list[Item], model: str, progress: Any) -> _Result | str:
    """One run, as `eyeful predict` has it; or an alert."""
    if len(items) > MOST_FILES:
        return alert(
            Trouble(
                f"{len(items):,} images are too many: this page takes {MOST_FILES} at once.",
                "Choose fewer, or use `eyeful predict`, which takes any number.",
            )
        )
    folder = Path(tempfile.mkdtemp(dir=UPLOADS))
    report, csv = folder / "eyeful-report.html", folder / "eyeful-rows.csv"
    rows = _Rows()
    advance = advancing(progress, len(items), "Classifying")
    try:
        with models.use(model) as classifier:
            sinks: list[Sink] = [ReportSink(report, classifier.provenance), CsvSink(csv), rows]
            summary = run(classifier, open_source(items), sinks, on_rows=advance)
    except EyefulError as error:
        return alert(Trouble(str(error)))
    html = render("folder.html", summary=f"{summary}.", rows=rows.first, inputs=summary.inputs)
    return _Result((report, csv), html)
