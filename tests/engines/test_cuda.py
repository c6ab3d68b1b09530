"""torch on a CUDA device: the contract, the CPU's answers, and what is said where the memory does not suffice.

EYEFUL_TEST_GPU=1 pytest tests/engines/test_cuda.py
"""

import pickle

import numpy as np
import pytest
import torch
from contract import EngineContract, noise
from small import network

import eyeful
from eyeful.doctor import examine
from eyeful.engines import choose, family
from eyeful.engines.torch import TorchEngine
from eyeful.errors import EngineError, UsageError

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="EYEFUL_TEST_GPU is not set, or there is no GPU"
)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
class TestCuda(EngineContract):
    @pytest.fixture
    def open_engine(self, precision):
        return lambda threads=1: family("torch").open_module(network(), "cuda:0", precision, threads)


@pytest.fixture(scope="module")
def reference(images):
    """Logits and features of torch on the CPU, in fp32, with every pixel decoded."""
    with eyeful.load(exact=True, device="cpu") as classifier:
        return classifier.logits(images), classifier.features(images)


def test_auto_takes_the_gpu_and_half_precision():
    choice = choose()
    assert (choice.engine, choice.device) == ("torch", "cuda:0")
    with eyeful.load() as classifier:
        assert (classifier.engine, classifier.device) == ("torch", "cuda:0")
        assert classifier.precision in ("bf16", "fp16")
        assert classifier.batch_size == 64


def test_exact_gives_the_cpus_answers(images, reference):
    with eyeful.load(exact=True, device="cuda") as classifier:
        assert (classifier.device, classifier.precision) == ("cuda:0", "fp32")
        for found, expected in zip(
            (classifier.logits(images), classifier.features(images)), reference, strict=True
        ):
            assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize(("precision", "bound"), [("bf16", 0.1), ("fp16", 0.02)])
def test_half_precision_stays_near(images, reference, precision, bound):
    with eyeful.load(device="cuda", precision=precision) as classifier:
        assert classifier.precision == precision
        found = classifier.with_options(full_decode=True, two_step_resize=True, ignore_profile=True).logits(images)
    assert np.abs(found - reference[0]).max() < bound * np.abs(reference[0]).max()


def test_a_classifier_travels_as_its_spec(images):
    with eyeful.load(device="cuda") as classifier, pickle.loads(pickle.dumps(classifier)) as again:  # noqa: S301 - our own
        assert again.device == "cuda:0"
        assert np.array_equal(again.logits(images), classifier.logits(images))


def test_a_batch_that_does_not_fit_fails_alone_and_says_what_helps():
    engine = TorchEngine(network(), "cuda:0")
    torch.cuda.empty_cache()
    _free, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction(min(1.0, 2**28 / total))
    try:
        failing = engine.submit(noise(2048, (64, 64)))
        with pytest.raises(
            EngineError, match="cuda:0 has too little free memory for a batch of 2048: a smaller --batch"
        ):
            failing.result(60)
        assert engine.submit(noise(8, (64, 64))).result(60).logits_NK.shape == (8, 5)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        engine.close()


def test_what_is_not_there_is_refused():
    count = torch.cuda.device_count()
    with pytest.raises(EngineError, match=f"there is no cuda:{count}; torch finds {count} CUDA device"):
        choose(f"cuda:{count}")
    with pytest.raises(UsageError, match="int8 runs in openvino on the CPU"):
        eyeful.load(device="cuda", precision="int8")
    with pytest.raises(EngineError, match="the engine openvino runs on the CPU, not on cuda:0"):
        choose("cuda", "openvino")


def test_doctor_names_the_card():
    (found,) = [finding for finding in examine() if finding.topic == "torch"]
    assert torch.cuda.get_device_name(0) in found.text


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")  # torch's own
def test_torchcompile_gives_the_same_answers_for_every_batch_size():
    plain = TorchEngine(network(), "cuda:0", "fp32")
    compiled = TorchEngine(network(), "cuda:0", "fp32", compiled=True)
    for size in (8, 3, 1):
        batch = noise(size, (64, 64), size)
        found, expected = compiled.submit(batch).result(), plain.submit(batch).result()
        assert np.abs(found.logits_NK - expected.logits_NK).max() < 1e-4
    plain.close()
    compiled.close()
