"""A run: every input accounted for, resumed where it was cut off, stopped by signals, refused where it would be wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from eyeful.classifier import Classifier
from eyeful.errors import EyefulError, OutputError, StoppedError, UsageError
from eyeful.runs import Output, SignalHandler, open_output, run
from eyeful.runs.record import RECORD
from eyeful.sinks import format_of
from eyeful.sources import open_source
from eyeful.types import Prediction
from helpers import FakeEngine, fake_classifier, write_colours

ENDINGS = ("rows.jsonl", "rows.csv", "rows.parquet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_colours(tmp_path_factory.mktemp("colours"), 60)


def names(folder, count=60):
    return [str(path) for path in sorted(folder.glob("*.png"))[:count]]


def go(inputs, name, clf=None, stop=None, **options):
    return run(clf or fake_classifier(), open_source(inputs), output=open_output(str(name), **options), stop=stop)


def rows_of(name):
    return list(format_of(str(name)).written(Path(name)))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("done", [0, 1, 37, 60])
def test_a_resumed_run_ends_like_one_that_was_never_cut(ending, done, folder, tmp_path):
    whole, cut = f"{tmp_path}/whole-{ending}", f"{tmp_path}/cut-{ending}"
    go(names(folder), whole)
    go(names(folder, done), cut)
    engine = FakeEngine()
    summary = go(names(folder), cut, fake_classifier(engine), resume=True)
    assert (summary.inputs, summary.rows, summary.resumed) == (60, 60, done)
    assert summary.errors == {"unidentified": 9}
    assert rows_of(cut) == rows_of(whole)
    assert sum(engine.batches) <= 60 - done, "what has a row is not classified again"


def test_without_a_word_nothing_is_replaced(folder, tmp_path):
    out = tmp_path / "rows.jsonl"
    go(folder, out)
    with pytest.raises(UsageError, match="--resume continues it, --overwrite replaces it"):
        go(folder, out)
    assert go(folder, out, overwrite=True).resumed == 0
    assert len(rows_of(out)) == 60


def test_resume_begins_where_there_is_nothing_yet(folder, tmp_path):
    assert go(folder, tmp_path / "new" / "rows.jsonl", resume=True).rows == 60


@pytest.mark.parametrize(
    ("settings", "difference"), [({"topk": 2}, "topk was 5, is 2"), ({"full_decode": True}, "decode was reduced")]
)
def test_rows_that_were_made_differently_are_not_gone_on_with(settings, difference, folder, tmp_path):
    go(names(folder, 5), tmp_path / "rows.jsonl")
    before = (tmp_path / "rows.jsonl").read_bytes()
    with pytest.raises(UsageError, match=difference):
        go(folder, tmp_path / "rows.jsonl", fake_classifier(**settings), resume=True)
    assert (tmp_path / "rows.jsonl").read_bytes() == before


def test_rows_of_images_that_another_library_resized_are_not_gone_on_with(
    folder, tmp_path, undecided_resizer, monkeypatch
):
    pytest.importorskip("cykooz_resizer")
    go(names(folder, 5), tmp_path / "rows.jsonl")
    monkeypatch.setitem(sys.modules, "cykooz_resizer", None)
    undecided_resizer()
    with pytest.raises(UsageError, match="resizer was cykooz_resizer, is pillow"):
        go(folder, tmp_path / "rows.jsonl", resume=True)


def test_speed_settings_may_change_between_the_parts_of_a_run(folder, tmp_path):
    go(names(folder, 5), tmp_path / "rows.jsonl")
    assert go(folder, tmp_path / "rows.jsonl", fake_classifier(workers=3, batch_size=2), resume=True).rows == 60


def test_other_inputs_are_told(folder, tmp_path):
    go(names(folder, 5), tmp_path / "rows.jsonl")
    others = [*names(folder)[:2], *names(folder)[3:]]
    with pytest.raises(UsageError, match=r"row 3 is .*02\.png, the input is .*03\.png"):
        go(others, tmp_path / "rows.jsonl", resume=True)
    with pytest.raises(UsageError, match="there is no such input"):
        go(names(folder, 4), tmp_path / "rows.jsonl", resume=True)


def test_a_missing_record_and_a_foreign_file_are_refused(folder, tmp_path):
    go(names(folder, 5), tmp_path / "rows.jsonl")
    (tmp_path / "rows.jsonl.run.json").unlink()
    with pytest.raises(UsageError, match=r"rows.jsonl.run.json, which says how it was made, is missing"):
        go(folder, tmp_path / "rows.jsonl", resume=True)
    for name, content, reason in (
        ("a.jsonl", '{"x": 1}\n', "line 1 is no row"),
        ("b.csv", "x,y\n1,2\n", "other columns"),
        ("c.parquet", "no parquet", "is no part of ours"),
    ):
        go(names(folder, 1), tmp_path / name)
        (tmp_path / name).write_text(content)
        with pytest.raises(OutputError, match=reason):
            go(folder, tmp_path / name, resume=True)


def test_the_record_says_how_far_it_came(folder, tmp_path):
    go(folder, tmp_path / "rows.jsonl")
    record = json.loads((tmp_path / "rows.jsonl.run.json").read_text())
    assert set(record) == set(RECORD) - {"vector", "spec", "content"}
    assert record["state"] == "complete"
    assert record["summary"]["inputs"] == 60
    assert record["summary"]["ignored"] == {".txt": 1}
    assert record["provenance"]["model"] == "fake"
    assert len(record["fingerprint"]) == 64


STOP_AFTER_TEN = """
import os, signal, sys
from eyeful.errors import StoppedError
from eyeful.runs import Output, SignalHandler, open_output, run
from eyeful.runs.record import RECORD
from eyeful.sources import open_source
from helpers import fake_classifier

folder, out, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell starts with it ignored
before, seen = signal.getsignal(number), []

def after_ten(count):
    seen.append(count)
    if len(seen) == 10:
        os.kill(os.getpid(), number)

try:
    with SignalHandler() as stop:
        run(fake_classifier(), open_source(folder), output=Output(out), stop=stop, on_rows=after_ten)
except StoppedError as stopped:
    assert stopped.signal == number
    assert signal.getsignal(number) == before
    print(len(seen))
"""


@pytest.mark.parametrize(("number", "ending"), [(signal.SIGINT, "rows.jsonl"), (signal.SIGTERM, "rows.parquet")])
def test_a_signal_finishes_what_is_in_hand(number, ending, folder, tmp_path):
    out = tmp_path / ending
    arguments = [folder, out, str(int(number))]
    tests = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", STOP_AFTER_TEN, *arguments], env=tests, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "finishing what is in hand" in done.stderr
    written = rows_of(out)
    assert 10 <= len(written) == int(done.stdout) < 60
    assert json.loads((tmp_path / f"{ending}.run.json").read_text())["state"] == "stopped"
    assert go(folder, out, resume=True).rows == 60


@pytest.mark.parametrize("inputs", ["empty", [], iter(())])
def test_a_signal_before_the_first_image_is_a_stop_and_writes_nothing(inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    stop = SignalHandler(reads_stdin=False)
    stop.signal = signal.SIGINT
    with pytest.raises(StoppedError):
        go(inputs, "rows.jsonl", stop=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_row_in_the_wrong_place_is_a_loud_error(folder, monkeypatch):
    def shuffled(self, source, **_):
        yield from [Prediction(item.filename) for item in source.items][::-1]

    monkeypatch.setattr(Classifier, "stream", shuffled)
    with pytest.raises(EyefulError, match="out of order"):
        run(fake_classifier(), open_source(folder))


def test_a_row_too_few_is_a_loud_error(folder, monkeypatch):
    def lossy(self, source, **_):
        yield from [Prediction(item.filename) for item in source.items][:-1]

    monkeypatch.setattr(Classifier, "stream", lossy)
    with pytest.raises(EyefulError, match="60 inputs gave 59 rows"):
        run(fake_classifier(), open_source(folder))


def test_a_crash_between_joining_parts_and_deleting_them_doubles_nothing(folder, tmp_path):
    out = tmp_path / "rows.parquet"
    go(names(folder, 40), out)
    parts = tmp_path / "rows.parquet.parts"
    parts.mkdir()
    for number in range(2):
        shutil.copy(out, parts / f"part-{number:06d}.parquet")
    assert go(folder, out, resume=True).resumed == 40
    assert [row.filename for row in rows_of(out)] == names(folder)
    assert not parts.exists()


def test_two_runs_do_not_write_to_one_output(folder, tmp_path):
    first = Output(str(tmp_path / "rows.jsonl"))
    with pytest.raises(UsageError, match="another run is writing"):
        Output(str(tmp_path / "rows.jsonl"), resume=True)
    first.close()
    Output(str(tmp_path / "rows.jsonl")).close()
    assert not list(tmp_path.iterdir()), "the lock goes with the run"


HOLD = """
import sys
from eyeful.runs import open_output
output = open_output(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_two_links_to_one_file_are_one_output(tmp_path):
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "rows.jsonl")
    first = Output(str(tmp_path / "link.jsonl"))
    with pytest.raises(UsageError, match="another run is writing"):
        Output(str(tmp_path / "rows.jsonl"))
    first.close()


@pytest.mark.parametrize("name", ["rows.jsonl", "rows/"])
def test_users_with_other_homes_and_paths_see_each_others_runs(name, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    out = f"{tmp_path}/link/{name}"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, out],
        env=os.environ | {"EYEFUL_HOME": str(tmp_path / "another home")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "held\n"
    with pytest.raises(UsageError, match=r"another run is writing .*rows.*\.lock"):
        open_output(f"{tmp_path}/{name}")
    other.kill()
    other.communicate()
    open_output(f"{tmp_path}/{name}").close()


def test_a_place_that_cannot_be_written_is_told_and_what_is_refused_leaves_no_lock(folder, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        OutputError, match=r"cannot write .*rows\.jsonl: its lock .* \((Not a directory|File exists)\)"
    ):
        Output(str(tmp_path / "file" / "rows.jsonl"))
    go(names(folder, 1), tmp_path / "rows.jsonl")
    with pytest.raises(UsageError, match="exists already"):
        Output(str(tmp_path / "rows.jsonl"))
    assert not list(tmp_path.glob("*.lock"))


def test_an_output_that_cannot_be_opened_leaves_the_old_record(folder, tmp_path, monkeypatch):
    out = tmp_path / "rows.jsonl"
    go(folder, out)
    before = (tmp_path / "rows.jsonl.run.json").read_text()

    def refuse(self):
        raise OutputError("read-only")

    monkeypatch.setattr(format_of(str(out)), "__enter__", refuse)
    with pytest.raises(OutputError, match="read-only"):
        go(folder, out, fake_classifier(topk=2), overwrite=True)
    record = json.loads((tmp_path / "rows.jsonl.run.json").read_text())
    assert record["reproducibility_keys"]["topk"] == 5 or record["state"] == "failed"
    assert len(before) > 100


@pytest.mark.parametrize("name", ["", ".", "/", "..", "rows.parquet/", "rows.xlsx"])
def test_names_that_are_no_place_for_rows(name):
    with pytest.raises(UsageError):
        open_output(name)


@pytest.mark.parametrize(("ending", "damage"), [("rows.jsonl", b"\xff\xfe\n"), ("rows.csv", b"\xff\xfe\n")])
def test_rows_that_are_no_text_cannot_be_resumed(ending, damage, folder, tmp_path):
    out = tmp_path / ending
    go(names(folder, 5), out)
    with out.open("ab") as file:
        file.write(damage)
    with pytest.raises(OutputError, match="cannot be"):
        go(folder, out, resume=True)


def test_many_labels_and_a_bare_carriage_return_survive_in_csv(folder, tmp_path):
    out = tmp_path / "rows.csv"
    odd = tmp_path / "a\rb.png"
    shutil.copy(folder / "00.png", odd)
    go([odd, *names(folder, 1)], out)
    out.write_bytes(out.read_bytes().replace(b'""label"": ""red""', b'""label"": ""' + b"r" * 200_000 + b'""'))
    assert go([odd, *names(folder, 5)], out, resume=True).rows == 6


def test_threads_end_with_the_run(folder):
    before = set(threading.enumerate())
    run(fake_classifier(), open_source(folder))
    begun = set(threading.enumerate()) - before
    assert not [thread for thread in begun if thread.name.startswith("eyeful-decode")]
