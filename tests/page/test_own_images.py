"""The images that a visitor adds to a label, before anything is taught."""

from pathlib import Path

import pytest

pytest.importorskip("gradio")

from eyeful.page.own_images import Own, by_label
from eyeful.types import Item


def test_each_image_has_a_name_of_its_own():
    names = ["image.jpg", "image.jpg", "2 image.jpg", "image.jpg", "other.jpg"]
    own = Own(tuple(Item(name, Path(str(place))) for place, name in enumerate(names)))
    found = by_label(["cat", "dog"], [own, own], 5)
    assert isinstance(found, dict)
    for label, items in found.items():
        assert [str(item.content) for item in items] == ["0", "1", "2", "3", "4"]
        assert len({item.filename for item in items}) == 5
        assert all(item.filename.startswith(f"{label}/") for item in items)
