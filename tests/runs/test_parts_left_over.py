"""Folders of parts as they are found after a kill, a mistake, or other people: gone on with, or refused."""

import json
import zipfile
from pathlib import Path

import pyarrow.parquet
import pytest
from PIL import Image

from eyeful.errors import OutputError, StoppedError, UsageError
from eyeful.runs import PartsOutput, Share, SignalHandler, open_output, run
from eyeful.runs.join import check_complete
from eyeful.runs.share import SUCCESS
from eyeful.shards import open_storage
from eyeful.sources import open_source
from helpers import fake_classifier


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Twenty images, and archives of the last ten."""
    monkeypatch.chdir(tmp_path)
    Path("images").mkdir()
    for number in range(20):
        Image.new("RGB", (9, 9), ("red", "lime", "blue")[number % 3]).save(f"images/{number:02d}.png")
    for name in ("a.zip", "b.zip"):
        with zipfile.ZipFile(name, "w") as archive:
            for path in images()[10:]:
                archive.write(path)
    with zipfile.ZipFile("notes.zip", "w") as archive:
        archive.writestr("notes.txt", "no image")
    return tmp_path


def images(count=20):
    return [f"images/{number:02d}.png" for number in range(count)]


def go(inputs, classifier=None, stop=None, on_rows=lambda _: None, every=None, **options):
    output = PartsOutput("out/", **{"shard_rows": 8} | options)
    source = open_source(inputs, undivided=True, every=every)
    return run(classifier or fake_classifier(), source, output=output, stop=stop, on_rows=on_rows)


def rows():
    return [row["filename"] for row in pyarrow.parquet.read_table("out").to_pylist()]


def parts():
    return sorted(path.name for path in Path("out").glob("part-*"))


def test_a_kill_between_a_longer_part_and_the_removal_of_the_shorter_doubles_nothing(place):
    go(images(13))
    shorter = parts()[1]
    content = (place / "out" / shorter).read_bytes()
    go(images(), resume=True)
    (place / "out" / shorter).write_bytes(content)
    go(images(), resume=True)
    assert rows() == images()
    check_complete(open_storage("out/"))


def test_a_signal_while_a_part_is_made_longer_leaves_the_one_that_is_there(place):
    go(images(13))
    stop = SignalHandler()

    def at_once(_):
        stop.signal = 2

    with pytest.raises(StoppedError):
        go([*images(14), "a.zip"], fake_classifier(batch_size=1, workers=1), stop, at_once, resume=True)
    assert rows() == images(13)
    go(images(14), resume=True)
    assert rows() == images(14)


def test_success_is_taken_back_as_long_as_something_is_missing(place):
    go(images(16))
    success = place / "out" / SUCCESS
    stop = SignalHandler()

    def at_once(_):
        stop.signal = 2

    with pytest.raises(StoppedError):
        go(images(), stop=stop, on_rows=at_once, resume=True)
    assert not success.exists()
    go(images(), resume=True)
    assert json.loads(success.read_text())["shards"] == 3


def test_what_others_keep_there_stays(place):
    go(images())
    others = [place / "out" / name for name in ("_notes.txt", "_SHARD-list.txt", ".hidden")]
    for path in others:
        path.write_text("mine")
    go(images(9), overwrite=True)
    assert rows() == images(9)
    assert all(path.read_text() == "mine" for path in others)


def test_a_part_that_was_made_differently_is_not_counted_though_its_record_is_gone(place):
    go(images(), fake_classifier(topk=2))
    (place / "out" / "_run.json").unlink()
    with pytest.raises(UsageError, match=r"made differently: topk was 2, is 5"):
        go(images(), resume=True)


def test_shares_of_other_inputs_are_not_joined_though_they_are_as_many(place):
    go(images(16), share=Share(1, 2))
    go([*images(8), *images(8)], share=Share(2, 2))
    with pytest.raises(UsageError, match="holds parts of different inputs"):
        check_complete(open_storage("out/"))


def test_a_part_of_another_run_in_place_of_ours_is_not_joined(place):
    go(images(16))
    first, second = parts()
    foreign = PartsOutput("foreign/", shard_rows=8)
    run(fake_classifier(), open_source(images(20)[12:], undivided=True), output=foreign)
    (found,) = Path("foreign").glob("part-*")
    found.rename(f"out/{found.name}")
    with pytest.raises(UsageError, match="holds parts of different inputs: part-000000-"):
        check_complete(open_storage("out/"))
    (place / "out" / first).unlink()
    with pytest.raises(UsageError, match="holds parts of other inputs than those of its run"):
        check_complete(open_storage("out/"))
    assert second in parts()


def test_a_damaged_byte_is_found_and_made_again(place):
    go(images())
    name = parts()[1]
    names = pyarrow.parquet.read_metadata(place / "out" / name).row_group(0).column(0)
    content = bytearray((place / "out" / name).read_bytes())
    content[(names.dictionary_page_offset or names.data_page_offset) + names.total_compressed_size - 1] ^= 1
    (place / "out" / name).write_bytes(content)
    with pytest.raises(OutputError, match=rf"{name} in out/ is damaged, or no part of ours: delete it"):
        check_complete(open_storage("out/"))
    (place / "out" / name).unlink()
    go(images(), resume=True)
    assert check_complete(open_storage("out/")).rows == 20


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"shards": 0, "inputs": ""}', '{"shards": "2"}'])
def test_a_damaged_success_is_told(text, place):
    go(images())
    (place / "out" / SUCCESS).write_text(text)
    with pytest.raises(OutputError, match=f"{SUCCESS} in out/ is damaged or missing"):
        check_complete(open_storage("out/"))
    go(images(), resume=True)
    check_complete(open_storage("out/"))


def test_a_crash_in_an_archive_is_got_over_wherever_in_it(place, monkeypatch):
    tried = []
    monkeypatch.setattr("eyeful.isolate.IsolatedDecoder.try_alone", lambda _, item: tried.append(item) or item)
    classifier = fake_classifier(batch_size=1, workers=1)
    count = classifier.max_in_flight + 8 + 5
    with zipfile.ZipFile("long.zip", "w") as archive:
        for number in range(count):
            archive.write("images/00.png", f"{number:03d}.png")
    go(images(3))
    (place / "out" / "_RUNNING-1-of-1").touch()
    go([*images(3), "long.zip", *images()], classifier, resume=True)
    assert [item.filename for item in tried] == [f"long.zip/{number:03d}.png" for number in range(count)]


def test_an_archive_is_a_part_of_many_row_groups(place, monkeypatch):
    monkeypatch.setattr("eyeful.shards.parts.SHARD_ROWS", 4)
    go(["a.zip", *images(2)])
    first, second = parts()
    assert pyarrow.parquet.ParquetFile(place / "out" / first).num_row_groups == 3
    assert rows() == [*(f"a.zip/{name}" for name in images()[10:]), *images(2)]
    assert check_complete(open_storage("out/")).rows == 12
    assert second.startswith("part-000001-")


def test_archives_without_images_are_no_inputs(place):
    with pytest.raises(UsageError, match=r"no images found in notes.zip, only other files \(.txt 1\)"):
        go(["notes.zip"])
    summary = go(["notes.zip", "images/00.png"], overwrite=True)
    assert (summary.rows, summary.ignored) == (1, {".txt": 1})
    assert rows() == images(1)


def test_another_time_between_frames_is_another_part(place):
    (place / "a.mp4").write_bytes(b"no video")
    go(["a.mp4"])
    go(["a.mp4"], every="1000ms", resume=True)
    with pytest.raises(UsageError, match="its inputs were others"):
        go(["a.mp4"], every=2, resume=True)


def test_more_shares_than_shards(place):
    for number in (3, 1, 2):
        summary = go(images(), share=Share(number, 3), shard_rows=16)
        assert summary.rows == {1: 16, 2: 4, 3: 0}[number]
    assert check_complete(open_storage("out/")).rows == 20


def test_a_run_that_one_process_began_is_shared(place):
    go(images(3), share=Share(1, 1, asked=True))
    (place / "out" / "_RUNNING-1-of-1").touch()
    assert go(images(), share=Share(2, 3)).rows == 8
    go(images(), share=Share(1, 3))
    go(images(), share=Share(3, 3))
    assert check_complete(open_storage("out/")).rows == 20
    with pytest.raises(UsageError, match=r"divided in 3 shards already, not in 2: --shard 1/3"):
        go(images(), share=Share(1, 2))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "rows.csv",
            {"share": Share(1, 1, asked=True)},
            "--shard makes parts of one folder: -o rows/, not rows.csv",
        ),
        ("a/b.jsonl", {"shard_rows": 5}, "--shard-rows is for a folder of parts: -o a/b/, not a/b.jsonl"),
        ("https://host/out/", {}, "rows go to a file, a FOLDER/ or a bucket"),
        ("s3://bucket/out", {}, "buckets take folders of Parquet parts; end it with /"),
        ("s3://bucket/rows.parquet", {}, "buckets take folders of Parquet parts; end it with /"),
        ("file:///tmp/out/", {}, "file:// is no bucket"),
        ("nonsense://bucket/out/", {}, "nonsense://bucket/out cannot be read"),
        ("out/", {"share": Share(1, 1, asked=True), "overwrite": True}, "would delete the parts of the others"),
    ],
)
def test_what_is_no_place_for_parts(name, options, message, place):
    with pytest.raises(UsageError) as refused:
        open_output(name, **options)
    assert message in str(refused.value)
