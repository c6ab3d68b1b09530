"""Archives: their images, streamed, in order; hostile and damaged ones."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from eyeful.errors import UsageError
from eyeful.sources import archive, open_source
from helpers import fake_classifier

ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), colour).save(buffer, "PNG")
    return buffer.getvalue()


MEMBERS = {
    "0001.png": png("red"),
    "0001.json": b"{}",  # a WebDataset shard: each sample's files side by side
    "0001.cls": b"3",
    "deep/er/0002.PNG": png("lime"),
    "deep/er/broken.jpg": b"\xff\xd8\xff\xe0 cut off",
    "../../etc/passwd.png": png("blue"),
    "/etc/absolute.png": png("red"),
    "README": b"no image",
}
EXPECTED = [
    ("0001.png", "red"),
    ("deep/er/0002.PNG", "green"),
    ("deep/er/broken.jpg", None),
    ("../../etc/passwd.png", "blue"),
    ("/etc/absolute.png", "red"),
]


def make(path: Path, members: dict[str, bytes] = MEMBERS) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.mkdir("empty")
            for name, content in members.items():
                zipped.writestr(name, content)
        return path
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as tar:
        folder = tarfile.TarInfo("empty")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return path


@pytest.mark.parametrize(
    ("made", "called"), [(".tar", ".zip"), (".zip", ".tar"), (".tar.gz", ".zip"), (".tar.gz", ".tar")]
)
def test_the_content_tells_what_an_archive_is(made, called, tmp_path):
    path = make(tmp_path / f"a{made}").rename(tmp_path / f"b{called}")
    labels = [row.label for row in fake_classifier().stream(path)]
    assert labels[:5] == [label for _, label in EXPECTED]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("workers", [1, 4])
def test_the_images_of_an_archive_in_its_own_order(ending, workers, tmp_path, monkeypatch):
    path = make(tmp_path / f"shard{ending}")
    monkeypatch.chdir(tmp_path)
    source = open_source(path)
    rows = list(fake_classifier(workers=workers).stream(source))
    assert [(row.filename, row.label) for row in rows] == [(f"{path}/{name}", label) for name, label in EXPECTED]
    assert source.ignored[".json"] == source.ignored[".cls"] == source.ignored["no extension"] == 1
    assert [path.name for path in tmp_path.rglob("*")] == [f"shard{ending}"], "nothing is unpacked"


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_system_packed_beside_images_is_counted(ending, tmp_path):
    apple = b"\x00\x05\x16\x07" + bytes(60)
    members = {"photos/cat.png": png("red"), "__MACOSX/photos/._cat.png": apple, "photos/._cat.png": apple}
    members |= {"photos/._mine.png": png("blue"), "photos/.DS_Store": b"x", "@eaDir/cat.png/t.jpg": png("red")}
    members["photos/.Trash-1000/files/deleted.png"] = png("red")
    source = open_source(make(tmp_path / f"mac{ending}", members))
    rows = list(fake_classifier().stream(source))
    assert [row.label for row in rows] == ["red", "blue"]
    assert source.ignored["system file"] == 5


@pytest.mark.parametrize("name", ["a.7z", "a.rar", "a.tar.zst"])
def test_archives_that_are_not_opened_say_so(name, tmp_path):
    (tmp_path / name).write_bytes(b"7z")
    (row,) = fake_classifier().predict(tmp_path / name)
    assert (row.error_kind, "pack it as .zip" in row.error) == ("unsupported_format", True)
    (row,) = fake_classifier().predict(tmp_path / f"no{name}")
    assert row.error_kind == "not_found"


def test_an_archive_in_a_folder_is_no_input(tmp_path):
    make(tmp_path / "shard.tar")
    source = open_source(tmp_path)
    with pytest.raises(UsageError, match=r"only other files \(\.tar 1\)"):
        next(source.items)
    assert source.ignored == {".tar": 1}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("keep", [0.0, 0.4, 0.9])
def test_a_damaged_archive_is_an_error_row_not_a_crash(ending, keep, tmp_path):
    path = make(tmp_path / f"shard{ending}", {f"{n:02d}.png": png("red") for n in range(40)})
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    rows = fake_classifier().predict(path)
    labelled = [row for row in rows if row.label == "red"]
    assert len(labelled) == 40 or rows[-1].error_kind in ("truncated", "unreadable"), "what is lost is told"
    assert {row.error_kind for row in rows} <= {None, "truncated", "unreadable"}


def test_a_missing_archive_is_not_found(tmp_path):
    (row,) = fake_classifier().predict(tmp_path / "none.tar")
    assert row.error_kind == "not_found"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_member_that_unpacks_beyond_the_limit_is_refused(ending, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBER", 50_000)
    monkeypatch.setattr(archive, "MAX_STREAMED", 50_000)
    path = make(tmp_path / f"shard{ending}", {"bomb.png": bytes(1_000_000), "good.png": png("red")})
    bomb, good = fake_classifier().predict(path)
    assert bomb.error_kind == "too_large"
    assert good.label == "red"


def test_a_member_that_claims_the_impossible_ends_the_archive(tmp_path):
    path = make(tmp_path / "a.tar", {"a.png": png("red"), "b.png": png("red")})
    content = bytearray(path.read_bytes())
    place = content.index(b"b.png")
    content[place + 124 : place + 136] = b"\x80" + (1 << 80).to_bytes(11, "big")
    header = bytearray(content[place : place + 512])
    header[148:156] = b" " * 8
    content[place + 148 : place + 156] = b"%06o\0 " % sum(header)
    for name, packed in (("b.tar", bytes(content)), ("b.tar.gz", gzip.compress(bytes(content)))):
        (tmp_path / name).write_bytes(packed)
        rows = fake_classifier().predict(tmp_path / name)
        assert [row.error_kind for row in rows] == [None, "truncated"]


def test_a_zip_that_changed_is_read_anew(tmp_path):
    path = make(tmp_path / "a.zip", {"a.png": png("red")})
    assert [row.label for row in fake_classifier().predict(path)] == ["red"]
    make(path, {"a.png": png("blue"), "b.png": png("blue")})
    assert [row.label for row in fake_classifier().predict(path)] == ["blue", "blue"]


@pytest.mark.parametrize("first", ["first.png", "._first.png"])
def test_an_encrypted_member_is_unreadable(first, tmp_path):
    path = make(tmp_path / "a.zip", {first: png("red"), "a.png": png("red")})
    content = bytearray(path.read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for place in (content.index(magic, content.index(magic) + 1), content.rindex(magic)):
            content[place + flags] |= 1
    path.write_bytes(content)
    rows = fake_classifier().predict(path)
    expected = [f"{path}/{name}" for name in (first, "a.png") if not name.startswith("._")]
    assert [row.filename for row in rows] == expected
    assert {row.error_kind for row in rows} == {"unreadable"}
    assert all("password" in row.error for row in rows)
