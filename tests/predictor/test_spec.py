"""A spec: values that may be, JSON, a fingerprint, and the very same predictor again elsewhere."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import eyeful
from eyeful.errors import ModelError, UsageError
from eyeful.predictor import PredictorSpec
from helpers import fake_classifier


def test_json_and_pickle_bring_the_same_back():
    spec = PredictorSpec(model="resnet18", topk=3, crop_mode="squash", min_prob=0.5)
    assert PredictorSpec.from_json(spec.to_json()) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301 - our own
    with pytest.raises(UsageError, match="not the JSON of a PredictorSpec"):
        PredictorSpec.from_json('{"modle": 1}')


@pytest.mark.parametrize(
    "values",
    [
        *({"topk": value} for value in (0, -1, 2.5, "5", True, None)),
        *({"min_prob": value} for value in (-0.1, 1.1, float("nan"), "a")),
        *({"batch_size": value} for value in (-1, 5000, 1.5)),
        {"workers": -1},
        {"max_pixels": 0},
        {"device": None},
        {"model": ""},
    ],
)
def test_what_a_spec_cannot_be(values):
    with pytest.raises(UsageError):
        PredictorSpec(**values)


def test_numbers_of_numpy_are_numbers():
    spec = PredictorSpec(topk=np.int64(3), min_prob=np.float32(0.5))
    assert (type(spec.topk), type(spec.min_prob)) == (int, float)
    assert PredictorSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("values", [{"engine": "openvino"}, {"precision": "bf16"}, {"torchcompile": True}])
def test_exact_contradicts(values):
    with pytest.raises(UsageError, match="exact means"):
        PredictorSpec(**values).exact()


def test_the_fingerprint_is_of_what_decides_answers():
    base = fake_classifier().spec
    same = [fake_classifier(workers=3, batch_size=2).spec]
    others = [
        fake_classifier(**options).spec for options in ({"topk": 2}, {"min_prob": 0.1}, {"full_decode": True})
    ]
    others += [fake_classifier(max_pixels=9, max_aspect=50).spec]
    assert {spec.fingerprint() for spec in same} == {base.fingerprint()}
    assert len({spec.fingerprint() for spec in (base, *others)}) == 5


def test_what_resizes_is_pinned(undecided_resizer, monkeypatch):
    """It decides pixels, if by a level here and there."""
    pytest.importorskip("cykooz_resizer")
    fast, exact = fake_classifier(), fake_classifier(two_step_resize=True)
    assert [one.provenance["resizer"] for one in (fast, exact)] == ["cykooz_resizer", "pillow"]
    assert fast.with_options(two_step_resize=True).provenance["resizer"] == "pillow"
    monkeypatch.setitem(sys.modules, "cykooz_resizer", None)
    undecided_resizer()
    elsewhere = fake_classifier()
    assert elsewhere.provenance["resizer"] == "pillow"
    assert elsewhere.spec.fingerprint() != fast.spec.fingerprint()
    with pytest.raises(ModelError, match="resizer was cykooz_resizer, is pillow"):
        elsewhere.predictor.check_pinned(fast.spec)


def test_a_pinned_spec_opens_the_very_same_in_another_process_and_folder(lite0, images, tmp_path):
    path = images / "01.jpg"
    code = (
        "import pickle, sys\n"
        "clf = pickle.load(sys.stdin.buffer)\n"
        "print(clf.spec.fingerprint(), *(repr(float(x)) for x in clf.logits(sys.argv[1])[:9]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], input=pickle.dumps(lite0), capture_output=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    fingerprint, *logits = done.stdout.decode().split()
    assert fingerprint == lite0.spec.fingerprint()
    assert np.array_equal(np.float32(logits), lite0.logits(path)[:9])


def test_a_pinned_spec_refuses_another_model(lite0):
    pins = lite0.spec.pinned | {"weights": "0" * 64}
    with pytest.raises(ModelError, match="is not what it was when it was first opened: weights was 000"):
        eyeful.classifier.open_classifier(PredictorSpec(pinned=pins))


def test_a_folder_with_a_models_name_is_not_taken_for_it(lite0, tmp_path, monkeypatch):
    (tmp_path / "efficientnet_lite0").mkdir()
    monkeypatch.chdir(tmp_path)
    with eyeful.load() as classifier:
        assert classifier.model == "efficientnet_lite0"


def test_options_that_decide_the_engine_cannot_be_changed_later():
    clf = fake_classifier()
    assert len(clf.with_options(topk=1).predict(np.zeros((9, 9, 3), np.uint8)).top) == 1
    assert clf.with_options(crop_mode="squash").preprocessing.crop_mode == "squash"
    for options in ({"engine": "torch"}, {"img_size": 9}, {"no_such": 1}):
        with pytest.raises(UsageError, match="cannot be changed in a loaded model"):
            clf.with_options(**options)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(
    "engine", ["openvino", *(pytest.param(name, marks=pytest.mark.slow) for name in ("onnxruntime", "torch"))]
)
def test_a_forked_child_is_told_and_its_own_classifier_answers(engine, images):
    """In a process of its own; the child ends as programs do, through Python's exit, which must not hang either."""
    code = f"""
import os, sys, time
import eyeful
if {engine!r} == "torch":  # whose threads the child would wait for, used by others than eyeful too
    import torch
    torch.nn.Conv2d(3, 64, 7)(torch.rand(1, 3, 256, 256))
clf = eyeful.load(engine={engine!r}, device="cpu")
expected = clf.predict(sys.argv[1]).label
child = os.fork()
if child == 0:
    try:
        clf.predict(sys.argv[1])
    except eyeful.EngineError as error:
        assert "forked" in str(error)
        with eyeful.load(engine={engine!r}, device="cpu") as own:
            sys.exit(0 if own.predict(sys.argv[1]).label == expected else 3)
    sys.exit(4)
deadline = time.monotonic() + 60
while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
    time.sleep(0.05)
if ended == (0, 0):
    os.kill(child, 9)
assert ended == (child, 0), ended
"""
    done = subprocess.run([sys.executable, "-c", code, str(images / "01.jpg")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
