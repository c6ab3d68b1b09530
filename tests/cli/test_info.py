"""`eyeful info`: a model's card."""

import json

import pytest
import torch

from helpers import discriminating_state


def test_a_card(command):
    card = command("info", "resnet18").stdout
    for fact in (
        "11,689,512",
        "1.814",
        "69.758%",
        "1,000: tench, goldfish, great white shark ... toilet tissue",
        "BSD-3-Clause",
        "shorter side to 256",
        "resnet18-f37072fd.pth",
    ):
        assert fact in card
    assert "least input size" not in card, "it takes any"
    as_json = json.loads(command("info", "resnet18", "--json").stdout)
    assert as_json["labels"][281] == {"index": 281, "label": "tabby", "wnid": "n02123045"}


def test_the_default_model_says_what_it_costs(command):
    card = json.loads(command("info", "--layers", "--json").stdout)
    assert card["GFLOPs"] == pytest.approx(sum(layer["multiply_adds"] for layer in card["layers"]) / 1e9, abs=5e-4)
    assert "75.1%" in command("info").stdout


def test_the_card_of_a_checkpoint_names_both(command, resnet18_checkpoint):
    card = json.loads(command("info", "resnet18", "--checkpoint", resnet18_checkpoint, "--json").stdout)
    assert card["model"] == "resnet18 with resnet18.pth"


def test_layers(command):
    layers = json.loads(command("info", "resnet18", "--layers", "--json").stdout)["layers"]
    assert sum(layer["parameters"] for layer in layers) == 11689512


def test_what_was_taken_off_a_checkpoint_is_told_on_stderr(command, tmp_path):
    state = discriminating_state("shufflenet_v2_x0_5", 3)
    torch.save({"model": state, "class_names": ["rose", "tulip", "daisy"]}, tmp_path / "a.pth")
    done = command("info", "shufflenet_v2_x0_5", "--checkpoint", tmp_path / "a.pth", "--json")
    assert done.stderr.splitlines() == [
        "eyeful: a.pth: weights read from model.*",
        "eyeful: a.pth: class_names names the classes",
    ]
    assert [label["label"] for label in json.loads(done.stdout)["labels"]] == ["rose", "tulip", "daisy"]


@pytest.mark.parametrize("start", [["info"], ["predict", "x.png", "--model"], ["serve", "--model"]])
@pytest.mark.parametrize(
    ("name", "offer"),
    [
        ("a=timm/resnet18.nosuch", "timm/resnet18.tv_in1k"),
        ("ResNet18_Weights.NOSUCH", "ResNet18_Weights.IMAGENET1K_V1"),
    ],
)
def test_weights_that_do_not_exist_are_one_line(command, start, name, offer):
    alias = "" if start[0] == "serve" else "a="
    done = command(*start, name.removeprefix(alias))
    assert done.returncode == 2
    assert offer in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_card_says_what_to_know_before_trusting_it(command, resnet18_checkpoint):
    assert (
        "ImageNet's names are assumed" in command("info", "resnet18", "--checkpoint", resnet18_checkpoint).stdout
    )
    done = command("info", "timm/convnext_tiny.dinov3_lvd1689m")
    assert done.returncode == 0
    assert "gives features, not labels" in done.stdout


def test_the_card_of_a_bundle_under_other_names(command, bundle, tmp_path):
    (tmp_path / "own.txt").write_text("".join(f"Klasse {n}\n" for n in range(1000)))
    card = json.loads(command("info", bundle, "--labels", tmp_path / "own.txt", "--json").stdout)
    assert card["labels"][281] == {"index": 281, "label": "Klasse 281", "wnid": "n02123045"}


@pytest.mark.parametrize(("width", "titles"), [(40, "stage parameters"), (60, "stage operation parameters")])
def test_on_a_narrow_terminal_columns_of_the_layers_are_left_out(command, on_terminal, width, titles):
    on_terminal(width)
    lines = command("info", "resnet18", "--layers").stdout.partition("\n\n")[2].splitlines()
    assert lines[0].split() == titles.split()
    assert lines[-1].split() == ["total", "11,689,512"]
    assert all(len(line) <= width for line in lines)
