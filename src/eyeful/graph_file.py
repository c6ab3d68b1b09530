"""Networks that are files of their own, ONNX and OpenVINO: what goes in, what comes out.

A classifier takes one image, float NCHW or NHWC with three channels, and gives one output of N x K scores.
Anything else is refused with its shapes, since what it means could only be guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from eyeful.errors import ModelError, one_line
from eyeful.openvino_import import import_openvino

if TYPE_CHECKING:
    from pathlib import Path

_EXTERNAL = re.compile(rb"\x0a\x08location\x12([\x01-\x7f])")
"""How an ONNX file (a protocol buffer) names a file with tensors: the key, then a length and that many bytes."""
_IS_NETWORK = re.compile(rb"<net\s[^>]*version=")
_ONLY_SHAPES = ("Convert", "Reshape", "Squeeze", "Unsqueeze", "Transpose")
_ACTIVATIONS: dict[str, Literal["softmax", "sigmoid"]] = {"Softmax": "softmax", "Sigmoid": "sigmoid"}
_FLOATS = ("f32", "f16")


@dataclass(frozen=True, slots=True)
class Graph:
    """A classifier in a file.

    Attributes:
        path: the file.
        layout: how its input lies.
        size: of its input, (height, width); None where it takes any.
        classes: K.
        activation: the last operation, which makes probabilities of its scores; None where it gives these.
    """

    path: Path
    layout: Literal["NCHW", "NHWC"]
    size: tuple[int, int] | None
    classes: int
    activation: Literal["softmax", "sigmoid"] | None


def data_files(path: Path) -> list[Path]:
    """The files beside a network's own that hold its tensors: OpenVINO's .bin, ONNX's external data.

    Raises:
        ModelError: the file cannot be read.
    """
    if path.suffix.lower() == ".xml":
        names = [path.with_suffix(".bin").name]
    else:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}") from error
        found = ((match.end(), match[1][0]) for match in _EXTERNAL.finditer(content))
        names = sorted({content[place : place + length].decode(errors="replace") for place, length in found})
    return [path.parent / name for name in names if (path.parent / name).is_file()]


def read_model(path: Path) -> Any:
    """A network as OpenVINO reads it.

    Raises:
        ModelError: it cannot.
    """
    ov = import_openvino()
    is_onnx = path.suffix.lower() == ".onnx"
    try:
        if is_onnx:  # asked by name: read_model would try its readers of other formats, which write on stderr
            reader = ov.frontend.FrontEndManager().load_by_framework("onnx")
            return reader.convert(reader.load(str(path)))
        if not _IS_NETWORK.search(path.read_bytes()[:4096]):
            raise ModelError(f"{path} is not a network of OpenVINO")
        return ov.Core().read_model(path)
    except ModelError:
        raise
    except Exception as error:
        kind = "an ONNX file" if is_onnx else "a network of OpenVINO"
        reason = re.sub(r"^.*\.(cpp|hpp):\d+:\s*", "", one_line(error, 2000))[:200] or "damaged"
        raise ModelError(f"{path} cannot be read as {kind}: {reason}") from error


def read_graph(path: Path) -> Graph:
    """What a file's network takes and gives.

    Raises:
        ModelError: it cannot be read, or is no classifier of images; the text names its shapes.
    """
    model = read_model(path)
    if not model.inputs or not model.outputs:
        raise ModelError(f"{path} holds no network")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise _not_a_classifier(path, model, "one input and one output")
    dims, (_, *scores) = _dims(model.input(0)), _dims(model.output(0)) or [None]
    layouts: list[Literal["NCHW", "NHWC"]] = ["NCHW"] if len(dims) == 4 and dims[1] == 3 else []
    layouts += ["NHWC"] if len(dims) == 4 and dims[3] == 3 else []
    if len(layouts) != 1 or _type(model.input(0)) not in _FLOATS:
        raise _not_a_classifier(path, model, "a float input N x 3 x height x width or N x height x width x 3")
    if len(scores) != 1 or not scores[0] or _type(model.output(0)) not in _FLOATS:
        raise _not_a_classifier(path, model, "a float output N x K of K classes")
    height, width = dims[2:] if layouts[0] == "NCHW" else dims[1:3]
    if (height is None) != (width is None):
        raise _not_a_classifier(path, model, "a fixed height and width, or neither")
    size = None if height is None or width is None else (height, width)
    return Graph(path, layouts[0], size, scores[0], _activation_of(path, model, scores[0]))


def with_free_batch(model: Any, graph: Graph, size: tuple[int, int]) -> Any:
    """The network for any number of images of a size.

    Raises:
        ModelError: it is made for one number of images, or not for this size.
    """
    sides = [3, *size] if graph.layout == "NCHW" else [*size, 3]
    try:
        model.reshape(import_openvino().PartialShape([-1, *sides]))
        dims = _dims(model.output(0))
    except Exception as error:
        raise ModelError(_one_batch(graph, one_line(error, 200))) from error
    if dims != [None, graph.classes]:
        raise ModelError(_one_batch(graph, f"its output would be {_shown(dims)}"))
    return model


def without_activation(model: Any) -> Any:
    """The network up to what its last operation, softmax or sigmoid, is given."""
    ov = import_openvino()
    node = model.output(0).get_node().input_value(0).get_node()
    while node.get_type_name() not in _ACTIVATIONS:
        node = node.input_value(0).get_node()
    return ov.Model([node.input_value(0)], model.get_parameters(), "classifier")


def _activation_of(path: Path, model: Any, classes: int) -> Literal["softmax", "sigmoid"] | None:
    """What the network ends in.

    Raises:
        ModelError: it ends in a function whose inverse would have to be guessed, or that says nothing.
    """
    node, passed = model.output(0).get_node().input_value(0).get_node(), set()
    while node.get_type_name() in _ONLY_SHAPES:
        passed.add(node.get_type_name())
        node = node.input_value(0).get_node()
    kind = node.get_type_name()
    activation = _ACTIVATIONS.get(kind)
    same_shape = _dims(node.output(0))[1:] == [classes] and "Transpose" not in passed
    if kind == "HardSigmoid" or (activation and not same_shape):
        raise ModelError(
            f"{path} ends in {' and '.join([kind, *sorted(passed)])}: export it without that last layer"
        )
    if activation == "softmax" and node.get_attributes()["axis"] not in (1, -1):
        raise ModelError(f"{path} ends in softmax, but not over its classes: export it without that last layer")
    if activation == "softmax" and classes == 1:
        raise ModelError(f"{path} ends in softmax of a single score, which is 1 for every image")
    return activation


def _one_batch(graph: Graph, reason: str) -> str:
    return f"{graph.path} does not take any number of images ({reason}): export it with a dynamic batch"


def _not_a_classifier(path: Path, model: Any, expected: str) -> ModelError:
    ends = [f"{_type(one)} {_shown(_dims(one))}" for one in (*model.inputs, *model.outputs)]
    count = len(model.inputs)
    found = f"{' and '.join(ends[:count])} -> {' and '.join(ends[count:])}"
    return ModelError(f"{path} is not a classifier that can be run: it is {found[:300]}, not {expected}")


def _shown(dims: list[int | None]) -> str:
    return " x ".join("?" if one is None else str(one) for one in dims) or "a number"


def _type(port: Any) -> str:
    return str(port.get_element_type().get_type_name())


def _dims(port: Any) -> list[int | None]:
    """The sizes of an input or output; None where one is free; none at all where even their number is."""
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return []
    return [one.get_length() if one.is_static else None for one in shape]
