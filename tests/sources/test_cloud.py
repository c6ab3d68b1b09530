"""Buckets: a real S3-compatible server on this machine, and what fsspec says where there is none."""

import asyncio
import gc
import socket
import ssl
import sys
import threading
import weakref
from itertools import islice

import fsspec
import pytest

from buckets import s3
from eyeful.errors import MissingExtraError, UsageError
from eyeful.sources import cloud, cloud_levels, open_source
from helpers import fake_classifier, noise_image


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """The address of a bucket with images."""
    with s3("images"):
        yield "s3://images", _uploaded(tmp_path_factory.mktemp("upload"))


def _uploaded(folder):
    import s3fs

    filesystem = s3fs.S3FileSystem()
    for number, name in enumerate(("b.png", "a.jpg", "sub/c.png", "sub/notes.txt", "z.png")):
        (folder / name).parent.mkdir(exist_ok=True)
        if name.endswith(".txt"):
            (folder / name).write_text("notes")
        else:
            noise_image(number, 64, 48).save(folder / name)
        filesystem.put(str(folder / name), f"images/{name}")
    return folder


pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning"
)  # botocore's, aiohttp's


def test_a_bucket_is_read_like_a_folder(bucket):
    address, folder = bucket
    source = open_source(address)
    rows = list(fake_classifier().stream(source))
    assert [row.filename for row in rows] == [
        f"{address}/{name}" for name in ("a.jpg", "b.png", "sub/c.png", "z.png")
    ]
    assert source.ignored == {".txt": 1}
    local = fake_classifier().predict(folder)
    assert [row.prob for row in rows] == [row.prob for row in local]


def test_one_object_a_pattern_a_list_and_a_missing_object(bucket, tmp_path):
    address, _ = bucket
    clf = fake_classifier()
    assert [row.filename for row in clf.predict(f"{address}/b.png")] == [f"{address}/b.png"]
    assert [row.filename for row in clf.predict(f"{address}/*.png")] == [f"{address}/b.png", f"{address}/z.png"]
    (missing,) = clf.predict(f"{address}/none.png")
    assert missing.error_kind == "not_found"
    (tmp_path / "list.txt").write_text(f"{address}/z.png\n{address}/none.png\n")
    assert [row.error_kind for row in clf.predict(tmp_path / "list.txt")] == [None, "not_found"]
    assert [item.filename for item in open_source(address, recursive=False).items][-1] == f"{address}/z.png"


def test_folders_that_match_a_pattern_are_searched(bucket):
    address, _ = bucket
    for pattern in ("s*", "{sub,none*}", "**/c.*"):
        rows = fake_classifier().predict(f"{address}/{pattern}")
        assert [row.filename for row in rows if row.ok] == [f"{address}/sub/c.png"]


@pytest.mark.parametrize(
    ("address", "names", "counted"),
    [
        ("memory://shop", ["a.png", "sub/b.png"], 4),
        ("memory://shop/*", ["a.png", "sub/b.png"], 1),
        ("memory://shop/**/*.png", ["a.png", "sub/b.png"], 4),
        ("memory://shop/__MACOSX/*.png", ["__MACOSX/c.png"], 0),
        ("memory://shop/._*.png", ["._a.png"], 0),
    ],
)
def test_system_files_in_a_bucket_are_counted(address, names, counted):
    bucket = fsspec.filesystem("memory")
    for name in ("a.png", "._a.png", "sub/b.png", ".Trash-1000/files/t.png", "@eaDir/t.png", "__MACOSX/c.png"):
        bucket.pipe(f"/shop/{name}", b"x")
    source = open_source(address)
    assert [item.filename for item in source.items] == [f"memory:///shop/{name}" for name in names]
    assert source.ignored["system file"] == counted


def test_a_bucket_that_is_not_there_is_an_error_row(bucket):
    (row,) = fake_classifier().predict("s3://no-such-bucket-here/a.png")
    assert row.error_kind in ("not_found", "fetch_failed", "unreadable")


class _Stuck(fsspec.AbstractFileSystem):
    """A bucket whose library waits for ever."""

    protocol = "stuck"
    over = threading.Event()

    def info(self, path, **options):
        if path.endswith("listing"):
            self.over.wait()
        return {"name": path, "size": 9, "type": "file"}

    def _open(self, path, mode="rb", **options):
        self.over.wait()


class _Raising(fsspec.AbstractFileSystem):
    """A bucket whose library raises what it likes, where it likes."""

    protocol = "raising"
    cachable = False
    step, error = "", Exception()

    def __init__(self, **options):
        self._at("init")
        super().__init__(**options)

    def _at(self, step):
        if step == self.step:
            raise self.error

    def info(self, path, **options):
        self._at("info")
        return {"name": path, "size": 9, "type": "directory" if path.endswith("folder") else "file"}

    def ls(self, path, detail=True, **options):
        self._at("ls")
        return []

    def _open(self, path, mode="rb", **options):
        self._at("open")
        return self

    size = 9

    def read(self, _):
        self._at("read")
        return b""

    def close(self):
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        *(
            OSError(111, "refused"),
            socket.gaierror(-2, "no name"),
            ssl.SSLError("bad"),
            RuntimeError(),
            KeyError("x"),
        ),
        *(ImportError("no library"), AssertionError(), asyncio.CancelledError(), SystemExit(3), Exception("a\nb")),
    ],
    ids=repr,
)
@pytest.mark.parametrize("step", ["init", "info", "ls", "open", "read"])
def test_whatever_a_library_raises_is_the_row_of_that_input(step, error, tmp_path, monkeypatch):
    monkeypatch.setattr(_Raising, "step", step)
    monkeypatch.setattr(_Raising, "error", error)
    fsspec.register_implementation("raising", _Raising, clobber=True)
    good = str(tmp_path / "a.png")
    noise_image(0, 9, 9).save(good)
    address = "raising://x/folder" if step == "ls" else "raising://x/y.png"
    (tmp_path / "list.txt").write_text(f"{good}\n{address}\n{good}\n")
    for inputs in ([good, address, good], [tmp_path / "list.txt"]):
        rows = fake_classifier().predict(inputs)
        if step == "info" or (step == "ls" and len(inputs) == 1):  # a list's names are opened without a look
            assert rows[1].error_kind in ("fetch_failed", "empty")
        else:
            assert [row.error_kind for row in rows] == [None, "fetch_failed", None]
        assert "\n" not in rows[1].error


def test_a_bucket_that_hangs_is_a_timeout_and_the_run_goes_on(monkeypatch, tmp_path):
    monkeypatch.setattr(cloud, "TIMEOUT", 0.2)
    monkeypatch.setattr(_Stuck, "over", threading.Event())
    fsspec.register_implementation("stuck", _Stuck, clobber=True)
    noise_image(0, 9, 9).save(tmp_path / "a.png")
    rows = fake_classifier().predict(
        [tmp_path / "a.png", "stuck://x/y.png", "stuck://x/listing", tmp_path / "a.png"]
    )
    assert [row.error_kind for row in rows] == [None, "timeout", "timeout", None]
    _Stuck.over.set()


def test_an_address_that_cannot_be_among_good_inputs_is_its_own_row(tmp_path):
    noise_image(0, 9, 9).save(tmp_path / "a.png")
    good = str(tmp_path / "a.png")
    rows = fake_classifier().predict([good, "ftp://127.0.0.1:9/a.jpg", "nope://x/y.png", "", "none.txt", good])
    assert [row.filename for row in rows] == [
        good,
        "ftp://127.0.0.1:9/a.jpg",
        "nope://x/y.png",
        "",
        "none.txt",
        good,
    ]
    assert [row.error_kind for row in rows] == [
        None,
        "fetch_failed",
        "fetch_failed",
        "not_found",
        "not_found",
        None,
    ]
    with pytest.raises(UsageError):
        fake_classifier().predict(["nope://x/y.png"])


def test_a_scheme_that_nobody_knows():
    with pytest.raises(UsageError, match=r"nope://x/y\.png cannot be read"):
        fake_classifier().predict("nope://x/y.png")


def test_without_fsspec_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setattr("eyeful.extras.available", lambda _: False)
    with pytest.raises(MissingExtraError, match=r'pip install "eyeful\[cloud\]"'):
        fake_classifier().predict("s3://x/y.png")


def test_a_level_is_listed_page_by_page_in_the_order_of_keys(bucket, monkeypatch):
    import s3fs

    filesystem = s3fs.S3FileSystem()
    names = ["a-1/x.png", "a.png", "a/1.png", "a/2.png", "a0.png", "b/c/d.png", "é.png", "日.png"]
    for name in names:
        filesystem.pipe_file(f"images/paged/{name}", b"")
    expected = [f"s3://images/paged/{name}" for name in names]
    asked = []
    call = s3fs.S3FileSystem.call_s3

    def two_at_a_time(self, method, **options):
        asked.append(method)
        return call(self, method, **({"MaxKeys": 2} | options))

    monkeypatch.setattr(s3fs.S3FileSystem, "call_s3", two_at_a_time)
    assert [item.filename for item in open_source("s3://images/paged/").items] == expected
    assert len(asked) >= 7
    monkeypatch.undo()
    monkeypatch.setattr("eyeful.sources.cloud_levels._lists_in_order", lambda *_: False)
    assert [item.filename for item in open_source("s3://images/paged/").items] == expected, "whoever lists it"
    filesystem.rm("images/paged", recursive=True)
    assert next(open_source("s3://images/paged/").items).filename == "s3://images/paged/"


def test_of_a_level_of_millions_a_page_is_in_memory():
    class Page(dict):
        pass

    pages = []

    class Endless:
        version_aware, req_kw = False, {}

        def call_s3(self, _, **asked):
            start = int(asked.get("ContinuationToken", 0))
            keys = [{"Key": f"photos/{number:09d}.jpg"} for number in range(start, start + 1000)]
            page = Page(Contents=keys, IsTruncated=True, NextContinuationToken=str(start + 1000))
            pages.append(weakref.ref(page))
            return page

    found = cloud_levels.level(Endless(), "bucket/photos")
    for number, entry in enumerate(islice(found, 20_000)):
        assert entry.name == f"bucket/photos/{number:09d}.jpg"
    gc.collect()
    assert len(pages) == 20
    assert sum(page() is not None for page in pages) <= 2


def test_whether_a_prefix_is_a_folder_is_asked_without_listing_it(bucket, monkeypatch):
    import s3fs

    monkeypatch.setattr(s3fs.S3FileSystem, "_lsdir", None)
    assert next(open_source("s3://images/sub").items).filename == "s3://images/sub/c.png"
    assert next(open_source("s3://images/sub/").items).filename == "s3://images/sub/c.png"
    (item,) = open_source("s3://images/none").items
    assert item.filename == "s3://images/none"
    (item,) = open_source("s3://no-such-bucket-here/none").items
    assert item.filename == "s3://no-such-bucket-here/none"
