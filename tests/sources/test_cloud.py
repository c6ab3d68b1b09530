"""Buckets: a real S3-compatible server on this machine, and what fsspec says where there is none."""

import os
import sys

import pytest

from eyeful.errors import MissingExtraError, UsageError
from eyeful.sources import open_source
from helpers import fake_classifier, noise_image

moto = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """The address of a bucket with images."""
    import s3fs

    server = moto.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    filesystem = s3fs.S3FileSystem()
    filesystem.mkdir("images")
    folder = tmp_path_factory.mktemp("upload")
    for number, name in enumerate(("b.png", "a.jpg", "sub/c.png", "sub/notes.txt", "z.png")):
        (folder / name).parent.mkdir(exist_ok=True)
        if name.endswith(".txt"):
            (folder / name).write_text("notes")
        else:
            noise_image(number, 64, 48).save(folder / name)
        filesystem.put(str(folder / name), f"images/{name}")
    yield "s3://images", folder
    server.stop()
    os.environ.clear()
    os.environ.update(before)


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


def test_a_bucket_that_is_not_there_is_an_error_row(bucket):
    (row,) = fake_classifier().predict("s3://no-such-bucket-here/a.png")
    assert row.error_kind in ("not_found", "fetch_failed", "unreadable")


def test_a_scheme_that_nobody_knows():
    with pytest.raises(UsageError, match=r"nope://x/y\.png cannot be read"):
        fake_classifier().predict("nope://x/y.png")


def test_without_fsspec_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setattr("eyeful.extras.available", lambda _: False)
    with pytest.raises(MissingExtraError, match=r'pip install "eyeful\[cloud\]"'):
        fake_classifier().predict("s3://x/y.png")
