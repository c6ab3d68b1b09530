"""Files of vectors: what a run writes is read again, gone on with to the byte, and refused where it is something else."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from eyeful.errors import OutputError, UsageError
from eyeful.features import read_features
from eyeful.features.output import describe, format_of_vectors, open_vectors
from eyeful.predictor import PredictorSpec
from eyeful.runs import open_output, run
from eyeful.runs.record import RECORD
from eyeful.sources import open_source
from helpers import FakeEngine, fake_classifier, write_colours

ENDINGS = ("x.npy", "x.parquet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_colours(tmp_path_factory.mktemp("colours"), 60)


def names(folder, count=60):
    return [str(path) for path in sorted(folder.glob("*.png"))[:count]]


def embed(inputs, path, clf=None, **options):
    output = open_vectors(str(path), **options)
    clf = clf or fake_classifier()
    describe(output, 3, clf.spec)
    return run(clf, open_source(inputs), output=output)


def content(path: Path) -> object:
    """All that a run wrote but its record: bytes, or the rows of a Parquet file."""
    if path.suffix == ".npy":
        return path.read_bytes(), path.with_name(f"{path.name}.names.jsonl").read_bytes()
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pylist()


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read_again(ending, folder, tmp_path):
    summary = embed(folder, tmp_path / ending)
    assert (summary.inputs, summary.predicted, summary.errors) == (60, 51, {"unidentified": 9})
    found = read_features(tmp_path / ending)
    assert found.filenames == [name for place, name in enumerate(names(folder)) if place % 7 != 3]
    assert found.errors == {"unidentified": 9}
    expected = fake_classifier().features(found.filenames)
    assert found.vector_ND.dtype == np.float32
    assert np.abs(found.vector_ND - expected / np.linalg.norm(expected, axis=1)[:, None]).max() < 1e-6
    assert found.record["vector"] == {"size": 3, "unit_length": True}
    assert found.record["fingerprint"] == fake_classifier().spec.fingerprint()
    assert PredictorSpec(**found.record["spec"]) == fake_classifier().spec
    assert found.record["reproducibility_keys"]["engine"] == "fake"


def test_both_formats_hold_the_same_numbers_and_no_error_leaves_the_array_on_disk(folder, tmp_path):
    inputs = [name for place, name in enumerate(names(folder)) if place % 7 != 3]
    for ending in ENDINGS:
        embed(inputs, tmp_path / ending)
    array, table = (read_features(tmp_path / ending) for ending in ENDINGS)
    assert isinstance(array.vector_ND, np.memmap)
    assert array.vector_ND.tobytes() == table.vector_ND.tobytes()
    assert np.load(tmp_path / "x.npy").shape == (51, 3)


def test_others_read_the_parquet_file(folder, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    embed(names(folder, 5), tmp_path / "x.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 3)
    assert table.column_names == ["filename", "filename_b64", "status", "error_kind", "error", "vector"]
    rows = table.to_pylist()
    assert rows[3]["vector"] is None
    assert (rows[3]["status"], rows[3]["error_kind"]) == ("error", "unidentified")
    assert rows[0]["vector"] == pytest.approx([1, 0, 0])
    assert json.loads(table.schema.metadata[b"eyeful"])["vector"]["size"] == 3


def test_an_error_is_a_row_of_nan_in_the_array(folder, tmp_path):
    embed(names(folder, 5), tmp_path / "x.npy")
    array = np.load(tmp_path / "x.npy")
    assert np.isnan(array).all(1).tolist() == [False, False, False, True, False]
    row = json.loads((tmp_path / "x.npy.names.jsonl").read_text().splitlines()[3])
    assert row["filename"] == names(folder)[3]
    assert row["error_kind"] == "unidentified"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_name_that_is_no_utf8_comes_back(ending, folder, tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff.png")
    shutil.copyfile(names(folder)[0], odd)
    embed([odd], tmp_path / ending)
    assert read_features(tmp_path / ending).filenames == [odd]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("done", [0, 1, 37, 60])
def test_a_resumed_run_ends_like_one_that_was_never_cut(ending, done, folder, tmp_path):
    embed(names(folder), tmp_path / f"whole-{ending}")
    embed(names(folder, done), tmp_path / ending)
    engine = FakeEngine()
    summary = embed(names(folder), tmp_path / ending, fake_classifier(engine), resume=True)
    assert (summary.inputs, summary.rows, summary.resumed) == (60, 60, done)
    assert summary.errors == {"unidentified": 9}
    assert content(tmp_path / ending) == content(tmp_path / f"whole-{ending}")
    assert sum(engine.batches) <= 60 - done, "what has a vector is not embedded again"


@pytest.mark.parametrize(
    ("array", "lines"),
    [(0, 0), (128, 0), (128 + 12 * 20 + 5, -3), (128 + 12 * 30, 20), (128 + 12 * 20, 30), (50, 4)],
)
def test_what_a_crash_left_of_an_array_is_gone_on_with(array, lines, folder, tmp_path):
    """An array of so many bytes, and so many lines of names; or all, less so many characters."""
    whole, cut = tmp_path / "whole.npy", tmp_path / "x.npy"
    embed(names(folder), whole)
    text = Path(f"{whole}.names.jsonl").read_bytes()
    rest = b"".join(text.splitlines(keepends=True)[:lines]) if lines >= 0 else text[:lines]
    Path(f"{cut}.rows").write_bytes(whole.read_bytes()[:array])
    Path(f"{cut}.names.jsonl").write_bytes(rest)
    shutil.copyfile(f"{whole}.run.json", f"{cut}.run.json")
    with pytest.raises(UsageError, match="--resume completes it"):
        read_features(cut)
    summary = embed(names(folder), cut, resume=True)
    assert summary.resumed == min(max(array - 128, 0) // 12, 60 if lines < 0 else lines)
    assert content(cut) == content(whole)
    assert set(json.loads(Path(f"{cut}.run.json").read_text())) == set(RECORD)
    assert not Path(f"{cut}.rows").exists()


def test_names_without_their_array_are_begun_anew(folder, tmp_path):
    embed(names(folder), tmp_path / "x.npy")
    whole = content(tmp_path / "x.npy")
    (tmp_path / "x.npy").unlink()
    assert embed(names(folder), tmp_path / "x.npy", resume=True).resumed == 0
    assert content(tmp_path / "x.npy") == whole


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_there_is_replaced_only_when_asked(ending, folder, tmp_path):
    embed(names(folder), tmp_path / ending)
    before = content(tmp_path / ending)
    with pytest.raises(UsageError, match="--resume continues it, --overwrite replaces it"):
        embed(names(folder, 5), tmp_path / ending)
    assert content(tmp_path / ending) == before
    embed(names(folder, 5), tmp_path / ending, overwrite=True)
    assert len(read_features(tmp_path / ending).filenames) == 4
    with pytest.raises(UsageError, match="its inputs were others: row 1 is"):
        embed(names(folder)[1:], tmp_path / ending, resume=True)
    with pytest.raises(UsageError, match="decode was reduced"):
        embed(names(folder), tmp_path / ending, fake_classifier(full_decode=True), resume=True)


def test_predictions_and_vectors_are_not_gone_on_with_as_each_other(folder, tmp_path):
    run(fake_classifier(), open_source(folder), output=open_output(f"{tmp_path}/x.parquet"))
    with pytest.raises(UsageError, match="its rows are predictions: --overwrite"):
        embed(folder, tmp_path / "x.parquet", resume=True)
    with pytest.raises(UsageError, match="is no file of `eyeful embed`"):
        read_features(tmp_path / "x.parquet")
    embed(folder, tmp_path / "x.parquet", overwrite=True)
    with pytest.raises(UsageError, match="its rows are vectors: --overwrite"):
        run(fake_classifier(), open_source(folder), output=open_output(f"{tmp_path}/x.parquet", resume=True))
    assert len(read_features(tmp_path / "x.parquet").filenames) == 51


def test_an_array_of_someone_else_is_not_gone_on_with(folder, tmp_path):
    embed(names(folder, 2), tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", np.zeros((2, 3)))
    before = (tmp_path / "x.npy").read_bytes()
    with pytest.raises(OutputError, match="no rows of ours: --overwrite starts anew"):
        embed(names(folder), tmp_path / "x.npy", resume=True)
    assert (tmp_path / "x.npy").read_bytes() == before


@pytest.mark.parametrize("name", ["x.jsonl", "x", "new/", "s3://bucket/x.parquet", "x.npz", "x.csv", ".npy/"])
def test_other_endings_are_refused_with_both_that_are_not(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"ends in \.parquet or \.npy"):
        format_of_vectors(name)


def test_what_is_no_file_of_vectors_is_refused(folder, tmp_path):
    embed(names(folder, 5), tmp_path / "x.npy")
    lines = (tmp_path / "x.npy.names.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "x.npy.names.jsonl").write_text("".join(lines[:-1]))
    np.save(tmp_path / "alone.npy", np.zeros((2, 3), np.float32))
    (tmp_path / "text.parquet").write_text("not Parquet")
    (tmp_path / "text.npy").write_text("not an array")
    (tmp_path / "folder.npy").mkdir()
    for name, why in {
        "x.npy": "are not of one run",
        "alone.npy": "alone.npy.names.jsonl: No such file",
        "text.parquet": "is no file of `eyeful embed`",
        "text.npy": "is no file of `eyeful embed`",
        "none.npy": "no such file; `eyeful embed PHOTOS",
        "none.parquet": "no such file; `eyeful embed PHOTOS",
        "folder.npy": "is a folder",
        "x.jsonl": "vectors are in a .parquet or .npy file",
    }.items():
        with pytest.raises(UsageError, match=why) as refused:
            read_features(tmp_path / name)
        assert "\n" not in str(refused.value)
