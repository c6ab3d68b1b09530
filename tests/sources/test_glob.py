"""Patterns: what they match is taken as if it had been named."""

import shutil
import tarfile
from pathlib import Path

import pytest

from eyeful.errors import UsageError
from eyeful.sources import is_countable, is_repeatable, open_source
from helpers import fake_classifier, noise_image


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Three shards, and a folder of all kinds of things."""
    monkeypatch.chdir(tmp_path)
    image = tmp_path / "cat.png"
    noise_image(0, 9, 9).save(image)
    for number in range(3):
        with tarfile.open(f"shard-{number:03d}.tar", "w") as tar:
            tar.add(image, f"{number}.png")
    for name in ("mix/sub/a.png", "mix/sub/deep/b.png", "mix/c.png", "p[20]/x[a].png", "a[1].jpg", "{x,y}.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, name)
    shutil.copy("shard-000.tar", "mix/m.tar")
    Path("mix/l.csv").write_text("filename\ncat.png\n")
    Path("mix/._c.png").write_bytes(bytes(99))
    Path("mix/notes.md").touch()


def found(text, **options) -> list[str]:
    return [item.filename for item in open_source(text, **options).items]


MIX = ["mix/c.png", "cat.png", "mix/m.tar/0.png", "mix/notes.md", "mix/sub/a.png", "mix/sub/deep/b.png"]
SHARDS = [f"shard-{n:03d}.tar/{n}.png" for n in range(3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shard-*.tar", SHARDS),
        (Path("shard-*.tar"), SHARDS),
        ("shard-{000..002}.tar", SHARDS),
        (Path("shard-{000..002}.tar"), SHARDS),
        ("shard-00{2..0..2}.tar", [SHARDS[2], SHARDS[0]]),
        ("shard-00{0,[12]}.tar", SHARDS),
        ("shard-{002..003}.tar", [SHARDS[2], "shard-003.tar"]),
        ("shard-9*.tar", ["shard-9*.tar"]),
        ("mix/*", MIX),
        ("mix/**/*", [*MIX[:-2], *MIX[-2:]]),
        ("mix/**", ["mix/c.png", "mix/sub/a.png", "mix/sub/deep/b.png"]),
        ("mix/s*", MIX[-2:]),
        ("c**.png", ["cat.png"]),
        ("mix/*.csv", ["cat.png"]),
        ("mix/._*", ["mix/._c.png"]),
        ("{cat,dog}.png", ["cat.png", "dog.png"]),
        ("{cat,{cat,dog}}.png", ["cat.png", "dog.png"]),
        ("{a..c}.png", ["a.png", "b.png", "c.png"]),
        ("{-1..1}", ["-1", "0", "1"]),
        ("{x,y}.png", ["{x,y}.png"]),
        ("{cat}.png", ["{cat}.png"]),
        ("${HOME,x}.png", ["${HOME,x}.png"]),
        ("a[1].jpg", ["a[1].jpg"]),
        (Path("a[1].jpg"), ["a[1].jpg"]),
        (["a[1].jpg", "b[1].jpg"], ["a[1].jpg", "b[1].jpg"]),
        ("p[20]", ["p[20]/x[a].png"]),
        ("p[20]/*.png", ["p[20]/x[a].png"]),
        ("?at.png", ["cat.png"]),
    ],
)
def test_patterns(text, expected):
    assert found(text) == expected


def test_folders_that_match_are_not_searched_deeper_than_asked():
    assert found("mix/s*", recursive=False) == ["mix/sub/a.png"]


@pytest.mark.parametrize("pattern", ["mix/*.png", "mix/.Trash-*/files/*.png mix/c.png"])
def test_system_files_that_match_are_counted(pattern):
    Path("mix/.Trash-1000/files").mkdir(parents=True)
    shutil.copy("cat.png", "mix/.Trash-1000/files/deleted.png")
    source = open_source(pattern.split())
    assert [item.filename for item in source.items] == ["mix/c.png"]
    assert source.ignored == {"system file": 1}


def test_a_pattern_is_classified_shard_by_shard():
    rows = list(fake_classifier().stream("shard-*.tar"))
    assert [(row.filename, row.ok) for row in rows] == [(name, True) for name in SHARDS]


def test_a_range_that_nobody_means():
    with pytest.raises(UsageError, match="more than 1,000,000 names"):
        found("x{0..99999999999}.png")
    rows = fake_classifier().predict(["x{0..99999999999}.png", "cat.png"])
    assert [row.error_kind for row in rows] == ["not_found", None]
    assert is_repeatable("x{0..99999999999}.png"), "told when it is expanded, not when it is looked at"


def test_what_is_counted_beforehand():
    assert is_countable("*.png")
    assert is_countable("{a,b}.png")
    assert not is_countable("shard-*.tar")
    assert not is_countable("shard-{000..002}.tar")
