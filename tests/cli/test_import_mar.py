"""`eyeful import-mar`: a TorchServe archive becomes a bundle that answers as TorchServe's handler did."""

import json

import pytest
import torch
from PIL import Image
from torchserve import archived

import eyeful
from eyeful.cli.terminal import LiveLine
from eyeful.errors import UsageError
from eyeful.models import ModelRequest, find_model
from eyeful.models.labels import imagenet_labels
from eyeful.models.torchserve_archive import HANDLER_PREPROCESSING
from eyeful.models.torchvision_import import import_torchvision
from helpers import discriminating_state

MODEL_PY = """from torchvision.models.resnet import ResNet, BasicBlock


class ImageClassifier(ResNet):
    def __init__(self):
        super().__init__(BasicBlock, [2, 2, 2, 2], num_classes=7)
"""
FLOWERS = ["rose", "tulip", "daisy", "aster", "iris", "lily", "poppy"]
NET = "resnet18"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network of TorchServe's users: code, state_dict, labels."""
    place = tmp_path_factory.mktemp("torchserve")
    torch.save(discriminating_state(NET, 7), place / "net.pth")
    (place / "model.py").write_text(MODEL_PY)
    (place / "index_to_name.json").write_text(
        json.dumps({str(n): [f"n{n:08}", name] for n, name in enumerate(FLOWERS)})
    )
    return place


@pytest.fixture(scope="module")
def mar(folder):
    return archived(folder, "zip-store")


def torchserve_answer(module, mapping, path):
    """What TorchServe's image_classifier does: its transforms, inference, and postprocess, line by line."""
    from torchvision import transforms

    image_processing = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ]
    )
    with Image.open(path) as image, torch.inference_mode():
        data = module(torch.stack([image_processing(image.convert("RGB"))]))
    ps = torch.nn.functional.softmax(data, dim=1)
    probs, classes = torch.topk(ps, 5, dim=1)
    return {
        mapping[str(place)][-1]: prob for place, prob in zip(classes[0].tolist(), probs[0].tolist(), strict=True)
    }


def test_the_bundle_answers_as_torchserve_does(command, folder, mar, samples, tmp_path):
    done = command("import-mar", mar, "-o", tmp_path / "b", "--model", NET, "--engine", "torch")
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(f"`eyeful predict --model {tmp_path / 'b'}` runs it\n")
    module = import_torchvision().models.get_model(NET, weights=None, num_classes=7).eval()
    module.load_state_dict(torch.load(folder / "net.pth", weights_only=True))
    mapping = json.loads((folder / "index_to_name.json").read_text())
    seen = set()
    with eyeful.load(tmp_path / "b", exact=True, device="cpu") as classifier:
        for path in sorted([*samples.glob("*.png"), *samples.glob("*.jpg")]):
            theirs = torchserve_answer(module, mapping, path)
            ours = {score.label: score.prob for score in classifier.predict(path).top}
            assert ours == pytest.approx(theirs, abs=1e-5), path
            seen.add(round(max(ours.values()), 2))
    assert len(seen) > 3  # a network that says the same of all would prove nothing


@pytest.mark.slow
def test_a_network_that_knows_its_labels_on_the_fast_path(command, samples, tmp_path):
    """The packaged network has another preprocessing of its own, which must not be used."""
    module, _ = find_model(ModelRequest("efficientnet_lite0")).load()
    labels = imagenet_labels()
    mapping = {str(n): list(one) for n, one in enumerate(zip(labels.wnids, labels.names, strict=True))}
    torch.save(module.state_dict(), tmp_path / "net.pth")
    (tmp_path / "model.py").write_text("class ImageClassifier: ...\n")
    (tmp_path / "index_to_name.json").write_text(json.dumps(mapping))
    done = command("import-mar", archived(tmp_path, "zip-store"), "-o", tmp_path / "b", "-m", "efficientnet_lite0")
    assert done.returncode == 0, done.stderr
    with eyeful.load(tmp_path / "b", precision="fp32", topk=10) as classifier:
        assert classifier.labels == labels.names
        for name in ("cat.png", "coffee.png", "motorcycle.png", "admiral.jpg"):
            theirs = torchserve_answer(module, mapping, samples / name)
            ours = {score.label: score.prob for score in classifier.predict(samples / name).top}
            assert next(iter(ours)) == next(iter(theirs))
            assert {label: ours[label] for label in theirs} == pytest.approx(theirs, abs=0.02)


@pytest.mark.slow
def test_the_card_says_where_the_weights_are_from(command, mar, tmp_path):
    command("import-mar", mar, "-o", tmp_path / "b", "-m", NET)
    card = json.loads(command("info", tmp_path / "b", "--json").stdout)
    assert card["weights"] == f"{mar}/net.pth"
    assert [label["label"] for label in card["labels"]] == FLOWERS
    assert card["preprocessing"] == HANDLER_PREPROCESSING.as_dict()


def test_which_network_it_is_is_asked_with_a_guess(command, mar, tmp_path):
    done = command("import-mar", mar, "-o", tmp_path / "b")
    assert done.returncode == 2
    assert done.stderr == (
        f"eyeful: error: --model ARCHITECTURE has to name the network of {mar}, whose code (model.py) is not run; its "
        f"weights look like {NET}: --model {NET}\n"
    )


def test_the_live_line_is_there_while_the_archive_is_read(command, mar, tmp_path, monkeypatch):
    said = []

    class Line(LiveLine):
        def __enter__(self):
            said.append(self.text)
            return super().__enter__()

        def say(self, text):
            said.append(text)

    def read(*_, **__):
        assert said == [f"reading {mar}"]
        raise UsageError("read")

    monkeypatch.setattr("eyeful.cli.import_mar.LiveLine", Line)
    with monkeypatch.context() as patch:
        patch.setattr("eyeful.models.torchserve_archive.members_of", read)
        assert command("import-mar", mar, "-o", tmp_path / "b", "-m", NET).stderr == "eyeful: error: read\n"
    said.clear()
    command("import-mar", mar, "-o", tmp_path / "b", "-m", "resnet34")
    assert said == [f"reading {mar}", f"importing {mar}"]


def test_a_forward_of_its_own_is_told(command, folder, tmp_path):
    for name in ("net.pth", "index_to_name.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    forward = "\n    def forward(self, x):\n        return super().forward(x) / 2\n"
    (tmp_path / "model.py").write_text(MODEL_PY + forward)
    done = command(
        "import-mar", archived(tmp_path, "no-archive"), "-o", tmp_path / "b", "-m", NET, "--engine", "torch"
    )
    assert done.returncode == 0
    assert (
        "model.py defines a forward of its own, which was not run; the bundle has that of resnet18" in done.stderr
    )


REFUSED = [
    (["-m", "resnet34"], "net.mar/net.pth does not fit resnet34"),
    (["-m", "nosuchnet"], "unknown model 'nosuchnet'"),
    (["-m", "googlenet"], "whether googlenet normalises its input again (transform_input) is said by code"),
    (["-m", "Inception_V3_Weights.DEFAULT"], "whether Inception_V3_Weights.DEFAULT normalises its input again"),
    (["-m", NET, "--engine", "nosuch"], "nosuch"),
    (["-m", NET, "--labels", "two.txt"], "two.txt has 2 labels, the weights have 7 classes"),
    (["-m", NET, "--labels", "nothing.txt"], "the labels nothing.txt cannot be read"),
]


@pytest.mark.parametrize(("flags", "text"), REFUSED, ids=[" ".join(flags) for flags, _ in REFUSED])
def test_refused_in_one_line_and_nothing_is_left(command, mar, tmp_path, flags, text):
    (tmp_path / "two.txt").write_text("a\nb\n")
    done = command("import-mar", mar, "-o", "b", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert text in done.stderr
    assert done.stderr.count("\n") == 1
    assert "eyeful-mar-" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["two.txt"]


@pytest.mark.slow
def test_a_folder_is_replaced_only_when_asked(command, mar, tmp_path):
    assert command("import-mar", mar, "-m", NET).stderr == "eyeful: error: -o DIR says where to write the bundle\n"
    arguments = ["import-mar", mar, "-o", tmp_path / "b", "-m", NET, "--engine", "torch"]
    assert command(*arguments).returncode == 0
    done = command(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "exists already: --overwrite replaces it" in done.stderr
    assert command(*arguments, "--overwrite").returncode == 0


def test_an_archive_named_as_a_model_leads_here(command, mar, samples):
    done = command("predict", samples, "--model", mar)
    assert done.returncode == 2
    assert "eyeful import-mar FILE -o DIR makes a bundle of it" in done.stderr
