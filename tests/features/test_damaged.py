"""Files of vectors that are damaged, or put together of two: refused, not answered from."""

import json
import shutil

import numpy as np
import pytest

from eyeful.errors import UsageError
from eyeful.features import read_features
from eyeful.features.output import describe, open_vectors
from eyeful.runs import run
from eyeful.sources import open_source
from helpers import fake_classifier, write_colours

ENDINGS = ("x.npy", "x.parquet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_colours(tmp_path_factory.mktemp("colours"), 3)


def names(folder, count=3):
    return [str(path) for path in sorted(folder.glob("*.png"))[:count]]


def embed(inputs, path):
    output, clf = open_vectors(str(path)), fake_classifier()
    describe(output, 3, clf.spec)
    run(clf, open_source(inputs), output=output)


def test_files_of_two_runs_are_not_taken_for_one(folder, tmp_path):
    for name, inputs in {"x.npy": names(folder, 3), "y.npy": names(folder, 3)[::-1]}.items():
        embed(inputs, tmp_path / name)
    for beside in ("", ".names.jsonl", ".run.json"):
        for path in tmp_path.glob("x.npy*"):
            shutil.copy(path, tmp_path / path.name.replace("x", "z"))
        shutil.copy(tmp_path / f"y.npy{beside}", tmp_path / f"z.npy{beside}")
        with pytest.raises(UsageError, match="are not of one run: copy all three"):
            read_features(tmp_path / "z.npy")


@pytest.mark.parametrize("damage", [np.nan, 1e30, 10, 0.5])
@pytest.mark.parametrize("ending", ENDINGS)
def test_vectors_of_another_length_than_1_are_refused(ending, damage, folder, tmp_path):
    embed(names(folder, 3), tmp_path / ending)
    factor = np.array([[1], [damage], [1]], np.float32)
    if ending == "x.npy":
        np.save(tmp_path / ending, np.load(tmp_path / ending) * factor)
        record = json.loads((tmp_path / "x.npy.run.json").read_text())
        del record["content"]
        (tmp_path / "x.npy.run.json").write_text(json.dumps(record))
    else:
        import pyarrow as pa
        from pyarrow import parquet

        table = parquet.read_table(tmp_path / ending)
        numbers = np.stack(table["vector"].to_numpy()) * factor
        column = pa.FixedSizeListArray.from_arrays(pa.array(numbers.ravel()), 3)
        parquet.write_table(table.set_column(5, "vector", column), tmp_path / ending)
    with pytest.raises(UsageError, match=r"is damaged: vector 2 has length .*, not 1"):
        read_features(tmp_path / ending)


def test_a_byte_that_changed_is_noticed(folder, tmp_path):
    embed(names(folder, 3), tmp_path / "x.parquet")
    vectors = read_features(tmp_path / "x.parquet").vector_ND.tobytes()
    whole = (tmp_path / "x.parquet").read_bytes()
    place = whole.index(vectors[:12]) + 1
    (tmp_path / "x.parquet").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(UsageError, match="is no file of `eyeful embed`"):
        read_features(tmp_path / "x.parquet")


@pytest.mark.parametrize("record", ["[]", "null", "3"])
def test_a_record_of_another_kind_is_refused(record, folder, tmp_path):
    embed(names(folder, 3), tmp_path / "x.npy")
    (tmp_path / "x.npy.run.json").write_text(record)
    with pytest.raises(UsageError, match="does not say how its vectors were made"):
        read_features(tmp_path / "x.npy")


@pytest.mark.parametrize("line", ['{"filename": 3, "error_kind": null}', '{"filename": "a", "error_kind": {}}'])
def test_names_that_are_no_text_are_refused(line, folder, tmp_path):
    embed(names(folder, 1), tmp_path / "x.npy")
    (tmp_path / "x.npy.names.jsonl").write_text(line + "\n")
    (tmp_path / "x.npy.run.json").write_text("{}")
    with pytest.raises(UsageError, match="the names of its images are no text"):
        read_features(tmp_path / "x.npy")


def test_an_archive_of_arrays_is_no_array(folder, tmp_path):
    embed(names(folder, 1), tmp_path / "x.npy")
    with (tmp_path / "x.npy").open("wb") as file:
        np.savez(file, np.zeros((1, 3), np.float32))
    with pytest.raises(UsageError, match="is no file of `eyeful embed`"):
        read_features(tmp_path / "x.npy")
