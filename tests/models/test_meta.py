"""Networks without memory for their weights."""

import pytest

from eyeful.models import Architecture, build
from eyeful.models.meta import build_on_meta, shapes


@pytest.mark.parametrize(("library", "name"), [("torchvision", "resnet18"), ("timm", "regnety_002")])
def test_shapes_are_those_of_the_network(library, name):
    architecture = Architecture(library, name, 7)
    expected = {key: tuple(tensor.shape) for key, tensor in build(architecture).state_dict().items()}
    assert shapes(architecture) == expected
    assert all(parameter.is_meta for parameter in build_on_meta(architecture).parameters())


def test_a_constructor_that_calculates_with_its_weights():
    assert "head.weight" in shapes(Architecture("timm", "vitamin_small_224", 7))
