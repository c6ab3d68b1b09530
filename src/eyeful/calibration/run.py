"""`eyeful.calibrate`: what can be promised of a model's answers to images like those that a user has judged."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.calibration.fit import check_shares, fit
from eyeful.errors import UsageError
from eyeful.evaluation.answers import truth_about
from eyeful.evaluation.inputs import Inputs
from eyeful.evaluation.labels import labels_of
from eyeful.results import made_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from eyeful.classifier import Classifier
    from eyeful.evaluation.truth import Truth
    from eyeful.results import Calibration

log = logging.getLogger("eyeful")


def calibrate(
    classifier: Classifier,
    images: Any,
    truth: str | Path = "auto",
    *,
    risk: float = 0.05,
    coverage: float = 0.9,
    on_rows: Callable[[int], None] = lambda _: None,
    **search: Any,
) -> Calibration:
    """Find out what can be promised of a classifier's answers to images like these.

        calibration = eyeful.calibrate(clf, "photos/")
        calibration.write("calibration.json")
        eyeful.load(..., calibration="calibration.json")

    The temperature is fitted on every second image, in the order of their names; the others judge. Images that
    cannot be opened or have no right label are left out, and the log says how many.

    Args:
        classifier: made by `eyeful.load`; its answers are shares of one label set (softmax).
        images: as for `Classifier.stream`; a fair sample of those to come, not those that the model learned from.
        truth: what is right for each, as for `eyeful.evaluate`.
        risk: at most this share of the answers that are not unsure shall be wrong, above 0 and at most 0.5.
        coverage: at least this share of the prediction sets shall hold a right label, above 0 and below 1.
        on_rows: called with the number of images that were classified, for progress.
        **search: how images are found: `recursive`, `column` and `every` of `sources.open_source`.

    Raises:
        UsageError: the model's probabilities are no shares of one label set; too few images have a right label; or
            an argument is outside its range.
        EngineError: the network cannot run.
    """
    check_shares(risk, coverage)
    activation = classifier.provenance["activation"]
    if activation != "softmax":
        raise UsageError(
            f"{classifier.model} has the activation {activation}: its probabilities are not shares of one label "
            "set, so there is no one answer to promise something of"
        )
    plain = classifier.with_options(calibration={})
    inputs = Inputs(images, **search)
    known = truth_about(inputs, str(truth), labels_of(classifier))
    logits_NK, right = _judged(plain, inputs, known, on_rows)
    return fit(
        logits_NK,
        right,
        model=classifier.model,
        made_for=made_for(plain.provenance),
        risk=risk,
        coverage=coverage,
    )


def _judged(
    classifier: Classifier, inputs: Inputs, truth: Truth, on_rows: Callable[[int], None]
) -> tuple[NDArray[np.float32], list[tuple[int, ...]]]:
    """Logits and right labels of the images that have both, in the order of their names."""
    found: list[tuple[str, NDArray[np.float32], tuple[int, ...]]] = []
    left_out: Counter[str] = Counter()
    with closing(classifier.stream(inputs.open(), topk=1)) as stream:
        for prediction in stream:
            right = truth.right(prediction.filename)
            if prediction.logits is None:
                left_out[str(prediction.error_kind)] += 1
            elif not right:
                left_out["no right label"] += 1
            else:
                found.append((prediction.filename, prediction.logits, right))
            on_rows(1)
    if left_out:
        kinds = ", ".join(f"{kind} {count}" for kind, count in left_out.most_common(6))
        log.warning("%d of %d images are left out (%s)", left_out.total(), left_out.total() + len(found), kinds)
    found.sort(key=lambda one: one[0])
    logits_NK = np.stack([one[1] for one in found]) if found else np.empty((0, len(classifier.labels)), np.float32)
    return logits_NK, [one[2] for one in found]
