"""Preprocessing as values: what is asked for, and back."""

from dataclasses import replace

import pytest

from eyeful.preprocessing import InputOverrides, Preprocessing

MEAN = STD = (0.5,) * 3
PLAIN = Preprocessing((224, 224), (256, 256), "bilinear", MEAN, STD)


def test_options_lead_to_the_same_integers_from_any_other():
    for side in (1, 7, 64, 127, 224, 299, 384, 1000):
        for scale in {*range(side, min(side + 300, 100 * side)), side * 10}:
            wanted = Preprocessing((side, side), (scale, scale), "bicubic", MEAN, STD, "squash")
            assert replace(PLAIN, size=wanted.size).with_options(**wanted.options()) == wanted


def test_options_of_an_oblong():
    for sides in ((160, 224), (224, 320), (299, 513)):
        wanted = PLAIN.with_overrides(InputOverrides(img_size=sides))
        assert replace(PLAIN, size=sides).with_options(**wanted.options()) == wanted


@pytest.mark.parametrize("scale_size", [(200, 200), (224, 448)])
def test_no_crop_pct_where_none_leads_there(scale_size):
    assert replace(PLAIN, scale_size=scale_size).options() == {"crop_mode": "center", "interpolation": "bilinear"}
