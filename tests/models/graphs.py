"""Small classifiers as ONNX files: the mean of each channel, and a linear layer behind it."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {"float": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}


def weights(channels: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    return random.normal(0, 2, (classes, channels)).astype("f4"), random.normal(0, 1, classes).astype("f4")


def write_onnx(
    path: Path, shape=("N", 3, 32, 32), outputs=(("N", 5),), end="Gemm", type_="float", *, external=False, opset=17
) -> Path:
    """A network of these shapes that ends so; beside its scores it can give the means, and give them as N x K x 1 x 1."""
    element_type = TYPES[type_]
    classes = outputs[0][1] if len(outputs[0]) > 1 else 5
    nhwc = shape[-1] == 3
    nodes: list[Any] = []

    def add(kind, *inputs, **attributes) -> str:
        nodes.append(helper.make_node(kind, inputs, [f"{kind}{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    x = add("Transpose", "image", perm=[0, 3, 1, 2]) if nhwc else "image"
    if type_ != "float":
        x = add("Cast", x, to=TensorProto.FLOAT)
    means = add("Flatten", add("GlobalAveragePool", x), axis=1)
    y = add("Gemm", means, "weight", "bias", transB=1)
    if end == "Exp/Sum":
        exponentials = add("Exp", y)
        y = add("Div", exponentials, add("ReduceSum", exponentials, "axis", keepdims=1))
    elif end == "ArgMax":
        y = add("ArgMax", y, axis=1, keepdims=0)
    elif end != "Gemm":
        y = add(end, y, **({} if end == "Sigmoid" else {"axis": 1}))
    if len(outputs[0]) == 4:
        y = add("Unsqueeze", y, "last")
    result = TensorProto.INT64 if end == "ArgMax" else TensorProto.FLOAT
    names = [y, means][: len(outputs)]
    weight, bias = weights(shape[-1] if nhwc else shape[1], classes)
    constants = {"weight": weight, "bias": bias, "axis": np.array([1]), "last": np.array([2, 3])}
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("image", element_type, shape)],
        [helper.make_tensor_value_info(name, result, dims) for name, dims in zip(names, outputs, strict=True)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(model, path, save_as_external_data=external, location=f"{path.name}.data", size_threshold=0)
    return path


def logits_of(pixels_NHWC: np.ndarray, mean, std, classes: int = 5) -> np.ndarray:
    """What such a network says of pixels, calculated by hand."""
    weight, bias = weights(3, classes)
    means = ((pixels_NHWC.astype("f8") / 255 - mean) / std).mean((1, 2))
    return means @ weight.T + bias
