"""docs/evaluate.md is run, from nothing: its commands in order, on labelled photographs in folders of their labels."""

import json
import sys
from pathlib import Path

import pytest

from documents import ROOT, blocks, commands
from eyeful.cli.program import run
from eyeful.sinks.review import COLUMNS

PAGE = ROOT / "docs" / "evaluate.md"


@pytest.fixture
def place(photos, tmp_path):
    """A folder with photos/LABEL/FILE, and with what a review page saves."""
    for photo in (photos / "labelled").iterdir():
        label = photo.stem.partition("_")[2].replace("_", " ")
        folder = tmp_path / "photos" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{len(list(folder.iterdir()))}.jpg").symlink_to(photo)
    said = {"filename": "photos/a.jpg", "label": "tabby", "index": 281, "prob": 0.9, "model": "efficientnet_lite0"}
    rows = [said | {"verdict": "no" if number % 10 == 0 else "yes"} for number in range(100)]
    lines = [",".join(str(row.get(name, "")) for name in COLUMNS) for row in rows]
    (tmp_path / "verdicts.csv").write_text("\n".join([",".join(COLUMNS), *lines, ""]))
    return tmp_path


@pytest.mark.slow
def test_its_commands_run_in_order(place: Path, monkeypatch, capsys):
    monkeypatch.chdir(place)
    said = {}
    for _, content in blocks(PAGE, "console"):
        for command in commands(content):
            monkeypatch.setattr(sys, "argv", command.split())
            with pytest.raises(SystemExit) as ended:
                run()
            shown = capsys.readouterr()
            assert not ended.value.code, (command, shown.err)
            said[command] = shown.out
    assert "90 of 100" in next(text for command, text in said.items() if "--verdicts" in command)
    found = json.loads((place / "evaluation" / "evaluation.json").read_text())
    assert found["scored"] == found["images"] == 250
    assert {path.name for path in (place / "evaluation").iterdir()} >= {"report.html", "rows.jsonl"}
    rows = [json.loads(line) for line in (place / "rows.jsonl").read_text().splitlines()]
    assert any(row["abstained"] for row in rows)
    assert all(row["prediction_set"] is not None for row in rows)
    groups = [json.loads(line)["group"] for line in (place / "groups.jsonl").read_text().splitlines()]
    assert sum(group is not None for group in groups) >= 0.75 * len(groups)


def test_what_it_says_of_a_hundred():
    from eyeful.evaluation.metrics import share_of

    found = share_of(90, 100)
    assert f"between {found.low:.0%} and {found.high:.0%}" in PAGE.read_text().replace("\n", " ")
