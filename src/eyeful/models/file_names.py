"""Files that people name as a model: what each kind is, and what to type instead where it is not one."""

from __future__ import annotations

from pathlib import Path

GRAPHS = (".onnx", ".xml")
"""Files that hold a network of their own: ONNX, OpenVINO."""
_WEIGHTS = (".pth", ".pt", ".bin", ".safetensors", ".ckpt", ".th", ".pth.tar", ".pt.tar")
STATE_DICT = "torch.save(model.state_dict(), FILE)"
TO_ONNX = "convert it to ONNX: --model FILE.onnx --labels FILE"
FROM_ITS_MAKER = f"in the program that made it: {STATE_DICT}"
FROM_TORCHSERVE = "eyeful import-mar FILE -o DIR makes a bundle of it: --model DIR"
FROM_TORCHSCRIPT = "torch.save(torch.jit.load(FILE).state_dict(), NEW)"

FOREIGN = {
    **dict.fromkeys((".h5", ".hdf5", ".keras"), ("a Keras model", TO_ONNX)),
    ".tflite": ("a TensorFlow Lite model", TO_ONNX),
    ".pb": ("a TensorFlow graph", TO_ONNX),
    ".index": ("the index of a TensorFlow checkpoint", TO_ONNX),
    **dict.fromkeys((".engine", ".plan"), ("a TensorRT engine (made for one GPU)", FROM_ITS_MAKER)),
    **dict.fromkeys((".mlmodel", ".mlpackage"), ("a Core ML model", FROM_ITS_MAKER)),
    ".caffemodel": ("a file of Caffe's weights", TO_ONNX),
    ".prototxt": ("Caffe's description of a network", TO_ONNX),
    ".weights": ("a file of Darknet's weights", TO_ONNX),
    ".msgpack": ("a file of Flax's weights", TO_ONNX),
    ".pdparams": ("a file of PaddlePaddle's weights", TO_ONNX),
    ".pdmodel": ("a PaddlePaddle model", TO_ONNX),
    ".mar": ("a TorchServe archive", FROM_TORCHSERVE),
    ".pkl": ("a pickle", FROM_ITS_MAKER),
    ".joblib": ("a pickle of joblib's", FROM_ITS_MAKER),
    ".torchscript": ("a TorchScript program", FROM_TORCHSCRIPT),
}
"""Endings of files that are not read → what such a file is, and the way out."""
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


def is_file_name(name: str) -> bool:
    """Whether a model's name ends as a file's does, so that it is no name of a catalogue."""
    return name.lower().endswith((*GRAPHS, *_WEIGHTS, *FOREIGN, *_ARCHIVES))


def foreign_by_name(name: str) -> tuple[str, str] | None:
    """What a file that is not read is by its name, and the way out; None where its name tells nothing."""
    return next((found for ending, found in FOREIGN.items() if name.lower().endswith(ending)), None)


def what_to_type(name: str) -> str | None:
    """Why a file or folder is no model, and the way out; None for a name that is neither."""
    lower = name.lower()
    if lower.endswith(_WEIGHTS):
        return (
            "weights are not a model by themselves; name their architecture: --model ARCHITECTURE "
            f"--checkpoint {name}"
        )
    foreign = foreign_by_name(name)
    if foreign is not None:
        return f"{foreign[0]} is not read; {foreign[1]}"
    if lower.endswith(_ARCHIVES):
        return "an archive is no model; unpack it and name the folder or the file in it"
    if name and Path(name).is_dir():
        return (
            "the folder is neither a bundle (manifest.json) nor a model of timm (config.json beside "
            "model.safetensors or pytorch_model.bin)"
        )
    return None
