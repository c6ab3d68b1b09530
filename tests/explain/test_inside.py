"""Looking inside of every family: the layers that are found, the numbers that come out, nothing left behind."""

import numpy as np
import pytest
import torch
from torch import nn

import eyeful
from eyeful.errors import ModelError, UsageError
from eyeful.explain import explain
from eyeful.images import resize_and_crop
from eyeful.models.torchvision import names
from helpers import noise_image

TRANSFORMERS = ("vit_", "swin_", "maxvit_")
CNNS = [name for name in names() if not name.startswith(TRANSFORMERS)]
SMALL = {
    "alexnet": "features",
    "convnext_tiny": "features",
    "densenet121": "features",
    "efficientnet_b0": "features",
    "efficientnet_v2_s": "features",
    "googlenet": "inception5b",
    "inception_v3": "Mixed_7c",
    "mnasnet0_5": "layers",
    "mobilenet_v2": "features",
    "mobilenet_v3_small": "features",
    "regnet_y_400mf": "trunk_output",
    "resnet18": "layer4",
    "resnext50_32x4d": "layer4",
    "shufflenet_v2_x0_5": "conv5",
    "squeezenet1_1": "features",
    "vgg11_bn": "features",
    "wide_resnet50_2": "layer4",
}
"""One network of each family, and the layer with its last feature maps."""
QUICK = ("convnext_atto", "tf_efficientnet_lite0")
TIMM = {
    "convnext_atto": "stages",
    "ghostnet_100": "blocks",
    "mobilenetv4_conv_small": "blocks",
    "regnety_002": "s4",
    "repvgg_a0": "stages",
    "resnet10t": "layer4",
    "tf_efficientnet_lite0": "bn2",
    "vgg11": "features",
}


LARGE = (
    *("alexnet", "convnext_tiny", "efficientnet_b0", "efficientnet_v2_s", "inception_v3", "regnet_y_400mf"),
    *("resnext50_32x4d", "vgg11_bn", "wide_resnet50_2", "mobilenet_v2"),
)
"""Some hundred MB each, and of the same kinds as the others."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in SMALL]
)
def test_torchvision(make, item, name):
    network = make(name, side=160 if name == "inception_v3" else 96)
    before = {key: value.clone() for key, value in network.module.state_dict().items()}
    found = explain(network, item, target=2)
    assert found.layer == SMALL[name]
    check(network, found, before)


@pytest.mark.slow
@pytest.mark.parametrize("name", CNNS)
def test_every_cnn_of_torchvision(make, item, name):
    network = make(name, side=160)
    before = {key: value.clone() for key, value in network.module.state_dict().items()}
    check(network, explain(network, item), before)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in TIMM]
)
def test_timm(make, item, name):
    network = make(name, "timm")
    before = {key: value.clone() for key, value in network.module.state_dict().items()}
    found = explain(network, item)
    assert found.layer == TIMM[name]
    check(network, found, before)


def check(network, found, before):
    """The stages get smaller, the numbers are the network's own, and the network is as it was."""
    sizes = [stage.maps_CHW.shape[1:] for stage in found.stages]
    assert 2 <= len(sizes) <= 5
    assert sizes == sorted(set(sizes), reverse=True)
    assert found.cam_HW.shape == sizes[-1] or found.cam_HW.shape < sizes[0]
    assert found.cam_HW.min() >= 0
    assert found.cam_HW.max() == pytest.approx(1) or not found.cam_HW.any()
    np.testing.assert_allclose(network.logits(found.pixels_HWC), found.logits_K, rtol=1e-5, atol=1e-6)
    assert found.target.index == (2 if found.target.index == 2 else found.top[0].index)
    assert found.top[0].logit == found.logits_K.max()
    assert found.probs_K.sum() == pytest.approx(1)
    last = [layer for layer in network.module.modules() if isinstance(layer, nn.Linear)]
    if last:  # the vector is what the last linear layer turns into the logits
        with torch.inference_mode():
            logits_K = last[-1](torch.from_numpy(found.pooled_D)).numpy()
        if not hasattr(network.module, "AuxLogits") and not hasattr(network.module, "aux1"):
            np.testing.assert_allclose(logits_K, found.logits_K, rtol=1e-4, atol=1e-5)
    after = network.module.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    for layer in network.module.modules():
        assert not layer._forward_hooks
        assert not layer._forward_pre_hooks
        assert not layer._backward_hooks
        assert not layer.training
    assert not any(
        parameter.requires_grad or parameter.grad is not None for parameter in network.module.parameters()
    )


@pytest.mark.parametrize("name", ["vit_b_32", "swin_t"])
def test_a_transformer_has_no_maps(make, item, name):
    network = make(name, side=224)
    with pytest.raises(ModelError, match="transformer"):
        explain(network, item)
    assert not any(layer._forward_hooks for layer in network.module.modules())


def test_nothing_stays_behind_when_the_network_fails(make, item):
    network = make("resnet18")
    network.module.fc = nn.Linear(3, 7)  # it does not fit
    with pytest.raises(RuntimeError):
        explain(network, item)
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in network.module.modules())


def test_a_layer_by_name(make, item):
    network = make("resnet18")
    assert explain(network, item, layer="layer2").cam_HW.shape == (12, 12)
    with pytest.raises(UsageError, match=r"'fc' has no feature maps; these have: relu, layer1, layer2"):
        explain(network, item, layer="fc")
    with pytest.raises(UsageError, match=r"'nope' is not in this network"):
        explain(network, item, layer="nope")


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "densenet121", "googlenet", "shufflenet_v2_x0_5"])
def test_grad_cam_is_the_class_activation_map(make, item, name):
    """Where mean pooling and one linear layer follow the maps, Zhou et al.'s closed form is the same."""
    network = make(name)
    target = 4
    found = explain(network, item, target)
    maps = {}
    layer = network.module.get_submodule(found.layer)
    handle = layer.register_forward_hook(lambda _, __, output: maps.update(CHW=output[0].detach().clone()))
    network.logits(found.pixels_HWC)
    handle.remove()
    maps_CHW = maps["CHW"].relu() if name == "densenet121" else maps["CHW"]
    linear = [layer for layer in network.module.modules() if isinstance(layer, nn.Linear)]
    weights_KC = next(layer.weight for layer in reversed(linear) if layer.in_features == len(maps_CHW))
    if name == "densenet121":  # a ReLU lies between: only where the map is above 0 does it reach the logit
        open_CHW = (maps["CHW"] > 0).float()
        weights_C = weights_KC[target] * open_CHW.mean((1, 2))
        expected_HW = torch.einsum("c,chw->hw", weights_C, maps["CHW"]).relu()
    else:
        expected_HW = torch.einsum("c,chw->hw", weights_KC[target], maps_CHW).relu()
    if expected_HW.max() > 0:
        expected_HW = expected_HW / expected_HW.max()
    np.testing.assert_allclose(found.cam_HW, expected_HW.numpy(), atol=1e-4)


def test_through_the_classifier(lite0, tmp_path):
    image = noise_image(5, 500, 300)
    image.save(tmp_path / "noise.png")
    found = lite0.explain(tmp_path / "noise.png")
    with eyeful.load("efficientnet_lite0", engine="torch", precision="fp32", exact=True) as exact:
        answer = exact.predict(tmp_path / "noise.png")
        logits_K = exact.logits(tmp_path / "noise.png")
    assert found.filename == answer.filename
    assert [score.label for score in found.top[:5]] == [score.label for score in answer.top]
    np.testing.assert_allclose(found.logits_K, logits_K, atol=2e-4)
    np.testing.assert_array_equal(found.pixels_HWC, resize_and_crop(image, lite0.preprocessing))
    maps = lite0.feature_maps(image)
    assert list(maps) == [stage.layer for stage in found.stages]
    assert maps["bn2"].shape == (1280, 7, 7)
    np.testing.assert_allclose(
        lite0.gradcam(image, found.top[3].label), lite0.explain(image, found.top[3].index).cam_HW
    )
    with pytest.raises(UsageError, match="one image"):
        lite0.explain(tmp_path)
