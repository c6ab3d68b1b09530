"""Files that people name as a model: what each kind is, and what to type instead where it is not one."""

from __future__ import annotations

from pathlib import Path

GRAPHS = (".onnx", ".xml")
"""Files that hold a network of their own: ONNX, OpenVINO."""
_WEIGHTS = (".pth", ".pt", ".bin", ".safetensors", ".ckpt", ".th", ".pth.tar", ".pt.tar")
_OTHERS = {
    ".h5": "Keras",
    ".hdf5": "Keras",
    ".keras": "Keras",
    ".tflite": "TensorFlow Lite",
    ".pb": "TensorFlow",
    ".engine": "TensorRT",
    ".plan": "TensorRT",
    ".mlmodel": "Core ML",
    ".mlpackage": "Core ML",
    ".caffemodel": "Caffe",
    ".pdparams": "PaddlePaddle",
    ".pdmodel": "PaddlePaddle",
    ".mar": "TorchServe",
    ".pkl": "pickle",
    ".joblib": "joblib",
    ".torchscript": "TorchScript",
}
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


def is_file_name(name: str) -> bool:
    """Whether a model's name ends as a file's does, so that it is no name of a catalogue."""
    return name.lower().endswith((*GRAPHS, *_WEIGHTS, *_OTHERS, *_ARCHIVES))


def what_to_type(name: str) -> str | None:
    """Why a file or folder is no model, and the way out; None for a name that is neither."""
    lower = name.lower()
    if lower.endswith(_WEIGHTS):
        return (
            "weights are not a model by themselves; name their architecture: --model ARCHITECTURE "
            f"--checkpoint {name}"
        )
    other = next((title for ending, title in _OTHERS.items() if lower.endswith(ending)), None)
    if other is not None:
        return f"a file of {other} is not read; convert it to ONNX: --model FILE.onnx --labels FILE"
    if lower.endswith(_ARCHIVES):
        return "an archive is no model; unpack it and name the folder or the file in it"
    if name and Path(name).is_dir():
        return (
            "the folder is neither a bundle (manifest.json) nor a model of timm (config.json beside "
            "model.safetensors or pytorch_model.bin)"
        )
    return None
