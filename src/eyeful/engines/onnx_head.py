"""A head that was taught, in an ONNX file: on the features, in place of what made the logits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from eyeful.bundle.head import LEAST_LENGTH
from eyeful.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.bundle import Manifest, TaughtHead

_HEAD = "taught_head_"
"""What the names of the head's operations and numbers begin with."""
_LEAST_OPSET = 18
"""From here on reductions take their axes as an input."""


def write(graph: Path, head: TaughtHead, title: str, manifest: Manifest, path: Path) -> None:
    """Write an ONNX file with other logits: the head's, of the very same features.

    Args:
        graph: of the frozen network, with features as its second output.
        head: what makes the logits.
        title: of the frozen network, for messages.
        manifest: says the labels.
        path: what to write.

    Raises:
        ModelError: the file gives no features, or vectors of another length than the head takes.
    """
    model = onnx.load(graph)
    own = model.graph
    if len(own.output) < 2:
        head.check_fits(None, title)
    logits, features = own.output
    head.check_fits(features.type.tensor_type.shape.dim[1].dim_value, title)
    opset = next(one.version for one in model.opset_import if not one.domain)
    if opset < _LEAST_OPSET:
        raise ModelError(f"{graph} is of ONNX opset {opset}, not {_LEAST_OPSET} or later: export the model again")
    nodes, numbers = _head(head, features.name, logits.name)
    _remove_head(own, logits.name, features.name)
    own.node.extend(nodes)
    own.initializer.extend(numbers)
    logits.type.tensor_type.shape.dim[1].dim_value = len(manifest.labels)
    said = {prop.key: prop for prop in model.metadata_props}
    said["eyeful.labels"].value = json.dumps(manifest.labels.names, ensure_ascii=False)
    said["eyeful.wnids"].value = json.dumps(manifest.labels.wnids)
    said["eyeful.preprocessing"].value = json.dumps(manifest.preprocessing.as_dict())
    onnx.save(model, path)


def _remove_head(own: Any, logits: str, features: str) -> None:
    """Remove what makes the logits: every operation and number that the features do not need."""
    needed = {features}
    nodes: list[Any] = []
    for node in reversed(own.node):  # each stands behind those that it needs
        if needed & set(node.output):
            nodes.insert(0, node)
            needed |= set(node.input)
    numbers = [one for one in own.initializer if one.name in needed]
    shapes = [one for one in own.value_info if one.name in needed]
    assert logits not in needed  # noqa: S101 - features are made of no logits
    for field, left in (("node", nodes), ("initializer", numbers), ("value_info", shapes)):
        own.ClearField(field)
        getattr(own, field).extend(left)


def _head(head: TaughtHead, features: str, logits: str) -> tuple[list[Any], list[Any]]:
    """The operations of `TaughtHead.logits`, and their numbers."""
    nodes: list[Any] = []
    numbers: list[Any] = []

    def number(value: Any, kind: type = np.float32) -> str:
        name = f"{_HEAD}number_{len(numbers) + 1}"
        numbers.append(numpy_helper.from_array(np.ascontiguousarray(value, kind), name))
        return name

    def op(kind: str, *inputs: str, result: str | None = None, **attributes: Any) -> str:
        name = f"{_HEAD}{len(nodes) + 1}"
        nodes.append(helper.make_node(kind, inputs, [result or name], name, **attributes))
        return result or name

    last = number([1], np.int64)
    length_N1 = op("Max", op("ReduceL2", features, last, keepdims=1), number([LEAST_LENGTH]))
    unit_ND = op("Div", features, length_N1)
    logits_NK = op("Add", op("MatMul", unit_ND, number(head.weight_KD.T)), number(head.bias_K))
    nearest_N1 = op("ReduceMax", op("MatMul", unit_ND, number(head.mean_KD.T)), last, keepdims=1)
    distance_N1 = op("Sub", number([head.least_cosine]), nearest_N1)
    best_N1 = op("ReduceMax", logits_NK, last, keepdims=1)
    none_N1 = op("Add", best_N1, op("Mul", number([head.slope]), distance_N1))
    op("Concat", logits_NK, none_N1, result=logits, axis=1)
    return nodes, numbers
