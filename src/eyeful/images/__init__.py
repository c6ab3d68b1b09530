"""Item → pixels → batch: safe opening, and a preprocessing in Pillow and NumPy."""

from eyeful.images.budget import MEMORY_BUDGET, MemoryBudget
from eyeful.images.colour import COLOUR_POLICY
from eyeful.images.decode import Opened
from eyeful.images.encoded import encoded_bytes
from eyeful.images.limits import DEFAULT_MAX_PIXELS, MAX_ASPECT, Limits
from eyeful.images.open import open_item
from eyeful.images.profile import ToSRGB
from eyeful.images.resize import PILLOW, resizer_for
from eyeful.images.transform import crop_box, input_box, preprocess_warnings, resize_and_crop, resize_and_crop_fast

__all__ = [
    "COLOUR_POLICY",
    "DEFAULT_MAX_PIXELS",
    "MAX_ASPECT",
    "MEMORY_BUDGET",
    "PILLOW",
    "Limits",
    "MemoryBudget",
    "Opened",
    "ToSRGB",
    "crop_box",
    "encoded_bytes",
    "input_box",
    "open_item",
    "preprocess_warnings",
    "resize_and_crop",
    "resize_and_crop_fast",
    "resizer_for",
]
