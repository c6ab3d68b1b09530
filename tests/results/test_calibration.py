"""The file of a calibration: read, or refused in one line."""

import json

import pytest

from eyeful.errors import UsageError
from eyeful.results import Calibration, Coverage, Risk, made_for, read_calibration

MADE_FOR = {
    "weights": "a" * 64,
    "preprocessing": {"size": [8, 8], "crop_mode": "center"},
    "labels_sha256": "b" * 64,
    "precision": "fp32",
    "activation": "softmax",
    "decode": "reduced",
    "resize": "one step",
    "colour_profile": "converted",
}
FOUND = Calibration(
    "fake", "2026-01-02", MADE_FOR, 200, 0.7, 100, Risk(0.05, 0.1, 0.8, 100, 70, 1), Coverage(0.9, 0.3, 100)
)
NOTHING = Calibration("fake", "2026-01-02", MADE_FOR, 90, 0.7, 45, Risk(0.05, 0.1, None, 45, needs=700))


@pytest.mark.parametrize("calibration", [FOUND, NOTHING])
def test_the_file_holds_it_whole(calibration, tmp_path):
    calibration.write(tmp_path / "c.json")
    assert read_calibration(tmp_path / "c.json") == calibration
    assert json.loads((tmp_path / "c.json").read_text()) == calibration.to_dict()


def test_the_format():
    assert FOUND.to_dict() == {
        "format": 1,
        "model": "fake",
        "made": "2026-01-02",
        "made_for": MADE_FOR,
        "images": 200,
        "temperature": 0.7,
        "temperature_images": 100,
        "risk": {"at_most": 0.05, "delta": 0.1, "threshold": 0.8, "images": 100, "answered": 70, "wrong": 1},
        "coverage": {"at_least": 0.9, "threshold": 0.3, "images": 100},
    }
    assert NOTHING.to_dict()["risk"] == {
        "at_most": 0.05,
        "delta": 0.1,
        "threshold": None,
        "images": 45,
        "needs": 700,
    }
    assert NOTHING.to_dict()["coverage"] is None


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"labels": []}, "not a calibration"),
        ([], "not a calibration"),
        (FOUND.to_dict() | {"format": 2}, "format 2, not 1"),
        (FOUND.to_dict() | {"temperature": 0}, "its temperature is not above 0"),
        (FOUND.to_dict() | {"temperature": float("nan")}, "its temperature is not above 0"),
        (FOUND.to_dict() | {"temperature": "1"}, "damaged"),
        (FOUND.to_dict() | {"risk": {"at_most": 0.05}}, "damaged"),
        (FOUND.to_dict() | {"risk": FOUND.to_dict()["risk"] | {"threshold": 1.5}}, "risk threshold"),
        (
            FOUND.to_dict() | {"coverage": {"at_least": 2, "threshold": 0.3, "images": 1}},
            "its coverage is no share",
        ),
        (FOUND.to_dict() | {"coverage": []}, "damaged"),
        (FOUND.to_dict() | {"images": -1}, "counts no images"),
        (FOUND.to_dict() | {"made_for": {"weights": "a"}}, "does not say what it was made for"),
        (FOUND.to_dict() | {"made_for": 3}, "damaged"),
        (FOUND.to_dict() | {"more": 3}, "damaged"),
        ({name: value for name, value in FOUND.to_dict().items() if name != "coverage"}, "damaged"),
    ],
)
def test_what_is_none_is_refused(values, match, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps(values))
    with pytest.raises(UsageError, match=match) as refused:
        read_calibration(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read_calibration(tmp_path / "none.json")
    with pytest.raises(UsageError, match="cannot be read"):
        read_calibration(tmp_path)
    (tmp_path / "image.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UsageError, match="not a calibration"):
        read_calibration(tmp_path / "image.json")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"weights": {"sha256": "c" * 64}}, "the weights were aaaaaaaaaaaa, now cccccccccccc"),
        ({"labels_sha256": "c" * 64}, "the labels were bbbbbbbbbbbb, now cccccccccccc"),
        ({"precision": "bf16"}, r"the precision was fp32 \(--precision fp32\), now bf16"),
        ({"activation": "sigmoid"}, "the activation was softmax, now sigmoid"),
        ({"preprocessing": {"size": [8, 8], "crop_mode": "squash"}}, "crop_mode was center, is squash"),
        ({"decode": "full"}, "the decoding was reduced, now full"),
        ({"resize": "two steps"}, "the resizing was one step, now two steps"),
        ({"colour_profile": "ignored"}, "handling was converted, now ignored"),
    ],
)
def test_each_difference_is_named(change, named):
    provenance = MADE_FOR | {"weights": {"sha256": "a" * 64}, "model": "other", "device": "cpu"}
    FOUND.check(provenance)
    FOUND.check({"precision": "fp32"})
    with pytest.raises(UsageError, match=named) as refused:
        FOUND.check(provenance | change)
    assert str(refused.value).count(";") == 0
    assert made_for(provenance) == MADE_FOR
