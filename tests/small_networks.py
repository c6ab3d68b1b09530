"""Two small networks: one that int8 computes as well as fp32, and one that it cannot."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from eyeful.cache import cache_folder

INPUT = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
LABELS = "abcde"


def write_network(path, outlier=1.0):
    """Two convolutions; one channel between them is so many times as large as the others, and is not used.

    A range that holds that channel leaves one level for all others, so the answers of int8 come to depend on nothing.
    """
    random = np.random.default_rng(4)
    first, second = random.normal(0, 1, (8, 3, 1, 1)), random.normal(0, 1, (8, 8, 1, 1))
    first[0], second[:, 0] = outlier, 0
    last = random.normal(0, 2, (len(LABELS), 8))
    colours = (random.uniform(0, 1, (1000, 3)) - INPUT["mean"]) / INPUT["std"]
    hidden = np.maximum(np.maximum(colours @ first[..., 0, 0].T, 0) @ second[..., 0, 0].T, 0)
    bias = -(hidden @ last.T).mean(0)  # else nearly all images would get one label
    constants = {"first": first, "second": second, "last": last, "bias": bias}
    nodes = [
        helper.make_node("Conv", ["image", "first"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("GlobalAveragePool", ["d"], ["e"]),
        helper.make_node("Flatten", ["e"], ["f"]),
        helper.make_node("Gemm", ["f", "last", "bias"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ("N", 3, 32, 32))],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("N", len(LABELS)))],
        [numpy_helper.from_array(value.astype("f4"), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def write_images(folder, count):
    """Images of one colour each, with some noise."""
    random = np.random.default_rng(count)
    for number in range(count):
        pixels = random.integers(0, 256, 3) + random.normal(0, 20, (32, 32, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{number:03d}.png")
    return folder


def set_speeds(int8, other):
    """Let every int8 network of the cache have been measured so, in images per second."""
    files = list(cache_folder().glob("int8/*/speed-*.json"))
    assert files
    for file in files:
        file.write_text(json.dumps([int8, other]))
