"""A network that is an ONNX file of its own → a bundle's ONNX file: normalisation in front, scores behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from eyeful.errors import ModelError, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.bundle import Manifest
    from eyeful.graph_file import Graph

_OURS = "eyeful_"
"""What the names of our nodes begin with, so that they are no others'."""
_PIXELS, _LOGITS = f"{_OURS}pixels_NHWC", f"{_OURS}logits_NK"


def write(graph: Graph, manifest: Manifest, path: Path) -> None:
    """Write the network as an ONNX file: pixels_NHWC uint8 in, logits_NK float32 out.

    Raises:
        ModelError: it is no ONNX file, or cannot be read.
    """
    if graph.path.suffix.lower() != ".onnx":
        raise ModelError(f"ONNX Runtime does not run {graph.path}: --engine openvino")
    try:
        model = onnx.load(graph.path)
        _change(model, graph, manifest)
        onnx.save(model, path)
    except Exception as error:
        raise ModelError(f"{graph.path} cannot be changed for ONNX Runtime: {one_line(error, 300)}") from error


def _change(model: Any, graph: Graph, manifest: Manifest) -> None:
    own = model.graph
    constants = {one.name for one in own.initializer}
    (image,) = (one for one in own.input if one.name not in constants)
    (scores,) = own.output
    first = _normalisation(graph, image.name, image.type.tensor_type.elem_type)
    logits = _scores_before_activation(own, scores.name) if graph.activation else scores.name
    last = helper.make_node("Cast", [logits], [_LOGITS], f"{_OURS}last", to=TensorProto.FLOAT)
    own.initializer.extend(_constants(manifest))
    nodes = [*first, *own.node, last]
    del own.node[:], own.value_info[:], own.input[:], own.output[:]
    own.node.extend(nodes)
    pixels: list[str | int] = ["N", *manifest.preprocessing.size, 3]
    own.input.append(helper.make_tensor_value_info(_PIXELS, TensorProto.UINT8, pixels))
    own.output.append(helper.make_tensor_value_info(_LOGITS, TensorProto.FLOAT, ["N", graph.classes]))


def _normalisation(graph: Graph, image: str, element_type: int) -> list[Any]:
    """The nodes that make the network's own input of pixels."""
    steps: list[tuple[str, list[str], dict[str, Any]]] = [
        ("Cast", [], {"to": TensorProto.FLOAT}),
        ("Div", [f"{_OURS}largest"], {}),
        ("Sub", [f"{_OURS}mean"], {}),
        ("Div", [f"{_OURS}std"], {}),
        ("Transpose", [], {"perm": [0, 3, 1, 2] if graph.layout == "NCHW" else [0, 1, 2, 3]}),
        ("Cast", [], {"to": element_type}),
    ]
    names = [_PIXELS, *(f"{_OURS}{number}" for number in range(1, len(steps))), image]
    return [
        helper.make_node(kind, [before, *constants], [after], f"{after}_of_eyeful", **attributes)
        for (kind, constants, attributes), before, after in zip(steps, names[:-1], names[1:], strict=True)
    ]


def _constants(manifest: Manifest) -> list[Any]:
    """What normalisation calculates with, in the last dimension of NHWC."""
    values = {"largest": 255.0, "mean": manifest.preprocessing.mean, "std": manifest.preprocessing.std}
    return [numpy_helper.from_array(np.asarray(value, np.float32), _OURS + name) for name, value in values.items()]


def _scores_before_activation(own: Any, output: str) -> str:
    """The name of what the last operation, softmax or sigmoid, is given."""
    makers = {name: node for node in own.node for name in node.output}
    node = makers[output]
    while node.op_type not in ("Softmax", "Sigmoid"):
        node = makers[node.input[0]]
    return str(node.input[0])
