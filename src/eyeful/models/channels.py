"""Networks for other than the three channels of RGB images: refused alike, wherever they come from."""

from __future__ import annotations

from typing import Any

RGB = 3


def wrong_channels(name: str, channels: int) -> str:
    """The error of a network that does not take RGB."""
    plural = "" if channels == 1 else "s"
    return f"{name} is a network for {channels} channel{plural}; eyeful's take {RGB} (RGB)"


def channels_asked(config: dict[str, Any]) -> int:
    """How many channels a config.json of timm's asks for by the argument `in_chans`; three if it does not."""
    places = (config, config.get("model_args"), config.get("pretrained_cfg"))
    found = (place.get("in_chans") for place in places if isinstance(place, dict))
    return next((channels for channels in found if isinstance(channels, int)), RGB)
