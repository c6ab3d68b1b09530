"""Networks of any library, small inputs, random weights: what is looked at here is how they are built."""

import numpy as np
import pytest
import torch

from eyeful.explain import Network
from eyeful.models.base import Architecture, ready
from eyeful.models.families import build
from eyeful.preprocessing import Preprocessing
from eyeful.types import Item, Labels
from helpers import noise_image

CLASSES = 7
SIDE = 96


@pytest.fixture(scope="session")
def item() -> Item:
    return Item("noise.png", np.asarray(noise_image(3, 320, 200)))


@pytest.fixture(scope="session")
def make():
    """A network by library and name; the same seed gives the same weights."""

    def network(name, library="torchvision", classes=CLASSES, side=SIDE) -> Network:
        options = {"aux_logits": True, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        torch.manual_seed(0)
        module = ready(build(Architecture(library, name, classes, options)))
        preprocessing = Preprocessing((side, side), (side, side), "bilinear", (0.5,) * 3, (0.5,) * 3)
        labels = Labels(tuple(f"label {place}" for place in range(classes)), (None,) * classes)
        return Network(name, module, preprocessing, labels)

    return network
