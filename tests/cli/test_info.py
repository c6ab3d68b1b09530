"""`eyeful info`: a model's card."""

import json


def test_a_card(command):
    card = command("info", "resnet18").stdout
    for fact in ("11689512", "1.814", "69.758 %", "BSD-3-Clause", "shorter side to 256", "resnet18-f37072fd.pth"):
        assert fact in card
    as_json = json.loads(command("info", "resnet18", "--json").stdout)
    assert as_json["labels"][281] == {"index": 281, "label": "tabby", "wnid": "n02123045"}


def test_the_card_of_a_checkpoint_names_both(command, resnet18_checkpoint):
    card = json.loads(command("info", "resnet18", "--checkpoint", resnet18_checkpoint, "--json").stdout)
    assert card["model"] == "resnet18 with resnet18.pth"


def test_layers(command):
    layers = json.loads(command("info", "resnet18", "--layers", "--json").stdout)["layers"]
    assert sum(layer["parameters"] for layer in layers) == 11689512
