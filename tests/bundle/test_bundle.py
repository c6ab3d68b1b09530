"""A bundle is whole, or refused by name."""

import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from eyeful.bundle import MANIFEST as MANIFEST_FILE
from eyeful.bundle import Manifest, is_bundle, read_bundle, write_bundle
from eyeful.engines import family
from eyeful.errors import BundleError
from eyeful.models import ModelRequest
from eyeful.prepare import prepared, refuse_to_replace
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels

MANIFEST = Manifest(
    "fake",
    {"library": "none"},
    Preprocessing((8, 8), (9, 9), "bicubic", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), "border"),
    Labels(("röd", "grün"), ("n1", None)),
    {"sha256": "0"},
    "fake",
)


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / "b", MANIFEST, lambda folder: (folder / "w.bin").write_bytes(b"weights"))


def test_what_is_written_is_read(bundle):
    again = read_bundle(bundle.folder)
    assert again.manifest == bundle.manifest
    assert again.manifest.preprocessing == MANIFEST.preprocessing
    assert again.manifest.labels == MANIFEST.labels
    assert is_bundle(bundle.folder)


def test_notes_stay_and_a_bundle_of_before_them_has_none():
    noted = replace(MANIFEST, notes=("one", "two"), files={"w.bin": "0"})
    values = json.loads(json.dumps(noted.as_dict()))
    assert Manifest.from_dict(values) == noted
    del values["notes"]
    assert Manifest.from_dict(values).notes == ()


def test_assumed_labels_stay_so_and_those_of_a_bundle_of_before_are_not():
    assumed = replace(MANIFEST, labels=replace(MANIFEST.labels, assumed=True), files={"w.bin": "0"})
    values = json.loads(json.dumps(assumed.as_dict()))
    assert Manifest.from_dict(values) == assumed
    del values["labels"]["assumed"]
    assert not Manifest.from_dict(values).labels.assumed
    values["labels"]["assumed"] = "no"
    with pytest.raises(ValueError, match="neither assumed nor not"):
        Manifest.from_dict(values)


@pytest.mark.parametrize(
    "damage", [lambda f: f.write_bytes(b"weightS"), lambda f: f.write_bytes(b"wei"), lambda f: f.unlink()]
)
def test_a_damaged_file_is_named(bundle, damage):
    damage(bundle.folder / "w.bin")
    with pytest.raises(BundleError, match=r"w\.bin"):
        read_bundle(bundle.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 99}'])
def test_a_damaged_manifest_is_named(bundle, text):
    (bundle.folder / MANIFEST_FILE).write_text(text)
    with pytest.raises(BundleError, match=r"bundle format (1|99|None) is not 2|manifest\.json"):
        read_bundle(bundle.folder)


def test_a_failed_preparation_leaves_nothing(tmp_path):
    def fail(folder):
        (folder / "half.bin").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(BundleError, match="No space left"):
        write_bundle(tmp_path / "b", MANIFEST, fail)
    assert not list(tmp_path.iterdir())


def write_number(folder, number):
    """A bundle of two files that belong together."""

    def write(place):
        (place / "a.bin").write_bytes(bytes([number]) * 5000)
        (place / "b.bin").write_bytes(bytes([number]) * 5000)

    return write_bundle(folder, MANIFEST, write)


def write_many(folder, count):
    """What each thread and process of the next test does; nobody may raise."""
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda number: write_number(folder, number), range(count)))


def test_writers_of_one_bundle_all_succeed_and_readers_never_see_half(tmp_path):
    folder = tmp_path / "b"
    write_number(folder, 0)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_bundle; from pathlib import Path; "
    code += "test_bundle.write_many(Path(sys.argv[2]), 40)"
    writers = [
        subprocess.Popen([sys.executable, "-c", code, Path(__file__).parent, folder], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    ours = threading.Thread(target=write_many, args=(folder, 40))
    ours.start()
    reads = 0
    while ours.is_alive() or any(writer.poll() is None for writer in writers):
        read_bundle(folder)
        reads += 1
    ours.join()
    assert [writer.communicate()[1] for writer in writers] == [b""] * 3
    assert [writer.returncode for writer in writers] == [0] * 3
    whole = read_bundle(folder).folder
    assert (whole / "a.bin").read_bytes() == (whole / "b.bin").read_bytes()
    assert list(tmp_path.iterdir()) == [folder], "nothing is left behind"
    assert reads > 1


def test_a_failed_replacement_leaves_the_old_bundle(tmp_path, monkeypatch):
    folder = write_number(tmp_path / "b", 1).folder
    rename = Path.rename

    def disk_full(self, target):
        if Path(target) == folder and self.suffix == ".tmp" and not folder.exists():
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", disk_full)
    with pytest.raises(BundleError, match="No space left"):
        write_number(folder, 2)
    assert (read_bundle(folder).folder / "a.bin").read_bytes()[0] == 1
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.slow
def test_a_damaged_cache_entry_is_prepared_again(caplog, tmp_path, monkeypatch):
    folder = prepared(ModelRequest("efficientnet_lite0"), family("openvino")).folder
    shutil.copytree(folder, tmp_path / "prepared" / folder.name)
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    bundle = prepared(ModelRequest("efficientnet_lite0"), family("openvino"))
    assert bundle.folder.is_relative_to(tmp_path)
    graph = bundle.folder / "model.bin"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1] + b"!")
    assert prepared(ModelRequest("efficientnet_lite0"), family("openvino")).folder == bundle.folder
    assert "preparing it again" in caplog.text
    assert json.loads((bundle.folder / MANIFEST_FILE).read_text())["files"].keys() == {"model.bin", "model.xml"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 3}, "bundle format 3 is not 2"),
        ({"dropout": 0.5}, "['dropout']"),
        ({"preprocessing": MANIFEST.preprocessing.as_dict() | {"gamma": 2.2}}, "['preprocessing.gamma']"),
        ({"labels": {"names": ["a"], "wnids": [None], "multiple": True}}, "['labels.multiple']"),
    ],
)
def test_a_bundle_of_a_newer_version_is_refused_whatever_it_has_more(bundle, change, told):
    path = bundle.folder / MANIFEST_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BundleError) as refused:
        read_bundle(bundle.folder)
    assert told in str(refused.value)
    assert str(refused.value).endswith("upgrade eyeful, or export the model again with this one")


def test_a_bundle_of_version_0_1_is_refused_with_the_command_that_makes_it_anew(tmp_path):
    """Its manifest was called otherwise, and said where its weights came from in the model's name."""
    folder = tmp_path / "old"
    folder.mkdir()
    old = {"format": 1, "model": "resnet18 with mine.pth", "engine": "openvino", "recipe": {"size": [224, 224]}}
    (folder / "passport.json").write_text(json.dumps(old | {"files": {"model.xml": "0"}}))
    (folder / "model.xml").write_text("")
    assert is_bundle(folder)
    command = (
        f"eyeful export resnet18 --checkpoint mine.pth -o {folder} --engine openvino --img-size 224 --overwrite"
    )
    with pytest.raises(BundleError, match=r"eyeful 0\.1") as refused:
        read_bundle(folder)
    assert str(refused.value).endswith(command)
    refuse_to_replace(folder)  # that command may
