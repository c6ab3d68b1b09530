"""The forward pass alone, by precision and size of batch: `python bench/forward.py [--device cuda] [--json FILE]`.

Batches of noise, as many in flight as the pipeline keeps; images per second, the median of three rounds.
TorchVision's networks have random weights.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from figures import add_json_flag, write_figures
from machine import machine

from eyeful.bench.throughput import forward_images
from eyeful.classifier import Classifier
from eyeful.errors import EyefulError
from eyeful.loading import load
from eyeful.wording import rate
from models import random_checkpoint

ROUNDS = 3
MODELS = ("resnet18", "efficientnet_lite0", "convnext_tiny", "vit_b_16")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precisions", nargs="+", default=["bf16", "fp32"])
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[1, 8, 64, 256])
    parser.add_argument("--seconds", type=float, default=0.3, help="of each round, about")
    parser.add_argument("--torchcompile", action="store_true")
    add_json_flag(parser)
    asked = parser.parse_args()
    print(f"{machine()}; {ROUNDS} rounds\n")
    print("| network | ran | batch | images/s |\n|---|---|---|---|")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.models:
            checkpoint = None if name == "efficientnet_lite0" else random_checkpoint(name, Path(folder))
            for precision in asked.precisions:
                options = {"device": asked.device, "precision": precision, "torchcompile": asked.torchcompile}
                with load(name, checkpoint=checkpoint, autotune=False, **options) as classifier:
                    rows += of_classifier(classifier, name, asked.batch_sizes, asked.seconds)
                write_figures(asked.json, rows, rounds=ROUNDS, torchcompile=asked.torchcompile)


def of_classifier(classifier: Classifier, name: str, sizes: list[int], seconds: float) -> list[dict[str, Any]]:
    """A row for each size of batch; fewer where the memory does not suffice."""
    ran = f"{classifier.engine} {classifier.precision} on {classifier.device}"
    rows = []
    for size in sizes:
        shape = (size, *classifier.preprocessing.size, 3)
        batch_NHWC = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        try:
            run(classifier, batch_NHWC, 4)
            count = max(4, round(seconds / run(classifier, batch_NHWC, 4) * 4))
            median = size * count / statistics.median(run(classifier, batch_NHWC, count) for _ in range(ROUNDS))
        except EyefulError as error:
            print(error, file=sys.stderr)
            break
        rows.append({"network": name, "ran": ran, "batch_size": size, "images_per_second": round(median, 1)})
        print(f"| {name} | {ran} | {size} | {rate(median)} |", flush=True)
    return rows


def run(classifier: Classifier, batch_NHWC: Any, count: int) -> float:
    """Seconds for so many batches."""
    started = time.perf_counter()
    forward_images(classifier, batch_NHWC, count * len(batch_NHWC))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
