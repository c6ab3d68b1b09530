"""A head on a frozen network, in each engine's files: nothing else changes, and the logits are the head's."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino
import pytest
from safetensors.numpy import load_file

import eyeful
from eyeful.bundle import HEAD, Bundle, TaughtHead, read_bundle, write_bundle
from eyeful.engines import ConvertedFamily, family
from eyeful.errors import EngineError, ModelError, UsageError
from eyeful.models import ModelRequest
from eyeful.prepare import load_network, prepared
from eyeful.prepare.taught import export_taught, write_taught
from eyeful.types import NONE_OF_THESE, Labels
from heads import COLOURS, head_of, in_turn

REQUEST = ModelRequest("efficientnet_lite0")


@pytest.fixture(scope="module")
def files(images) -> list[Path]:
    """40 photographs where this machine has them, else the images of all tests."""
    folder = Path(os.environ.get("EYEFUL_PHOTOS") or "missing") / "labelled"
    return sorted(folder.iterdir())[:40] if folder.is_dir() else sorted(images.iterdir())


@pytest.fixture(scope="module")
def features(lite0, files):
    return lite0.features(files)


@pytest.fixture(scope="module")
def head(features) -> TaughtHead:
    return head_of(features, in_turn(len(features)))


@pytest.fixture(scope="module")
def torch_bundle(head, tmp_path_factory) -> Bundle:
    return teach("torch", head, tmp_path_factory.mktemp("torch") / "taught")


def teach(engine, head, folder, base=REQUEST, **options) -> Bundle:
    return write_taught(base, engine, head, COLOURS, folder, taught={"images": 12}, **options)


def answers(bundle, files):
    """Logits and features of files, in fp32, where every label that was taught is among the answers."""
    with eyeful.load(bundle.folder, precision="fp32", device="cpu") as classifier:
        found = list(classifier.stream(files))
        assert classifier.engine == bundle.manifest.engine
        assert classifier.labels == (*COLOURS, NONE_OF_THESE)
    assert {row.label for row in found} >= set(COLOURS)
    return tuple(np.stack([getattr(row, name) for row in found]) for name in ("logits", "features"))


@pytest.mark.parametrize(
    "engine", ["openvino", *(pytest.param(name, marks=pytest.mark.slow) for name in ("onnxruntime", "torch"))]
)
def test_every_engine_gives_the_heads_logits_and_the_same_labels(engine, head, features, files, tmp_path, request):
    made = (
        request.getfixturevalue("torch_bundle") if engine == "torch" else teach(engine, head, tmp_path / "taught")
    )
    logits_NK, features_ND = answers(made, files)
    assert np.abs(logits_NK - head.logits(features_ND)).max() < 1e-3
    assert np.abs(features_ND - features).max() < 1e-3
    assert np.array_equal(logits_NK.argmax(1), head.logits(features).argmax(1))
    if engine == "openvino":
        assert np.array_equal(features_ND, features)


@pytest.mark.slow
def test_all_engines_give_the_same_labels_of_all_photographs(photos, tmp_path, lite0):
    files = sorted((photos / "labelled").iterdir())
    vectors = lite0.features(files)
    head = head_of(vectors, in_turn(len(files)))
    engines = ("openvino", "torch", "onnxruntime")
    found = [answers(teach(engine, head, tmp_path / engine), files)[0].argmax(1) for engine in engines]
    assert all(np.array_equal(labels, found[0]) for labels in found)


def constants(path: Path) -> Counter:
    """Every constant of an OpenVINO graph by its bytes; those of the head have a name of their own."""
    model = openvino.Core().read_model(path)
    found = [node for node in model.get_ops() if node.get_type_name() == "Constant"]
    return Counter(
        (tuple(node.shape), node.data.tobytes(), node.friendly_name.startswith("taught_head_")) for node in found
    )


def test_every_constant_of_openvino_but_the_heads_is_bit_equal(head, tmp_path):
    base = constants(prepared(REQUEST, family("openvino")).folder / "model.xml")
    taught = constants(teach("openvino", head, tmp_path / "taught").folder / "model.xml")
    new, gone = taught - base, base - taught
    assert all(is_head for _, _, is_head in new)
    floats = {shape for shape, content, _ in gone if len(content) > 8}
    assert floats == {(1000, 1280), (1, 1000)}, "the old head is gone, and nothing else"
    assert (1, 2 * len(COLOURS), 1280) in {shape for shape, _, _ in new}


@pytest.mark.slow
def test_every_weight_of_torch_is_bit_equal(torch_bundle):
    module, _ = load_network(REQUEST, family("torch"))
    base, found = module.state_dict(), load_file(torch_bundle.folder / "model.safetensors")
    assert base.keys() == found.keys()
    assert all(np.array_equal(base[name].numpy(), found[name]) for name in base)


@pytest.mark.slow
def test_every_initialiser_of_onnx_but_the_heads_is_bit_equal(head, tmp_path):
    import onnx
    from onnx import numpy_helper

    def of(path):
        return {one.name: numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}

    base = of(prepared(REQUEST, family("onnxruntime")).folder / "model.onnx")
    taught = of(teach("onnxruntime", head, tmp_path / "taught").folder / "model.onnx")
    own = {name for name in taught if not name.startswith("taught_head_")}
    assert own <= base.keys()
    assert all(np.array_equal(base[name], taught[name]) for name in own)
    assert {base[name].shape for name in base.keys() - own} == {(1000, 1280), (1000,)}


@pytest.mark.parametrize("labels", [3, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 64))])
def test_any_number_of_labels_and_of_images(labels, features, tmp_path):
    """OpenVINO computes nonsense of some forms of such a graph, so that forms and sizes are tried."""
    random = np.random.default_rng(labels)
    vectors = random.normal(size=(3 * labels, features.shape[1])).astype(np.float32) + features.mean(0)
    head = head_of(vectors, in_turn(3 * labels, labels))
    bundle = write_taught(
        REQUEST, "openvino", head, tuple(map(str, range(labels))), tmp_path / "taught", taught={}
    )
    engine = family("openvino").open(bundle, "cpu", None, 2)
    for count in (1, 8, 17):
        batch = random.integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)
        found = engine.submit(batch).result(60)
        assert np.abs(found.logits_NK - head.logits(found.features_ND)).max() < 1e-3, "in half precision, too"
    engine.close()


@pytest.mark.slow
def test_in_half_precision_the_heads_own_operations_stay_in_fp32(head, features, files, tmp_path):
    bundle = teach("openvino", head, tmp_path / "taught")
    try:
        classifier = eyeful.load(bundle.folder, precision="bf16", device="cpu")
    except EngineError:
        pytest.skip("this CPU has no bf16")
    with classifier, eyeful.load("efficientnet_lite0", precision="bf16", device="cpu") as base:
        found, vectors = classifier.logits(files), classifier.features(files)
        assert np.array_equal(vectors, base.features(files)), "the frozen network is as it was"
    assert np.abs(found - head.logits(vectors)).max() < 1e-4
    assert np.abs(found - head.logits(features)).max() > 1e-3, "what half precision costs is in the vectors"


def test_scikit_learn_decides_the_same(features, tmp_path, files):
    linear_model = pytest.importorskip("sklearn.linear_model")
    unit_ND = features / np.linalg.norm(features, axis=1, keepdims=True)
    fitted = linear_model.LogisticRegression(C=10, max_iter=1000).fit(unit_ND, in_turn(len(files)))
    temperature = 0.7
    means = head_of(features, in_turn(len(files))).mean_KD
    numbers = ((value / temperature).astype(np.float32) for value in (fitted.coef_, fitted.intercept_))
    bundle = teach("openvino", TaughtHead(*numbers, means, 0.5, 40.0), tmp_path / "taught")
    with eyeful.load(bundle.folder, precision="fp32", device="cpu") as classifier:
        found = classifier.logits(files)[:, :-1]
    assert np.abs(found - fitted.decision_function(unit_ND) / temperature).max() < 1e-3


@pytest.mark.slow
def test_a_bundle_says_what_it_was_taught_on(head, tmp_path):
    base = prepared(REQUEST, family("openvino")).manifest
    first = teach("openvino", head, tmp_path / "first").manifest
    assert first.title == "efficientnet_lite0 taught 4 labels"
    assert first.taught == {"images": 12, "base": base.title, "base_weights": base.weights["sha256"]}
    assert first.weights["source"] == base.weights["source"]
    other = teach("openvino", replace(head, slope=41.0), tmp_path / "other").manifest
    assert len({base.weights["sha256"], first.weights["sha256"], other.weights["sha256"]}) == 3
    again = teach("openvino", head, tmp_path / "again", base=read_bundle(tmp_path / "other")).manifest
    assert (again.taught, again.weights) == (first.taught, first.weights), "the network below is the same"


@pytest.mark.slow
def test_it_takes_images_as_those_that_it_was_taught_with(head, tmp_path):
    with eyeful.load(crop_mode="squash") as classifier:
        preprocessing = classifier.preprocessing
    bundle = teach("openvino", head, tmp_path / "taught", preprocessing=preprocessing)
    with eyeful.load(bundle.folder) as classifier:
        assert classifier.preprocessing == preprocessing


_PLAIN = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision", "timm", "huggingface_hub", "sklearn", "scipy", "onnx"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
from pathlib import Path
import eyeful
from eyeful.bundle import TaughtHead, read_bundle
from eyeful.prepare.taught import write_taught
bundle, head, folder, image = map(Path, sys.argv[1:])
write_taught(read_bundle(bundle), "openvino", TaughtHead.read(head), tuple("abcd"), folder, taught={})
with eyeful.load(folder, precision="fp32") as classifier:
    print(classifier.predict(image).logits.tolist())
"""


def test_a_plain_installation_puts_a_head_on_a_bundle_and_runs_it(bundle, head, features, files, tmp_path):
    head.write(tmp_path / "head.npz")
    arguments = [str(path) for path in (bundle, tmp_path / "head.npz", tmp_path / "taught", files[0])]
    done = subprocess.run([sys.executable, "-c", _PLAIN, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = np.array([float(value) for value in done.stdout.strip("[]\n").split(",")])
    assert np.abs(found - head.logits(features[0])).max() < 1e-3


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (COLOURS[:3], "3 labels do not name the 4 rows"),
        (("red", "red", "blue", "white"), "4 labels do not name the 4 rows of a head, each once"),
        ((*COLOURS[:3], NONE_OF_THESE), "cannot be a label of your own"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, says, head, tmp_path):
    with pytest.raises(UsageError, match=says):
        write_taught(REQUEST, "openvino", head, labels, tmp_path / "taught", taught={})
    assert not list(tmp_path.iterdir())


def test_int8_and_a_folder_of_something_else_are_refused(head, bundle, tmp_path):
    base = read_bundle(bundle)
    with pytest.raises(ModelError, match="is int8, whose vectors are coarse"):
        teach(
            "openvino",
            head,
            tmp_path / "taught",
            base=replace(base, manifest=replace(base.manifest, precision="int8")),
        )
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"holds notes\.txt"):
        teach("openvino", head, tmp_path)


@pytest.mark.parametrize("engine", ["openvino", pytest.param("torch", marks=pytest.mark.slow)])
def test_a_head_for_another_network_is_refused(engine, head, tmp_path):
    short = TaughtHead(head.weight_KD[:, :7], head.bias_K, head.mean_KD[:, :7], 0.5, 40.0)
    with pytest.raises(ModelError, match="efficientnet_lite0 gives vectors of 1280 numbers, the head takes 7"):
        teach(engine, short, tmp_path / "taught")
    assert not list(tmp_path.iterdir()), "nothing half-made stays"


def test_an_engine_that_cannot_be_taught_says_so(bundle, head, tmp_path):
    class Other(ConvertedFamily):
        name = "other"

        def write(self, network, manifest, folder): ...

        def open(self, bundle, device, precision, threads): ...

    found = read_bundle(bundle)
    with pytest.raises(ModelError, match="the engine other cannot have efficientnet_lite0: --engine openvino"):
        Other().write_taught(found, head, found.manifest, tmp_path)


def changed(bundle: Bundle, folder: Path) -> Bundle:
    """A bundle whose model has other weights now."""
    taught = (bundle.manifest.taught or {}) | {"base_weights": "0" * 64}
    return write_bundle(folder, replace(bundle.manifest, taught=taught), bundle.copy_files)


def test_other_weights_by_that_name_are_refused_where_they_are_needed(head, images, tmp_path):
    bundle = changed(teach("openvino", head, tmp_path / "taught"), tmp_path / "changed")
    says = "was made of other weights than efficientnet_lite0 has now: teach it again"
    with eyeful.load(bundle.folder) as classifier:
        assert classifier.predict(images / "00.png").ok, "its own files need no other"
    for use in (
        lambda: eyeful.load(bundle.folder, engine="torch", device="cpu"),
        lambda: export_taught(bundle, tmp_path / "other", "torch"),
    ):
        with pytest.raises(ModelError, match=says):
            use()
    assert not (tmp_path / "other").exists()


def test_a_head_of_other_features_than_the_base_gives_now_is_refused(head, tmp_path):
    with pytest.raises(ModelError, match="efficientnet_lite0 has other weights now than those that made the feat"):
        write_taught(REQUEST, "openvino", head, COLOURS, tmp_path / "taught", taught={"base_weights": "0" * 64})
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_new_names_are_in_the_onnx_file_too(head, tmp_path):
    import onnx

    made = teach("onnxruntime", head, tmp_path / "taught")
    names = ("rose", "fern", "sky", "snow", NONE_OF_THESE)
    renamed = replace(made, manifest=replace(made.manifest, labels=Labels(names, (None,) * 5)))
    found = export_taught(renamed, tmp_path / "renamed", "onnxruntime")
    (said,) = (
        one.value for one in onnx.load(found.folder / "model.onnx").metadata_props if one.key == "eyeful.labels"
    )
    assert tuple(json.loads(said)) == found.manifest.labels.names == names
    assert TaughtHead.read(found.folder / HEAD).sha256 == head.sha256
