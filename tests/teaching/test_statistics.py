"""What teaching promises (`pytest -s` prints the figures), on photographs grouped by WordNet and on digits: half is taught, the other half judges."""

from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageOps

from eyeful.evaluation.metrics import bins_of, ece_of
from eyeful.results.rank import softmax
from eyeful.teaching.copies import groups_of
from eyeful.teaching.fit import Fitted, fit
from eyeful.teaching.interval import cross_validated_share
from eyeful.teaching.judged import KnownLabels, cross_validated
from eyeful.types import NONE_OF_THESE, Labels
from photographs import cached, kind_of

FIVE = ("birds", "dogs", "other mammals", "vehicles", "food")
SETS = {
    "five": FIVE,
    "animals": ("birds", "dogs", "other mammals", "reptiles", "invertebrates"),
    "three": ("birds", "dogs", "vehicles"),
    "two": ("dogs", "vehicles"),
    "nine": (*FIVE, "reptiles", "invertebrates", "clothing", "containers"),
}


class Half(NamedTuple):
    fitted: Fitted
    inside: bool
    held_out: float
    false_alarms: float
    prob: np.ndarray
    right: np.ndarray


def half(vectors, seed: int, images: int | None = None) -> Half:
    """Teach half of each label's images, or so many, and judge with the others."""
    random = np.random.default_rng(seed)
    taught = np.zeros(len(vectors.label), bool)
    for label in range(len(vectors.labels)):
        own = random.permutation(np.flatnonzero(vectors.label == label))
        taught[own[: images or (len(own) + 1) // 2]] = True
    unit, label = vectors.unit[taught], vectors.label[taught]
    fitted = fit(unit, label, groups_of(unit, label))
    answered = fitted.logits_NK.argmax(axis=1)
    share = cross_validated_share(int((answered == label).sum()), len(label), fitted.folds)
    prob = softmax(fitted.head.logits(vectors.unit[~taught]))
    right = prob.argmax(axis=1) == vectors.label[~taught]
    false_alarms = float((answered == len(vectors.labels)).mean())
    return Half(
        fitted, share.low <= right.mean() <= share.high, float(right.mean()), false_alarms, prob.max(1), right
    )


def halves(vectors, number: int = 10, images: int | None = None, show: str = "") -> list[Half]:
    """Such halves; what was found is printed (`pytest -s`)."""
    found = [half(vectors, seed, images) for seed in range(number)]
    inside = f"{sum(one.inside for one in found)} of {number}"
    alarms = [one.false_alarms for one in found]
    said = f"right {np.mean([one.held_out for one in found]):.3f}, inside {inside}, ECE {ece(found):.3f}"
    print(f"{show}: {said}, false alarms {min(alarms):.3f} to {max(alarms):.3f}")  # noqa: T201
    return found


def ece(found: list[Half]) -> float:
    """Of all held-out images of some halves: a single half of 50 images shows 0.14 by chance alone."""
    return ece_of(
        bins_of(
            np.concatenate([one.prob for one in found]).astype(float), np.concatenate([one.right for one in found])
        )
    )


def test_half_of_the_photographs_says_how_good_the_other_half_is(of_kinds, outside):
    found = halves(of_kinds(*FIVE), 20, show="five")
    assert sum(one.inside for one in found) >= 18
    assert ece(found) <= 0.06
    assert all(0.02 <= one.false_alarms <= 0.08 for one in found)
    others = of_kinds(*FIVE, others=True)
    flagged = {}
    for name, unit in (*outside.items(), ("other photographs", others.unit)):
        shares = [float((one.fitted.head.logits(unit).argmax(axis=1) == len(FIVE)).mean()) for one in found]
        flagged[name] = float(np.mean(shares))
        print(f"{name}: none of these {flagged[name]:.2f}, at least {min(shares):.2f}")  # noqa: T201
    assert np.mean([flagged[name] for name in outside]) >= 0.95
    assert min(flagged[name] for name in outside) >= 0.8
    assert flagged["other photographs"] >= 0.1, "photographs of other kinds are mostly not noticed"


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_every_set_of_photographs(of_kinds, name):
    found = halves(of_kinds(*SETS[name]), 30, show=name)
    assert sum(one.inside for one in found) >= 27
    assert ece(found) <= 0.06
    assert all(0.02 <= one.false_alarms <= 0.08 for one in found)


@pytest.mark.slow
@pytest.mark.parametrize("images", [5, 10, 20])
def test_digits(digits, of_kinds, images):
    found = halves(digits, images=images, show=f"digits, {images} of each")
    assert sum(one.inside for one in found) >= 9
    assert ece(found) <= 0.06
    assert all(0.02 <= one.false_alarms <= 0.08 for one in found)
    photographs = of_kinds(others=True).unit
    for one in found:
        assert (one.fitted.head.logits(photographs).argmax(axis=1) == 10).mean() >= 0.95


COPIES = {
    "mirrored": ImageOps.mirror,
    "cropped": lambda image: ImageOps.crop(image, (image.width // 20, image.height // 20) * 2),
    "half as large": lambda image: image.resize((image.width // 2, image.height // 2)),
}


@pytest.mark.parametrize(
    "name", ["mirrored", *(pytest.param(n, marks=pytest.mark.slow) for n in COPIES if n != "mirrored")]
)
def test_copies_of_photographs_are_found_and_others_are_not(of_kinds, files, lite0, name):
    photographs = of_kinds(*FIVE)
    chosen = [path for path in files if kind_of(path.name) in FIVE]
    copy = cached(name, lambda: lite0.features([COPIES[name](Image.open(path).convert("RGB")) for path in chosen]))
    group = groups_of(np.concatenate([photographs.unit, copy]), np.tile(photographs.label, 2))
    number = len(chosen)
    assert len(np.unique(group[:number])) == number
    assert (group[:number] == group[number:]).mean() >= 0.98


def planted(vectors, seed: int) -> float:
    """The share of 5 % wrong labels that are among as many "look at these first"."""
    random = np.random.default_rng(seed)
    number, labels = len(vectors.label), len(vectors.labels)
    wrong = random.choice(number, round(0.05 * number), replace=False)
    label = vectors.label.copy()
    label[wrong] = (label[wrong] + random.integers(1, labels, len(wrong))) % labels
    fitted = fit(vectors.unit, label, np.arange(number))
    names = [f"{place:04d}" for place in range(number)]
    truth = KnownLabels("python", dict(zip(names, label.tolist(), strict=True)), vectors.labels)
    known = Labels((*vectors.labels, NONE_OF_THESE), (None,) * (labels + 1))
    found = cross_validated(
        names, fitted.logits_NK, truth, known, provenance={"model": "fake"}, folds=fitted.folds
    )
    assert all(one.answer != NONE_OF_THESE for one in found.suspicious)
    first = {one.filename for one in found.suspicious[: len(wrong)]}
    return len(first & {names[place] for place in wrong}) / len(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("images", [30, 60])
def test_planted_wrong_labels_of_digits_are_among_the_first(digits, images):
    few = np.concatenate([np.flatnonzero(digits.label == label)[:images] for label in range(10)])
    found = [planted(digits._replace(unit=digits.unit[few], label=digits.label[few]), seed) for seed in range(5)]
    print(f"digits, {images} of each: mean {np.mean(found):.2f}, worst {min(found):.2f}")  # noqa: T201
    assert np.mean(found) >= 0.75


def test_planted_wrong_labels_of_photographs_are_found(of_kinds):
    """Where birds and vehicles are told apart, their wrong labels are; of five kinds, 27 % are answered wrong anyway."""
    found = [planted(of_kinds("birds", "vehicles"), seed) for seed in range(8)]
    print(f"birds and vehicles: mean {np.mean(found):.2f}, worst {min(found):.2f}")  # noqa: T201
    assert np.mean(found) >= 0.75
