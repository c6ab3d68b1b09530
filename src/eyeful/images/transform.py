"""A preprocessing in Pillow: resize and crop, bit-equal to TorchVision's v2 transforms and timm's, without torch.

The integer arithmetic is TorchVision's `_compute_resized_output_size` and `center_crop`, and timm's
`ResizeKeepRatio` and `CenterCropOrPad`; normalisation is the engine's work.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from eyeful.images.profile import ToSRGB
from eyeful.images.resize import RESAMPLE, resize
from eyeful.preprocessing import Preprocessing
from eyeful.types import Size


def resized_size(size: Size, preprocessing: Preprocessing) -> Size:
    """The (height, width) to which the preprocessing resizes an image of `size`, before the crop."""
    (height, width), (scale_h, scale_w) = size, preprocessing.scale_size
    if preprocessing.crop_mode == "squash":
        return preprocessing.scale_size
    if preprocessing.crop_mode == "center" and scale_h == scale_w:  # TorchVision's Resize(int)
        if width <= height:
            return int(scale_w * height / width), scale_w
        return scale_h, int(scale_h * width / height)
    pick = max if preprocessing.crop_mode == "border" else min  # timm's ResizeKeepRatio
    ratio = pick(height / scale_h, width / scale_w)
    return max(1, round(height / ratio)), max(1, round(width / ratio))


def crop_offset(resized: Size, preprocessing: Preprocessing) -> Size:
    """Where the crop begins, as (top, left) in the resized image; negative where it needs padding."""
    return _offset(resized[0], preprocessing.size[0]), _offset(resized[1], preprocessing.size[1])


def _offset(length: int, crop: int) -> int:
    """One side of TorchVision's `center_crop`: banker's rounding inside, floored for the padding."""
    return round((length - crop) / 2.0) if length >= crop else -((crop - length) // 2)


def resize_and_crop(
    image: Image.Image, preprocessing: Preprocessing, to_srgb: ToSRGB | None = None
) -> NDArray[np.uint8]:
    """Resize and crop one upright RGB image, as TorchVision and timm do on PIL images, to the bit.

    Args:
        image: upright RGB.
        preprocessing: sizes, crop mode and interpolation.
        to_srgb: converts the resized image's colours; no more than the network sees, and before any padding.

    Returns:
        pixels (H, W, 3) uint8 of the preprocessing's size.
    """
    height, width = resized_size((image.height, image.width), preprocessing)
    if (width, height) != image.size:
        image = image.resize((width, height), RESAMPLE[preprocessing.interpolation])
    return _cropped(image if to_srgb is None else to_srgb(image), preprocessing)


def _cropped(image: Image.Image, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The middle of a resized image; where the crop is larger, the rest is black or the mean colour."""
    top, left = crop_offset((image.height, image.width), preprocessing)
    crop_h, crop_w = preprocessing.size
    if image.height >= crop_h and image.width >= crop_w:
        return np.array(image.crop((left, top, left + crop_w, top + crop_h)))
    fill = (
        tuple(round(255 * value) for value in preprocessing.mean)
        if preprocessing.crop_mode == "border"
        else (0, 0, 0)
    )
    canvas = Image.new("RGB", (crop_w, crop_h), fill)
    canvas.paste(image, (-left, -top))
    return np.array(canvas)


def resize_and_crop_fast(
    image: Image.Image, full_size: Size, preprocessing: Preprocessing, to_srgb: ToSRGB | None = None
) -> NDArray[np.uint8]:
    """Resize and crop in one step: only what the network will see is resampled.

    The box is aligned to the integers of resize-then-crop, so that the pixels differ from `resize_and_crop` by one
    level on a few per cent of them (an unaligned box moves answers).

    Args:
        image: upright RGB, perhaps decoded at a reduced scale.
        full_size: (height, width) of the image in the file.
        preprocessing: as for `resize_and_crop`, and so the next one.
        to_srgb: converts the resized image's colours.
    """
    height, width = resized_size(full_size, preprocessing)
    crop_h, crop_w = preprocessing.size
    if height < crop_h or width < crop_w:
        resized = resize(image, (width, height), preprocessing.interpolation)
        return _cropped(resized if to_srgb is None else to_srgb(resized), preprocessing)
    top, left = crop_offset((height, width), preprocessing)
    scale_y, scale_x = image.height / height, image.width / width
    box = (
        left * scale_x,
        top * scale_y,
        min((left + crop_w) * scale_x, image.width),
        min((top + crop_h) * scale_y, image.height),
    )
    resized = resize(image, (crop_w, crop_h), preprocessing.interpolation, box)
    return np.array(resized if to_srgb is None else to_srgb(resized))


def input_box(size: Size, preprocessing: Preprocessing) -> tuple[float, float, float, float]:
    """Where the network's input lies on an image of `size`, in its pixels: (left, top, right, bottom).

    It reaches over the image's edges where the preprocessing pads.
    """
    height, width = size
    resized_h, resized_w = resized_size(size, preprocessing)
    top, left = crop_offset((resized_h, resized_w), preprocessing)
    crop_h, crop_w = preprocessing.size
    scale_y, scale_x = height / resized_h, width / resized_w
    return left * scale_x, top * scale_y, (left + crop_w) * scale_x, (top + crop_h) * scale_y


def crop_box(size: Size, preprocessing: Preprocessing) -> tuple[float, float, float, float]:
    """What part of an image of `size` the network sees: (left, top, right, bottom) in the image's pixels."""
    left, top, right, bottom = input_box(size, preprocessing)
    return max(0.0, left), max(0.0, top), min(float(size[1]), right), min(float(size[0]), bottom)


def preprocess_warnings(size: Size, preprocessing: Preprocessing) -> list[str]:
    """What the preprocessing does to an image of `size` that a person should know, as row warnings.

    `cropped_away:SHARE` where the crop leaves out more than half of the image; `upscaled` where it had to be
    enlarged; `low_resolution` where it has less than half of the network's input on its shorter side.
    """
    height, width = size
    found = []
    left, top, right, bottom = crop_box(size, preprocessing)
    lost = 1 - (right - left) * (bottom - top) / (width * height)
    if lost > 0.5:
        found.append(f"cropped_away:{lost:.2f}")
    resized_h, resized_w = resized_size(size, preprocessing)
    if resized_h > height or resized_w > width:
        found.append("upscaled")
    if min(height, width) < min(preprocessing.size) / 2:
        found.append("low_resolution")
    return found
