"""What lite0 says of the labelled photographs, computed once."""

from typing import NamedTuple

import numpy as np
import pytest

from eyeful.types import Labels


class Photographs(NamedTuple):
    """Logits float32 (250, 1000), the position of each right label, the files' names, and the model's labels."""

    logits: np.ndarray
    right: np.ndarray
    names: list[str]
    labels: Labels


@pytest.fixture(scope="session")
def photographs(photos, lite0) -> Photographs:
    files = sorted((photos / "labelled").iterdir())
    labels = lite0.predictor.manifest.labels
    right = np.array([labels.wnids.index(path.name.partition("_")[0]) for path in files])
    return Photographs(lite0.logits(files), right, [path.name for path in files], labels)
