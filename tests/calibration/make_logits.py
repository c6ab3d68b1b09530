"""Write logits.npz: the logits of labelled photographs, and which label of each is right.

    python tests/calibration/make_logits.py PHOTOS/labelled

The photographs are called `n01440764_tench.JPEG`. Logits are rounded to 1/16, so that the file stays small: tests
that use it take it for what it says, not for what the network says.
"""

import sys
from pathlib import Path

import numpy as np

import eyeful

PLACE = Path(__file__).with_name("logits.npz")


def write(folder: Path) -> None:
    files = sorted(folder.iterdir(), key=lambda path: path.name)
    with eyeful.load("efficientnet_lite0", precision="fp32") as classifier:
        logits_NK = classifier.logits(files)
        right_N = np.array([classifier.wnids.index(path.name.partition("_")[0]) for path in files], np.int16)
    rounded_NK = (np.round(logits_NK * 16) / 16).astype(np.float16)
    np.savez_compressed(PLACE, logits_NK=rounded_NK, right_N=right_N)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
