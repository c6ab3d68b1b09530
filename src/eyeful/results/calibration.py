"""A calibration: what `eyeful calibrate` found on a user's own images, as its file, a manifest and a spec hold it.

It holds for one model, run in one way, and is refused for any other. Its temperature divides the logits; below its
risk threshold an answer is unsure; the labels at or above its coverage threshold are the prediction set.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from eyeful.bundle.files import write_atomically
from eyeful.errors import UsageError
from eyeful.filenames import printable
from eyeful.results.differences import difference

FORMAT = 1
_MADE_FOR = {
    "weights": "the weights",
    "preprocessing": "the preprocessing",
    "labels_sha256": "the labels",
    "precision": "the precision",
    "activation": "the activation",
    "decode": "the decoding",
    "resize": "the resizing",
    "colour_profile": "the colour profile's handling",
}
"""What a calibration is made for, by its key in a classifier's provenance."""


@dataclass(frozen=True, slots=True)
class Risk:
    """The promise about answers: at most this share of those that are not unsure is wrong.

    Attributes:
        at_most: the share, above 0 and below 1.
        delta: the chance that the promise is broken, over the choice of the images.
        threshold: the least probability of an answer that is not unsure; None where nothing can be promised.
        images: judged for it.
        answered: of these, the images whose best label has at least that probability.
        wrong: of the answered, those whose label was wrong.
        needs: where nothing can be promised, about how many images in all would do; None where no number would.
    """

    at_most: float
    delta: float
    threshold: float | None
    images: int
    answered: int = 0
    wrong: int = 0
    needs: int | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The promise about prediction sets: at least this share of them holds a right label.

    Attributes:
        at_least: the share, above 0 and below 1.
        threshold: labels with at least this probability are in the set.
        images: judged for it.
    """

    at_least: float
    threshold: float
    images: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was found, and for which model.

    Attributes:
        model: the model's title.
        made: the date, YYYY-MM-DD.
        made_for: what a classifier must have in common with that which it was made with.
        images: the images with a right label, all of them.
        temperature: what the logits are divided by.
        temperature_images: the images that it was fitted on; the promises are about the others.
        risk: the promise about answers.
        coverage: the promise about prediction sets; None without.
    """

    model: str
    made: str
    made_for: dict[str, Any]
    images: int
    temperature: float
    temperature_images: int
    risk: Risk
    coverage: Coverage | None = None

    @property
    def least_prob(self) -> float:
        """Below this probability an answer is unsure; 0 where nothing could be promised."""
        return self.risk.threshold or 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as the file has them."""
        risk: dict[str, Any] = asdict(self.risk)
        del risk["needs"]
        if self.risk.threshold is None:
            risk = {name: risk[name] for name in ("at_most", "delta", "threshold", "images")}
            risk["needs"] = self.risk.needs
        return {"format": FORMAT} | asdict(self) | {"risk": risk}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The inverse of `to_dict`.

        Raises:
            UsageError: it is no calibration, a damaged one, or of another format.
        """
        if not isinstance(values, dict) or "format" not in values or "made_for" not in values:
            raise UsageError("not a calibration; `eyeful calibrate` makes one")
        if values["format"] != FORMAT:
            raise UsageError(
                f"a calibration of format {values['format']}, not {FORMAT}, as this eyeful reads; calibrate again"
            )
        try:
            rest = {name: value for name, value in values.items() if name != "format"}
            coverage = None if rest["coverage"] is None else Coverage(**rest["coverage"])
            found = cls(**(rest | {"risk": Risk(**rest["risk"]), "coverage": coverage}))
            fault = found._fault()
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"a damaged calibration ({error!r}); calibrate again") from error
        if fault:
            raise UsageError(f"a damaged calibration ({fault}); calibrate again")
        return found

    def write(self, path: str | Path) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.
        """
        write_atomically(Path(path), json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n")

    def check(self, provenance: dict[str, Any]) -> None:
        """See that it was made for a classifier.

        Args:
            provenance: the classifier's; of what is not in it, nothing is known yet.

        Raises:
            UsageError: it was made for another one; the text names each difference.
        """
        found = made_for(provenance)
        differing = [
            difference(what, name, self.made_for.get(name), found[name])
            for name, what in _MADE_FOR.items()
            if name in found and self.made_for.get(name) != found[name]
        ]
        if differing:
            raise UsageError(
                f"the calibration of {self.model} ({self.made}) does not hold here: {'; '.join(differing)[:600]}. "
                "Run the model as then, or calibrate again"
            )

    def _fault(self) -> str | None:
        """What is wrong with its values, if anything."""
        risk, coverage = self.risk, self.coverage
        faults = {
            "its temperature is not above 0": not 0 < self.temperature < math.inf,
            "its risk is no share": not 0 < risk.at_most < 1 or not 0 < risk.delta < 1,
            "its risk threshold is no probability": risk.threshold is not None and not 0 <= risk.threshold <= 1,
            "its coverage is no share": coverage is not None and not 0 < coverage.at_least < 1,
            "its coverage threshold is no probability": coverage is not None and not 0 <= coverage.threshold <= 1,
            "it counts no images": not all(type(n) is int and n >= 0 for n in (self.images, risk.images)),
            "its model is no name": not isinstance(self.model, str) or not isinstance(self.made, str),
            "it does not say what it was made for": not set(_MADE_FOR) <= set(self.made_for),
        }
        return next((fault for fault, is_so in faults.items() if is_so), None)


def made_for(provenance: dict[str, Any]) -> dict[str, Any]:
    """What a calibration holds for, of a classifier's provenance: what decides its probabilities."""
    found = {name: provenance[name] for name in _MADE_FOR if name in provenance}
    if isinstance(found.get("weights"), dict):
        found["weights"] = found["weights"]["sha256"]
    return found


def read_calibration(path: str | Path) -> Calibration:
    """The calibration in a file.

    Raises:
        UsageError: it cannot be read, or holds none.
    """
    name = printable(str(path))
    try:
        values = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"the calibration {name} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not a calibration but other text; `eyeful calibrate` makes one") from error
    try:
        return Calibration.from_dict(values)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error
