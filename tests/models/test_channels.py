"""Networks for other than RGB."""

import pytest

from eyeful.models.channels import channels_asked, wrong_channels


@pytest.mark.parametrize(("channels", "text"), [(1, "for 1 channel; "), (4, "for 4 channels; ")])
def test_one_line(channels, text):
    assert text in wrong_channels("x", channels)


@pytest.mark.parametrize(
    ("config", "channels"),
    [
        ({}, 3),
        ({"in_chans": 1}, 1),
        ({"model_args": {"in_chans": 4}}, 4),
        ({"pretrained_cfg": {"in_chans": 2}, "model_args": {}}, 2),
        ({"in_chans": None, "model_args": "none", "pretrained_cfg": ["in_chans"]}, 3),
    ],
)
def test_in_chans_wherever_it_stands(config, channels):
    assert channels_asked(config) == channels
