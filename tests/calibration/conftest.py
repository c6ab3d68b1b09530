"""Logits of 250 labelled photographs, whose best label is right in 89 % of them; see make_logits.py."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def logits():
    """Logits (250, 1000) float32, and the right label of each (250,)."""
    with np.load(Path(__file__).with_name("logits.npz")) as file:
        return file["logits_NK"].astype(np.float32), file["right_N"].astype(int)
