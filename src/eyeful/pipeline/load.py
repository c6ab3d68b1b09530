"""`eyeful.load`: a model's name → a classifier that is ready."""

from pathlib import Path

from eyeful.bundle import Bundle, Passport, is_bundle, read_bundle
from eyeful.engines import Choice, Engine, choose
from eyeful.errors import UsageError
from eyeful.images import DEFAULT_MAX_PIXELS, Limits
from eyeful.models import DEFAULT_MODEL, ModelRequest, find_model
from eyeful.pipeline.classifier import Classifier, Settings
from eyeful.prepare import passport_of, prepared
from eyeful.types import CropMode, Interpolation


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
    batch_size: int = 8,
    workers: int = 0,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Classifier:
    """Load a classifier; its weights are fetched and prepared at first use.

    Args:
        name: "resnet18", "resnet18:IMAGENET1K_V1", "ResNet18_Weights.DEFAULT", "efficientnet_lite0",
            "timm/convnext_tiny.fb_in1k", "hf-hub:org/name", or a bundle's folder.
        checkpoint: a local .pth, .pt or .safetensors file with weights for that architecture.
        labels: a label file for the checkpoint: one name per line, or index_to_name.json.
        device: auto, cpu, cuda, cuda:N or mps.
        engine: auto, torch or openvino.
        precision: auto, fp32, bf16 or fp16.
        exact: reference arithmetic: torch in fp32, full decode, TorchVision's or timm's own resize and crop.
        crop_mode: center, squash or border; the weights' own when None. So for the next three.
        img_size: side of the network's input, in pixels.
        crop_pct: side of the crop over side of the resized picture, above 0 and at most 1.
        interpolation: nearest, bilinear, bicubic, lanczos, box or hamming.
        topk: labels in each answer.
        min_prob: below it an answer is marked as abstained; 0 to 1.
        batch_size: pictures in one forward pass.
        workers: decode threads; 0: one for each core.
        max_pixels: the largest picture that is opened.

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
        engine, precision = "torch", "fp32"
    if is_bundle(Path(name)):
        bundle = read_bundle(Path(name))
        if engine not in ("auto", bundle.passport.engine):
            raise UsageError(f"the bundle {name} is for the engine {bundle.passport.engine}, not {engine}")
        if checkpoint or labels or img_size:
            raise UsageError(
                f"the bundle {name} has its weights, labels and size; load the model by name to change them"
            )
        runner, passport = _from_bundle(bundle, choose(device, bundle.passport.engine, precision))
    else:
        request = ModelRequest(
            str(name), Path(checkpoint) if checkpoint else None, Path(labels) if labels else None
        )
        runner, passport = _from_request(request, choose(device, engine, precision), img_size)
    recipe = passport.recipe.with_options(crop_mode, None, crop_pct, interpolation)
    return Classifier(runner, passport, recipe, settings)


def _from_bundle(bundle: Bundle, choice: Choice) -> tuple[Engine, Passport]:
    passport = bundle.passport
    if passport.engine == "torch":
        from eyeful.engines.torch import TorchEngine
        from eyeful.prepare.torch import load_module

        return TorchEngine(load_module(bundle), passport.recipe, choice.device, choice.precision), passport
    from eyeful.engines.openvino import OpenVINOEngine

    return OpenVINOEngine(bundle, choice.precision), passport


def _from_request(request: ModelRequest, choice: Choice, img_size: int | None) -> tuple[Engine, Passport]:
    if choice.engine == "openvino":
        return _from_bundle(prepared(request, img_size), choice)
    model = find_model(request)
    module, weights = model.load()
    recipe = model.recipe.with_options(img_size=img_size)
    from eyeful.engines.torch import TorchEngine

    return (
        TorchEngine(module, recipe, choice.device, choice.precision),
        passport_of(model, weights, recipe, "torch"),
    )
