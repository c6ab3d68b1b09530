"""Names → models: the three catalogues, their preprocessings and labels."""

import pytest

from eyeful.errors import UnknownModelError
from eyeful.models import ModelRequest, find_model, list_models
from eyeful.models.torchvision_import import import_timm, import_torchvision


def find(name: str):
    return find_model(ModelRequest(name))


def test_every_torchvision_classifier_has_a_card():
    models = import_torchvision().models
    names = models.list_models(module=models)
    assert len(names) >= 80
    for name in names:
        model = find(name)
        preset = models.get_model_weights(name).DEFAULT.transforms()
        assert model.preprocessing.size == (preset.crop_size[0],) * 2
        assert model.preprocessing.scale_size == (preset.resize_size[0],) * 2
        assert model.preprocessing.interpolation == preset.interpolation.value
        assert model.preprocessing.mean == tuple(preset.mean)
        assert model.preprocessing.std == tuple(preset.std)
        assert len(model.labels) == model.architecture.num_classes == 1000


def test_weights_are_chosen_as_torchvision_names_them():
    assert find("resnet50").name == "resnet50:IMAGENET1K_V2"
    assert find("resnet50:IMAGENET1K_V1").weights.source.endswith("resnet50-0676ba61.pth")
    assert find("ResNet50_Weights.IMAGENET1K_V1").name == "resnet50:IMAGENET1K_V1"
    assert find("ResNet18_Weights.DEFAULT").name == "resnet18:IMAGENET1K_V1"


def test_labels_are_torchvisions_names_with_wnids():
    labels = find("resnet18").labels
    assert labels.names[281] == "tabby"
    assert labels.wnids[281] == "n02123045"
    assert labels.names[110:113] == ("flatworm", "nematode", "conch")
    assert find("efficientnet_lite0").labels == labels
    assert find("timm/convnext_tiny.fb_in1k").labels == labels


def test_timm_preprocessings_are_timms():
    from timm.data import resolve_data_config

    timm = import_timm()
    for name in [
        "tf_efficientnet_lite2.in1k",
        "convnext_tiny.fb_in1k",
        "beit_base_patch16_224.in22k_ft_in22k_in1k",
    ]:
        data = resolve_data_config({}, pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
        preprocessing = find(f"timm/{name}").preprocessing
        assert preprocessing.size == data["input_size"][1:]
        assert preprocessing.scale_size[0] == int(data["input_size"][1] // data["crop_pct"])
        assert (preprocessing.interpolation, preprocessing.mean, preprocessing.std) == (
            data["interpolation"],
            data["mean"],
            data["std"],
        )


def test_a_larger_imagenet_has_its_own_labels():
    labels = find("timm/convnext_tiny.fb_in22k").labels
    assert len(labels) == 21841
    assert "tabby" in labels.names[labels.wnids.index("n02123045")]


@pytest.mark.parametrize(
    ("name", "offer"),
    [
        ("resnet19", "did you mean resnet18"),
        ("convnext_nano", "timm/convnext_nano"),
        ("resnet18:V9", "resnet18:IMAGENET1K_V1"),
        ("timm/nothing_like_it", "eyeful models"),
        ("ResNet18_Weights.V9", "eyeful models"),
        ("", "eyeful models"),
    ],
)
def test_an_unknown_name_is_answered_with_what_to_type(name, offer):
    with pytest.raises(UnknownModelError) as caught:
        find(name)
    assert offer in str(caught.value)


def test_listing():
    every = {entry.name: entry for entry in list_models()}
    assert every["resnet18"].parameters == 11_689_512
    assert every["resnet18"].gflops == pytest.approx(1.814)
    assert every["resnet18"].top1 == pytest.approx(69.758)
    assert not every["resnet18"].local
    assert every["efficientnet_lite0"].local
    assert len(every) >= 83
    assert any(entry.name == "timm/resnet26.bt_in1k" for entry in list_models("resnet26"))
    assert [entry.name for entry in list_models("lite0", local=True)] == ["efficientnet_lite0"]
