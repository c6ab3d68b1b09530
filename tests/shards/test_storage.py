"""Files that are there whole or not: in a folder, and in a real S3-compatible server on this machine."""

import threading

import pytest

from buckets import s3
from eyeful.errors import OutputError
from eyeful.shards import open_storage

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning"
)  # botocore's, aiohttp's


@pytest.fixture(scope="module")
def bucket():
    """The address of an empty bucket."""
    with s3("out"):
        yield "s3://out"


@pytest.fixture(params=["folder", "bucket"])
def storage(request, tmp_path):
    if request.param == "folder":
        return open_storage(f"{tmp_path}/new/out/")
    return open_storage(f"{request.getfixturevalue('bucket')}/{tmp_path.name}/")


def test_what_is_written_is_listed_read_replaced_and_removed(storage):
    assert storage.names() == []
    assert storage.read("a") is None
    storage.write("a", b"one")
    storage.write("b", b"")
    storage.write("a", b"two")
    assert sorted(storage.names()) == ["a", "b"]
    assert storage.read("a") == b"two"
    storage.remove("a")
    storage.remove("a")
    assert storage.names() == ["b"]


def test_of_several_that_create_a_file_one_does(storage):
    outcomes: list[bool] = []
    threads = [
        threading.Thread(target=lambda n=number: outcomes.append(storage.create("record", b"%d" % n)))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, False, True]
    content = storage.read("record")
    assert not storage.create("record", b"late")
    assert storage.read("record") == content
    assert storage.names() == ["record"]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file/out/a"):
        open_storage(f"{tmp_path}/file/out/").write("a", b"")
    with pytest.raises(OutputError, match="cannot list"):
        open_storage(str(tmp_path / "file")).names()


def test_a_bucket_that_is_not_there_is_told(bucket):
    nowhere = open_storage("s3://nowhere/out/")
    with pytest.raises(OutputError, match=r"cannot write a in s3://nowhere/out/: .*bucket"):
        nowhere.write("a", b"")


def test_the_end_of_a_file_is_read_alone(storage):
    storage.write("a.parquet", bytes(range(256)))
    assert storage.read_end("a.parquet", 6) == bytes(range(250, 256))
    assert storage.read_end("a.parquet", 1000) == bytes(range(256))
    assert storage.read_end("b.parquet", 6) is None
