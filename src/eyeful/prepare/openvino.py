"""Conversion to OpenVINO: trace, build normalisation into the graph, compare with torch, write."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov
import torch
from openvino.preprocess import PrePostProcessor

from eyeful.bundle import Bundle, write_bundle
from eyeful.engines.openvino import GRAPH, OpenVINOEngine
from eyeful.engines.torch import TorchEngine
from eyeful.errors import EngineError, ModelError
from eyeful.models import Model, ModelRequest, find_model
from eyeful.prepare.passport import passport_of

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from eyeful.types import Recipe

log = logging.getLogger("eyeful")

_TOLERANCE = 1e-3
"""Largest difference of a logit, over the largest logit, that fp32 in another order of operations may make.

Measured over TorchVision's families it is below 1e-5; a wrong conversion is off by 0.1 and more."""


def prepare(request: ModelRequest, img_size: int | None, folder: Path) -> Bundle:
    """Convert a model and write its bundle.

    Raises:
        ModelError: the model cannot be had, or its conversion does not give torch's answers.
    """
    model = find_model(request)
    recipe = model.recipe.with_options(img_size=img_size)
    log.info("preparing %s for this machine; it is kept for the next run", model.name)
    module, weights = model.load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracers warn of what `_check` settles
        graph = with_normalisation(convert(model, module, recipe), recipe)
    passport = passport_of(model, weights, recipe, "openvino")
    bundle = write_bundle(
        folder, passport, lambda place: ov.save_model(graph, place / GRAPH, compress_to_fp16=False)
    )
    _check(bundle, module, recipe)
    return bundle


def convert(model: Model, module: nn.Module, recipe: Recipe) -> Any:
    """The network as an OpenVINO model: float32 NCHW in, any number of pictures.

    Tracing serves nearly every network; a few transformers need the `torch.export` way in.

    Raises:
        ModelError: neither way converts it.
    """
    height, width = recipe.size
    example = torch.zeros(2, 3, height, width)
    shape = ov.PartialShape([-1, 3, height, width])
    try:
        return ov.convert_model(module, example_input=example, input=[shape])
    except Exception as tracing:  # noqa: BLE001 - the tracer raises what the network's own code raises
        log.info("tracing %s failed (%s); exporting it instead", model.name, type(tracing).__name__)
    try:
        batch = torch.export.Dim("batch", min=1, max=1024)
        program = torch.export.export(module, (example,), dynamic_shapes=({0: batch},))
        return ov.convert_model(program)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"OpenVINO cannot convert {model.name}: --engine torch runs it ({reason})") from error


def with_normalisation(graph: Any, recipe: Recipe) -> Any:
    """The graph that takes uint8 NHWC and normalises by itself."""
    steps = PrePostProcessor(graph)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    normalise = steps.input().preprocess().convert_element_type(ov.Type.f32)
    normalise.mean([value * 255 for value in recipe.mean]).scale([value * 255 for value in recipe.std])
    return steps.build()


def _check(bundle: Bundle, module: nn.Module, recipe: Recipe) -> None:
    """Compare the bundle with torch on noise, in fp32; a bundle that differs does not stay.

    Raises:
        ModelError: they differ.
    """
    noise = np.random.default_rng(0).integers(0, 256, (3, *recipe.size, 3), dtype=np.uint8)
    reference, converted = TorchEngine(module, recipe, precision="fp32"), OpenVINOEngine(bundle, "fp32")
    try:
        expected, found = reference.submit(noise).result(), converted.submit(noise).result()
    except EngineError as error:
        _discard(bundle)
        raise ModelError(f"OpenVINO cannot run {bundle.passport.model}: --engine torch does ({error})") from error
    finally:
        reference.close()
        converted.close()
    difference = float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-6))
    if not difference < _TOLERANCE:
        _discard(bundle)
        raise ModelError(
            f"OpenVINO's answers for {bundle.passport.model} differ from torch's (by {difference:.1e} of the "
            "largest logit): --engine torch runs it"
        )


def _discard(bundle: Bundle) -> None:
    import shutil

    shutil.rmtree(bundle.folder, ignore_errors=True)
