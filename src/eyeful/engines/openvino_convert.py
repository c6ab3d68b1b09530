"""Conversion to OpenVINO, through torch."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from eyeful.errors import ModelError, one_line
from eyeful.openvino_import import import_openvino, save_model

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.bundle import Manifest

log = logging.getLogger("eyeful")
_LARGEST_BATCH = 1024


def convert(network: nn.Module, manifest: Manifest, path: Path) -> None:
    """Write a network as an OpenVINO graph: pixels_NHWC uint8 in, any number of them.

    Tracing serves nearly every network; a few transformers need the `torch.export` way in.

    Raises:
        ModelError: neither way converts it.
    """
    height, width = manifest.preprocessing.size
    example = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracers warn of what `prepare.check` settles
        graph = _converted(_Isolated(network).eval(), example, manifest.title)
    save_model(graph, path)


class _Isolated(nn.Module):
    """The network, with its features multiplied by one.

    In half precision OpenVINO leaves everything between the last heavy layer and an output in fp32. As an output
    of its own, the pooled vector would so change the logits; a matrix product is such a layer, and keeps them to
    the bit.
    """

    one: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("one", torch.ones(1, 1))

    def forward(self, pixels_NHWC: Tensor) -> Any:
        """Logits, or logits and features, as the network gives them."""
        outputs = self.network(pixels_NHWC)
        if isinstance(outputs, Tensor):
            return outputs
        logits_NK, features_ND = outputs
        return logits_NK, torch.matmul(features_ND[..., None], self.one).squeeze(-1)


def _converted(network: nn.Module, example: Tensor, title: str) -> Any:
    ov = import_openvino()
    try:
        shape = ov.PartialShape([-1, *example.shape[1:]])
        return ov.convert_model(network, example_input=example, input=[shape])
    except Exception as tracing:  # noqa: BLE001 - the tracer raises what the network's own code raises
        log.info("tracing %s failed (%s); exporting it instead", title, type(tracing).__name__)
    try:
        batch = torch.export.Dim("batch", min=1, max=_LARGEST_BATCH)
        program = torch.export.export(network, (example,), dynamic_shapes=({0: batch},))
        return ov.convert_model(program)
    except Exception as error:
        reason = one_line(error, 300)
        raise ModelError(f"OpenVINO cannot convert {title}: --engine torch runs it ({reason})") from error
