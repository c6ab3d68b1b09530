"""Parts in a bucket: equal rows, one owner, and what a bucket that fails or hangs does to a run."""

import io
import random
import subprocess
import sys
import threading
import time
from itertools import count

import pyarrow.parquet
import pytest
from PIL import Image

from buckets import s3
from eyeful.errors import OutputError, UsageError
from eyeful.runs import PartsOutput, Share, holds_rows, run
from eyeful.runs.join import check_complete
from eyeful.shards import join, open_storage, parts, storage
from eyeful.sources import open_source
from helpers import fake_classifier

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning"
)  # botocore's, aiohttp's


@pytest.fixture(scope="module")
def server():
    """Twenty images in a bucket, and an empty bucket beside it."""
    import s3fs

    with s3("images", "out") as server:
        for number in range(20):
            content = io.BytesIO()
            if number == 7:
                content.write(b"no image, whatever it is called")
            else:
                Image.new("RGB", (9, 9), ("red", "lime", "blue")[number % 3]).save(content, "PNG")
            s3fs.S3FileSystem().pipe_file(f"images/{number:02d}.png", content.getvalue())
        yield server


@pytest.fixture
def place(server, request):
    """A prefix of one test's own; the server fails no more afterwards."""
    yield f"s3://out/{request.node.name.replace('[', '-').strip(']')}/"
    server.fault = lambda _: None


def go(place, classifier=None, **options):
    output = PartsOutput(place, **{"shard_rows": 8} | options)
    return run(classifier or fake_classifier(), open_source("s3://images/", undivided=True), output=output)


def rows(place):
    found = open_storage(place)
    names = sorted(name for name in found.names() if name.startswith("part-"))
    tables = [pyarrow.parquet.read_table(io.BytesIO(found.read(name))) for name in names]
    return [row for table in tables for row in table.to_pylist()]


@pytest.fixture(scope="module")
def expected(server):
    """The rows of a run that nothing disturbed, in a file."""
    found = list(fake_classifier().stream(open_source("s3://images/")))
    return [(row.filename, row.label, row.error_kind, row.prob) for row in found]


def answers(place):
    return [(row["filename"], row["label"], row["error_kind"], row["prob"]) for row in rows(place)]


def test_from_a_bucket_to_a_bucket(place, expected, tmp_path):
    for number in (2, 3, 1):
        go(place, share=Share(number, 3))
    assert answers(place) == expected
    whole = check_complete(open_storage(place))
    assert (whole.rows, whole.errors) == (20, 1)
    join(open_storage(place), list(whole.parts), tmp_path / "all.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "all.parquet").to_pylist() == rows(place)
    assert go(place, resume=True).resumed == 20
    go(place, fake_classifier(topk=2), overwrite=True)
    assert {len(row["top"]) for row in rows(place)} == {0, 2}


@pytest.mark.parametrize("attempt", range(20))
@pytest.mark.slow
def test_of_two_runs_that_begin_at_once_with_other_settings_one_is_refused(attempt, place, expected):
    together, outcomes = threading.Barrier(2), []

    def begin(topk):
        output = PartsOutput(place, resume=True, shard_rows=8)
        together.wait()
        try:
            source = open_source("s3://images/", undivided=True)
            outcomes.append(run(fake_classifier(topk=topk), source, output=output).rows)
        except UsageError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=begin, args=(topk,)) for topk in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (refused,) = (outcome for outcome in outcomes if outcome != 20)
    assert "made differently: topk was" in refused
    assert answers(place) == expected
    assert len({len(row["top"]) for row in rows(place) if row["top"]}) == 1


def is_part(environ, method):
    return environ["REQUEST_METHOD"] == method and "/part-" in environ["PATH_INFO"]


@pytest.mark.slow
def test_a_bucket_that_is_busy_is_asked_again(server, place, expected):
    asked = count()
    server.fault = lambda environ: "503 Slow Down" if is_part(environ, "PUT") and next(asked) % 2 == 0 else None
    go(place)
    assert next(asked) > 4
    assert answers(place) == expected


@pytest.mark.parametrize(
    "answer",
    ["403 Forbidden", *(pytest.param(answer, marks=pytest.mark.slow) for answer in ("503 Slow Down", "hang"))],
)
def test_a_bucket_that_fails_ends_a_run_in_one_line_and_resume_goes_on(
    answer, server, place, expected, monkeypatch
):
    monkeypatch.setattr(storage, "_TIMEOUT", 1.0)
    put = count()
    server.fault = lambda environ: answer if is_part(environ, "PUT") and next(put) >= 1 else None
    started = time.monotonic()
    with pytest.raises(OutputError, match=rf"^cannot write part-00000\d-\w+\.parquet in {place}: ") as failed:
        go(place)
    assert "\n" not in str(failed.value)
    assert time.monotonic() - started < 30, "once it does not answer, nothing more waits for it"
    server.fault = lambda _: None
    assert len(answers(place)) == 8
    assert holds_rows(place)
    assert go(place, resume=True).rows == 20
    assert answers(place) == expected


def test_whether_there_are_rows_is_not_waited_for(server, place):
    assert not holds_rows(place)
    server.fault = lambda _: "403 Forbidden"
    assert holds_rows(place), "perhaps"


def test_a_bucket_that_cannot_be_listed_is_told_before_anything_is_written(server, place):
    server.fault = lambda environ: None if environ["REQUEST_METHOD"] == "PUT" else "403 Forbidden"
    with pytest.raises(OutputError, match=rf"^cannot list {place}: "):
        go(place)
    server.fault = lambda _: None
    assert open_storage(place).names() == []


@pytest.mark.slow
def test_a_bucket_without_a_prefix(server, expected):
    import s3fs

    s3fs.S3FileSystem().mkdir("whole")
    go("s3://whole/")
    assert answers("s3://whole/") == expected


MAIN = [sys.executable, "-c", "from eyeful.cli import main; main()"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_kill_9_at_random_moments_leaves_whole_objects_only(seed, server, place, bundle, tmp_path):
    chance = random.Random(seed)  # noqa: S311
    inputs = ["predict", *6 * ["s3://images/"], "-m", str(bundle), "-q"]
    assert subprocess.run([*MAIN, *inputs, "-o", str(tmp_path / "rows.parquet")]).returncode == 1
    expected = pyarrow.parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    command = [*MAIN, *inputs, "-o", place, "--shard-rows", "5", "--resume"]
    killed = 0
    server.fault = lambda environ: time.sleep(0.1) if is_part(environ, "PUT") else None  # an upload takes its time
    while killed < 4:
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        before = len(open_storage(place).names())
        while process.poll() is None and len(open_storage(place).names()) <= before + 2:
            time.sleep(0.02)
        try:
            process.wait(chance.uniform(0, 1))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
        found = open_storage(place)
        there = [parts.open_part(found, name) for name in found.names() if name.startswith("part-")]
        assert all(0 < table.num_rows <= 5 for table in there)
    assert killed
    server.fault = lambda _: None
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1, done.stderr
    assert rows(place) == [row | {"columns": None} for row in expected]
    assert subprocess.run([*MAIN, "join", place], stderr=subprocess.DEVNULL).returncode == 1
