"""Every TorchVision classifier runs from a checkpoint, with plain torch's logits, in every engine."""

import numpy as np
import pytest
import torch

import eyeful
from eyeful.models.torchvision_import import import_torchvision
from helpers import discriminating_state, noise_image

pytestmark = pytest.mark.slow
models = import_torchvision().models
NAMES = models.list_models(module=models)
CLASSES = 11


def options_of(name: str) -> dict:
    """As TorchVision builds a network for its pretrained weights."""
    if name in ("inception_v3", "googlenet"):
        return {"transform_input": True, "aux_logits": False, "init_weights": False}
    return {}


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_gives_torchs_logits(name, tmp_path, monkeypatch):
    run_in_engines(name, ("torch", "openvino"), tmp_path, monkeypatch)


@pytest.mark.parametrize("name", NAMES)
def test_an_onnx_file_gives_torchs_logits(name, tmp_path, monkeypatch):
    run_in_engines(name, ("onnxruntime",), tmp_path, monkeypatch)


def run_in_engines(name, engines, tmp_path, monkeypatch):
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    weights = models.get_model_weights(name).DEFAULT
    size = max(32, *weights.meta["min_size"])
    options = options_of(name)
    if name.startswith("vit_"):
        options["image_size"] = size
    state = discriminating_state(name, CLASSES, size, **options)
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    batch = np.stack([np.asarray(noise_image(seed, size, size)) for seed in range(3)])
    expected = plain_torch(name, state, batch, options, weights.transforms())
    spread = np.abs(expected - expected.mean(0)).max()
    assert spread > 1e-4 * np.abs(expected).max(), "a checkpoint that cannot tell images apart tests nothing"
    for engine in engines:
        with eyeful.load(
            name,
            checkpoint=path,
            img_size=size,
            crop_pct=1.0,
            engine=engine,
            device="cpu",
            precision="fp32",
        ) as classifier:
            found = classifier.logits(batch)
        tolerance = 1e-5 if engine == "torch" else 2e-4
        assert np.abs(found - expected).max() <= tolerance * max(1.0, np.abs(expected).max()), engine
        assert np.array_equal(found.argmax(1), expected.argmax(1)), engine


def plain_torch(name, state, batch, options, preset):
    """TorchVision alone: its transform's own steps, its model, no eyeful."""
    from torchvision.transforms import functional as F

    model = models.get_model(name, weights=None, num_classes=CLASSES, **options).eval()
    model.load_state_dict(state)
    x = torch.from_numpy(batch).permute(0, 3, 1, 2).contiguous()  # the memory layout decides the last bits
    x = F.normalize(F.convert_image_dtype(x, torch.float32), preset.mean, preset.std)
    with torch.inference_mode():
        return model(x).numpy()
