"""How often the fast path has the reference's label: `python bench/agreement.py PHOTOS [--json FILE]`.

What `eyeful verify` measures, for what `auto` runs and for fp32, and for each deviation alone.
"""

import argparse
from pathlib import Path

from figures import add_json_flag, write_figures
from machine import machine

from eyeful.models import DEFAULT_MODEL
from eyeful.verify import verify


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    add_json_flag(parser)
    asked = parser.parse_args()
    auto, fp32 = (verify(asked.model, asked.photos, precision=one, device="cpu") for one in ("auto", "fp32"))
    ran = auto.path.split()[1]
    alone = {f"{cause} alone": found for cause, found in auto.causes.items()}
    alone[f"{ran} alone"] = alone.pop("engine and precision alone")
    print(f"{asked.model}, {auto.fast.images} images, {machine()}\n")
    rows = []
    for path, found in ({f"fast path, {ran}": auto.fast, "fast path, fp32": fp32.fast} | alone).items():
        deltas = {"mean_delta": round(found.mean_delta, 4), "max_delta": round(found.max_delta, 4)}
        rows.append({"path": path, "top1": round(found.top1, 4), **deltas})
        print(rows[-1])
    write_figures(asked.json, rows, images=auto.fast.images)


if __name__ == "__main__":
    main()
