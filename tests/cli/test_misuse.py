"""What is typed wrongly is answered with one line that says what to type."""

import pytest


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("predict x.png --mean 0.5", "--mean takes three numbers, for red, green and blue: --mean 0.485 0.456 0.406"),
        ("predict x.png --std 0.5,0.5,0.5", "--std takes three numbers, for red, green and blue: --std 0.229 0.224 0.225"),
        ("verify --model a --images b", "`eyeful verify` takes the model as its argument: `eyeful verify a --images b`"),
        ("bench --images b --model=a", "`eyeful bench` takes the model as its argument: `eyeful bench --images b a`"),
        ("verify a --images b --model a", "`eyeful verify` has the model as its argument already: leave out --model"),
        ("verify a --images nope", "nope: no such file or folder"),
        ("bench a --images nope", "nope: no such file or folder"),
        ("explain nope.png", "nope.png: no such file or folder"),
        ("predit", "no such command 'predit'. Did you mean 'predict'? `eyeful --help` lists what there is"),
        ("samples --bla", "no such option: --bla; `eyeful samples --help` lists what there is"),
        ("doctor --model resnet18", "no such option: --model; `eyeful doctor --help` lists what there is"),
        ("doctor --mean 1 2 3", "no such option: --mean; `eyeful doctor --help` lists what there is"),
        ("--model resnet18 cat.jpg", "no such option: --model; `eyeful --help` lists what there is"),
        ("predict x.png --every abc", "--every abc is no time between frames; write 1s, 0.5s, 500ms or 10f (frames)"),
    ],
)  # fmt: skip
def test_one_line(command, typed, answer):
    done = command(*typed.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"eyeful: error: {answer}\n"


def test_a_server_without_a_scheme_is_asked_over_http(command):
    done = command("predict", "x.png", "--server", "localhost:1")
    assert done.returncode == 2
    assert "no eyeful server answers at http://localhost:1" in done.stderr


def test_labels_that_are_none_of_the_models(command, samples, tmp_path):
    (tmp_path / "three.txt").write_text("a\nb\nc\n")
    few = command("predict", samples / "cat.png", "--labels", tmp_path / "three.txt").stderr
    assert "has 3 labels, the weights have 1000 classes" in few
    assert "add --checkpoint FILE --model ARCHITECTURE" in few
    assert "cat.png are an image (PNG)" in command("predict", "x.png", "--labels", samples / "cat.png").stderr


def test_a_checkpoint_without_its_architecture(command, samples, resnet18_checkpoint):
    done = command("predict", samples / "cat.png", "--checkpoint", resnet18_checkpoint)
    assert done.returncode == 2
    assert done.stderr.startswith("eyeful: error: --checkpoint needs --model ARCHITECTURE: ")
    assert done.stderr.endswith("it looks like resnet18: --model resnet18\n")


def test_a_bundle_that_shall_be_exact(command, samples, bundle):
    done = command("predict", samples / "cat.png", "--model", bundle, "--exact")
    assert done.returncode == 2
    assert done.stderr.endswith(
        "is for the engine openvino, not torch: --model efficientnet_lite0 runs it there\n"
    )


def test_classes_without_names_are_said(command, samples, tmp_path, caplog):
    import torch

    from helpers import discriminating_state

    torch.save(discriminating_state("shufflenet_v2_x0_5", 3), tmp_path / "a.pth")
    asked = ("-m", "shufflenet_v2_x0_5", "--checkpoint", tmp_path / "a.pth", "--engine", "torch")
    assert command("predict", samples / "cat.png", *asked).returncode == 0
    note = "shufflenet_v2_x0_5 with a.pth names none of its classes: --labels FILE does"
    assert note in caplog.messages
    caplog.clear()
    (tmp_path / "three.txt").write_text("a\nb\nc\n")
    assert command("predict", samples / "cat.png", *asked, "--labels", tmp_path / "three.txt").returncode == 0
    assert note not in caplog.messages
