"""Rows as parts in a folder: by one process or several, cut off, gone on with, and joined."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from eyeful.errors import OutputError, StoppedError, UsageError
from eyeful.runs import PartsOutput, Share, SignalHandler, open_output, run
from eyeful.runs.join import check_complete
from eyeful.runs.share import RECORD, SUCCESS
from eyeful.shards import join, open_storage
from eyeful.sources import open_source
from helpers import FakeEngine, fake_classifier, write_colours


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_colours(tmp_path_factory.mktemp("colours"), 30)


def names(folder, count=30):
    return [str(path) for path in sorted(folder.glob("*.png"))[:count]]


def go(inputs, place, clf=None, stop=None, on_rows=lambda _: None, **options):
    output = PartsOutput(f"{place}/", **{"shard_rows": 8} | options)
    return run(
        clf or fake_classifier(), open_source(inputs, undivided=True), output=output, stop=stop, on_rows=on_rows
    )


def content(place):
    return pyarrow.parquet.read_table(place).to_pylist()


def parts(place):
    return sorted(path.name for path in Path(place).glob("part-*"))


def plain(inputs, path):
    run(fake_classifier(), open_source(inputs), output=open_output(str(path)))
    return [row | {"columns": None} for row in content(path)]


def test_parts_are_a_data_set_of_the_same_rows(folder, tmp_path):
    summary = go(folder, tmp_path / "out")
    assert content(tmp_path / "out") == plain(folder, tmp_path / "rows.parquet")
    assert [name[:11] for name in parts(tmp_path / "out")] == [f"part-{number:06d}" for number in range(4)]
    assert (summary.inputs, summary.rows, summary.errors) == (30, 30, {"unidentified": 4})
    done = json.loads((tmp_path / "out" / SUCCESS).read_text())
    assert (done["shards"], done["summary"]["inputs"]) == (4, 30)
    table = pyarrow.parquet.read_table(tmp_path / "out" / parts(tmp_path / "out")[0])
    assert json.loads(table.schema.metadata[b"eyeful"])["provenance"]["model"] == "fake"


def test_a_finished_run_is_gone_on_with_without_a_forward_pass(folder, tmp_path):
    first = go(folder, tmp_path)
    engine = FakeEngine()
    again = go(folder, tmp_path, fake_classifier(engine), resume=True)
    assert (again.resumed, again.rows, again.errors, again.abstained) == (30, 30, first.errors, first.abstained)
    assert engine.batches == []


def test_what_is_lost_is_made_again_alone(folder, tmp_path):
    go(folder, tmp_path / "out")
    before = content(tmp_path / "out")
    (tmp_path / "out" / parts(tmp_path / "out")[1]).unlink()
    summary = go(folder, tmp_path / "out", resume=True)
    assert (summary.resumed, summary.rows) == (22, 30)
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("done", [1, 8, 13, 29])
def test_inputs_may_be_added_behind_the_last_one(done, folder, tmp_path):
    go(names(folder, done), tmp_path / "out")
    summary = go(names(folder), tmp_path / "out", resume=True)
    assert summary.resumed == 8 * (done // 8)
    assert content(tmp_path / "out") == plain(names(folder), tmp_path / "rows.parquet")
    assert len(parts(tmp_path / "out")) == 4


def test_a_signal_leaves_what_was_in_hand_and_resume_makes_it_whole(folder, tmp_path):
    stop, seen = SignalHandler(), []

    def after_ten(count):
        seen.append(count)
        if len(seen) == 10:
            stop.signal = 2

    inputs = 3 * names(folder)
    with pytest.raises(StoppedError):
        go(inputs, tmp_path / "out", stop=stop, on_rows=after_ten)
    written = content(tmp_path / "out")
    assert 10 <= len(written) == len(seen) < 90
    assert not list((tmp_path / "out").glob("_RUNNING*")), "it did not crash"
    go(inputs, tmp_path / "out", resume=True)
    assert content(tmp_path / "out") == plain(inputs, tmp_path / "rows.parquet")


def test_other_inputs_other_shards_and_other_answers_are_refused(folder, tmp_path):
    go(names(folder), tmp_path)
    with pytest.raises(UsageError, match=r"its inputs were others: part-000000-"):
        go(names(folder)[1:], tmp_path, resume=True)
    with pytest.raises(UsageError, match=r"its inputs were others: part-000002-"):
        go(names(folder, 16), tmp_path, resume=True)
    with pytest.raises(UsageError, match=r"with other shards: --shard-rows 8"):
        go(names(folder), tmp_path, resume=True, shard_rows=9)
    with pytest.raises(UsageError, match=r"made differently: topk was 5, is 2"):
        go(names(folder), tmp_path, fake_classifier(topk=2), resume=True)
    with pytest.raises(UsageError, match="exists already"):
        go(names(folder), tmp_path)
    go(names(folder, 3), tmp_path, overwrite=True)
    assert len(content(tmp_path)) == 3


def test_damage_is_told(folder, tmp_path):
    go(folder, tmp_path)
    part = tmp_path / parts(tmp_path)[0]
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(OutputError, match=r"part-000000-\w+\.parquet in .* is damaged, or no part of ours"):
        go(folder, tmp_path, resume=True)
    (tmp_path / RECORD).write_text("[]")
    with pytest.raises(UsageError, match=rf"{RECORD}, which says how it was made, is missing or damaged"):
        go(folder, tmp_path, resume=True)
    (tmp_path / "part-000000.parquet").touch()
    with pytest.raises(UsageError, match=r"part-000000\.parquet, which is no part of a run of this version"):
        go(folder, tmp_path, resume=True)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_shares_make_together_what_one_makes(order, folder, tmp_path):
    rows = 0
    for number in order:
        summary = go(folder, tmp_path / "out", share=Share(number, 3))
        rows += summary.rows
    assert rows == 30
    assert content(tmp_path / "out") == plain(folder, tmp_path / "rows.parquet")
    assert go(folder, tmp_path / "out", share=Share(2, 3)).resumed == 8, "a share always goes on"
    with pytest.raises(UsageError, match="divided in 3 shards already"):
        go(folder, tmp_path / "out", share=Share(1, 2))
    assert go(folder, tmp_path / "out", resume=True).resumed == 30, "one process may end it"


def test_a_share_that_finds_more_inputs_takes_back_that_all_are_there(folder, tmp_path):
    for number in (1, 2):
        go(names(folder, 8), tmp_path / "out", share=Share(number, 2))
    assert check_complete(open_storage(f"{tmp_path}/out/")).rows == 8
    go(names(folder, 16), tmp_path / "out", share=Share(1, 2))  # the new shard is the other's
    with pytest.raises(UsageError, match="different inputs"):
        check_complete(open_storage(f"{tmp_path}/out/"))
    go(names(folder, 16), tmp_path / "out", share=Share(2, 2))
    assert check_complete(open_storage(f"{tmp_path}/out/")).rows == 16


def test_a_folder_with_a_file_of_somebody_elses_is_no_place_for_parts(folder, tmp_path):
    (tmp_path / "sales.parquet").touch()
    with pytest.raises(UsageError, match=r"sales\.parquet, which is no part"):
        go(folder, tmp_path)


def test_after_a_crash_what_may_have_been_in_flight_is_tried_alone(folder, tmp_path, caplog):
    caplog.set_level("INFO", "eyeful")
    go(names(folder, 9), tmp_path)
    (tmp_path / "_RUNNING-1-of-1").touch()
    go(folder, tmp_path, resume=True)
    assert "first tried alone" in caplog.text
    assert len(content(tmp_path)) == 30


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "a/b", "1/3/3", "-1/3"])
def test_what_is_no_share(text):
    with pytest.raises(UsageError, match="write 1/3"):
        Share.parse(text)


def shares(folder, place, *numbers, of=3, **options):
    for number in numbers:
        go(folder, place, share=Share(number, of), **options)
    return open_storage(f"{place}/")


def test_join_makes_one_file_of_all(folder, tmp_path):
    storage = shares(folder, tmp_path / "out", 2, 1, 3)
    whole = check_complete(storage)
    assert (len(whole.parts), whole.rows, whole.errors) == (4, 30, 4)
    assert SUCCESS in storage.names()
    assert join(storage, list(whole.parts), tmp_path / "all.parquet") == 30
    assert content(tmp_path / "all.parquet") == plain(folder, tmp_path / "rows.parquet")
    assert json.loads(pyarrow.parquet.read_schema(tmp_path / "all.parquet").metadata[b"eyeful"])["fingerprint"]


def test_join_says_what_is_missing(folder, tmp_path):
    with pytest.raises(UsageError, match="no run that has ended"):
        check_complete(open_storage(f"{tmp_path}/none/"))
    storage = shares(folder, tmp_path / "out", 1, 3)
    with pytest.raises(UsageError, match="--shard 2/3 has not ended"):
        check_complete(storage)
    shares(folder, tmp_path / "out", 2)
    storage.remove(parts(tmp_path / "out")[1])
    with pytest.raises(UsageError, match="part 1 of 4 is missing"):
        check_complete(storage)


def test_join_refuses_what_does_not_belong_together(folder, tmp_path):
    storage = shares(names(folder, 16), tmp_path / "a", 1, of=2)
    shares(names(folder), tmp_path / "a", 2, of=2)
    with pytest.raises(UsageError, match="2 shards for --shard 1/2, 4, or others, for 2/2"):
        check_complete(storage)
    storage = shares(names(folder, 8), tmp_path / "b", 1, of=2)
    shares(names(folder)[2:10], tmp_path / "c", 1, of=2)
    shares(names(folder, 8), tmp_path / "b", 2, of=2)
    (name,) = parts(tmp_path / "c")
    (tmp_path / "b" / name).write_bytes((tmp_path / "c" / name).read_bytes())
    with pytest.raises(UsageError, match="holds parts of different inputs: part-000000-"):
        check_complete(storage)
    go(names(folder, 8), tmp_path / "d", fake_classifier(topk=2))
    (name,) = parts(tmp_path / "d")
    go(names(folder, 8), tmp_path / "e")
    (tmp_path / "e" / name).write_bytes((tmp_path / "d" / name).read_bytes())
    with pytest.raises(UsageError, match="made by another model or other settings"):
        check_complete(open_storage(f"{tmp_path}/e/"))
