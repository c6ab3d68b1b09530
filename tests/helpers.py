"""Small fakes and made images, shared by tests."""

import numpy as np
from PIL import Image

from eyeful.bundle import Manifest
from eyeful.classifier import Classifier
from eyeful.engines import Outputs, ThreadedEngine
from eyeful.models.torchvision_import import import_torchvision
from eyeful.predictor import Predictor, PredictorSpec
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels

FAKE_PREPROCESSING = Preprocessing((8, 8), (8, 8), "bilinear", (0.5,) * 3, (0.5,) * 3)
FAKE_LABELS = Labels(("red", "green", "blue"), (None, None, None))


class FakeEngine(ThreadedEngine):
    """Logits are the mean of each channel: an image's label is its colour.

    It can give NaN for one value of pixel (`poison`), fail for one (`fails_on`), and wait before every batch until it
    is let go (`gate`), for ever if need be.
    """

    name = "fake"

    def __init__(self, poison=None, fails_on=None, gate=None, precision="fp32", workers=1):
        self.poison, self.fails_on, self.gate, self.precision = poison, fails_on, gate, precision
        self.batches: list[int] = []
        super().__init__(workers)

    def _run(self, batch_NHWC):
        self.batches.append(len(batch_NHWC))
        if self.gate is not None:
            self.gate.wait()
        if self.fails_on is not None and (batch_NHWC == self.fails_on).all((1, 2, 3)).any():
            raise RuntimeError("it was asked to fail")
        features = batch_NHWC.mean((1, 2), dtype=np.float32)
        logits = features / 10 + np.zeros(3, np.float32)  # a batch of other than three channels fails
        if self.poison is not None:
            logits[(batch_NHWC == self.poison).all((1, 2, 3))] = np.nan
        return Outputs(logits.astype(np.float32), features)


def fake_classifier(engine=None, *, open_fp32=None, **options) -> Classifier:
    """A classifier that tells red, green and blue apart."""
    manifest = Manifest("fake", {}, FAKE_PREPROCESSING, FAKE_LABELS, {"sha256": "0"}, "fake")
    return Classifier(Predictor(PredictorSpec(**options), engine or FakeEngine(), manifest, open_fp32=open_fp32))


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


def write_colours(folder, count):
    """A folder of so many small images, of which every seventh is none, and of a file that is no input."""
    for number in range(count):
        if number % 7 == 3:
            (folder / f"{number:02d}.png").write_text("not an image, at all, whatever it is called")
        else:
            Image.new("RGB", (9, 9), ("red", "lime", "blue")[number % 3]).save(folder / f"{number:02d}.png")
    (folder / "notes.txt").touch()
    return folder
