"""A converted model must give torch's answers, or it never gets its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eyeful.engines.torch import TorchEngine
from eyeful.errors import EngineError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from eyeful.bundle import Bundle
    from eyeful.engines import Engine

_TOLERANCE = 1e-3
"""Largest difference of a logit, over the largest logit, that fp32 in another order of operations may make.

Measured over TorchVision's families it is below 1e-5; a wrong conversion is off by 0.1 and more."""


def check(bundle: Bundle, open_engine: Callable[[], Engine], module: nn.Module) -> None:
    """Compare a new bundle with torch on noise, in fp32.

    Args:
        bundle: just written, still under a temporary name.
        open_engine: opens it in fp32.
        module: the network that it was made of.

    Raises:
        ModelError: they differ, or the engine cannot run it.
    """
    manifest = bundle.manifest
    preprocessing = manifest.preprocessing
    noise = np.random.default_rng(0).integers(0, 256, (3, *preprocessing.size, 3), dtype=np.uint8)
    try:
        found = _answers(open_engine(), noise)
        expected = _answers(TorchEngine(module, preprocessing, precision="fp32"), noise)
    except EngineError as error:
        raise ModelError(
            f"{manifest.engine} cannot run {manifest.model}: --engine torch does ({error})"
        ) from error
    difference = float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-6))
    if not difference < _TOLERANCE:
        raise ModelError(
            f"{manifest.engine}'s answers for {manifest.model} differ from torch's (by {difference:.1e} of the "
            "largest logit): --engine torch runs it"
        )


def _answers(engine: Engine, batch_NHWC: np.ndarray) -> np.ndarray:
    try:
        return engine.submit(batch_NHWC).result()
    finally:
        engine.close()
