"""The architecture that weights look like, without building hundreds of networks."""

import pytest

from eyeful.models import Architecture, meta
from eyeful.models.checkpoint_hint import looks_like

ASKED = Architecture("torchvision", "alexnet", 1000)


@pytest.mark.parametrize("name", ["resnet34", "vgg11_bn", "mobilenet_v3_small", "swin_t", "convnext_tiny"])
@pytest.mark.parametrize("classes", [3, 1000])
def test_looks_like(name, classes):
    found = meta.shapes(Architecture("torchvision", name, classes))
    assert looks_like(found, ASKED) == name


def test_only_networks_of_about_that_size_are_built():
    found = meta.shapes(Architecture("torchvision", "resnet50", 7))
    before = meta._shapes.cache_info().misses
    assert looks_like(found, ASKED) == "resnet50"
    assert meta._shapes.cache_info().misses - before <= 5


@pytest.mark.parametrize("found", [{}, {"a": ()}, {"a": (0, 3)}, {"text.weight": (1000, 11_000)}])
def test_nothing_like_it(found):
    assert looks_like(found, ASKED) is None


def test_no_other_is_offered_where_the_asked_one_is_nearest():
    found = meta.shapes(Architecture("torchvision", "vit_b_16", 5))
    renamed = {name.replace("mlp.0", "mlp.first"): shape for name, shape in found.items()}
    assert looks_like(renamed, Architecture("torchvision", "vit_b_16", 1000)) is None
