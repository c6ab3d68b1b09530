"""Conversion to ONNX: one file that says everything itself, with normalisation in its graph.

Input `pixels_NHWC`: uint8 RGB after resize and crop, any number of images. Outputs `logits_NK` and, where the
network ends in a linear layer, `features_ND`: float32. The file's metadata hold, as JSON, `eyeful.labels` (by
position), `eyeful.wnids` and `eyeful.preprocessing`.
"""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from eyeful.errors import ModelError, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.bundle import Manifest

_LARGEST_BATCH = 1024


def convert(network: nn.Module, manifest: Manifest, path: Path) -> None:
    """Write a network as an ONNX file, through `torch.export`.

    Raises:
        ModelError: it cannot be converted.
    """
    example = torch.zeros(2, *manifest.preprocessing.size, 3, dtype=torch.uint8)
    with torch.inference_mode():
        single = isinstance(network(example), Tensor)
    batch = torch.export.Dim("N", min=1, max=_LARGEST_BATCH)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of what `prepare.check` settles
            program = torch.onnx.export(
                network.eval(),
                (example,),
                dynamo=True,
                input_names=["pixels_NHWC"],
                output_names=["logits_NK"] if single else ["logits_NK", "features_ND"],
                dynamic_shapes=({0: batch},),
                verbose=False,
            )
    except Exception as error:
        reason = one_line(error, 300)
        title = manifest.title
        raise ModelError(f"{title} cannot be converted to ONNX: --engine torch runs it ({reason})") from error
    assert program is not None  # noqa: S101 - with dynamo there always is one
    program.model.metadata_props.update(
        {
            "eyeful.labels": json.dumps(manifest.labels.names, ensure_ascii=False),
            "eyeful.wnids": json.dumps(manifest.labels.wnids),
            "eyeful.preprocessing": json.dumps(manifest.preprocessing.as_dict()),
        }
    )
    program.save(path)
