"""Vectors of the labelled photographs and of hand-written digits, made once for all tests."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from photographs import cached, kind_of


class Vectors(NamedTuple):
    """float32 (N, D), of unit length; the positions of labels; their names."""

    unit: np.ndarray
    label: np.ndarray
    labels: tuple[str, ...]


@pytest.fixture(scope="session")
def files(photos) -> list[Path]:
    return sorted((photos / "labelled").iterdir())


@pytest.fixture(scope="session")
def of_kinds(lite0, files) -> Callable[..., Vectors]:
    """The photographs of some kinds, or of all others."""
    unit = cached("photographs", lambda: lite0.features(files))
    kinds = np.array([kind_of(path.name) for path in files])

    def find(*names: str, others: bool = False) -> Vectors:
        chosen = np.isin(kinds, names) != others
        label = np.array([names.index(kind) if kind in names else -1 for kind in kinds[chosen]], np.intp)
        return Vectors(unit[chosen], label, names)

    return find


@pytest.fixture(scope="session")
def outside(lite0) -> dict[str, np.ndarray]:
    """Vectors of what is no photograph: noise, charts and text."""
    from helpers import noise_image

    made = {
        "noise": [noise_image(seed) for seed in range(20)],
        "charts": [chart(seed) for seed in range(20)],
        "text": [page(seed) for seed in range(20)],
    }
    return {name: cached(name, lambda images=images: lite0.features(images)) for name, images in made.items()}


@pytest.fixture(scope="session")
def digits(lite0) -> Vectors:
    """All 1,797 digits that scikit-learn ships."""
    from sklearn.datasets import load_digits

    found = load_digits()
    unit = cached("digits", lambda: lite0.features([digit(pixels) for pixels in found.images]))
    return Vectors(unit, found.target.astype(np.intp), tuple("0123456789"))


def digit(pixels: np.ndarray) -> Image.Image:
    grey = Image.fromarray((255 - pixels / 16 * 255).astype(np.uint8))
    return grey.resize((128, 128), Image.Resampling.BICUBIC).convert("RGB")


def chart(seed: int) -> Image.Image:
    from PIL import ImageDraw

    random = np.random.default_rng(seed)
    image = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(image)
    draw.line((40, 20, 40, 270, 380, 270), fill="black", width=2)
    for bar in range(random.integers(4, 12)):
        colour = tuple(random.integers(0, 255, 3).tolist())
        draw.rectangle((50 + bar * 30, int(random.integers(40, 250)), 70 + bar * 30, 270), fill=colour)
    return image


def page(seed: int) -> Image.Image:
    from PIL import ImageDraw

    random = np.random.default_rng(seed)
    image = Image.new("RGB", (400, 500), "white")
    draw = ImageDraw.Draw(image)
    for y in range(30, 470, 16):
        line = " ".join("".join(random.choice(list("abcdefghijklmnop"), random.integers(2, 9))) for _ in range(9))
        draw.text((30, y), line, fill="black")
    return image
