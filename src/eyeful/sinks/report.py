"""The report: one self-contained HTML page that opens without a network.

Failures come first, then the least confident answers: what a person should look at.
"""

from __future__ import annotations

import base64
import heapq
import io
from importlib.metadata import version
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, Self

from jinja2 import Environment, PackageLoader
from PIL import Image

from eyeful.bundle.files import write_atomically
from eyeful.errors import OutputError
from eyeful.filenames import printable
from eyeful.wording import percent, warning_label

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from eyeful.types import Prediction

MOST_ROWS = 1000
"""Images in one report; of a larger run the failures and the least confident are shown."""
_THUMBNAIL = 200


class ReportSink:
    """Collects what a page can show, and writes it when the run ends.

    Args:
        path: the .html file.
        manifest: what the footer says of the model.
    """

    wants_thumbnails = True

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self._path = path
        self._manifest = manifest
        self._cards: list[tuple[float, int, dict[str, Any]]] = []
        self._order = count()
        self._counts = {"inputs": 0, "predicted": 0, "unsure": 0, "errors": 0}

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error
        return self

    def append(self, prediction: Prediction) -> None:
        """Keep one prediction, if it is among those that a person should look at first."""
        self._counts["inputs"] += 1
        self._counts["predicted" if prediction.ok else "errors"] += 1
        self._counts["unsure"] += prediction.abstained
        concern = 2.0 if prediction.prob is None else 1.0 - prediction.prob
        if len(self._cards) < MOST_ROWS:
            heapq.heappush(self._cards, (concern, -next(self._order), _card(prediction)))
        elif concern > self._cards[0][0]:
            heapq.heapreplace(self._cards, (concern, -next(self._order), _card(prediction)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cards = [card for _, _, card in sorted(self._cards, key=lambda entry: entry[:2], reverse=True)]
        environment = Environment(loader=PackageLoader("eyeful.sinks"), autoescape=True, trim_blocks=True)
        environment.filters |= {"percent": percent, "warning_label": warning_label}
        page = environment.get_template("report.html").render(
            cards=cards, counts=self._counts, manifest=self._manifest, version=version("eyeful")
        )
        try:
            write_atomically(self._path, page)
        except OSError as failure:
            raise OutputError(f"cannot write {self._path}: {failure.strerror}") from failure


def _card(prediction: Prediction) -> dict[str, Any]:
    return {
        "name": printable(prediction.filename),
        "image": _small(prediction.thumbnail) if prediction.thumbnail is not None else None,
        "answer": printable(prediction.answer),
        "ok": prediction.ok,
        "abstained": prediction.abstained,
        "kind": prediction.error_kind,
        "top": prediction.top,
        "warnings": prediction.warnings,
    }


def _small(thumbnail: NDArray[Any]) -> str:
    image = Image.fromarray(thumbnail)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return data_uri(image)


def data_uri(image: Image.Image, kind: Literal["PNG", "JPEG"] = "JPEG") -> str:
    """An image inside a page; PNG keeps every pixel."""
    encoded = io.BytesIO()
    image.save(encoded, kind, quality=85)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(encoded.getvalue()).decode('ascii')}"
