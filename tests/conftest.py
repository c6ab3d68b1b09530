"""Shared by all tests: a cache folder of their own, pictures, checkpoints that discriminate."""

import os
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eyeful.bundle import Passport
from eyeful.models.torchvision_import import import_torchvision
from eyeful.pipeline import Classifier, Settings
from eyeful.types import Labels, Recipe


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's caches, or the network."""
    home = tmp_path_factory.mktemp("home")
    os.environ["EYEFUL_HOME"] = str(home / "eyeful")
    os.environ["TORCH_HOME"] = str(home / "torch")
    os.environ["HF_HOME"] = str(home / "hf")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.pop("EYEFUL_MIRROR", None)


@pytest.fixture(scope="session")
def photos() -> Path:
    """The labelled photographs, where the machine has them."""
    folder = Path(os.environ.get("EYEFUL_PHOTOS") or "missing")
    if not (folder / "labelled").is_dir():
        pytest.skip("EYEFUL_PHOTOS does not name a folder with labelled/ and camera/")
    return folder


class FakeEngine:
    """Logits are the mean of each channel: a picture's label is its colour."""

    name, device, precision, capacity, batch_size = "fake", "cpu", "fp32", 2, 8

    def __init__(self, poison=None):
        self.poison = poison
        self.batches: list[int] = []

    def submit(self, batch_NHWC):
        self.batches.append(len(batch_NHWC))
        logits = batch_NHWC.mean((1, 2), dtype=np.float32) / 10
        if self.poison is not None:
            logits[(batch_NHWC == self.poison).all((1, 2, 3))] = np.nan
        future = Future()
        future.set_result(logits.astype(np.float32))
        return future

    def close(self):
        pass


def fake_classifier(engine=None, **settings) -> Classifier:
    """A classifier that tells red, green and blue apart."""
    recipe = Recipe((8, 8), (8, 8), "bilinear", (0.5,) * 3, (0.5,) * 3)
    labels = Labels(("red", "green", "blue"), (None, None, None))
    passport = Passport("fake", {}, recipe, labels, {"sha256": "0"}, "fake")
    return Classifier(engine or FakeEngine(), passport, settings=Settings(**settings))


def noise_picture(seed: int, width: int = 320, height: int = 240) -> Image.Image:
    """A picture with structure at every scale, so that resizing and shifting it change its pixels."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cells in (2, 5, 13, 60):
        coarse = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
    total += random.normal(0, 12, total.shape)
    return Image.fromarray(np.clip(total / 4, 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 12 generated pictures of several sizes and formats."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(12):
        width, height = ((320, 240), (240, 320), (500, 375), (64, 48))[seed % 4]
        ending = ("png", "jpg", "webp")[seed % 3]
        noise_picture(seed, width, height).save(folder / f"{seed:02d}.{ending}")
    return folder


def discriminating_state(name: str, num_classes: int, size: int = 224, **options):
    """A seeded random network's state_dict whose answers differ between pictures.

    A random network gives nearly one class for every picture; the mean logits over a few pictures are subtracted
    from the last layer's bias, where it has one, so that what is left depends on the picture.
    """
    import_torchvision()
    import torch
    from torchvision.models import get_model

    torch.manual_seed(0)
    model = get_model(name, weights=None, num_classes=num_classes, **options).eval()
    for parameter in model.parameters():
        if parameter.ndim == 2 and not parameter.any():  # a vision transformer's head begins at zero
            torch.nn.init.normal_(parameter, std=0.05)
    batch = np.stack([np.asarray(noise_picture(1000 + n, size, size)) for n in range(4)])
    x = torch.from_numpy(batch).permute(0, 3, 1, 2).float().div(255).sub(0.45).div(0.225)
    with torch.inference_mode():
        logits = model(x)
    state = model.state_dict()
    last = list(state)[-1]
    if last.endswith("bias") and state[last].shape == (num_classes,) and name != "squeezenet1_1":
        state[last] = state[last] - logits.mean(0)
    return state


@pytest.fixture(scope="session")
def resnet18_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-18 checkpoint with 1,000 classes, as users have them: torch.save of a state_dict."""
    state = discriminating_state("resnet18", 1000)
    import torch

    path = tmp_path_factory.mktemp("checkpoint") / "resnet18.pth"
    torch.save(state, path)
    return path


@pytest.fixture(scope="session")
def lite0():
    """The default classifier with its real ImageNet weights, in fp32."""
    import eyeful

    with eyeful.load("efficientnet_lite0", precision="fp32") as classifier:
        yield classifier
