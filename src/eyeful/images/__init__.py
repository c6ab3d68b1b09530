"""Item → pixels → batch: safe opening, and a recipe in Pillow and NumPy."""

from eyeful.images.budget import MemoryBudget
from eyeful.images.colour import COLOUR_POLICY
from eyeful.images.open import DEFAULT_MAX_PIXELS, Limits, Opened, encoded_bytes, open_item
from eyeful.images.transform import apply_recipe, apply_recipe_fast, crop_box, input_box, remarks

__all__ = [
    "COLOUR_POLICY",
    "DEFAULT_MAX_PIXELS",
    "Limits",
    "MemoryBudget",
    "Opened",
    "apply_recipe",
    "apply_recipe_fast",
    "crop_box",
    "encoded_bytes",
    "input_box",
    "open_item",
    "remarks",
]
