"""The two ways from torch to OpenVINO: tracing, and where that fails, torch.export."""

import logging

import numpy as np
import pytest
import torch

from eyeful.bundle import Bundle, Manifest, write_bundle
from eyeful.engines import family
from eyeful.models.torchvision_import import import_torchvision
from eyeful.prepare.check import check
from eyeful.prepare.deployed import Deployed
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels


@pytest.mark.slow
def test_a_transformer_that_cannot_be_traced_is_exported(tmp_path, caplog):
    """As vit_b_32, which is among the slow tests, but a thousandth of its size."""
    import_torchvision()
    from torchvision.models import VisionTransformer

    torch.manual_seed(0)
    network = VisionTransformer(32, 8, 1, 2, 16, 32, num_classes=5).eval()
    torch.nn.init.normal_(network.heads[-1].weight)
    preprocessing = Preprocessing((32, 32), (32, 32), "bilinear", (0.5,) * 3, (0.5,) * 3)
    manifest = Manifest("vit", {}, preprocessing, Labels(tuple("abcde"), (None,) * 5), {"sha256": "0"}, "openvino")
    deployed = Deployed(network, preprocessing, 5)
    engine = family("openvino")

    def write(place):
        engine.write(deployed, manifest, place)
        check(Bundle(place, manifest), engine, deployed)

    with caplog.at_level(logging.INFO, "eyeful"):
        bundle = write_bundle(tmp_path / "vit", manifest, write)
    assert "exporting it instead" in caplog.text
    opened = engine.open(bundle, "cpu", "fp32", 1)
    batch = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    logits_NK = opened.submit(batch).result(60).logits_NK
    opened.close()
    with torch.inference_mode():
        expected, _ = deployed(torch.from_numpy(batch))
    assert logits_NK == pytest.approx(expected.numpy(), abs=1e-4)
