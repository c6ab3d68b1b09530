"""The engines behind one method, and the choice between them."""

import importlib

import numpy as np
import pytest
import torch

import eyeful
from eyeful.engines import choose
from eyeful.engines.torch import TorchEngine
from eyeful.errors import EngineError, UsageError
from eyeful.models import ModelRequest, find_model
from eyeful.types import Recipe

RECIPE = Recipe((8, 8), (8, 8), "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


class Mean(torch.nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def test_normalisation_is_that_of_torchvisions_weights_to_the_bit():
    from torchvision.transforms import functional as F

    batch = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    engine = TorchEngine(Mean(), RECIPE)
    found = engine.normalised(torch.from_numpy(batch))
    x = F.convert_image_dtype(torch.from_numpy(batch).permute(0, 3, 1, 2), torch.float32)
    assert torch.equal(found, F.normalize(x, RECIPE.mean, RECIPE.std))
    engine.close()


def test_an_error_in_the_network_is_an_engine_error():
    class Broken(torch.nn.Module):
        def forward(self, x):
            return x.reshape(7, -1)

    engine = TorchEngine(Broken(), RECIPE)
    with pytest.raises(EngineError, match="torch failed on cpu"):
        engine.submit(np.zeros((1, 8, 8, 3), np.uint8)).result()
    engine.close()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"device": "cpu"}, ("openvino", "cpu", None)),
        ({"engine": "openvino"}, ("openvino", "cpu", None)),
        ({"device": "cpu", "engine": "torch", "precision": "bf16"}, ("torch", "cpu", "bf16")),
    ],
)
def test_what_auto_means(asked, found):
    choice = choose(**asked)
    assert (choice.engine, choice.device, choice.precision) == found


@pytest.mark.parametrize(
    "asked", [{"device": "tpu"}, {"device": "cpu:1"}, {"device": "cuda:x"}, {"engine": "tf"}, {"precision": "fp8"}]
)
def test_words_that_mean_nothing(asked):
    with pytest.raises(UsageError):
        choose(**asked)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_no_silent_fallback_from_a_gpu(device):
    with pytest.raises(EngineError, match="no CUDA device here"):
        choose(device)


def test_what_a_cpu_cannot_do_is_refused():
    with pytest.raises(EngineError, match="fp16"):
        eyeful.load("efficientnet_lite0", device="cpu", precision="fp16")
    with pytest.raises(EngineError, match="fp16"):
        eyeful.load("efficientnet_lite0", device="cpu", engine="torch", precision="fp16")


def test_exact_contradicts_other_engines():
    with pytest.raises(UsageError, match="exact means torch in fp32"):
        eyeful.load("efficientnet_lite0", exact=True, engine="openvino")


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_nothing_about_the_model_changes(engine, pictures, resnet18_checkpoint, monkeypatch):
    """Parameters and buffers are bit-equal after a run, and no gradient was recorded."""
    seen = []

    def watched(request):
        model = find_model(request)
        module, _weights = model.load()
        seen.append((module, {name: tensor.clone() for name, tensor in module.state_dict().items()}))
        return model

    monkeypatch.setattr(importlib.import_module("eyeful.pipeline.load"), "find_model", watched)
    if engine == "openvino":
        monkeypatch.setattr(importlib.import_module("eyeful.prepare.openvino"), "find_model", watched)
        monkeypatch.setenv("EYEFUL_HOME", str(resnet18_checkpoint.parent / "fresh"))
    with eyeful.load("resnet18", checkpoint=resnet18_checkpoint, engine=engine, device="cpu") as classifier:
        classifier.predict(pictures)
    (module, before), *_ = seen
    assert not module.training
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    for name, parameter in module.named_parameters():
        assert parameter.grad is None, name
        assert not parameter.requires_grad, name


def test_a_request_for_labels_of_a_bundle_contradicts_it(lite0, tmp_path):
    from eyeful.prepare import prepared

    folder = prepared(ModelRequest("efficientnet_lite0")).folder
    with pytest.raises(UsageError, match="load the model by name"):
        eyeful.load(folder, img_size=100)
    with pytest.raises(UsageError, match="is for the engine openvino"):
        eyeful.load(folder, engine="torch")
    with eyeful.load(folder, precision="fp32") as classifier:
        assert classifier.labels == lite0.labels
