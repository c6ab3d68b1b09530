"""A generator that names one file again and again: each row is of what was there when it was named, or says so."""

import time
from pathlib import Path

from PIL import Image

from helpers import fake_classifier

COLOURS = ["red", "lime", "blue"] * 8


def frames(path, pause):
    for colour in COLOURS:
        Image.new("RGB", (9, 9), colour).save(path)
        yield str(path)
        time.sleep(pause)


def test_a_file_that_is_written_again_is_never_answered_by_another_frame(tmp_path):
    for pause in (0, 0.02):
        rows = list(fake_classifier().stream(frames(tmp_path / "a.png", pause)))
        assert len(rows) == len(COLOURS)
        for row, colour in zip(rows, COLOURS, strict=True):
            assert row.label == colour.replace("lime", "green") or "it was changed after" in row.error
        if pause:
            assert sum(row.ok for row in rows) > len(rows) / 2


def test_a_file_that_is_removed_is_said_to_be(tmp_path):
    def names():
        for number in range(3):
            path = tmp_path / f"{number}.png"
            Image.new("RGB", (9, 9), "red").save(path)
            yield path
            path.unlink()

    rows = list(fake_classifier().stream(names()))
    assert {row.error_kind for row in rows} <= {None, "not_found"}
    assert all(row.ok or "it was removed after it was handed over" in row.error for row in rows)


def test_files_that_stay_are_answered_as_if_they_were_listed(tmp_path, images):
    del tmp_path
    names = [*sorted(images.iterdir()), Path("nowhere.png"), images]
    listed = [row.to_dict() for row in fake_classifier().predict(names)]
    assert [row.to_dict() for row in fake_classifier().predict(name for name in names)] == listed
