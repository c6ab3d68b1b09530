"""`eyeful models`: names, patterns, and what is on this machine."""

import json

import pytest


def test_names_with_their_facts(command):
    listed = {entry["name"]: entry for entry in json.loads(command("models", "--json").stdout)}
    assert listed["efficientnet_lite0"]["local"]
    assert listed["resnet18"]["parameters"] == 11689512
    assert "efficientnet_lite0 (default)" in command("models", "lite0").stdout


@pytest.mark.parametrize("pattern", ["resnet*", "RESNET*"])
def test_a_pattern_is_for_the_whole_name(command, pattern):
    names = [entry["name"] for entry in json.loads(command("models", pattern, "--json").stdout)]
    assert names[:5] == ["resnet101", "resnet152", "resnet18", "resnet34", "resnet50"]
    assert "timm/resnet50.a1_in1k" in names
    assert "wide_resnet50_2" not in names


def test_nothing_on_this_machine_is_said_so(command):
    done = command("models", "vgg*", "--local")
    assert done.returncode == 2
    assert "no model on this machine has a name like 'vgg*'" in done.stderr


def test_a_narrow_terminal_shows_numbers_whole_or_not(command, on_terminal):
    on_terminal(60)
    lines = command("models", "resnet18*").stdout.splitlines()
    assert lines[0].split() == ["model", "top-1", "weights"]
    assert lines[1].split() == ["resnet18", "69.8%"]
    assert all(len(line) <= 60 for line in lines)


@pytest.mark.parametrize("width", [30, 40, 60])
def test_a_name_is_whole_on_any_terminal(command, on_terminal, width):
    on_terminal(width)
    lines = command("models", "*eca_resnet33ts*").stdout.splitlines()
    assert lines[1].split()[0] == "timm/eca_resnet33ts.ra2_in1k"
    assert all(len(line) <= width for line in lines)
    assert ("params" in lines[0]) == (width == 60)
