"""Does Grad-CAM point at what counts? `python bench/faithfulness.py PHOTOS` (efficientnet_lite0).

Of every photograph the most important 20 % of the 7 x 7 cells are blurred, and as many at random. If the map is
faithful, the probability of the network's own label falls more.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import eyeful
from eyeful.explain import Network
from eyeful.models import ModelRequest, find_model

SHARE = 0.2
DRAWS = 10
BLUR = 16  # radius in pixels of the network's input: half a cell


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    folder = parser.parse_args().photos
    random = np.random.default_rng(0)
    model = find_model(ModelRequest())
    network = Network(model.name, model.load()[0], model.preprocessing, model.labels)
    fell = []
    with eyeful.load(engine="torch", device="cpu") as classifier:
        for image in sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png")):
            found = classifier.explain(image)
            count = round(SHARE * found.cam_HW.size)
            chosen = [np.argsort(-found.cam_HW.ravel(), kind="stable")[:count]]
            chosen += [random.permutation(found.cam_HW.size)[:count] for _ in range(DRAWS)]
            probs = probabilities(network, found.pixels_HWC, chosen, found.cam_HW.shape, found.target.index)
            fell.append((found.target.prob - probs[0], found.target.prob - np.mean(probs[1:])))
    important, chance = np.array(fell).T
    print(f"{len(fell)} photographs, {SHARE:.0%} of the cells blurred")
    print(f"the probability falls by {important.mean():.3f} where Grad-CAM says, by {chance.mean():.3f} at random")
    print(
        f"{important.mean() / chance.mean():.1f} times as much; more on {(important > chance).mean():.0%} of them"
    )


def probabilities(
    network: Network,
    pixels_HWC: NDArray[np.uint8],
    chosen: list[NDArray[np.intp]],
    shape: tuple[int, ...],
    index: int,
) -> NDArray[np.float32]:
    """The probability of a label, for each choice of cells to blur."""
    image = Image.fromarray(pixels_HWC)
    blurred = image.filter(ImageFilter.GaussianBlur(BLUR))
    batch = []
    for cells in chosen:
        mask = np.zeros(shape, np.uint8)
        mask.ravel()[cells] = 255
        large = Image.fromarray(mask).resize(image.size, Image.Resampling.NEAREST)
        batch.append(network.normalised(np.asarray(Image.composite(blurred, image, large))))
    with torch.inference_mode():
        probs_N: NDArray[np.float32] = torch.softmax(network.module(torch.cat(batch)), 1)[:, index].numpy()
    return probs_N


if __name__ == "__main__":
    main()
