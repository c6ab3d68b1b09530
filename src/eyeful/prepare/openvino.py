"""Conversion to OpenVINO: trace, build normalisation into the graph, compare with torch, write."""

from __future__ import annotations

import logging
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from eyeful.bundle import Bundle, write_bundle
from eyeful.engines.openvino import GRAPH, OpenVINOEngine, ov
from eyeful.errors import ModelError, one_line
from eyeful.models import Model, ModelRequest, find_model
from eyeful.prepare.check import check
from eyeful.prepare.manifest import manifest_of

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from eyeful.preprocessing import Preprocessing

log = logging.getLogger("eyeful")


def prepare(request: ModelRequest, img_size: int | None, folder: Path) -> Bundle:
    """Convert a model and write its bundle.

    Raises:
        ModelError: the model cannot be had, or its conversion does not give torch's answers.
    """
    model = find_model(request)
    preprocessing = model.preprocessing.with_options(img_size=img_size)
    log.info("preparing %s for this machine; it is cached for the next run", model.name)
    module, weights = model.load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracers warn of what `_check` settles
        graph = with_normalisation(convert(model, module, preprocessing), preprocessing)
    manifest = manifest_of(model, weights, preprocessing, "openvino")

    def write(place: Path) -> None:
        ov.save_model(graph, place / GRAPH, compress_to_fp16=False)
        bundle = Bundle(place, manifest)
        check(bundle, partial(OpenVINOEngine, bundle, "fp32"), module)

    return write_bundle(folder, manifest, write)


def convert(model: Model, module: nn.Module, preprocessing: Preprocessing) -> Any:
    """The network as an OpenVINO model: float32 NCHW in, any number of images.

    Tracing serves nearly every network; a few transformers need the `torch.export` way in.

    Raises:
        ModelError: neither way converts it.
    """
    height, width = preprocessing.size
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
        reason = one_line(error, 300)
        raise ModelError(f"OpenVINO cannot convert {model.name}: --engine torch runs it ({reason})") from error


def with_normalisation(graph: Any, preprocessing: Preprocessing) -> Any:
    """The graph that takes uint8 NHWC and normalises by itself."""
    steps = ov.preprocess.PrePostProcessor(graph)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    normalise = steps.input().preprocess().convert_element_type(ov.Type.f32)
    normalise.mean([value * 255 for value in preprocessing.mean]).scale(
        [value * 255 for value in preprocessing.std]
    )
    return steps.build()
