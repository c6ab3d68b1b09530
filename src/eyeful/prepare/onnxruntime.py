"""Conversion to ONNX: one file that says everything itself, with normalisation in its graph.

Input `pixels_NHWC`: uint8 RGB after resize and crop, any number of images. Output `logits_NK`: float32. The
file's metadata hold, as JSON, `eyeful.labels` (by position), `eyeful.wnids` and `eyeful.preprocessing`.
"""

from __future__ import annotations

import json
import logging
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from eyeful.bundle import Bundle, write_bundle
from eyeful.engines.onnxruntime import GRAPH, OnnxRuntimeEngine
from eyeful.errors import ModelError, one_line
from eyeful.extras import require
from eyeful.models import Model, ModelRequest, find_model
from eyeful.prepare.check import check
from eyeful.prepare.manifest import manifest_of

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.preprocessing import Preprocessing

log = logging.getLogger("eyeful")

_LARGEST_BATCH = 1024


def prepare(request: ModelRequest, img_size: int | None, folder: Path) -> Bundle:
    """Convert a model and write its bundle.

    Raises:
        ModelError: the model cannot be had, or its conversion does not give torch's answers.
        MissingExtraError: what converts or runs it is not installed.
    """
    require("onnxscript", "an ONNX file")
    require("onnxruntime", "an ONNX file")
    model = find_model(request)
    preprocessing = model.preprocessing.with_options(img_size=img_size)
    log.info("converting %s to ONNX; it is cached for the next run", model.name)
    module, weights = model.load()
    program = convert(model, Deployed(module, preprocessing), preprocessing)
    program.model.metadata_props.update(
        {
            "eyeful.labels": json.dumps(model.labels.names, ensure_ascii=False),
            "eyeful.wnids": json.dumps(model.labels.wnids),
            "eyeful.preprocessing": json.dumps(preprocessing.as_dict()),
        }
    )
    manifest = manifest_of(model, weights, preprocessing, "onnxruntime")

    def write(place: Path) -> None:
        program.save(place / GRAPH)
        bundle = Bundle(place, manifest)
        check(bundle, partial(OnnxRuntimeEngine, bundle), module)

    return write_bundle(folder, manifest, write)


class Deployed(nn.Module):
    """The network with normalisation in front: pixels_NHWC uint8 in, logits_NK out."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1))

    def forward(self, pixels_NHWC: Tensor) -> Tensor:
        """uint8 images → raw scores."""
        x_NCHW = pixels_NHWC.permute(0, 3, 1, 2).float() / 255
        logits_NK: Tensor = self.network((x_NCHW - self.mean) / self.std)
        return logits_NK


def convert(model: Model, deployed: nn.Module, preprocessing: Preprocessing) -> Any:
    """The network as an ONNX program, through `torch.export`.

    Raises:
        ModelError: it cannot be converted.
    """
    example = torch.zeros(2, *preprocessing.size, 3, dtype=torch.uint8)
    batch = torch.export.Dim("N", min=1, max=_LARGEST_BATCH)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of what `check` settles
            return torch.onnx.export(
                deployed.eval(),
                (example,),
                dynamo=True,
                input_names=["pixels_NHWC"],
                output_names=["logits_NK"],
                dynamic_shapes=({0: batch},),
                verbose=False,
            )
    except Exception as error:
        reason = one_line(error, 300)
        raise ModelError(f"{model.name} cannot be converted to ONNX: --engine torch runs it ({reason})") from error
