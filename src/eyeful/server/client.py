"""A server as a classifier: a folder goes through it and comes out as the same rows."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self, cast

from eyeful.errors import ERROR_KINDS, EngineError, ErrorKind, ImageError, UsageError, one_line
from eyeful.extras import require
from eyeful.images import encoded_bytes
from eyeful.pipeline import DaemonThreads, LiveItems, StageTimer, ordered_map
from eyeful.predictor import PredictorSpec, pins_of
from eyeful.results import is_guess
from eyeful.types import Group, Prediction, Score

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from eyeful.sources import Source
    from eyeful.types import Item

_RETRY_SECONDS = 60.0
"""For how long one image is offered to a server that is busy, or to a proxy before one that is not there."""
_LONGEST_PAUSE = 10.0
_TIMEOUT = 60.0
_TRY_AGAIN = (429, 502, 503, 504)


class RemoteClassifier:
    """Names what is in images by asking a server; `runs.run` takes it like a local classifier.

    Args:
        url: where the server is.
        model: the alias of a model there; its first when None.
        spec: topk, min_prob, sure and workers count; the rest is the server's.
        token: what the server asks for.
        retry_seconds: for how long one image is offered again and again.

    Raises:
        EngineError: there is no such server, or it does not answer as one of ours.
        UsageError: it has no such model, or asks for another token.
    """

    engine = "server"
    precision = "as served"
    batch_size = 1
    capacity = 1

    def __init__(
        self,
        url: str,
        model: str | None = None,
        spec: PredictorSpec | None = None,
        token: str | None = None,
        *,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._httpx = require("httpx", "--server")
        self.device = url.rstrip("/")
        spec = spec or PredictorSpec()
        self._retry_seconds = retry_seconds
        self.workers = spec.workers or 16
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        limits = self._httpx.Limits(max_connections=self.workers)
        self._client = self._httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, limits=limits)
        try:
            chosen = self._chosen(model)
            self._alias: str = chosen["alias"]
            self.provenance: dict[str, Any] = chosen["provenance"]
            sure = chosen["sure"] if spec.sure is None else spec.sure
            self.spec = replace(spec, sure=sure, pinned=pins_of(self.provenance))
        except (KeyError, TypeError) as error:
            self._client.close()
            raise EngineError(
                f"the server at {self.device} is of another version: its provenance has no {error}"
            ) from error
        except BaseException:
            self._client.close()
            raise

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
        rows = self._rows(ask, inputs, threads)
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

    def _rows(
        self, ask: Callable[[Item], Prediction], source: Source, threads: DaemonThreads
    ) -> Generator[Prediction]:
        """An answer for each item, in order; of a live source, those that have come are not held back."""
        if not source.live:
            yield from ordered_map(ask, source.items, threads, self.max_in_flight)
            return
        with closing(LiveItems(source.items, self.max_in_flight)) as live:
            for burst in live.bursts():
                yield from ordered_map(ask, burst, threads, self.max_in_flight)

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
                shown = "authorization" in self._client.headers
                why = (
                    "takes another token than EYEFUL_TOKEN"
                    if shown
                    else "asks for a token: set EYEFUL_TOKEN to it"
                )
                raise UsageError(f"the server at {self.device} {why}")
            if reply.status_code != 200:
                raise ValueError(f"it answers {reply.status_code} where a list of models should be")
            found = [
                {"alias": str(one["alias"]), "provenance": one["provenance"], "sure": one.get("sure")}
                for one in reply.json()["models"]
            ]
            if not found:
                raise ValueError("its list of models is empty")
        except UsageError:
            raise
        except (self._httpx.HTTPError, self._httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            reason = f"its list of models has no {error}" if isinstance(error, KeyError) else one_line(error)
            raise EngineError(f"no eyeful server answers at {self.device}: {reason}") from error
        return found

    def _ask(self, item: Item, topk: int, stop: threading.Event) -> Prediction:
        try:
            content = encoded_bytes(item)
        except ImageError as error:
            return Prediction(
                item.filename, error_kind=error.kind, error=str(error), columns=item.columns, item=item
            )
        deadline = time.monotonic() + self._retry_seconds
        pause = 0.25
        while True:
            reply, reason = self._post(content, topk)
            if reply is not None and (row := self._row(item, reply)) is not None:
                return row
            if reply is not None and reply.status_code not in _TRY_AGAIN:
                raise EngineError(f"the server at {self.device} {reason}")
            pause = min(2 * pause, _LONGEST_PAUSE) if reply is None else _pause_of(reply)
            if time.monotonic() + pause > deadline or stop.wait(pause):
                raise EngineError(
                    f"the server at {self.device} {reason}; given up after {self._retry_seconds:g} s"
                )

    def _post(self, content: bytes, topk: int) -> tuple[Any | None, str]:
        """The reply, or None without one; and what it says, as the rest of a sentence."""
        asked: dict[str, Any] = {"topk": topk, "model": self._alias}
        if self.spec.sure is not None:
            asked["sure"] = self.spec.sure
        try:
            reply = self._client.post("/v1/classify", params=asked, content=content)
        except (self._httpx.HTTPError, OSError) as error:
            return None, f"does not answer: {one_line(error)}"
        answer = _json_of(reply)
        if isinstance(answer.get("error"), str):
            return reply, f"answers {reply.status_code}: {one_line(answer['error'])}"
        kind = reply.headers.get("content-type", "").partition(";")[0] or "nothing"
        return (
            reply,
            f"answers {reply.status_code} with {one_line(kind, 40)}, unlike eyeful: is it a proxy's reply?",
        )

    def _row(self, item: Item, reply: Any) -> Prediction | None:
        """The row that a reply means; None: it is no answer about this image."""
        answer = _json_of(reply)
        if reply.status_code == 200:
            return self._answered(item, answer)
        text = answer.get("error")
        kind, _, reason = str(text).partition(": ")
        if reply.status_code == 413:  # a proxy may have a limit of its own, and words of its own
            kind, reason = "too_large", str(text or "larger than the server, or a proxy before it, takes")
        elif reply.status_code == 504 and isinstance(text, str):  # a proxy's has no such text, and may pass
            kind, reason = "timeout", text
        elif reply.status_code != 422 or kind not in ERROR_KINDS:
            return None
        failed = cast("ErrorKind", kind)
        return Prediction(item.filename, error_kind=failed, error=reason, columns=item.columns, item=item)

    def _answered(self, item: Item, answer: dict[str, Any]) -> Prediction | None:
        try:
            (row,) = answer["results"]
            top = tuple(Score(**score) for score in row["top"])
            group, likely = row.get("group"), row.get("prediction_set")
            return Prediction(
                item.filename,
                top,
                row.get("abstained", False) or is_guess(top[0], self.spec.min_prob),
                tuple(row["warnings"]),
                columns=item.columns,
                sure=self.spec.sure,
                group=None if group is None else Group(**group),
                prediction_set=None if likely is None else tuple(Score(**score) for score in likely),
                item=item,
            )
        except (KeyError, IndexError, TypeError, ValueError):
            return None


def _json_of(reply: Any) -> dict[str, Any]:
    """A reply's JSON object; empty where it is none, as a proxy's page."""
    try:
        found = reply.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _pause_of(reply: Any) -> float:
    """Seconds that a reply asks to wait: `Retry-After` in seconds or as a date, within reason; else 1."""
    text = reply.headers.get("retry-after", "")
    try:
        seconds = float(text) if text.isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError, OSError):
        return 1.0
    return min(max(seconds, 0.1), _LONGEST_PAUSE)


def _nothing(_: Item, **__: object) -> None:
    """See `RemoteClassifier.preprocessor`."""
