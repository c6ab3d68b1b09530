"""Names that people type, and families of models from any package."""

import pytest
from test_weights import hub_repo, mirror  # noqa: F401 - a Hugging Face on this machine

from eyeful import plugins
from eyeful.errors import ModelError, UnknownModelError, WeightsError
from eyeful.models import Architecture, ModelRequest, build, find_model, list_models
from eyeful.models.families import families, nearest
from eyeful.models.timm_config import labels_of


def find(name: str):
    return find_model(ModelRequest(name))


def rejection(name: str) -> str:
    with pytest.raises(UnknownModelError) as caught:
        find(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_families_are_asked_in_a_fixed_order():
    assert [type(family).__name__ for family in families()] == [
        "LocalFamily",
        "PackagedFamily",
        "TorchVisionFamily",
        "TimmFamily",
        "HubFamily",
    ]


def test_timms_tagged_names_need_no_prefix():
    assert find("resnet50.a1_in1k").name == find("timm/resnet50.a1_in1k").name == "timm/resnet50.a1_in1k"
    assert find("resnet50").architecture.library == "torchvision"


@pytest.mark.parametrize(
    ("typed", "offer"),
    [
        ("ResNet18", "did you mean resnet18?"),
        ("resnet-18", "did you mean resnet18?"),
        ("efficientnet-lite0", "did you mean efficientnet_lite0?"),
        ("vit-b-16", "did you mean vit_b_16?"),
        ("ConvNeXtV2-nano", "did you mean timm/convnextv2_nano?"),
        ("timm/ResNet50d", "did you mean timm/resnet50d?"),
        ("resnet50.a9_in1k", "timm/resnet50.a1_in1k"),
        ("timm/resnet50.a9_in1k", "timm/resnet50.a1_in1k"),
        ("resnet18.pth", "--checkpoint resnet18.pth"),
    ],
)
def test_a_slip_is_answered_with_the_exact_spelling(typed, offer):
    assert offer in rejection(typed)


@pytest.mark.parametrize(
    ("name", "offer"),
    [
        ("timm/resnet18.nosuch", "it has timm/resnet18.a1_in1k, "),
        ("timm/resnet18.", "it has timm/resnet18.a1_in1k, "),
        ("timm/resnet18.a1_in1k.x", "it has timm/resnet18.a1_in1k, "),
        ("timm/tf_efficientnet_b0_ns", "--model timm/tf_efficientnet_b0.ns_jft_in1k"),
        ("timm/tf_efficientnet_b0_ns.x", "--model timm/tf_efficientnet_b0.ns_jft_in1k"),
        ("resnet18:NOSUCH", "it has resnet18:IMAGENET1K_V1, resnet18:DEFAULT"),
        ("ResNet18_Weights.NOSUCH", "it has ResNet18_Weights.IMAGENET1K_V1, ResNet18_Weights.DEFAULT"),
        ("ResNet18_Weights.", "it has ResNet18_Weights.IMAGENET1K_V1"),
        ("resnet18_Weights.DEFAULT", "did you mean ResNet18_Weights.DEFAULT?"),
        ("FasterRCNN_ResNet50_FPN_Weights.DEFAULT", "TorchVision has no classifier with the weights"),
        ("Qqq_Weights.DEFAULT", "'Qqq_Weights.DEFAULT'; `eyeful models` lists all"),
    ],
)
def test_weights_that_do_not_exist_are_answered_with_those_that_do(name, offer):
    assert offer in rejection(name)


def test_every_older_name_of_timm_is_answered_with_todays():
    from timm.models._registry import _deprecated_models

    for older, today in _deprecated_models.items():
        assert f"--model timm/{today}" in rejection(f"timm/{older}")


def test_nearest_prefers_what_differs_in_punctuation_only_then_the_earlier():
    assert nearest("Res-Net_18", ["resnet18", "timm/resnet18", "resnet101"]) == ["resnet18"]
    assert nearest("resnet19", ["resnet18", "timm/resnet18", "resnet10"]) == ["resnet18", "resnet10"]
    assert nearest("qqq", ["resnet18"]) == []


def test_a_repository_of_hugging_face_as_people_copy_it(mirror, hub_repo):  # noqa: F811
    model = find("someone/colours")
    assert model.name == "hf-hub:someone/colours" == find("hf_hub:someone/colours").name
    assert find(model.name).labels == model.labels


@pytest.mark.parametrize("prefix", ["", "hf-hub:"])
def test_a_repository_of_transformers_is_answered_with_timms_name(mirror, hub_repo, prefix):  # noqa: F811
    mirror.files["config.json"] = b'{"model_type": "vit", "architectures": ["ViTForImageClassification"]}'
    with pytest.raises(WeightsError, match="not a timm model") as caught:
        find(f"{prefix}google/vit-base-patch16-224")
    offer = str(caught.value).rpartition(" ")[2]
    assert offer.startswith("timm/vit_base_patch16_224.")
    assert find(offer).name == offer


def test_no_such_repository_may_be_a_mistyped_folder(mirror, hub_repo):  # noqa: F811
    del mirror.files["config.json"]
    assert "there is no such folder, and Hugging Face has no such model" in rejection("out/bundle")


def test_hugging_face_out_of_reach_is_said_at_once(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("EYEFUL_MIRROR", "http://127.0.0.1:9")
    text = rejection("microsoft/resnet-50")
    assert "Hugging Face cannot be asked" in text
    assert text.endswith("timm's own of nearly that name is timm/resnet50.a1_in1k")


def test_what_lies_on_the_disk_is_no_repository(tmp_path, monkeypatch):
    (tmp_path / "out" / "folder").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EYEFUL_MIRROR", "http://127.0.0.1:9")
    assert "Hugging Face" not in rejection("out/folder")


def test_the_name_with_a_checkpoint_is_what_to_type_again(mirror, hub_repo, tmp_path):  # noqa: F811
    import torch

    torch.save(hub_repo, tmp_path / "mine.pth")
    model = find_model(ModelRequest("hf-hub:someone/colours", tmp_path / "mine.pth"))
    assert (model.name, model.checkpoint) == ("hf-hub:someone/colours", "mine.pth")
    assert model.title == "hf-hub:someone/colours with mine.pth"
    assert find("resnet18").title == find("resnet18").name


def test_patterns():
    names = [entry.name for entry in list_models("resnet*")]
    assert {"resnet18", "timm/resnet18.a1_in1k"} <= set(names)
    assert all(name.removeprefix("timm/").startswith("resnet") for name in names)
    assert all(entry.name.startswith("timm/resnet5") for entry in list_models("timm/resnet5?.*"))
    assert "wide_resnet50_2" in [entry.name for entry in list_models("resnet50")]


def test_completion_knows_torchvisions_names_without_importing_it():
    for family in families():
        if family.library == "torchvision":
            assert sorted(family.names_at_once()) == sorted(family.names())


def test_only_wordnet_ids_are_stored_as_such():
    config = {"architecture": "x", "num_classes": 2, "label_names": ["n02123045", "cat"]}
    described = labels_of(config | {"label_descriptions": {"n02123045": "tabby", "cat": "any cat"}})
    assert (described.names, described.wnids) == (("tabby", "any cat"), ("n02123045", None))
    assert labels_of(config).wnids == ("n02123045", None)


@pytest.mark.parametrize(
    ("names", "titles", "expected"),
    [
        (["a", "b"], None, ("a", "b")),
        (["a", "b"], [], ("a", "b")),
        ([0, 1], {}, ("0", "1")),
        ({"1": "b", "0": "a"}, None, ("a", "b")),
        ({"1": "b", "0": "a"}, {"b": "bee"}, ("a", "bee")),
        ({"b": 1, "a": 0}, ["ape", "bee"], ("ape", "bee")),
        (["a", "b"], ["ape", 2], ("ape", "2")),
    ],
)
def test_labels_of_a_config_are_read_as_those_of_a_file(names, titles, expected):
    config = {"architecture": "x", "num_classes": 2, "label_names": names, "label_descriptions": titles}
    assert labels_of(config).names == expected


@pytest.mark.parametrize(
    "extra", [{"label_names": {"a": 0, "b": 0}}, {"num_classes": 3}, {"label_descriptions": ["one"]}]
)
def test_labels_that_are_not_one_for_each_class_are_refused(extra):
    config = {"architecture": "x", "num_classes": 2, "label_names": ["a", "b"]}
    with pytest.raises(WeightsError, match="no answer of it could be trusted"):
        labels_of(config | extra)


@pytest.fixture
def outsider(tmp_path, monkeypatch):
    """Another package's family, installed: one model, by timm's code."""
    (tmp_path / "someones_zoo.py").write_text(
        "from dataclasses import replace\n"
        "from eyeful.models import ModelFamily, ModelEntry\n"
        "from eyeful.models.timm import FAMILY as TIMM\n"
        "class Zoo(ModelFamily):\n"
        "    def matches(self, name): return name in self.names()\n"
        "    def find(self, name): return replace(TIMM.find('timm/resnet10t'), name=name)\n"
        "    def names(self): return ['zoo-net']\n"
        "    def entries(self, query, *, local=False): return [ModelEntry('zoo-net', local=True)]\n"
        "FAMILY = Zoo()\n"
    )
    info = tmp_path / "someones_zoo-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someones-zoo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[eyeful.models]\nzoo = someones_zoo:FAMILY\n")
    monkeypatch.syspath_prepend(tmp_path)
    plugins.refresh()
    yield
    plugins.refresh()


def test_a_family_of_another_package(outsider):
    assert find("zoo-net").name == "zoo-net"
    assert "zoo-net" in [entry.name for entry in list_models(local=True)]
    assert "did you mean zoo-net?" in rejection("zoo_net")
    assert sum(p.numel() for p in build(find("zoo-net").architecture).parameters()) > 1e6


def test_an_architecture_that_nobody_builds():
    with pytest.raises(ModelError, match="no installed package builds networks of keras"):
        build(Architecture("keras", "xception", 1000))
