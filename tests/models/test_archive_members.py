"""Files in archives and folders: listed, read with a limit, and nothing else done with them."""

import os
import tarfile
import tracemalloc
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from torchserve import tarred, zipped

from eyeful.errors import ModelError, OutputError
from eyeful.models import archive_members
from eyeful.models.archive_members import members_of

CONTENT = {"a.txt": "one", "deep/b.txt": "two"}


def in_folder(path, content):
    for name, text in content.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


@pytest.mark.parametrize("write", [zipped, tarred, in_folder])
def test_files_are_listed_and_read_by_name(write, tmp_path):
    with members_of(write(tmp_path / "a", CONTENT)) as members:
        assert {name: member.read().decode() for name, member in members.items()} == CONTENT
        members["deep/b.txt"].copy_to(tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "two"
    assert members["a.txt"].title == f"{tmp_path}/a/a.txt"


def link(name, to, type_=tarfile.SYMTYPE):
    header = tarfile.TarInfo(name)
    header.type, header.linkname = type_, to
    return header


def test_links_are_no_members(tmp_path):
    of_zip = zipfile.ZipInfo("link")
    of_zip.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(of_zip, "/etc/passwd")
    links = [link("link", "/etc/passwd"), link("hard", "a.txt", tarfile.LNKTYPE)]
    tarred(tmp_path / "a.tar", CONTENT, *(one.tobuf() for one in links))
    outside = in_folder(tmp_path / "outside", {"c.txt": "three"})
    folder = in_folder(tmp_path / "folder", CONTENT)
    (folder / "link").symlink_to(outside / "c.txt")
    (folder / "links").symlink_to(outside)
    (tmp_path / "named").symlink_to(folder)
    with members_of(tmp_path / "named") as members:
        assert set(members) == set(CONTENT)
    with members_of(tmp_path / "a.zip") as members:
        assert not members
    with members_of(tmp_path / "a.tar") as members:
        assert set(members) == set(CONTENT)


def test_what_claims_too_much_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_members, "MOST_TEXT", 1000)
    monkeypatch.setattr(archive_members, "MOST_BYTES", 2000)
    zeros = {"bomb": "0" * 2001}
    with members_of(zipped(tmp_path / "a.zip", zeros)) as members:
        with pytest.raises(ModelError, match=r"a\.zip/bomb is refused: it has 2,001 bytes, 1,000 are allowed"):
            members["bomb"].read()
        with pytest.raises(ModelError, match="2,000 are allowed"):
            members["bomb"].copy_to(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    parts = {"a": "0" * 1500, "b": "0" * 1500}  # each may be; a tar is read through to list it
    with (
        pytest.raises(ModelError, match="claim more than 2,000 bytes"),
        members_of(tarred(tmp_path / "a.tar", parts)),
    ):
        pass


@pytest.mark.parametrize("write", [zipped, tarred])
def test_too_many_members(write, tmp_path, monkeypatch):
    path = write(tmp_path / "a", CONTENT)
    monkeypatch.setattr(archive_members, "MOST_MEMBERS", 1)
    with (
        pytest.raises(ModelError, match=r"a cannot be read to its end: it has more than .* members"),
        members_of(path),
    ):
        pass


def pax(path, *comments):
    """A tar archive of empty files, each with a PAX header as long as asked for."""
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for number, length in enumerate(comments):
            header = tarfile.TarInfo(f"{number}")
            header.pax_headers = {"comment": "x" * length}
            archive.addfile(header)
    return path


def test_headers_have_a_limit_each_and_together(tmp_path, monkeypatch):
    with members_of(pax(tmp_path / "a", 60_000, 60_000)) as members:
        assert set(members) == {"0", "1"}
    with (
        pytest.raises(ModelError, match=r"a header claims 70,\d+ bytes"),
        members_of(pax(tmp_path / "b", 0, 70_000)),
    ):
        pass
    monkeypatch.setattr(archive_members, "MOST_TEXT", 100_000)
    with pytest.raises(ModelError, match="its headers have more than 100,000"), members_of(tmp_path / "a"):
        pass


def test_headers_are_not_held(tmp_path):
    path = pax(tmp_path / "a", *[60_000] * 200)
    tracemalloc.start()
    with members_of(path) as members:
        held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(members) == 200
    assert held < 2 << 20


def test_what_cannot_be_written_is_told_as_that(tmp_path, monkeypatch):
    with members_of(zipped(tmp_path / "a.zip", CONTENT)) as members:
        monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2))
        with pytest.raises(
            OutputError, match=r"cannot write .*a\.zip/a\.txt to .*: it has 3 bytes, 2 are free there"
        ):
            members["a.txt"].copy_to(tmp_path / "copy")
        monkeypatch.undo()
        assert not (tmp_path / "copy").exists()
        (tmp_path / "copy").touch()
        with pytest.raises(OutputError, match=r"cannot write .*a\.zip/a\.txt to .*: File exists"):
            members["a.txt"].copy_to(tmp_path / "copy")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_is_not_a_broken_archive(tmp_path, monkeypatch):
    with members_of(zipped(tmp_path / "a.zip", CONTENT)) as members:
        full = Path("/dev/full").open("wb")  # noqa: SIM115 - it is closed as the copy
        monkeypatch.setattr(Path, "open", lambda *_: full)
        with pytest.raises(OutputError, match="No space left on device"):
            members["a.txt"].copy_to(tmp_path / "copy")


def test_a_zip_that_claims_less_than_it_has_gives_what_it_claims(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a": "0" * 100_000})
    lying = path.read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(lying)
    with members_of(path) as members, pytest.raises(ModelError, match="cannot be read: Bad CRC-32"):
        members["a"].read()


@pytest.mark.parametrize(
    ("type_", "size", "format_", "text"),
    [
        (tarfile.REGTYPE, -512, tarfile.GNU_FORMAT, "a header claims -512 bytes"),
        (tarfile.XHDTYPE, 1 << 30, tarfile.GNU_FORMAT, "a header claims 1,073,741,824 bytes"),
        (tarfile.REGTYPE, -512, tarfile.PAX_FORMAT, "or fewer than none"),
    ],
)
def test_a_header_with_a_size_that_cannot_be(type_, size, format_, text, tmp_path):
    header = tarfile.TarInfo("a")
    header.type, header.size = type_, size
    path = tarred(tmp_path / "a.tar", CONTENT, header.tobuf(format_))
    with pytest.raises(ModelError, match=text), members_of(path):
        pass


def test_what_is_no_archive(tmp_path):
    (tmp_path / "text").write_text("text")
    whole = zipped(tmp_path / "a.zip", {"a": os.urandom(5000)}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:3000])
    for name in ("text", "cut.zip"):
        with (
            pytest.raises(ModelError, match="neither a zip nor a tar archive, or damaged"),
            members_of(tmp_path / name),
        ):
            pass
    with pytest.raises(ModelError, match="there is no archive"), members_of(tmp_path / "nothing"):
        pass


def test_a_tar_that_is_cut_off(tmp_path):
    whole = tarred(tmp_path / "a.tar.gz", {"a": os.urandom(50_000), "b": "b"}).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[:20_000])
    with (
        pytest.raises(ModelError, match=r"cut\.tar\.gz cannot be read to its end"),
        members_of(tmp_path / "cut.tar.gz"),
    ):
        pass
