"""A head that was taught, in an OpenVINO graph: on the features, in place of what made the logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.bundle.head import LEAST_LENGTH
from eyeful.openvino_import import import_openvino, save_model

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.bundle import TaughtHead

HEAD_NODES = "taught_head_"
"""What the names of the head's operations begin with."""


def write(graph: Path, head: TaughtHead, title: str, path: Path) -> None:
    """Write a graph with other logits: the head's, of the very same features.

    Args:
        graph: of the frozen network, with features as its second output.
        head: what makes the logits.
        title: of the frozen network, for messages.
        path: what to write.

    Raises:
        ModelError: the graph gives no features, or vectors of another length than the head takes.
    """
    ov = import_openvino()
    model = ov.Core().read_model(graph)
    if len(model.outputs) < 2:
        head.check_fits(None, title)
    features_ND = model.output(1).get_node().input_value(0)
    head.check_fits(features_ND.get_partial_shape()[1].get_length(), title)
    outputs = [ov.opset13.result(_logits(ov.opset13, features_ND, head)), ov.opset13.result(features_ND)]
    # a model has what its outputs need: the frozen network's own last layer is no part of it any more
    save_model(ov.Model(outputs, model.get_parameters(), "taught"), path)


def _logits(ops: Any, features_ND: Any, head: TaughtHead) -> Any:
    """The operations of `TaughtHead.logits`.

    No matrix product is among them. In half precision OpenVINO leaves in fp32 what stands between the last heavy
    layer and an output, and a matrix product is such a layer: it would round the cosines. Weights and means are
    one constant, and so one product: of two, OpenVINO 2026.4 computes nonsense.
    """
    made = 0

    def named(node: Any) -> Any:
        nonlocal made
        made += 1
        node.set_friendly_name(f"{HEAD_NODES}{made}")
        return node

    def number(value: Any) -> Any:
        return named(ops.constant(np.asarray(value, np.float32)))

    def axis(value: int) -> Any:
        return named(ops.constant(np.array([value], np.int64)))

    def op(kind: str, *inputs: Any, **attributes: Any) -> Any:
        return named(getattr(ops, kind)(*inputs, **attributes))

    length_N1 = op("maximum", op("reduce_l2", features_ND, axis(1), keep_dims=True), number([[LEAST_LENGTH]]))
    unit_N1D = op("unsqueeze", op("divide", features_ND, length_N1), axis(1))
    rows = np.concatenate([head.weight_KD, head.mean_KD])
    products = op("reduce_sum", op("multiply", unit_N1D, number(rows[None])), axis(2))
    halves = op("split", products, named(ops.constant(np.int64(1))), 2)
    logits_NK = op("add", halves.output(0), number(head.bias_K[None]))
    nearest_N1 = op("reduce_max", halves.output(1), axis(1), keep_dims=True)
    distance_N1 = op("subtract", number([[head.least_cosine]]), nearest_N1)
    best_N1 = op("reduce_max", logits_NK, axis(1), keep_dims=True)
    none_N1 = op("add", best_N1, op("multiply", number([[head.slope]]), distance_N1))
    return op("concat", [logits_NK, none_N1], 1)
