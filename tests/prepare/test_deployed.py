"""Normalisation, the network without its last layer, and that layer: the same logits to the bit."""

import numpy as np
import pytest
import torch

import eyeful
from eyeful.models.torchvision_import import import_timm, import_torchvision
from eyeful.prepare.deployed import Deployed
from eyeful.prepare.normalise import Normalise
from eyeful.preprocessing import Preprocessing

PREPROCESSING = Preprocessing((64, 64), (64, 64), "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


def batch(size: int = 64) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8))


def test_normalisation_is_that_of_torchvisions_weights_to_the_bit():
    import_torchvision()
    from torchvision.transforms import functional as F

    x = F.convert_image_dtype(batch().permute(0, 3, 1, 2), torch.float32)
    assert torch.equal(Normalise(PREPROCESSING)(batch()), F.normalize(x, PREPROCESSING.mean, PREPROCESSING.std))


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenet_v3_small", "densenet121", "shufflenet_v2_x0_5", "alexnet"]
)
def test_features_are_the_input_of_the_last_linear_layer(name):
    models = import_torchvision().models
    torch.manual_seed(0)
    network = models.get_model(name, weights=None, num_classes=7).eval()
    last = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)][-1]
    seen = []
    handle = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    with torch.inference_mode():
        expected = network(Normalise(PREPROCESSING)(batch()))
        handle.remove()
        logits_NK, features_ND = Deployed(network, PREPROCESSING, 7)(batch())
    assert torch.equal(logits_NK, expected)
    assert torch.equal(features_ND, seen[0])


def test_features_are_timms_pre_logits(images):
    timm = import_timm()
    network = timm.create_model("tf_efficientnet_lite0").eval()
    x = Normalise(PREPROCESSING)(batch())
    with torch.inference_mode():
        expected = network.forward_head(network.forward_features(x), pre_logits=True)
        _, features_ND = Deployed(network, PREPROCESSING, 1000)(batch())
    assert torch.equal(features_ND, expected)


@pytest.mark.parametrize(
    "network",
    [
        torch.nn.Sequential(torch.nn.Conv2d(3, 5, 1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()),
        torch.nn.Sequential(
            torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 5), torch.nn.Softplus()
        ),
    ],
    ids=["no linear layer", "something behind it"],
)
def test_a_network_that_does_not_end_in_a_linear_layer_has_no_features(network):
    expected = network(Normalise(PREPROCESSING)(batch()))
    assert torch.equal(Deployed(network, PREPROCESSING, 5)(batch()), expected)


@pytest.mark.slow
def test_features_of_every_engine(images, lite0):
    paths = sorted(images.iterdir())[:3]
    expected = lite0.features(paths)
    assert expected.shape == (3, 1280)
    assert lite0.features(paths[0]).shape == (1280,)
    for engine in ("torch", "onnxruntime"):
        with eyeful.load(engine=engine, device="cpu", precision="fp32") as classifier:
            assert np.abs(classifier.features(paths) - expected).max() < 1e-3
