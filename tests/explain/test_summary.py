"""The summarize's totals are the published ones."""

import pytest

from eyeful.explain import summarize
from eyeful.models.base import Architecture
from eyeful.models.families import build
from eyeful.models.torchvision_import import import_torchvision


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenet_v2", "densenet121", "shufflenet_v2_x0_5", "regnet_y_400mf"]
)
def test_totals_are_torchvisions(name):
    steps = summarize(build(Architecture("torchvision", name, 1000)).eval(), (224, 224))
    meta = import_torchvision().models.get_model_weights(name).DEFAULT.meta
    assert sum(step.parameters for step in steps) == meta["num_params"]
    assert sum(step.multiply_adds for step in steps) / 1e9 == pytest.approx(meta["_ops"], abs=0.006)


def test_stages_in_order():
    steps = summarize(build(Architecture("torchvision", "resnet18", 1000)).eval(), (224, 224))
    assert [step.stage for step in steps] == [
        "conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc",
    ]  # fmt: skip
    assert steps[0].operation == "convolution 7x7, stride 2"
    assert steps[0].shape == (64, 112, 112)
    assert steps[0].multiply_adds == 64 * 112 * 112 * 7 * 7 * 3
    assert steps[-1].shape == (1000,)
    assert steps[-1].multiply_adds == 512 * 1000
