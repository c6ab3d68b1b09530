"""docs/inputs.md says what the code does."""

import json
import re
import tarfile
from pathlib import Path

import pytest

from eyeful.errors import UsageError
from eyeful.sources import archive, entries, listing, open_source, system_files, video
from helpers import noise_image

TEXT = (Path(__file__).parents[2] / "docs" / "inputs.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"^## ", TEXT.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def table(title: str, first: str) -> list[list[str]]:
    """The cells of the table of a section whose header begins so."""
    lines = section(title).partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def quoted(title: str) -> list[str]:
    (line,) = re.findall(r"^> (.*)$", section(title), re.MULTILINE)
    return codes(line)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png", "mix/c.png", "mix/deep/d.png", "x[1].png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        noise_image(0, 9, 9).save(name)
    for number in range(2):
        with tarfile.open(f"shard-{number:03d}.tar", "w") as tar:
            tar.add("a.png", "x.png")


def test_its_lists_of_names():
    assert quoted("Lists") == list(entries.NAME_COLUMNS)
    assert set(quoted("Folders")) == system_files.FOLDERS
    assert sorted(codes("".join(row[0] for row in table("Lists", "ending")))) == sorted(listing.ENDINGS)
    assert codes(table("Videos", "ending")[0][0]) == list(video.EXTENSIONS)
    opened = codes(section("Archives").partition(":")[0])
    assert sorted(opened) == sorted([*archive._TARS, ".zip"])


@pytest.mark.parametrize("row", table("Lists", "the list"), ids=lambda row: row[0])
def test_its_table_of_lists(row):
    text, images, columns = row
    Path("list.csv").write_text("\n".join(codes(text)) + "\n")
    if images == "refused":
        with pytest.raises(UsageError):
            list(open_source("list.csv").items)
        return
    found = list(open_source("list.csv").items)
    assert [item.filename for item in found] == codes(images)
    assert found[0].columns == (None if columns == "none" else json.loads(columns.strip("`")))


@pytest.mark.parametrize("row", table("Patterns", "pattern"), ids=lambda row: row[0])
def test_its_table_of_patterns(row):
    (pattern,), names = map(codes, row)
    assert [item.filename for item in open_source(pattern).items] == names


def test_its_table_of_times():
    times, frames = (codes(row[0]) for row in table("Videos", "`--every`"))
    assert [video.Every.of(every) for every in times] == [video.Every(n) for n in (1, 2, 0.5, 0.5, 60)]
    assert [video.Every.of(every) for every in frames] == [video.Every(frames=10)]
