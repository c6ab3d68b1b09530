"""The page with a model that was taught: what it looks at is asked for its own labels only."""

from PIL import Image

import eyeful
from eyeful.page.inside import _inside
from eyeful.page.models import Models
from eyeful.types import NONE_OF_THESE, Item
from heads import COLOURS


def test_where_it_looked_is_asked_of_its_labels(taught, tmp_path):
    Image.new("RGB", (300, 300), "lime").save(tmp_path / "flat.png")
    with eyeful.load(taught, precision="fp32") as classifier:
        assert classifier.predict(tmp_path / "flat.png").label == NONE_OF_THESE
        found = _inside(Models({"taught": classifier}, None), Item("flat.png", tmp_path / "flat.png"), "taught")
    assert {label for label, _ in found.labels} == set(COLOURS)
    assert found.labels[0][0] in found.looked
