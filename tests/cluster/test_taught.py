"""A model that was taught on a cluster: its bundle travels whole, with its head."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import eyeful
from eyeful.bundle import HEAD

pytest.importorskip("ray")

from eyeful.cluster.package import pack
from eyeful.predictor import PredictorSpec


@pytest.mark.slow
def test_its_package_is_the_same_model_elsewhere(taught, images, tmp_path, monkeypatch):
    with eyeful.load(taught, precision="fp32") as classifier:
        expected = classifier.logits(images)
        package, _ = pack(PredictorSpec(model=str(taught)), gpus=False)
        monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
        folder = package.unpack()
        assert (folder / HEAD).read_bytes() == (taught / HEAD).read_bytes()
        with eyeful.load(folder, precision="fp32") as elsewhere:
            assert np.array_equal(elsewhere.logits(images), expected)
            assert elsewhere.provenance["weights"] == classifier.provenance["weights"]


@pytest.mark.slow
def test_for_torch_its_frozen_network_travels_too(taught, images, tmp_path, monkeypatch):
    spec = PredictorSpec(model=str(taught), engine="torch", device="cpu")
    package, left = pack(spec, gpus=False)
    assert "model.safetensors" in package.files
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    with eyeful.load(package.unpack(), engine=left.engine, device="cpu") as elsewhere:
        assert elsewhere.predict(images / "00.png").label == "red"


@pytest.mark.slow
def test_a_local_cluster_gives_the_same_rows(taught, images, tmp_path):
    found = []
    for flags in ((), ("--cluster", "local")):
        output = f"{tmp_path}/rows{len(flags)}/"
        command = [sys.executable, "-m", "eyeful", "predict", images, "-m", taught, "-o", output, *flags]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=os.environ, timeout=240)
        assert done.returncode == 0, done.stderr
        table = pytest.importorskip("pyarrow.parquet").read_table(output)
        found.append(json.dumps(table.to_pylist(), default=str))
    assert found[0] == found[1]
