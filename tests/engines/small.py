"""A small network, and bundles of it."""

import torch

from eyeful.bundle import Bundle, Manifest, write_bundle
from eyeful.engines import family
from eyeful.prepare.check import check
from eyeful.prepare.deployed import Deployed
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels

PREPROCESSING = Preprocessing((64, 64), (73, 73), "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
LABELS = Labels(tuple("abcde"), (None,) * 5)


def network() -> Deployed:
    """A small CNN that ends in a linear layer."""
    torch.manual_seed(0)
    cnn = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(16, 32, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(32, 5),
    )
    return Deployed(cnn.eval(), PREPROCESSING, len(LABELS))


def converted(name: str, folder) -> Bundle:
    manifest = Manifest("small", {}, PREPROCESSING, LABELS, {"sha256": "0"}, name)
    deployed = network()

    def write(place):
        family(name).write(deployed, manifest, place)
        check(Bundle(place, manifest), family(name), deployed)

    return write_bundle(folder, manifest, write)
