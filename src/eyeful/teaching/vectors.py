"""Labelled images → vectors of unit length, in the order of their filenames."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eyeful.bundle.head import unit_vectors
from eyeful.predictor import no_features
from eyeful.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from eyeful.classifier import Classifier
    from eyeful.teaching.labelled import Labelled


@dataclass(frozen=True, slots=True, eq=False)
class LabelledVectors:
    """What a head is taught from.

    Attributes:
        filenames: sorted.
        unit_ND: float32, of unit length.
        label_N: positions of the labels.
        left_out: images that could not be opened, by the kind of error.
    """

    filenames: list[str]
    unit_ND: NDArray[np.float32]
    label_N: NDArray[np.intp]
    left_out: Mapping[str, int]


def labelled_vectors(
    classifier: Classifier, labelled: Labelled, on_rows: Callable[[int], None] = lambda _: None
) -> LabelledVectors:
    """Run the network over labelled images; D floats of each are held.

    The images are taken in the order of their filenames, so that the same ones are in the same batches in whatever
    order they were found.

    Raises:
        UsageError: the network gives no features.
        EngineError: the engine failed.
    """
    order = sorted(range(len(labelled.items)), key=lambda place: labelled.items[place].filename)
    filenames: list[str] = []
    vectors: list[NDArray[np.float32]] = []
    labels: list[int] = []
    errors: Counter[str] = Counter()
    source = Source((labelled.items[place] for place in order), single=False)
    with closing(classifier.stream(source, topk=1)) as stream:
        for place, prediction in zip(order, stream, strict=True):
            if prediction.error_kind is not None:
                errors[prediction.error_kind] += 1
            elif prediction.features is None:
                raise no_features(classifier.predictor)
            else:
                filenames.append(prediction.filename)
                vectors.append(unit_vectors(prediction.features))
                labels.append(labelled.label_N[place])
            on_rows(1)
    unit_ND = np.stack(vectors) if vectors else np.empty((0, 0), np.float32)
    return LabelledVectors(filenames, unit_ND, np.array(labels, np.intp), dict(errors.most_common()))
