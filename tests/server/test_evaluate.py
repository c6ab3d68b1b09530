"""An evaluation through a server is the one of the model itself."""

import shutil

import pytest

import eyeful
from eyeful.predictor import PredictorSpec
from eyeful.server.client import RemoteClassifier


@pytest.mark.slow
def test_a_server_gives_the_numbers_of_its_model(server, bundle, photos, tmp_path):
    for path in sorted((photos / "labelled").iterdir())[:8]:
        shutil.copy(path, tmp_path)
    (tmp_path / "hen_2.jpg").write_text("no image")
    with RemoteClassifier(server.url, spec=PredictorSpec(workers=2)) as remote:
        there = eyeful.evaluate(remote, tmp_path, sure=0.8, output=tmp_path / "out")
    with eyeful.load(bundle, precision="fp32") as classifier:
        here = eyeful.evaluate(classifier, tmp_path, sure=0.8)
    for field in ("truth", "images", "scored", "errors", "unmatched", "top1", "topk", "confusions", "groups"):
        assert getattr(there, field) == getattr(here, field)
    assert there.nll == pytest.approx(here.nll, abs=1e-5)
    assert there.brier == pytest.approx(here.brier, abs=1e-5)
    assert there.ece == pytest.approx(here.ece, abs=1e-5)
    assert max(map(len, (tmp_path / "out" / "rows.jsonl").read_text().splitlines())) < 2000
