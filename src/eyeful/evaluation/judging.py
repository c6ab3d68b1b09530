"""A classifier whose rows say what is right."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Generator

    from eyeful.evaluation.judge import Judge
    from eyeful.pipeline import StageTimer, SupportsStream
    from eyeful.sources import Source
    from eyeful.types import Prediction


def judging(classifier: SupportsStream, judge: Judge) -> SupportsStream:
    """The same classifier, as `runs.run` takes it; each of its predictions has in its columns what is right.

    Args:
        classifier: what answers. One without logits, a server, is asked for all of its labels.
        judge: knows what is right.
    """
    return cast("SupportsStream", _Judging(classifier, judge))


class _Judging:
    def __init__(self, classifier: SupportsStream, judge: Judge) -> None:
        self._classifier = classifier
        self._judge = judge

    def __getattr__(self, name: str) -> Any:
        return getattr(self._classifier, name)

    def stream(
        self, inputs: Source, *, topk: int | None = None, thumbnails: bool = False, timer: StageTimer | None = None
    ) -> Generator[Prediction]:
        """As the classifier's."""
        most = topk or self._classifier.spec.topk
        asked = most if hasattr(self._classifier, "predictor") else int(self._classifier.provenance["classes"])
        with closing(self._classifier.stream(inputs, topk=asked, thumbnails=thumbnails, timer=timer)) as stream:
            for prediction in stream:
                yield self._judge.noted(prediction, most)
