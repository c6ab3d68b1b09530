"""A network that int8 computes well, one that it breaks, and images for both."""

import pytest

from small_networks import LABELS, write_images, write_network


@pytest.fixture(scope="session")
def many(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("many"), 40)


@pytest.fixture(scope="session")
def labels(tmp_path_factory):
    file = tmp_path_factory.mktemp("labels") / "labels.txt"
    file.write_text("\n".join(LABELS))
    return file


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    return write_network(tmp_path_factory.mktemp("network") / "net.onnx")


@pytest.fixture(scope="session")
def outlier_network(tmp_path_factory):
    return write_network(tmp_path_factory.mktemp("network") / "outlier.onnx", outlier=3000.0)
