"""The engines behind one method, and the choice between them."""

import copy
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from small import network

import eyeful
from eyeful.engines import choose, family
from eyeful.engines.torch import TorchEngine, filled_up
from eyeful.errors import EngineError, UsageError
from eyeful.models import ModelRequest, find_model
from eyeful.openvino_import import import_openvino
from eyeful.prepare import prepared
from eyeful.prepare.deployed import Deployed
from eyeful.preprocessing import Preprocessing

PREPROCESSING = Preprocessing((8, 8), (8, 8), "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


def test_an_error_in_the_network_is_an_engine_error():
    class Broken(torch.nn.Module):
        def forward(self, x):
            return x.reshape(7, -1)

    engine = TorchEngine(Broken())
    with pytest.raises(EngineError, match="torch failed on cpu"):
        engine.submit(np.zeros((1, 8, 8, 3), np.uint8)).result()
    engine.close()


def test_a_batch_is_filled_up_to_one_of_a_few_sizes_and_its_answers_stay():
    sizes = {len(filled_up(np.zeros((count, 2, 2, 3), np.uint8), 8)) for count in range(1, 20)}
    assert sizes == {1, 2, 4, 8, 16, 24}
    engine = TorchEngine(network())
    batch = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    expected = engine.submit(batch).result()
    engine._few_sizes = True  # as on a GPU
    found = engine.submit(batch).result()
    engine.close()
    assert found.logits_NK.shape == expected.logits_NK.shape
    assert np.abs(found.logits_NK - expected.logits_NK).max() < 1e-5
    assert np.abs(found.features_ND - expected.features_ND).max() < 1e-5


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"device": "cpu"}, ("openvino", "cpu", None)),
        ({"engine": "openvino"}, ("openvino", "cpu", None)),
        ({"device": "cpu", "engine": "torch", "precision": "bf16"}, ("torch", "cpu", "bf16")),
    ],
)
def test_what_auto_means(asked, found):
    choice = choose(**asked)
    assert (choice.engine, choice.device, choice.precision) == found


@pytest.mark.parametrize(
    "asked", [{"device": "tpu"}, {"device": "cpu:1"}, {"device": "cuda:x"}, {"engine": "tf"}, {"precision": "fp8"}]
)
def test_words_that_mean_nothing(asked):
    with pytest.raises(UsageError):
        choose(**asked)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_no_silent_fallback_from_a_gpu(device):
    with pytest.raises(EngineError, match="no CUDA device here"):
        choose(device)


def test_what_a_cpu_cannot_do_is_refused():
    capabilities = import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    for precision in ("bf16", "fp16"):
        if precision.upper() in capabilities:
            with eyeful.load("efficientnet_lite0", device="cpu", precision=precision) as classifier:
                assert classifier.precision == precision
        else:
            with pytest.raises(EngineError, match=precision):
                eyeful.load("efficientnet_lite0", device="cpu", precision=precision)
    with pytest.raises(EngineError, match="fp16"):
        eyeful.load("efficientnet_lite0", device="cpu", engine="torch", precision="fp16")


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"engine": "onnxruntime", "precision": "bf16"}, "onnxruntime runs fp32"),
        ({"precision": "int8"}, "--calibrate PHOTOS"),
        ({"torchcompile": True}, "--engine torch"),
    ],
)
def test_what_an_engine_cannot_do_is_answered_with_what_can(asked, match):
    with pytest.raises((EngineError, UsageError), match=match):
        eyeful.load("efficientnet_lite0", device="cpu", **asked)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")  # torch's own
def test_torchcompile_gives_the_same_answers_for_every_batch_size():
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 5)
    )
    plain = TorchEngine(Deployed(copy.deepcopy(network).eval(), PREPROCESSING, 5))
    compiled = TorchEngine(Deployed(network.eval(), PREPROCESSING, 5), compiled=True)
    for size in (4, 3, 1):
        batch = np.random.default_rng(size).integers(0, 256, (size, 8, 8, 3), dtype=np.uint8)
        found, expected = compiled.submit(batch).result(), plain.submit(batch).result()
        assert np.abs(found.logits_NK - expected.logits_NK).max() < 1e-5
        assert np.abs(found.features_ND - expected.features_ND).max() < 1e-5
    plain.close()
    compiled.close()


def test_half_precision_on_torch_stays_near(lite0, images):
    with eyeful.load(engine="torch", precision="bf16", device="cpu") as classifier:
        assert classifier.precision == "bf16"
        expected = lite0.logits(images)
        assert np.abs(classifier.logits(images) - expected).max() < 0.1 * np.abs(expected).max()


def test_a_compiled_graph_is_cached_and_a_damaged_one_never_runs(images, lite0, tmp_path, monkeypatch):
    folder = prepared(ModelRequest("efficientnet_lite0"), family("openvino")).folder
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    with eyeful.load(folder, device="cpu") as classifier:
        expected = classifier.logits(images)
    (blob,) = tmp_path.glob("compiled/*/compiled.blob")
    for damage in (b"", blob.read_bytes()[:-1] + b"x"):
        with eyeful.load(folder, device="cpu") as classifier:  # from the cached one
            assert np.array_equal(classifier.logits(images), expected)
        blob.write_bytes(damage)
        with eyeful.load(folder, device="cpu") as classifier:  # compiled again
            assert np.array_equal(classifier.logits(images), expected)
        assert len(blob.read_bytes()) > 1e6


def test_exact_contradicts_other_engines():
    with pytest.raises(UsageError, match="exact means torch in fp32"):
        eyeful.load("efficientnet_lite0", exact=True, engine="openvino")


@pytest.mark.parametrize("engine", ["torch", "openvino", pytest.param("onnxruntime", marks=pytest.mark.slow)])
def test_nothing_about_the_model_changes(engine, images, resnet18_checkpoint, tmp_path, monkeypatch):
    """Parameters and buffers are bit-equal after a run, and no gradient was recorded."""
    seen = []

    def watched(request):
        model = find_model(request)
        module, _weights = model.load()
        state = module.state_dict()  # shares its memory with the network, into whatever parts that is taken
        seen.append((module, state, {name: tensor.clone() for name, tensor in state.items()}))
        return model

    monkeypatch.setattr("eyeful.prepare.find_model", watched)
    if engine != "torch":
        monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    with eyeful.load("resnet18", checkpoint=resnet18_checkpoint, engine=engine, device="cpu") as classifier:
        classifier.predict(images)
    (module, state, before), *_ = seen
    assert not module.training
    for name, tensor in state.items():
        assert torch.equal(tensor, before[name]), name
    for name, parameter in module.named_parameters():
        assert parameter.grad is None, name
        assert not parameter.requires_grad, name


def test_a_request_for_labels_of_a_bundle_contradicts_it(lite0, tmp_path):
    folder = prepared(ModelRequest("efficientnet_lite0"), family("openvino")).folder
    with pytest.raises(UsageError, match="load the model by name"):
        eyeful.load(folder, img_size=100)
    with pytest.raises(UsageError, match="is for the engine openvino"):
        eyeful.load(folder, engine="torch")
    with pytest.raises(UsageError, match="'onnx' is not one of auto"):
        eyeful.load(folder, engine="onnx")
    with eyeful.load(folder, precision="fp32") as classifier:
        assert classifier.labels == lite0.labels


def test_a_script_that_closes_nothing_ends_well(bundle):
    script = (
        "import sys, eyeful, numpy as np\n"
        "clf = eyeful.load(sys.argv[1], device='cpu')\n"
        "batch = np.zeros((8, *clf.preprocessing.size, 3), np.uint8)\n"
        "forward = clf.predictor.forward\n"
        "for future in [forward(batch) for _ in range(4)]: future.result()\n"
        "forward(batch)\n"
    )
    for _ in range(3):  # it aborted every second time
        done = subprocess.run([sys.executable, "-c", script, bundle], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
