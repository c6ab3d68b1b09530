"""Folders: links, and what systems leave beside images."""

import os

import pytest

from eyeful.bench import bench
from eyeful.errors import UsageError
from eyeful.runs import run
from eyeful.sources import open_source
from eyeful.verify import verify
from helpers import fake_classifier, noise_image


def put(path, content: bytes | None = None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        noise_image(0, 9, 9).save(path, "PNG")
    else:
        path.write_bytes(content)


def found(folder, **options) -> tuple[list[str], dict[str, int]]:
    source = open_source(folder, **options)
    return [os.path.relpath(item.filename, folder) for item in source.items], dict(source.ignored)


@pytest.fixture
def linked(tmp_path):
    """`d`, whose classes are links to folders of `real`."""
    for name in ("cat", "dog"):
        put(tmp_path / "real" / name / "x.png")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "cat").symlink_to("../real/cat")
    return tmp_path


def test_links_to_folders_are_followed(linked):
    (linked / "d" / "dog").symlink_to(linked / "real" / "dog")
    assert found(linked / "d") == (["cat/x.png", "dog/x.png"], {})
    with pytest.raises(UsageError, match="no images found in "):
        found(linked / "d", recursive=False)
    (linked / "whole").symlink_to("d")
    assert found(linked / "whole") == (["cat/x.png", "dog/x.png"], {})


@pytest.mark.parametrize(
    ("links", "expected", "cut"),
    [
        ({"again": "cat"}, ["again/x.png"], 1),
        ({"self": "."}, ["cat/x.png"], 1),
        ({"up": ".."}, ["cat/x.png"], 1),
        ({"far": "/"}, ["cat/x.png"], 1),
        ({"parent": "../real"}, ["cat/x.png", "parent/dog/x.png"], 1),
        ({"a": "../real"}, ["a/cat/x.png", "a/dog/x.png"], 1),
        ({"inner": "own"}, ["cat/x.png", "own/y.png"], 1),
    ],
)
def test_no_image_comes_twice_through_links_and_no_circle_is_endless(linked, links, expected, cut):
    if "inner" in links:
        put(linked / "d" / "own" / "y.png")
    for name, target in links.items():
        (linked / "d" / name).symlink_to(target)
    assert found(linked / "d") == (expected, {"link to a folder": cut})


def test_two_folders_that_link_to_each_other(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        put(tmp_path / name / f"{name}.png")
        (tmp_path / name / "other").symlink_to(f"../{other}")
    assert found(tmp_path / "a") == (["a.png", "other/b.png"], {"link to a folder": 1})
    assert found(tmp_path)[0] == ["a/a.png", "b/b.png"]


def test_broken_links(linked):
    (linked / "d" / "gone").symlink_to("../none")
    (linked / "d" / "loop").symlink_to("loop")
    (linked / "d" / "gone.png").symlink_to("none.png")
    assert found(linked / "d") == (["cat/x.png", "gone.png"], {"broken link": 2})


def test_system_files_are_counted_and_not_classified(tmp_path):
    apple = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(60)
    put(tmp_path / "cat.png")
    put(tmp_path / "._cat.png", apple)
    put(tmp_path / "._an image all the same.png")
    put(tmp_path / "__MACOSX" / "deep" / "._cat.png", apple)
    for inside in ("@eaDir/cat.png/SYNOPHOTO_THUMB_XL.jpg", ".ipynb_checkpoints/cat-checkpoint.png", ".git/ab/cd"):
        put(tmp_path / "sub" / inside)
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini"):
        put(tmp_path / name, b"x")
    for inside in (".Trash-1000/files/deleted.png", ".Trash-0/files/deleted.png", ".Trash/1000/files/deleted.png"):
        put(tmp_path / inside)
    put(tmp_path / ".Trash-old" / "photo.png")
    images = [".Trash-old/photo.png", "._an image all the same.png", "cat.png"]
    assert found(tmp_path) == (images, {"system file": 11})
    assert found(tmp_path / "sub" / "@eaDir")[0] == ["cat.png/SYNOPHOTO_THUMB_XL.jpg"], "not when named"
    (row,) = fake_classifier().predict([tmp_path / "._cat.png"])
    assert row.error_kind == "unidentified"


@pytest.mark.parametrize(
    "inputs", ["{}/empty", ["{}/empty"], ["{}/empty", "{}/empty"], "{}/empty/", "{}/list.txt"]
)
def test_no_images_at_all_are_an_error(inputs, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.txt").touch()
    inputs = inputs.format(tmp_path) if isinstance(inputs, str) else [one.format(tmp_path) for one in inputs]
    classifier = fake_classifier()
    for call in (
        classifier.predict,
        classifier.logits,
        lambda given: list(classifier.stream(given)),
        lambda given: run(classifier, open_source(given)),
        lambda given: verify("none", given),
        lambda given: bench("none", given),
    ):
        with pytest.raises(UsageError, match=r"no images found in .*: it is empty"):
            call(inputs)
    put(tmp_path / "empty" / "a.tar", b"x")
    if "list.txt" not in str(inputs):
        with pytest.raises(
            UsageError, match=r"only other files \(\.tar \d\); archives, lists and videos are taken"
        ):
            classifier.predict(inputs)


def test_no_inputs_in_python_are_no_answers():
    assert fake_classifier().predict([]) == []
    assert fake_classifier().predict(iter([])) == []
