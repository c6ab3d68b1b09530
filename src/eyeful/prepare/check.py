"""A converted model must give torch's answers, or it never gets its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eyeful.cpu import usable_cores
from eyeful.engines.torch import TorchEngine
from eyeful.errors import EngineError, ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eyeful.bundle import Bundle
    from eyeful.engines import ConvertedFamily, Engine, Outputs
    from eyeful.prepare.deployed import Deployed

_TOLERANCE = 1e-3
"""Largest difference of a value, over the largest value, that fp32 in another order of operations may make.

Measured over TorchVision's families it is below 1e-5; a wrong conversion is off by 0.1 and more."""


def check(bundle: Bundle, engine: ConvertedFamily, deployed: Deployed) -> None:
    """Compare a new bundle with torch on noise, in fp32: its logits, and its features where there are any.

    Args:
        bundle: just written, still under a temporary name.
        engine: what it is for.
        deployed: the network that it was made of.

    Raises:
        ModelError: they differ, or the engine cannot run it.
    """
    manifest = bundle.manifest
    noise = np.random.default_rng(0).integers(0, 256, (3, *manifest.preprocessing.size, 3), dtype=np.uint8)
    try:
        device = "cpu" if "cpu" in engine.devices else engine.devices[0]
        found = _outputs(engine.open(bundle, device, "fp32", usable_cores()), noise)
        expected = _outputs(TorchEngine(deployed, precision="fp32"), noise)  # which leaves its weights as they are
    except EngineError as error:
        raise ModelError(
            f"{manifest.engine} cannot run {manifest.title}: --engine torch does ({error})"
        ) from error
    difference = _difference(found.logits_NK, expected.logits_NK)
    if expected.features_ND is not None:
        difference = max(difference, _difference(found.features_ND, expected.features_ND))
    if not difference < _TOLERANCE:
        raise ModelError(
            f"{manifest.engine}'s answers for {manifest.title} differ from torch's (by {difference:.1e} of the "
            "largest value): --engine torch runs it"
        )


def _difference(found: NDArray[np.float32] | None, expected: NDArray[np.float32]) -> float:
    if found is None or found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-6))


def _outputs(engine: Engine, batch_NHWC: NDArray[np.uint8]) -> Outputs:
    try:
        return engine.submit(batch_NHWC).result()
    finally:
        engine.close()
