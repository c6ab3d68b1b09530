"""What a vector is: the input of the last linear layer, on every engine; and no logit is another for its sake."""

from functools import partial

import numpy as np
import pytest
import torch

from eyeful.bundle import Manifest, write_bundle
from eyeful.engines import ModuleFamily, family
from eyeful.errors import EngineError
from eyeful.features.rows import vector_of
from eyeful.models.torchvision_import import import_timm, import_torchvision
from eyeful.prepare.deployed import Deployed
from eyeful.prepare.normalise import Normalise
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels, Prediction
from helpers import noise_image

CLASSES = 7
SIZES = {"inception_v3": 299, "googlenet": 96, "maxvit_t": 224, "vit_b_32": 224, "vgg11": 64}
"""Of the input, where the smallest that a network takes is not 64 pixels."""
TORCHVISION = (
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet"),
    *("inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf"),
    *("regnet_y_400mf", "resnet18", "resnext50_32x4d", "shufflenet_v2_x0_5", "swin_t", "swin_v2_t", "vgg11"),
    *("vit_b_32", "wide_resnet50_2"),
)
"""Of each of TorchVision's families one; all but SqueezeNet, which ends in a convolution."""
TIMM = (
    *("regnetx_002", "tf_efficientnet_lite0", "convnext_atto", "mobilenetv3_small_050", "ghostnet_050"),
    *("repvgg_a0", "resnet10t", "rexnet_100", "lcnet_050", "hrnet_w18_small", "densenet121", "edgenext_xx_small"),
)
QUICK = {"resnet18", "regnetx_002"}
QUICKEST = {"resnet18"}
ENGINES = ("torch", "openvino", "onnxruntime")


class Undivided(Deployed):
    """The network with its last layer where it was: logits alone."""

    def _take_off_head(self, x_NCHW, classes):
        pass


def preprocessing_of(name):
    size = (SIZES.get(name, 64),) * 2
    return Preprocessing(size, size, "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


def network_of(name):
    """A random network, and what its own library says that its vector is, as a function of normalised images."""
    torch.manual_seed(0)
    if name in TIMM:
        network = telling_apart(import_timm().create_model(name, num_classes=CLASSES), name)
        return network, lambda x: network.forward_head(network.forward_features(x), pre_logits=True)
    options = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
    network = import_torchvision().models.get_model(name, weights=None, num_classes=CLASSES, **options)
    telling_apart(network, name)
    last = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)][-1]
    if name in {"googlenet", "inception_v3"}:
        last = network.fc  # the others are those of heads for training

    def input_of_last_layer(x):
        seen = []
        handle = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
        network(x)
        handle.remove()
        return seen[0]

    return network, input_of_last_layer


def telling_apart(network, name):
    """A random network, in eval mode, whose activations do not fade away: normalised by what it sees."""
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    for parameter in network.parameters():
        if parameter.ndim == 2 and not parameter.any():  # a vision transformer's head begins at zero
            torch.nn.init.normal_(parameter, std=0.05)
    preprocessing = preprocessing_of(name)
    with torch.no_grad():
        network.train()(Normalise(preprocessing)(torch.from_numpy(images(preprocessing.size[0], 8))))
    return network.eval()


def images(size, count=3):
    return np.stack([np.asarray(noise_image(seed, size, size)) for seed in range(count)])


def outputs_of(network, name, engine, place, precisions=("fp32",)):
    """What an engine makes of three images, in each precision that this CPU has."""
    kind = family(engine)
    if isinstance(kind, ModuleFamily):
        opens = partial(kind.open_module, network)
    else:
        labels = Labels(tuple(map(str, range(CLASSES))), (None,) * CLASSES)
        manifest = Manifest(name, {}, preprocessing_of(name), labels, {"sha256": "0"}, engine)
        opens = partial(
            kind.open, write_bundle(place, manifest, lambda folder: kind.write(network, manifest, folder))
        )
    found = []
    for precision in precisions:
        try:
            running = opens("cpu", precision, 1)
        except EngineError as error:
            if precision == "fp32" or "this CPU runs" not in str(error):
                raise
            continue
        found.append(running.submit(images(preprocessing_of(name).size[0])).result())
        running.close()
    return found


def slow_but(quick, values):
    return [value if value in quick else pytest.param(value, marks=pytest.mark.slow) for value in values]


@pytest.mark.parametrize("engine", slow_but({"openvino"}, ENGINES))
@pytest.mark.parametrize("name", slow_but(QUICKEST, [*TORCHVISION, *TIMM]))
def test_vectors_are_those_that_the_networks_own_library_gives(name, engine, tmp_path):
    if engine != "openvino" and name not in QUICK:
        pytest.skip("one engine for the others")
    preprocessing = preprocessing_of(name)
    network, own = network_of(name)
    with torch.inference_mode():
        features_ND = own(Normalise(preprocessing)(torch.from_numpy(images(preprocessing.size[0])))).numpy()
        deployed = Deployed(network, preprocessing, CLASSES)
    found = outputs_of(deployed, name, engine, tmp_path / "bundle")[0].features_ND
    assert found is not None
    assert found.shape == features_ND.shape
    assert np.abs(features_ND).max() > 1e-3
    for mine, expected in zip(found, features_ND, strict=True):
        vector = vector_of(Prediction("a.png", features=mine))
        assert vector.dtype == np.float32
        assert abs(np.linalg.norm(vector.astype(np.float64)) - 1) < 1e-6
        assert np.abs(vector - expected / np.linalg.norm(expected)).max() < 1e-4


@pytest.mark.parametrize(
    ("engine", "precisions"),
    [
        pytest.param("openvino", ["fp32", "bf16"], marks=pytest.mark.slow),
        ("onnxruntime", ["fp32"]),
        ("torch", ["fp32", "bf16"]),
    ],
)
@pytest.mark.parametrize("name", slow_but({"mobilenet_v3_small"}, [*TORCHVISION, *TIMM]))
def test_logits_are_to_the_bit_those_of_a_graph_without_the_vector(name, engine, precisions, tmp_path):
    if engine == "onnxruntime" and name not in QUICK:
        pytest.skip("its conversion is slow")
    logits = []
    for kind in (Undivided, Deployed):
        network, _ = network_of(name)
        with torch.inference_mode():
            whole = kind(network, preprocessing_of(name), CLASSES)
        found = outputs_of(whole, name, engine, tmp_path / kind.__name__, precisions)
        logits.append([one.logits_NK.tobytes() for one in found])
        assert all((one.features_ND is None) == (kind is Undivided) for one in found)
    assert logits[0] == logits[1] != []


def test_squeezenet_has_none():
    network = import_torchvision().models.squeezenet1_1(weights=None, num_classes=CLASSES).eval()
    assert not any(isinstance(layer, torch.nn.Linear) for layer in network.modules())
    assert Deployed(network, preprocessing_of("squeezenet1_1"), CLASSES).head is None
