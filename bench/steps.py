"""What each step towards eyeful's speed brings: `python bench/steps.py PHOTOS CAMERA [--figure FILE.png]`.

From the textbook loop, one change at a time, on the same images and weights, in interleaved rounds; medians.
PHOTOS holds images of ordinary size, CAMERA some of many megapixels.
"""

import argparse
import importlib
import itertools
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from machine import load_note, machine

from eyeful.bench.textbook import textbook_loop
from eyeful.classifier import Classifier
from eyeful.loading import load
from eyeful.models import ModelRequest, find_model
from eyeful.sources import open_source

ROUNDS = 3
IMAGES = {"photographs": 600, "camera photographs": 120}


def main() -> None:
    """Measure and print; draw where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("camera", type=Path)
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    files = {"photographs": asked.photos, "camera photographs": asked.camera}
    print(f"{machine()}; {ROUNDS} rounds\n{load_note()}")
    found = {
        title: measure(steps(asked.model, asked.checkpoint), repeated(files[title], count))
        for title, count in IMAGES.items()
    }
    for title, rates in found.items():
        print(f"\n{asked.model}, {title}")
        first = next(iter(rates.values()))
        for (name, rate), before in zip(rates.items(), [first, *rates.values()], strict=False):
            print(f"  {name:44} {rate:6.0f} images/s  x{rate / before:4.2f}  {rate / first:5.1f} in all")
    if asked.figure:
        draw(found, asked.model, asked.figure)


def steps(model: str, checkpoint: Path | None) -> dict[str, Callable[[list[Path]], object]]:
    """The steps, each with what it does with a list of files."""
    found = find_model(ModelRequest(model, checkpoint))
    loop = textbook_loop(found.load()[0], found.preprocessing, "cpu")

    def opened(**settings: Any) -> Classifier:
        return load(model, checkpoint=checkpoint, device="cpu", **settings)

    fixed = {"engine": "openvino", "autotune": False}
    exact = {"full_decode": True, "two_step_resize": True}
    return {
        "textbook: torch eager, one at a time": lambda files: [loop(file) for file in files],
        "OpenVINO instead of torch, fp32": one_at_a_time(opened(precision="fp32", **fixed), **exact),
        "bfloat16, where the CPU has it": one_at_a_time(opened(**fixed), **exact),
        "batches, decode and forward overlap": streamed(opened(**fixed), **exact),
        "resize and crop in one step": by_pillow(streamed(opened(**fixed), full_decode=True)),
        "JPEGs decoded at a reduced scale": by_pillow(streamed(opened(**fixed))),
        "cykooz_resizer instead of Pillow's resize": streamed(opened(**fixed)),
        "engine and settings chosen by measuring": streamed(opened()),
    }


def one_at_a_time(classifier: Classifier, **settings: bool) -> Callable[[list[Path]], object]:
    """Each image opened, then classified, then the next."""
    alone = classifier.with_options(batch_size=1, workers=1, **settings)
    return lambda files: [alone.predict(file) for file in files]


def streamed(classifier: Classifier, **settings: bool) -> Callable[[list[Path]], object]:
    """The pipeline."""
    piped = classifier.with_options(**settings)
    return lambda files: sum(1 for _ in piped.stream(files))


def by_pillow(run: Callable[[list[Path]], object]) -> Callable[[list[Path]], object]:
    """The same with Pillow's resize, which `eyeful` uses only where cykooz_resizer does not work."""
    resizing = importlib.import_module("eyeful.images.resize")

    def resized_by_pillow(files: list[Path]) -> object:
        chosen, resizing.resizer_for = resizing.resizer_for, lambda _: resizing.PILLOW
        try:
            return run(files)
        finally:
            resizing.resizer_for = chosen

    return resized_by_pillow


def repeated(folder: Path, count: int) -> list[Path]:
    """The images of a folder, over and over."""
    files: Iterable[Any] = [item.content for item in open_source(folder).items]
    return list(itertools.islice(itertools.cycle(files), count))


def measure(work: dict[str, Callable[[list[Path]], object]], files: list[Path]) -> dict[str, float]:
    """Images per second of each step, the median of interleaved rounds."""
    rates: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for place, (name, run) in enumerate(work.items()):
            some = files[: len(files) // 4] if place < 2 else files
            started = time.perf_counter()
            run(some)
            rates[name].append(len(some) / (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in rates.items()}


def draw(found: dict[str, dict[str, float]], model: str, path: Path) -> None:
    """One panel for each kind of images, a bar for each step."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(found), figsize=(11, 3.4), sharey=True, constrained_layout=True)
    for panel, (title, rates) in zip(panels, found.items(), strict=True):
        first = next(iter(rates.values()))
        bars = panel.barh(list(rates), list(rates.values()), color=["#9aa5b1", *["#2a6f97"] * (len(rates) - 1)])
        panel.bar_label(bars, [f"{rate:.0f}  ({rate / first:.1f}x)" for rate in rates.values()], padding=4)
        panel.invert_yaxis() if panel is panels[0] else None
        panel.set_xlim(0, max(rates.values()) * 1.3)
        panel.set_title(title, loc="left", fontsize=11)
        panel.set_xlabel("images per second")
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{model}: what each step brings, one after the other", fontsize=12)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
