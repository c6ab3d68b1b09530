"""Heads: the activation is part of the model, travels in manifest and fingerprint, and gives way to the user's."""

import inspect
import math
import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from typer.testing import CliRunner

import eyeful
from eyeful.cli import options
from eyeful.cli.groups import keywords, takes_options
from eyeful.errors import UsageError
from eyeful.models import ModelRequest, find_model
from eyeful.models.torchvision_import import import_torchvision
from eyeful.prepare import export
from eyeful.preprocessing import InputOverrides
from eyeful.results import probabilities
from eyeful.verify import verify
from helpers import FakeEngine, fake_classifier, noise_image

RED = Image.new("RGB", (9, 9), "red")


def checkpoint(path, bias):
    """A ResNet-18 whose logits are its bias, whatever the image."""
    import_torchvision()
    from torchvision.models import resnet18

    network = resnet18(num_classes=len(bias))
    state = network.state_dict() | {"fc.bias": torch.tensor(bias), "fc.weight": torch.zeros(len(bias), 512)}
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("heads") / "three.pth", [3.0, 2.0, -4.0])


def probs(prediction):
    return [round(score.prob, 3) for score in prediction.top]


def test_one_output_is_a_yes_or_no(tmp_path):
    path = checkpoint(tmp_path / "one.pth", [0.5])
    with eyeful.load("resnet18", checkpoint=path, engine="torch", min_prob=0.7) as clf:
        found = clf.predict(noise_image(1))
        assert found.prob == pytest.approx(1 / (1 + math.exp(-0.5)))
        assert found.abstained
        assert clf.provenance["activation"] == "sigmoid"
    with pytest.raises(UsageError, match="one output, of which softmax is always 1"):
        eyeful.load("resnet18", checkpoint=path, engine="torch", activation="softmax")


@pytest.mark.slow
def test_several_labels_at_once(three, tmp_path):
    with eyeful.load("resnet18", checkpoint=three, engine="torch") as shares:
        assert sum(probs(shares.predict(RED))) == pytest.approx(1, abs=2e-3)
    with eyeful.load("resnet18", checkpoint=three, engine="torch", activation="sigmoid") as clf:
        assert probs(clf.predict(RED)) == [0.953, 0.881, 0.018]
        assert clf.predictor.spec.fingerprint() != shares.predictor.spec.fingerprint()
        again = clf.with_options(activation="softmax")
        assert sum(probs(again.predict(RED))) == pytest.approx(1, abs=2e-3)
        assert again.predictor.spec.fingerprint() == shares.predictor.spec.fingerprint()
    bundle = export(ModelRequest("resnet18", three), tmp_path / "b", "torch", activation="sigmoid")
    assert bundle.manifest.activation == "sigmoid"
    with eyeful.load(bundle.folder) as packed, eyeful.load(bundle.folder, activation="softmax") as other:
        assert probs(packed.predict(RED)) == [0.953, 0.881, 0.018]
        assert sum(probs(other.predict(RED))) == pytest.approx(1, abs=2e-3)


def test_none_takes_probabilities_as_they_are_and_refuses_what_is_none():
    clf = fake_classifier(FakeEngine(), activation="none")
    dark = clf.predict(Image.new("RGB", (9, 9), (9, 5, 1)))
    assert (
        [score.prob for score in dark.top] == [score.logit for score in dark.top] == pytest.approx([0.9, 0.5, 0.1])
    )
    bright = clf.predict(RED)
    assert bright.error_kind == "nonfinite"
    assert "no probabilities (0 to 25.5): --activation softmax or sigmoid" in bright.error


def test_an_unknown_activation():
    with pytest.raises(UsageError, match="activation 'relu' is not one of softmax, sigmoid, none"):
        eyeful.load(activation="relu")


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_they_are_torchs(activation):
    logits = np.random.default_rng(0).normal(0, 30, (4, 9)).astype(np.float32)
    expected = torch.from_numpy(logits)
    expected = expected.softmax(-1) if activation == "softmax" else expected.sigmoid()
    assert probabilities(logits, activation) == pytest.approx(expected.numpy(), abs=1e-6)


FLOWERS = {"img_size": (64, 96), "mean": (0.5, 0.4, 0.3), "std": (0.5, 0.25, 0.2)}


@pytest.mark.slow
def test_mean_std_and_size_of_ones_own_training_equal_torchs(resnet18_checkpoint):
    import_torchvision()
    from torchvision.models import resnet18
    from torchvision.transforms import v2

    network = resnet18()
    network.load_state_dict(torch.load(resnet18_checkpoint))
    image = noise_image(3, 128, 128)
    transform = v2.Compose(
        [
            v2.PILToTensor(),
            v2.Resize(110, antialias=True),  # 96 * 256 / 224, of the larger side's scale
            v2.CenterCrop((64, 96)),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(FLOWERS["mean"], FLOWERS["std"]),
        ]
    )
    with torch.inference_mode():
        expected = network.eval()(transform(image)[None])[0].numpy()
    with eyeful.load("resnet18", checkpoint=resnet18_checkpoint, exact=True, **FLOWERS) as clf:
        assert clf.preprocessing.size == (64, 96)
        assert clf.logits(image) == pytest.approx(expected, abs=2e-2)
        assert clf.provenance["preprocessing"]["mean"] == [0.5, 0.4, 0.3]


@pytest.mark.slow
def test_they_travel_in_a_bundle(resnet18_checkpoint, tmp_path):
    request = ModelRequest("resnet18", resnet18_checkpoint, None, InputOverrides.of(**FLOWERS))
    bundle = export(request, tmp_path / "b", "torch")
    with eyeful.load(bundle.folder, exact=True) as packed:
        assert packed.preprocessing.as_dict()["std"] == [0.5, 0.25, 0.2]
        with eyeful.load("resnet18", checkpoint=resnet18_checkpoint, exact=True, **FLOWERS) as clf:
            assert np.array_equal(packed.logits(noise_image(2)), clf.logits(noise_image(2)))
    with pytest.raises(UsageError, match="has its weights, size, mean and std"):
        eyeful.load(bundle.folder, mean=(0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"img_size": 0}, "neither a side"),
        ({"img_size": "240x"}, "neither a side"),
        ({"img_size": (1, 2, 3)}, "neither a side"),
        ({"img_size": 224.5}, "neither a side"),
        ({"img_size": 5000}, "neither a side"),
        ({"mean": (123.7, 116.3, 103.5)}, "divide it by 255"),
        ({"std": (58, 57, 57)}, "divide it by 255"),
        ({"std": (0.5, 0, 0.5)}, "cannot normalise"),
        ({"mean": (0.5,)}, "not three numbers"),
        ({"mean": 0.5}, "not three numbers"),
        ({"mean": (0.5, float("nan"), 0.5)}, "cannot normalise"),
    ],
)
def test_what_is_no_input(values, text):
    with pytest.raises(UsageError, match=text):
        eyeful.load(**values)


@pytest.mark.parametrize("values", [{"labels": ["rose"]}, {"checkpoint": 3}])
def test_a_file_is_named(values):
    with pytest.raises(UsageError, match="is the name of a file, not a"):
        eyeful.load("resnet18", **values)


@pytest.mark.parametrize("size", [224, "224", "224x224", "224X224", (224, 224), [224, 224], np.int64(224)])
def test_forms_of_one_size(size):
    assert InputOverrides.of(size).img_size == (224, 224)


DOCUMENT = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
SECTION = DOCUMENT.partition("## Heads and input\n")[2]
HEADS = dict(re.findall(r"^\| ([^|`]*)[^|]*\| `(softmax|sigmoid|none)` \|", SECTION, re.MULTILINE))
FLAGS = [
    (flag, python)
    for flags, pythons in re.findall(r"^\| (`--.*?) \| (`.*?) \|", SECTION, re.MULTILINE)
    for flag, python in zip(re.findall("`(.*?)`", flags), re.findall("`(.*?)`", pythons), strict=True)
]


def test_the_documented_heads(three, tmp_path):
    one = checkpoint(tmp_path / "one.pth", [0.0])
    found = {
        "several classes": find_model(ModelRequest("resnet18", three)).activation,
        "one output": find_model(ModelRequest("resnet18", one)).activation,
        "several labels at once: ": "sigmoid",  # tests/models/test_local.py loads such a repository
        "a network that ends in its own softmax or sigmoid": "none",
    }
    assert {name.strip(): value for name, value in HEADS.items()} == {
        name.strip(): value for name, value in found.items()
    }


@pytest.mark.parametrize(("flag", "python"), FLAGS)
def test_the_documented_flags(flag, python):
    seen = {}

    def command(*, group: options.PreprocessingOptions) -> None:
        seen.update(keywords(group))

    app = typer.Typer()
    app.command()(takes_options(command))
    done = CliRunner().invoke(app, flag.split())
    assert done.exit_code == 0, done.output
    ours = eval(f"dict({python})")  # noqa: S307 - our own documentation
    names = ("img_size", "mean", "std")
    assert InputOverrides.of(*map(seen.get, names)) == InputOverrides.of(*map(ours.get, names))


def test_the_tables_are_found():
    assert len(HEADS) == 4
    assert len(FLAGS) == 4


@pytest.mark.parametrize(
    ("commands", "group"),
    [
        (("predict", "serve", "verify", "bench", "explain"), options.PreprocessingOptions),
        (("export", "info"), options.InputOptions),
    ],
)
def test_the_commands_that_take_them(commands, group):
    names = ", ".join(f"`{name}`" for name in commands[:-1])
    assert f"{names} and `{commands[-1]}`" in SECTION
    for name in commands:
        command = getattr(import_module(f"eyeful.cli.{name}"), name)
        assert {one.name for one in fields(group)} <= set(inspect.signature(command).parameters), name


@pytest.mark.slow
def test_a_bundle_is_verified_under_what_can_be_set_of_it(bundle, images):
    found = verify(
        str(bundle), images, engine="openvino", precision="fp32", activation="sigmoid", crop_mode="squash"
    )
    assert found.fast.top1 == 1
    assert found.causes["engine and precision"].max_delta < 1e-4
    with pytest.raises(UsageError, match="has its weights, size, mean and std"):
        verify(str(bundle), images, mean=(0.5, 0.5, 0.5))
