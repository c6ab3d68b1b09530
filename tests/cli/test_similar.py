"""`eyeful similar`: its answers on every surface, the model that it opens by itself, and what it refuses."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import eyeful
from eyeful.features import read_features
from eyeful.features.output import describe, open_vectors
from eyeful.predictor import vector_size
from eyeful.runs import run
from eyeful.search import nearest, nearest_pairs
from eyeful.sources import open_source
from helpers import noise_image


def embed(model, inputs, path: Path) -> Path:
    with eyeful.load(model, precision="fp32") as classifier:
        output = open_vectors(str(path))
        describe(output, vector_size(classifier.predictor), classifier.spec)
        run(classifier, open_source(inputs), output=output)
        output.close()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory, bundle):
    """Eight images, one that is none, and their vectors in both formats."""
    folder = tmp_path_factory.mktemp("similar")
    (folder / "images").mkdir()
    for number in range(8):
        noise_image(number, 80, 60).save(folder / "images" / f"{number}.png")
    (folder / "images" / "8.png").write_text("no image")
    for name in ("features.parquet", "features.npy"):
        embed(bundle, folder / "images", folder / name)
    return folder


@pytest.fixture
def edited(folder, tmp_path):
    """The vectors with another record, at `tmp_path / "features.npy"`."""

    def write(**changes):
        for path in folder.glob("features.npy*"):
            shutil.copy(path, tmp_path)
        record = json.loads((folder / "features.npy.run.json").read_text())
        keys = record["reproducibility_keys"] | changes
        record["reproducibility_keys"] = {name: value for name, value in keys.items() if value != "left out"}
        (tmp_path / "features.npy.run.json").write_text(json.dumps(record))
        return tmp_path / "features.npy"

    return write


def found(command, *arguments):
    done = command("similar", *arguments, "--json")
    return json.loads(done.stdout), done


@pytest.mark.parametrize("name", ["features.parquet", "features.npy"])
def test_the_nearest_of_a_query(command, folder, name):
    whole, done = found(command, folder / "images" / "3.png", "--in", folder / name, "-k", "4")
    assert done.returncode == 0
    assert done.stderr == "eyeful: not compared: images of the file without a vector (1 not an image)\n"
    assert (whole["images"], whole["errors"]) == (8, {"unidentified": 1})
    (query,) = whole["queries"]
    assert query["status"] == "ok"
    features = read_features(folder / name)
    index_MK, cosine_MK = nearest(features.vector_ND, features.vector_ND[3:4], 4)
    assert [one["rank"] for one in query["similar"]] == [1, 2, 3, 4]
    assert [one["filename"] for one in query["similar"]] == [features.filenames[place] for place in index_MK[0]]
    assert [one["cosine"] for one in query["similar"]] == pytest.approx(cosine_MK[0], abs=2e-6)
    assert query["similar"][0]["filename"] == query["filename"]


def test_the_table_of_several_queries_and_of_one_that_is_no_image(command, folder):
    names = [folder / "images" / name for name in ("0.png", "8.png", "1.png")]
    done = command("similar", *names, "--in", folder / "features.npy", "-k", "2")
    assert done.returncode == 1
    first, second, third = done.stdout.split("\n\n")
    assert second == f"{names[1]}\n  not an image: not an image of a known format"
    assert third.splitlines()[0] == str(names[2])
    lines = first.splitlines()
    assert lines[0] == str(names[0])
    assert lines[1].split() == ["rank", "cosine", "image"]
    assert lines[2].split() == ["1", "1.0000", str(names[0])]
    assert len(lines) == 4


def test_the_most_alike_pairs(command, folder):
    whole, done = found(command, "--pairs", "5", "--in", folder / "features.parquet")
    assert done.returncode == 0
    features = read_features(folder / "features.parquet")
    pair_P2, cosine_P = nearest_pairs(features.vector_ND, 5)
    assert [[one["filename"] for one in pair["images"]] for pair in whole["pairs"]] == [
        [features.filenames[place] for place in pair] for pair in pair_P2
    ]
    assert [pair["cosine"] for pair in whole["pairs"]] == cosine_P.tolist()
    table = command("similar", "--pairs", "5", "--in", folder / "features.parquet").stdout.splitlines()
    assert table[0].split() == ["rank", "cosine", "image", "and"]
    assert [line.split()[1] for line in table[1:]] == [f"{cosine:.4f}" for cosine in cosine_P]


def test_a_report_is_written_and_replaced_only_when_asked(command, folder, tmp_path):
    asked = ("similar", folder / "images" / "0.png", "--in", folder / "features.npy", "--report")
    done = command(*asked, tmp_path / "similar.html")
    assert done.stderr.endswith(f"eyeful: wrote {tmp_path / 'similar.html'}\n")
    assert (tmp_path / "similar.html").read_text().count("data:image/jpeg") == 9  # the query and eight
    again = command(*asked, tmp_path / "similar.html")
    assert again.stderr == f"eyeful: error: {tmp_path / 'similar.html'} exists already: --overwrite replaces it\n"
    assert command(*asked, tmp_path / "similar.html", "--overwrite").returncode == 0


def test_images_that_are_gone_are_counted(command, bundle, tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(3):
        noise_image(number, 80, 60).save(tmp_path / "images" / f"{number}.png")
    features = embed(bundle, tmp_path / "images", tmp_path / "features.npy")
    (tmp_path / "images" / "1.png").unlink()
    asked = ("similar", "--pairs", "3", "--in", features, "--report", tmp_path / "pairs.html")
    done = command(*asked)
    assert done.returncode == 0
    assert "1 image of the file could not be opened again" in done.stderr


MADE_OTHERWISE = {
    "weights": ("0" * 64, "the weights were 000000000000, now "),
    "precision": ("bf16", "the precision was bf16 (--precision bf16), now fp32"),
    "quantization": ({"bits": 8}, "the quantization was {'bits': 8}, now None"),
    "decode": ("full", "the decoding was full, now reduced"),
    "resize": ("two steps", "the resizing was two steps, now one step"),
    "colour_profile": ("ignored", "the colour profile's handling was ignored, now converted"),
    "colour_policy": (1, "the colours' handling was 1, now 2"),
}


@pytest.mark.parametrize("name", MADE_OTHERWISE)
def test_vectors_that_were_made_otherwise_are_refused(command, folder, edited, name):
    value, said = MADE_OTHERWISE[name]
    path = edited(**{name: value})
    done = command("similar", folder / "images" / "0.png", "--in", path)
    assert (done.returncode, done.stdout) == (2, "")
    beginning = f"eyeful: error: the vectors in {path} cannot be compared with those of efficientnet_lite0: {said}"
    assert done.stderr.startswith(beginning)
    assert done.stderr.endswith(". Run the model as then, or embed the images again\n")
    assert done.stderr.count("\n") == 1


def test_flags_that_make_other_vectors_are_refused(command, folder):
    done = command(
        *("similar", folder / "images" / "0.png", "--in", folder / "features.npy", "--crop-mode", "squash")
    )
    assert done.returncode == 2
    assert "scale_size was [256, 256], is [224, 224], crop_mode was center, is squash. Run" in done.stderr


def test_what_decides_answers_only_is_not_compared(command, folder, edited):
    path = edited(labels_sha256="other", topk=1, engine="torch", activation="sigmoid", max_pixels=1)
    assert command("similar", folder / "images" / "0.png", "--in", path).returncode == 0


def test_a_file_that_does_not_say_how_it_was_made(command, folder, tmp_path):
    for path in folder.glob("features.npy*"):
        shutil.copy(path, tmp_path)
    (tmp_path / "features.npy.run.json").write_text("{}")
    done = command("similar", folder / "images" / "0.png", "--in", tmp_path / "features.npy")
    assert done.returncode == 2
    assert "does not say which model made its vectors: embed the images again" in done.stderr


def test_a_model_that_has_moved_is_named_by_hand(command, folder, bundle, edited, tmp_path):
    features = edited()
    record = json.loads((tmp_path / "features.npy.run.json").read_text())
    assert record["spec"]["model"] == str(bundle)
    record["spec"]["model"] = str(tmp_path / "gone.onnx")
    (tmp_path / "features.npy.run.json").write_text(json.dumps(record))
    asked = ("similar", folder / "images" / "0.png", "--in", features)
    gone = command(*asked)
    assert gone.returncode == 2
    assert gone.stderr.startswith(f"eyeful: error: the model that made {features} cannot be opened: ")
    assert gone.stderr.count("\n") == 1
    assert command(*asked, "--model", bundle).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x.png"], "--in features.parquet says where to search"),
        (["--in", "features.npy"], "name an image to look for; or --pairs 20"),
        (["missing.png", "--in", "features.npy"], "missing.png: no such file or folder"),
        (
            ["images/0.png", "--in", "missing.npy"],
            "missing.npy: no such file; `eyeful embed PHOTOS -o missing.npy`",
        ),
        (["images/0.png", "--pairs", "3", "--in", "features.npy"], "--pairs compares the images of the file"),
        (["--pairs", "3", "-k", "3", "--in", "features.npy"], "with each other, without --topk"),
        (["--pairs", "3", "--model", "resnet18", "--in", "features.npy"], "with each other, without --model"),
        (["--pairs", "3", "--in", "features.npy", "--report", "a.txt"], "--report names an .html file, not a.txt"),
    ],
)
def test_what_does_not_go_together_is_one_line(command, folder, arguments, said):
    done = command("similar", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_without_vectors(command, folder, bundle, tmp_path):
    features = embed(bundle, folder / "images" / "8.png", tmp_path / "features.npy")
    query = command("similar", folder / "images" / "0.png", "--in", features)
    assert "holds no vectors" in query.stderr
    assert "fewer than two vectors" in command("similar", "--pairs", "3", "--in", features).stderr


def test_queries_in_memory_need_no_command(folder, bundle):
    """The same from Python: vectors of a classifier, the reader, and the two functions."""
    features = read_features(folder / "features.npy")
    with eyeful.load(bundle, precision="fp32") as classifier:
        vector_D = classifier.features(folder / "images" / "5.png")
    query = (vector_D / np.linalg.norm(vector_D))[None]
    assert features.filenames[nearest(features.vector_ND, query, 1)[0][0, 0]].endswith("5.png")
