"""Names → models: the three catalogues, their preprocessings and labels."""

import pytest

from eyeful.errors import ModelError, UnknownModelError
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
    ("name", "classes", "label"),
    [
        ("vit_base_patch16_224_miil.in21k", 11221, "tabby"),
        ("convnext_nano.in12k", 11821, "tabby"),
        ("focalnet_large_fl3.ms_in22k", 21842, "tabby"),
        ("vit_tiny_patch16_224.augreg_in21k", 21843, "tabby"),
    ],
)
def test_every_imagenet_set_of_timm_has_its_names(name, classes, label):
    model = find(f"timm/{name}")
    assert len(model.labels) == classes
    assert label in model.labels.names[model.labels.wnids.index("n02123045")]
    assert model.notes == ()


@pytest.mark.parametrize(
    "name",
    [
        "convnext_tiny.dinov3_lvd1689m",
        "vit_small_patch14_dinov2.lvd142m",
        "vit_base_patch16_siglip_224.webli",
        "resnet50_clip.openai",
        "vit_base_patch16_clip_224.openai",
        "convnext_base.clip_laion2b",
        "resmlp_12_224.fb_dino",
    ],
)
def test_networks_that_give_features_are_refused_before_a_download(name, monkeypatch, tmp_path):
    monkeypatch.setenv("EYEFUL_MIRROR", "http://127.0.0.1:9")
    model = find(f"timm/{name}")
    assert "gives features, not labels" in model.notes[0]
    with pytest.raises(ModelError, match="gives features, not labels: it has no classifier"):
        model.load()
    with pytest.raises(ModelError, match="gives features, not labels"):
        find_model(ModelRequest(f"timm/{name}", labels=_labels(tmp_path, len(model.labels)))).load()
    assert f"timm/{name}" not in [entry.name for entry in list_models(name)]


def _labels(folder, count):
    path = folder / "labels.txt"
    path.write_text("".join(f"name of {n}\n" for n in range(count or 1)))
    return path


def test_towers_that_were_fine_tuned_are_classifiers():
    names = [entry.name for entry in list_models("vit_base_patch16_clip_224")]
    assert "timm/vit_base_patch16_clip_224.openai_ft_in1k" in names
    assert find("timm/convnext_base.clip_laion2b_augreg_ft_in12k").notes == ()


@pytest.mark.slow
def test_a_checkpoint_gives_a_network_without_a_head_one(tmp_path):
    import torch

    headless = "timm/convnext_tiny.dinov3_lvd1689m"
    torch.save(import_timm().create_model("convnext_tiny", num_classes=3).state_dict(), tmp_path / "own.pth")
    model = find_model(ModelRequest(headless, tmp_path / "own.pth"))
    assert (model.architecture.num_classes, model.notes) == (3, ())
    model.load()


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
