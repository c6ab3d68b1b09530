"""What cannot be taught, told when the images are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import UsageError
from eyeful.filenames import printable
from eyeful.teaching.labelled import FEWEST
from eyeful.wording import counted_percent, error_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eyeful.evaluation.metrics import Share
    from eyeful.teaching.vectors import LabelledVectors


def check_opened(vectors: LabelledVectors, labels: Sequence[str]) -> None:
    """See that each label has enough images that could be opened.

    Raises:
        UsageError: one has not.
    """
    images_K = np.bincount(vectors.label_N, minlength=len(labels))
    few = [
        f"{printable(label)} has {images_K[place]}"
        for place, label in enumerate(labels)
        if images_K[place] < FEWEST
    ]
    if few:
        kinds = ", ".join(f"{number} {error_label(kind)}" for kind, number in vectors.left_out.items())
        more = f" and {len(few) - 5} more labels" if len(few) > 5 else ""
        raise UsageError(
            f"a label needs {FEWEST} images that can be opened: {', '.join(few[:5])}{more} (not opened: {kinds}); "
            "add images, or leave it out"
        )


def check_groups(vectors: LabelledVectors, group_N: NDArray[np.intp], labels: Sequence[str]) -> None:
    """See that each label has two images that are no copies of each other: one judges what the other taught.

    Raises:
        UsageError: one has not.
    """
    for place, label in enumerate(labels):
        own = group_N[vectors.label_N == place]
        if len(np.unique(own)) < 2:
            raise UsageError(
                f"the {len(own)} images of {printable(label)} are near copies of each other, as "
                f"{printable(vectors.filenames[int(np.flatnonzero(vectors.label_N == place)[0])])}: add different "
                "ones, or leave it out"
            )


def check_better(top1: Share, vectors: LabelledVectors, labels: Sequence[str]) -> None:
    """See that cross-validation is right more often than a guess at the largest label.

    Raises:
        UsageError: it is not.
    """
    images_K = np.bincount(vectors.label_N, minlength=len(labels))
    largest = int(images_K.argmax())
    if top1.right <= images_K[largest]:
        raise UsageError(
            f"nothing is written: {counted_percent(top1.right / top1.of)} of {top1.of:,} images are right in "
            f"cross-validation, and {counted_percent(images_K[largest] / top1.of)} are of the label "
            f"{printable(labels[largest])}: this network cannot tell the labels apart; see that they are right, "
            "add images, or choose another model"
        )
