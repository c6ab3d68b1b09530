"""Small fakes and made images, shared by tests."""

from concurrent.futures import Future

import numpy as np
from PIL import Image

from eyeful.bundle import Manifest
from eyeful.models.torchvision_import import import_torchvision
from eyeful.pipeline import Classifier, Settings
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels


class FakeEngine:
    """Logits are the mean of each channel: an image's label is its colour."""

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
    preprocessing = Preprocessing((8, 8), (8, 8), "bilinear", (0.5,) * 3, (0.5,) * 3)
    labels = Labels(("red", "green", "blue"), (None, None, None))
    manifest = Manifest("fake", {}, preprocessing, labels, {"sha256": "0"}, "fake")
    return Classifier(engine or FakeEngine(), manifest, settings=Settings(**settings))


def noise_image(seed: int, width: int = 320, height: int = 240) -> Image.Image:
    """An image with structure at every scale, so that resizing and shifting it change its pixels."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cells in (2, 5, 13, 60):
        coarse = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
    total += random.normal(0, 12, total.shape)
    return Image.fromarray(np.clip(total / 4, 0, 255).astype(np.uint8))


def discriminating_state(name: str, num_classes: int, size: int = 224, **options):
    """A seeded random network's state_dict whose answers differ between images.

    A random network gives nearly one class for every image; the mean logits over a few images are subtracted
    from the last layer's bias, where it has one, so that what is left depends on the image.
    """
    import_torchvision()
    import torch
    from torchvision.models import get_model

    torch.manual_seed(0)
    model = get_model(name, weights=None, num_classes=num_classes, **options).eval()
    for parameter in model.parameters():
        if parameter.ndim == 2 and not parameter.any():  # a vision transformer's head begins at zero
            torch.nn.init.normal_(parameter, std=0.05)
    batch = np.stack([np.asarray(noise_image(1000 + n, size, size)) for n in range(4)])
    x = torch.from_numpy(batch).permute(0, 3, 1, 2).float().div(255).sub(0.45).div(0.225)
    with torch.inference_mode():
        logits = model(x)
    state = model.state_dict()
    last = list(state)[-1]
    if last.endswith("bias") and state[last].shape == (num_classes,) and name != "squeezenet1_1":
        state[last] = state[last] - logits.mean(0)
    return state
