"""The words of eyeful, as frozen dataclasses.

Shape names, used as suffixes everywhere:

    N  images in a batch        K  classes
    H  height, W  width           C  colour channels, always 3: red, green, blue

    pixels_HWC   one opened image, upright, RGB uint8
    batch_NHWC   images after resize and crop, uint8, ready for an engine
    logits_NK    raw scores, float32       probs_NK   after the model's activation, float32
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from eyeful.errors import ErrorKind
from eyeful.filenames import portable_name
from eyeful.wording import one_of, percent

Size = tuple[int, int]
"""(height, width) in pixels."""

Activation = Literal["softmax", "sigmoid", "none"]
"""What makes probabilities of logits: softmax: shares of one label set; sigmoid: each label by itself; none: the
network's own last layer has made them."""

Content = Path | bytes | Image.Image | NDArray[np.uint8] | Callable[[], bytes]
"""Where an item's image is: a file, encoded bytes, an opened image, pixels, or a call that fetches bytes."""

NONE_OF_THESE = "none of these"
"""The last label of a model that was taught: the image is like none of the labels' own images."""


@dataclass(frozen=True, slots=True)
class Item:
    """One image to classify: its identity in every output, and how to get at it.

    Attributes:
        filename: the identity.
        content: where the image is.
        columns: what else the list says of it that named it, as plain JSON values; None without one.
    """

    filename: str
    content: Content
    columns: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Labels:
    """The closed set of answers: position in the output vector = label. Names need not be unique.

    Attributes:
        names: by position.
        wnids: WordNet ids, by position; None where a label has none.
        assumed: the weights do not say them; the last note of the model or manifest tells so.
    """

    names: tuple[str, ...]
    wnids: tuple[str | None, ...]
    assumed: bool = False

    def __len__(self) -> int:
        return len(self.names)

    @property
    def none_of_these(self) -> int | None:
        """The position of "none of these"; None where a model cannot say so."""
        return len(self) - 1 if self.names[-1:] == (NONE_OF_THESE,) else None

    def with_none(self) -> Labels:
        """The same, and "none of these" behind them."""
        return replace(self, names=(*self.names, NONE_OF_THESE), wnids=(*self.wnids, None))

    @property
    def sha256(self) -> str:
        """A digest of names and WordNet ids."""
        return hashlib.sha256(json.dumps([self.names, self.wnids]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One ranked label. Two are equal when rows say the same of them: numbers to seven digits.

    Attributes:
        index: its position in the label set.
        wnid: its WordNet id; None without one.
        label: its name.
        prob: its share of this label set, 0 to 1, not the chance of being right; with sigmoid, a yes or no to it.
        logit: its raw score.
    """

    index: int
    wnid: str | None
    label: str
    prob: float
    logit: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as rows have them; numbers to seven digits, which is what float32 holds."""
        numbers = {"prob": float(f"{self.prob:.7g}"), "logit": float(f"{self.logit:.7g}")}
        return {"index": self.index, "wnid": self.wnid, "label": self.label, **numbers}

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, Score) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self.to_dict().values()))


@dataclass(frozen=True, slots=True)
class Group:
    """A WordNet node whose labels together hold enough of the probability: "dog"; or a single label that does.

    Attributes:
        name: as people say it.
        wnid: the node's WordNet id; None for a label without one.
        prob: the sum of its labels' probabilities, 0 to 1.
        labels: how many labels of the model it holds.
    """

    name: str
    wnid: str | None
    prob: float
    labels: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as rows have them."""
        return {"name": self.name, "wnid": self.wnid, "prob": float(f"{self.prob:.7g}"), "labels": self.labels}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The row for one item: its ranked scores, or a named error.

    Two are equal when their rows are: neither logits nor item nor thumbnail counts.

    Attributes:
        filename: the item's identity.
        top: the k best scores, best first; empty for an error.
        abstained: the best label is a guess, see `results.is_guess`, and said to be one.
        warnings: what was done to the image beyond the preprocessing ("exif_rotated").
        error_kind: what went wrong, as a kind; None for an answer.
        error: the same as one line for a person.
        columns: the other columns of the list that named the input; None without one.
        sure: the share of the probability that a group had to hold; None where none was asked for.
        group: the most specific group that holds it; None where only those do that say nothing.
        prediction_set: the labels among which a calibration promises the right one; None without a calibration.
        temperature: what the logits were divided by before the activation; 1 without a calibration.
        logits: float32 (K,), the raw score of every class; None for an error.
        activation: what made probabilities of them.
        features: float32 (D,), the input of the layer that makes the logits; None where there is no such layer.
        item: the input, to look at the image again.
        thumbnail: uint8 (H, W, 3), at most 320 pixels, when a sink asked for it.
    """

    filename: str
    top: tuple[Score, ...] = ()
    abstained: bool = False
    warnings: tuple[str, ...] = ()
    error_kind: ErrorKind | None = None
    error: str | None = None
    columns: Mapping[str, Any] | None = field(default=None, hash=False)
    sure: float | None = None
    group: Group | None = None
    prediction_set: tuple[Score, ...] | None = None
    temperature: float = field(default=1.0, repr=False, compare=False)
    logits: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    activation: Activation = field(default="softmax", repr=False, compare=False)
    features: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    item: Item | None = field(default=None, repr=False, compare=False)
    thumbnail: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.error_kind is None

    @property
    def status(self) -> Literal["ok", "error"]:
        """`ok` or `error`, as rows say it."""
        return "ok" if self.ok else "error"

    @property
    def label(self) -> str | None:
        """The best label; None for an error."""
        return self.top[0].label if self.top else None

    @property
    def prob(self) -> float | None:
        """The best label's probability, 0 to 1; None for an error."""
        return self.top[0].prob if self.top else None

    @property
    def answer(self) -> str:
        """What people are told, as `cat` or `dog (Labrador retriever?)`; of an error, its kind and its line."""
        if not self.top:
            return f"{self.error_kind}: {self.error}"
        return " ".join(filter(None, (self.answer_parts[0], self.beside)))

    @property
    def unsure(self) -> bool:
        """Whether the label is a guess, abstained from or without a group that holds enough."""
        return self.ok and not self.grouped and (self.abstained or (self.sure is not None and self.group is None))

    @property
    def none_of_these(self) -> bool:
        """Whether a model that was taught answers that the image is like none of its labels; that is no guess."""
        return self.label == NONE_OF_THESE

    @property
    def grouped(self) -> bool:
        """Whether the answer is a group of several labels."""
        return self.group is not None and self.group.labels > 1

    @property
    def answer_prob(self) -> float | None:
        """The probability of what `answer` names, a group or the best label, 0 to 1; None for an error."""
        return self.group.prob if self.group is not None and self.grouped else self.prob

    @property
    def headline(self) -> str:
        """The answer with its probability, as `dog 97.0% (Labrador?)`; a guess and an error have none."""
        if not self.ok or self.unsure:
            return self.answer
        return " ".join(filter(None, (self.answer_parts[0], percent(self.answer_prob or 0), self.beside)))

    @property
    def beside(self) -> str | None:
        """The label in brackets that stands beside what an answer names, as `(tabby?)`; or None."""
        if self.none_of_these:
            return f"(nearest: {self.top[1].label})" if len(self.top) > 1 else None
        guess = self.answer_parts[1]
        return f"({guess}?)" if guess else None

    @property
    def answer_parts(self) -> tuple[str, str | None]:
        """What an answer names, and the label that is a guess beside it, as `("dog", "Labrador retriever")`."""
        best = str(self.label)
        if self.unsure:
            return "unsure", best
        return (self.group.name, best) if self.group is not None and self.grouped else (best, None)

    def to_dict(self) -> dict[str, Any]:
        """The row as plain JSON values, under the same names in every format.

        A file name that is not valid UTF-8 is written with backslash escapes, plus `filename_b64` with its bytes.
        """
        filename, encoded = portable_name(self.filename)
        row: dict[str, Any] = {"filename": filename}
        if encoded:
            row["filename_b64"] = encoded
        row["status"] = self.status
        row |= self.top[0].to_dict() if self.top else dict.fromkeys(Score.__slots__)
        row |= {
            "abstained": self.abstained,
            "top": [score.to_dict() for score in self.top],
            "warnings": list(self.warnings),
            "error_kind": self.error_kind,
            "error": self.error,
        }
        if self.sure is not None:
            row["group"] = self.group.to_dict() if self.group else None
        if self.prediction_set is not None:
            row["prediction_set"] = [score.to_dict() for score in self.prediction_set]
        return row if self.columns is None else row | {"columns": dict(self.columns)}

    def without_arrays(self) -> Prediction:
        """The same without what is large: neither logits nor features, and of the input no more than its name."""
        item = self.item if self.item is not None and isinstance(self.item.content, Path) else None
        return replace(self, logits=None, features=None, item=item)

    def _repr_html_(self) -> str:
        """A notebook shows the answer as a small table of bars."""
        from html import escape

        if not self.ok:
            return f"<b>{escape(self.filename)}</b>: {escape(self.answer)}"
        rows = "".join(
            f"<tr><td>{escape(score.label)}</td><td style='width:12em'><div style='background:#2a6f97;height:.8em;"
            f"width:{score.prob:.1%}'></div></td><td>{percent(score.prob)}</td><td>{score.logit:.2f}</td></tr>"
            for score in self.top
        )
        possible = [score.label for score in self.prediction_set or ()]
        below = f"<tr><td colspan='4'>{escape(one_of(possible))}</td></tr>" if len(possible) > 1 else ""
        said = self.headline if self.group is not None or self.none_of_these else self.answer
        return (
            f"<table><caption>{escape(self.filename)}: {escape(said)}</caption>"
            f"<tr><th>label</th><th></th><th>prob</th><th>logit</th></tr>{rows}{below}</table>"
        )
