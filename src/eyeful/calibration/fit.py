"""Logits and right labels → a calibration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.calibration.coverage import conformal_coverage, images_for_coverage
from eyeful.calibration.risk import DELTA, control_risk, needs
from eyeful.calibration.temperature import fit_temperature
from eyeful.errors import UsageError
from eyeful.results import Calibration, softmax
from eyeful.wording import plain_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def fit(
    logits_NK: NDArray[np.float32],
    right: Sequence[tuple[int, ...]],
    *,
    model: str,
    made_for: dict[str, Any],
    risk: float = 0.05,
    coverage: float = 0.9,
) -> Calibration:
    """Fit the temperature on every second image, and find out on the others what can be promised.

    Args:
        logits_NK: float32, of a model whose activation is softmax; in the order of the images' names.
        right: the positions of each image's right labels, one at least.
        model: the model's title.
        made_for: see `eyeful.results.made_for`.
        risk: the largest share of wrong answers, above 0 and at most 0.5.
        coverage: the least share of prediction sets that hold a right label, above 0 and below 1.

    Raises:
        UsageError: a share is outside its range, or the images are too few for any promise.
    """
    check_shares(risk, coverage)
    least = 2 * max(needs(risk) or 0, images_for_coverage(coverage))
    if len(right) < least:
        raise UsageError(
            f"{len(right)} images with a right label are too few: at most {plain_percent(risk)} wrong answers and "
            f"{plain_percent(coverage)} coverage need {least} at least, and better twice as many"
        )
    temperature = fit_temperature(logits_NK[::2], right[::2])
    best_N, is_right_N, right_probs_N = _probs(logits_NK, right, temperature)
    halves = (best_N[::2], is_right_N[::2]), (best_N[1::2], is_right_N[1::2])
    return Calibration(
        model=model,
        made=datetime.now(UTC).date().isoformat(),
        made_for=made_for,
        images=len(right),
        temperature=temperature,
        temperature_images=len(right[::2]),
        risk=control_risk(*halves, risk, DELTA),
        coverage=conformal_coverage(right_probs_N[1::2], coverage),
    )


def check_shares(risk: float, coverage: float) -> None:
    """See that the promises that are asked for can be given at all.

    Raises:
        UsageError: a share is outside its range.
    """
    if not 0 < risk <= 0.5:
        raise UsageError(f"risk {risk:g} is not above 0 and at most 0.5")
    if needs(risk) is None:
        raise UsageError(
            f"risk {risk:g} cannot be shown: more than 100,000 answers without an error would be needed"
        )
    if not 0 < coverage < 1:
        raise UsageError(f"coverage {coverage:g} is not above 0 and below 1")


def _probs(
    logits_NK: NDArray[np.float32], right: Sequence[tuple[int, ...]], temperature: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Of each image: the best probability, whether its label is right, and the best probability of a right label.

    One image after another, as it will be when the calibration is used: thresholds are compared bit by bit.
    """
    best_N, right_probs_N = np.empty((2, len(right)), np.float32)
    is_right_N = np.empty(len(right), np.bool_)
    for place, (logits_K, labels) in enumerate(zip(logits_NK, right, strict=True)):
        probs_K = softmax(logits_K, temperature)
        best = int(np.argmax(logits_K))
        best_N[place], is_right_N[place] = probs_K[best], best in labels
        right_probs_N[place] = probs_K[list(labels)].max()
    return best_N, is_right_N, right_probs_N
