"""`eyeful.load`: a model's name → a classifier that is ready."""

import copy
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from eyeful.bundle import Bundle, Manifest, is_bundle, read_bundle
from eyeful.engines import Choice, Engine, choose
from eyeful.engines.base import Precision
from eyeful.errors import ModelError, UsageError
from eyeful.images import DEFAULT_MAX_PIXELS, Limits
from eyeful.models import DEFAULT_MODEL, ModelRequest, find_model
from eyeful.pipeline.classifier import Classifier
from eyeful.pipeline.settings import Settings
from eyeful.prepare import manifest_of, prepared
from eyeful.preprocessing import CropMode, Interpolation, Preprocessing

MakeEngine = Callable[[Precision | None], Engine]
"""Makes the engine of a loaded model at a precision; None: what the device does natively."""


def load(
    name: str | Path = DEFAULT_MODEL,
    *,
    checkpoint: str | Path | None = None,
    labels: str | Path | None = None,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "auto",
    exact: bool = False,
    crop_mode: CropMode | None = None,
    img_size: int | None = None,
    crop_pct: float | None = None,
    interpolation: Interpolation | None = None,
    topk: int = 5,
    min_prob: float = 0.0,
    batch_size: int = 0,
    workers: int = 0,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    torchcompile: bool = False,
) -> Classifier:
    """Load a classifier; its weights are fetched and prepared at first use.

    Args:
        name: "resnet18", "resnet18:IMAGENET1K_V1", "ResNet18_Weights.DEFAULT", "efficientnet_lite0",
            "timm/convnext_tiny.fb_in1k", "hf-hub:org/name", or a bundle's folder.
        checkpoint: a local .pth, .pt or .safetensors file with weights for that architecture.
        labels: a label file for the checkpoint: one name per line, or index_to_name.json.
        device: auto, cpu, cuda, cuda:N or mps.
        engine: auto, torch, openvino or onnxruntime.
        precision: auto, fp32, bf16 or fp16.
        exact: reference arithmetic: torch in fp32, full decode, TorchVision's or timm's own resize and crop.
        crop_mode: center, squash or border; the weights' own when None. So for the next three.
        img_size: side of the network's input, in pixels.
        crop_pct: side of the crop over side of the resized image, above 0 and at most 1.
        interpolation: nearest, bilinear, bicubic, lanczos, box or hamming.
        topk: labels in each answer.
        min_prob: below it an answer is marked as abstained; 0 to 1.
        batch_size: images in one forward pass; 0: what suits the engine.
        workers: decode threads; 0: one for each core that this process may use.
        max_pixels: the largest image that is opened.
        torchcompile: with the engine torch, compile the network with `torch.compile` at the first batch.

    Raises:
        UsageError: an argument is outside its range, or two contradict each other.
        ModelError: the model cannot be had.
        EngineError: it cannot run as asked.
        MissingExtraError: something must be installed first; the text says how.
    """
    settings = Settings(topk, min_prob, batch_size, workers, Limits(max_pixels), exact, exact)
    if exact:
        if engine not in ("auto", "torch") or precision not in ("auto", "fp32"):
            raise UsageError(f"exact means torch in fp32, not {engine} in {precision}")
        if torchcompile:
            raise UsageError("exact means torch's own arithmetic, not torch.compile's")
        engine, precision = "torch", "fp32"
    if is_bundle(Path(name)):
        bundle = read_bundle(Path(name))
        if checkpoint or labels or img_size:
            raise UsageError(
                f"the bundle {name} has its weights, labels and size; load the model by name to change them"
            )
        choice = choose(device, _engine_of(bundle, engine), _precision_of(bundle, precision))
        _check_torchcompile(choice, torchcompile)
        make_engine, manifest = _from_bundle(bundle, choice.device, torchcompile)
        load_module = partial(_module_of_bundle, bundle)
    else:
        request = ModelRequest(
            str(name), Path(checkpoint) if checkpoint else None, Path(labels) if labels else None
        )
        choice = choose(device, engine, precision)
        _check_torchcompile(choice, torchcompile)
        make_engine, manifest = _from_request(request, choice, img_size, torchcompile)
        load_module = partial(_module_of_request, request)
    preprocessing = manifest.preprocessing.with_options(crop_mode, None, crop_pct, interpolation)
    fp32 = partial(make_engine, "fp32") if manifest.precision == "fp32" else None
    return Classifier(
        make_engine(choice.precision), manifest, preprocessing, settings, fp32_engine=fp32, load_module=load_module
    )


def _module_of_request(request: ModelRequest) -> Any:
    """The network itself, as torch has it: a copy of its own."""
    module, _ = find_model(request).load()
    return module


def _module_of_bundle(bundle: Bundle) -> Any:
    """The network of a bundle for torch; of another, the one that it was made of."""
    if bundle.manifest.engine == "torch":
        from eyeful.prepare.torch import load_module

        return load_module(bundle)
    name, _, checkpoint = bundle.manifest.model.partition(" with ")
    if checkpoint:
        raise ModelError(
            f"the bundle {bundle.folder} holds no network for torch, only what was made of it: "
            f"load {name} with its checkpoint"
        )
    return _module_of_request(ModelRequest(name))


def origin(name: str | Path) -> dict[str, Any] | None:
    """What a bundle was made of: arguments of `load` that lead to its reference; None for what is no bundle.

    A bundle for torch is its own origin. A checkpoint is not remembered and must be named again.

    Raises:
        BundleError: it is damaged.
    """
    if not is_bundle(Path(name)):
        return None
    manifest = read_bundle(Path(name)).manifest
    if manifest.engine == "torch":
        return {"name": name}
    return {"name": manifest.model.partition(" with ")[0], "img_size": manifest.preprocessing.size[0]}


def _check_torchcompile(choice: Choice, torchcompile: bool) -> None:
    if torchcompile and choice.engine != "torch":
        raise UsageError(f"torchcompile is for the engine torch, not {choice.engine}: --engine torch")


def _engine_of(bundle: Bundle, engine: str) -> str:
    if engine not in ("auto", bundle.manifest.engine):
        raise UsageError(f"the bundle {bundle.folder} is for the engine {bundle.manifest.engine}, not {engine}")
    return bundle.manifest.engine


def _precision_of(bundle: Bundle, precision: str) -> str:
    """What to ask of the engine: nothing, of a network that is int8 by its making."""
    if bundle.manifest.precision != "int8":
        return precision
    if precision not in ("auto", "int8"):
        raise UsageError(f"the bundle {bundle.folder} is int8, not {precision}; load the model by name instead")
    return "auto"


def _from_bundle(bundle: Bundle, device: str, torchcompile: bool) -> tuple[MakeEngine, Manifest]:
    manifest = bundle.manifest
    if manifest.engine == "torch":
        from eyeful.prepare.torch import load_module

        return _torch(load_module(bundle), manifest.preprocessing, device, torchcompile), manifest
    if manifest.engine == "onnxruntime":
        from eyeful.engines.onnxruntime import OnnxRuntimeEngine

        return lambda _: OnnxRuntimeEngine(bundle), manifest
    from eyeful.engines.openvino import OpenVINOEngine

    return partial(OpenVINOEngine, bundle), manifest


def _from_request(
    request: ModelRequest, choice: Choice, img_size: int | None, torchcompile: bool
) -> tuple[MakeEngine, Manifest]:
    if choice.engine != "torch":
        return _from_bundle(prepared(request, img_size, choice.engine), choice.device, torchcompile)
    model = find_model(request)
    module, weights = model.load()
    preprocessing = model.preprocessing.with_options(img_size=img_size)
    return _torch(module, preprocessing, choice.device, torchcompile), manifest_of(
        model, weights, preprocessing, "torch"
    )


def _torch(module: Any, preprocessing: Preprocessing, device: str, torchcompile: bool) -> MakeEngine:
    from eyeful.engines.torch import TorchEngine

    made = count()

    def make(precision: Precision | None) -> Engine:
        """Each engine has a network of its own: it lays out the weights in place."""
        own = copy.deepcopy(module) if next(made) else module
        return TorchEngine(own, preprocessing, device, precision, torchcompile=torchcompile)

    return make
