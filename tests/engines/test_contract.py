"""Every engine keeps the contract: the three of ours and the fake one."""

import os
import subprocess
import sys
import threading
from concurrent.futures import TimeoutError as NotYetError
from functools import cache

import numpy as np
import pytest
from contract import EngineContract, noise
from small import converted, network

from eyeful.engines import family
from eyeful.errors import EngineError
from helpers import FakeEngine


@pytest.fixture(scope="module")
def bundle_of(tmp_path_factory):
    """Converts the small network for an engine, once each."""
    return cache(lambda name: converted(name, tmp_path_factory.mktemp(name) / "bundle"))


class TestTorch(EngineContract):
    @pytest.fixture
    def open_engine(self):
        return lambda threads=1: family("torch").open_module(network(), "cpu", "fp32", threads)


@pytest.mark.parametrize("precision", ["fp32", None], ids=["fp32", "native"])
class TestOpenVINO(EngineContract):
    @pytest.fixture
    def open_engine(self, bundle_of, precision):
        return lambda threads=1: family("openvino").open(bundle_of("openvino"), "cpu", precision, threads)

    def bad(self):
        return np.zeros((1, 10, 10, 3), np.uint8)


class TestOnnxRuntime(EngineContract):
    @pytest.fixture
    def open_engine(self, bundle_of):
        return lambda threads=1: family("onnxruntime").open(bundle_of("onnxruntime"), "cpu", None, threads)


class TestFake(EngineContract):
    size = (8, 8)

    @pytest.fixture
    def open_engine(self):
        return lambda threads=1: FakeEngine(workers=threads)


def test_a_slow_engine_fails_late_and_is_not_waited_for_by_others():
    gate = threading.Event()
    engine = FakeEngine(gate=gate, fails_on=7)
    late = engine.submit(np.full((1, 8, 8, 3), 7, np.uint8))
    behind = engine.submit(noise(1, (8, 8)))
    with pytest.raises(NotYetError):
        late.result(0.05)
    gate.set()
    with pytest.raises(EngineError, match="asked to fail"):
        late.result(60)
    assert behind.result(60).logits_NK.shape == (1, 3)
    engine.close()


COUNT = """
import os, sys
sys.path[:0] = sys.argv[2:]
import numpy as np
from pathlib import Path
from eyeful.bundle import read_bundle
from eyeful.cpu import usable_cores
from eyeful.engines import family
bundle = read_bundle(Path(sys.argv[1]))
before = len(os.listdir("/proc/self/task"))
engine = family(bundle.manifest.engine).open(bundle, "cpu", "fp32", usable_cores())
for future in [engine.submit(np.zeros((8, 64, 64, 3), np.uint8)) for _ in range(8)]:
    future.result()
print(len(os.listdir("/proc/self/task")) - before, usable_cores())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
@pytest.mark.parametrize("name", ["openvino", pytest.param("onnxruntime", marks=pytest.mark.slow)])
def test_an_engine_has_no_more_threads_than_cores_that_it_may_use(name, bundle_of):
    """One core is allowed: one thread that computes, one that feeds it."""
    allowed = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(bundle_of(name).folder)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {allowed}),
    )
    threads, cores = map(int, done.stdout.split())
    assert cores == 1, done.stderr
    assert threads <= 3
