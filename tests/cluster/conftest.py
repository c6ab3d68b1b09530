"""2,000 images, a network that costs nothing, and two hosts with Ray."""

from contextlib import contextmanager

import numpy as np
import pytest
from cluster_run import predict, rows_of
from filelock import FileLock
from graphs import write_onnx
from hosts import namespaces, two_hosts
from PIL import Image

from conftest import SHARED

LABELS = 50


@pytest.fixture(scope="session")
def many(tmp_path_factory):
    """2,000 JPEGs of 64x64, no two of which are equal."""
    folder = tmp_path_factory.mktemp("many")
    random = np.random.default_rng(16)
    for number in range(2000):
        coarse = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        coarse.resize((64, 64)).save(folder / f"{number:04d}.jpg")
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A bundle of a network that tells images apart by their mean colour."""
    from eyeful.models import ModelRequest
    from eyeful.prepare import export
    from eyeful.preprocessing import InputOverrides

    folder = tmp_path_factory.mktemp("tiny")
    (folder / "labels.txt").write_text("".join(f"label {n}\n" for n in range(LABELS)))
    network = write_onnx(folder / "tiny.onnx", outputs=(("N", LABELS),))
    input_of_ours = InputOverrides(mean=(0.5,) * 3, std=(0.25,) * 3)
    request = ModelRequest(str(network), labels=folder / "labels.txt", overrides=input_of_ours)
    return export(request, folder / "bundle", "openvino").folder


@pytest.fixture(scope="session")
def plain_rows(many, tiny, tmp_path_factory):
    """What one machine says of them."""
    out = tmp_path_factory.mktemp("plain") / "rows.parquet"
    done = predict(many, tiny, out)
    assert done.returncode == 0, done.stderr
    return rows_of(out)


@pytest.fixture(scope="session")
def bare_hosts():
    """Opens two hosts without Ray; one pair at a time on this machine."""
    pytest.importorskip("ray")

    @contextmanager
    def opened():
        with FileLock(SHARED.parent / "hosts.lock"):
            try:
                with two_hosts() as hosts:
                    yield hosts
            except PermissionError as error:
                pytest.skip(str(error))
            assert namespaces() == []

    return opened


@pytest.fixture(scope="module")
def hosts(bare_hosts):
    """Two hosts of one Ray cluster, a core each."""
    with bare_hosts() as found:
        found.a.start_ray()
        found.b.start_ray(found.a)
        yield found
