"""A server as a classifier: a folder goes through it and comes out as the same rows."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from eyeful.errors import ERROR_KINDS, EngineError, ImageError, UsageError, one_line
from eyeful.extras import require
from eyeful.images import encoded_bytes
from eyeful.pipeline import DaemonThreads, StageTimer, ordered_map
from eyeful.predictor import PredictorSpec, pins_of
from eyeful.types import Prediction, Score

if TYPE_CHECKING:
    from collections.abc import Generator

    from eyeful.sources import Source
    from eyeful.types import Item

_TRIES = 60
"""How often an image is offered to a busy server, which says after how many seconds to come back."""
_TIMEOUT = 60.0


class RemoteClassifier:
    """Names what is in images by asking a server; `runs.run` takes it like a local classifier.

    Args:
        url: where the server is.
        model: the alias of a model there; its first when None.
        spec: topk and workers count; the rest is the server's.
        token: what the server asks for.

    Raises:
        EngineError: there is no such server, or it does not answer as one of ours.
        UsageError: it has no such model.
    """

    engine = "server"
    precision = "as served"
    batch_size = 1
    capacity = 1

    def __init__(
        self, url: str, model: str | None = None, spec: PredictorSpec | None = None, token: str | None = None
    ) -> None:
        self._httpx = require("httpx", "--server")
        self.device = url.rstrip("/")
        spec = spec or PredictorSpec()
        self.workers = spec.workers or 16
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        limits = self._httpx.Limits(max_connections=self.workers)
        self._client = self._httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, limits=limits)
        try:
            chosen = self._chosen(model)
        except BaseException:
            self._client.close()
            raise
        self._alias: str = chosen["alias"]
        self.provenance: dict[str, Any] = chosen["provenance"]
        self.spec = replace(spec, pinned=pins_of(self.provenance))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def max_in_flight(self) -> int:
        """How many inputs may have been sent and have no row yet."""
        return 2 * self.workers

    @property
    def preprocessor(self) -> partial[None]:
        """Nothing is decoded here, so nothing can crash here."""
        return partial(_nothing)

    def stream(
        self, inputs: Source, *, topk: int | None = None, thumbnails: bool = False, timer: StageTimer | None = None
    ) -> Generator[Prediction]:
        """Predictions in input order; several images are on their way at once.

        Raises:
            EngineError: the server fails or stays busy; what came before can be resumed.
        """
        if thumbnails:
            raise UsageError("--report and --figures need the images here; a server gives rows (-o)")
        timer = timer or StageTimer()
        stop = threading.Event()
        ask = partial(self._ask, topk=topk or self.spec.topk, stop=stop)
        threads = DaemonThreads(self.workers, "eyeful-client")
        rows = ordered_map(ask, inputs.items, threads, self.max_in_flight)
        try:
            while True:
                with timer.on("forward"):
                    row = next(rows, None)
                if row is None:
                    return
                yield row
        finally:
            stop.set()
            rows.close()
            threads.close()

    def _chosen(self, model: str | None) -> dict[str, Any]:
        found = self._models()
        if model is None:
            return found[0]
        for one in found:
            if one["alias"] == model:
                return one
        names = ", ".join(one["alias"] for one in found)
        raise UsageError(f"the server at {self.device} has no model {model!r}; there is {names}")

    def _models(self) -> list[dict[str, Any]]:
        try:
            reply = self._client.get("/v1/models")
            if reply.status_code == 401:
                raise UsageError(f"the server at {self.device} asks for a token: set EYEFUL_TOKEN to it")
            if reply.status_code != 200:
                raise ValueError(f"it answers {reply.status_code} where a list of models should be")
            found: list[dict[str, Any]] = reply.json()["models"]
        except (self._httpx.HTTPError, self._httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            reason = one_line(error)
            raise EngineError(f"no eyeful server answers at {self.device}: {reason}") from error
        return found

    def _ask(self, item: Item, topk: int, stop: threading.Event) -> Prediction:
        try:
            content = encoded_bytes(item)
        except ImageError as error:
            return Prediction(item.filename, error_kind=error.kind, error=str(error), item=item)
        for _ in range(_TRIES):
            try:
                reply = self._client.post(
                    "/v1/classify", params={"topk": topk, "model": self._alias}, content=content
                )
            except self._httpx.HTTPError as error:
                raise EngineError(f"the server at {self.device} does not answer: {error}") from error
            if reply.status_code != 503 or stop.is_set():
                break
            stop.wait(float(reply.headers.get("retry-after", "1")))
        return self._row(item, reply)

    def _row(self, item: Item, reply: Any) -> Prediction:
        answer = reply.json()
        if reply.status_code == 200:
            (row,) = answer["results"]
            top = tuple(Score(**score) for score in row["top"])
            abstained = top[0].prob < self.spec.min_prob
            return Prediction(item.filename, top, abstained, tuple(row["warnings"]), item=item)
        text = str(answer.get("error", reply.reason_phrase))
        kind, _, reason = text.partition(": ")
        if reply.status_code == 422 and kind in ERROR_KINDS:
            return Prediction(item.filename, error_kind=kind, error=reason, item=item)
        if reply.status_code in (413, 504):
            kind = "too_large" if reply.status_code == 413 else "timeout"
            return Prediction(item.filename, error_kind=kind, error=text, item=item)  # type: ignore[arg-type]
        raise EngineError(f"the server at {self.device} answered {reply.status_code}: {text}")


def _nothing(_: Item, **__: object) -> None:
    """See `RemoteClassifier.preprocessor`."""
