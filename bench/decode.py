"""Decoders and resizers, beside Pillow's: `python bench/decode.py PHOTOS [CAMERA] [--json FILE]`.

Milliseconds of CPU time for each image, of one thread, from encoded bytes to the network's input: the least of
interleaved rounds, since what else the machine does only adds to it. And how far the pixels are from those of
Pillow's decoder and Pillow's resize in one step: equal values, values within one level, mean and largest
difference in levels.

simplejpeg (libjpeg-turbo straight into NumPy, at eighths of the size) is measured where it is installed, torch's
antialiased uint8 resize where torch is.
"""

import argparse
import io
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from figures import add_json_flag, write_figures
from numpy.typing import NDArray
from PIL import Image

from eyeful.images.resize import CYKOOZ, RESAMPLE, Box, resize, resizer_for
from eyeful.images.transform import crop_offset, resized_size
from eyeful.models import ModelRequest, find_model
from eyeful.preprocessing import Preprocessing
from eyeful.sources import open_source
from eyeful.types import Size

ROUNDS = 5
IMAGES = 120
NONE = "none"
Decoder = Callable[[bytes, Preprocessing], tuple[Image.Image, Size]]
"""Encoded bytes → RGB at the least scale with twice the target or more, and the (height, width) in the file."""
Resizer = Callable[[Image.Image, Size, Preprocessing], NDArray[np.uint8]]
"""RGB and the size in the file → the network's input."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("camera", type=Path, nargs="?")
    parser.add_argument("--model", nargs="*", default=["efficientnet_lite0", "resnet18"])
    add_json_flag(parser)
    asked = parser.parse_args()
    rows: list[dict[str, object]] = []
    for images, folder in (("photographs", asked.photos), ("camera", asked.camera)):
        if folder is None:
            continue
        contents = jpegs(folder)
        for model in asked.model:
            preprocessing = find_model(ModelRequest(model)).preprocessing
            print(f"\n{len(contents)} images of {folder.name}, {model} ({preprocessing.interpolation})\n")
            kind = {"images": images, "interpolation": preprocessing.interpolation}
            rows += [
                kind | {"decoder": decoder, "resizer": resizer, "ms": round(took, 3)}
                for (decoder, resizer), took in table(contents, preprocessing).items()
            ]
    write_figures(asked.json, rows, rounds=ROUNDS)


def jpegs(folder: Path) -> list[bytes]:
    """The encoded bytes of the first JPEGs in colour."""
    found = []
    for item in open_source(folder).items:
        if isinstance(item.content, Path) and len(found) < IMAGES:
            with Image.open(item.content) as image:
                if image.format == "JPEG" and image.mode == "RGB":
                    found.append(item.content.read_bytes())
    return found


def table(contents: list[bytes], preprocessing: Preprocessing) -> dict[tuple[str, str], float]:
    """Print a row for each decoder with each resizer, and for each decoder alone; their milliseconds."""
    ways = {(decoder, resizer): (d, r) for decoder, d in decoders().items() for resizer, r in resizers().items()}
    times: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    pixels: dict[tuple[str, str], NDArray[np.uint8]] = {}
    for _ in range(ROUNDS):
        for way, (decode, resized) in ways.items():
            started = time.process_time()
            found = [resized(*decode(content, preprocessing), preprocessing) for content in contents]
            times[way].append((time.process_time() - started) / len(contents) * 1e3)
            pixels[way] = np.stack(found)
    first = next(iter(ways))
    print("| decoder | resize | ms/image | times as fast | equal | within 1 | mean Δ | max Δ |")
    print("|---|---|---|---|---|---|---|---|")
    for way in ways:
        took = min(times[way])
        faster = min(times[first]) / took
        cells = " | | | " if way[1] == NONE else agreement(pixels[way], pixels[first])
        print(f"| {' | '.join(way)} | {took:.2f} | {faster:.2f} | {cells} |")
    return {way: min(found) for way, found in times.items()}


def agreement(found_NHWC: NDArray[np.uint8], expected_NHWC: NDArray[np.uint8]) -> str:
    """Equal values, values within a level, mean and largest difference, as cells of a row."""
    difference = np.abs(found_NHWC.astype(np.int16) - expected_NHWC)
    cells = (f"{(difference == 0).mean():.2%}", f"{(difference <= 1).mean():.2%}", f"{difference.mean():.4f}")
    return f"{' | '.join(cells)} | {difference.max()}"


def decoders() -> dict[str, Decoder]:
    """Those that are installed, by name."""
    found: dict[str, Decoder] = {"Pillow": with_pillow}
    if find_spec("simplejpeg"):
        found["simplejpeg"] = with_simplejpeg
    return found


def with_pillow(content: bytes, preprocessing: Preprocessing) -> tuple[Image.Image, Size]:
    """At 1, 1/2, 1/4 or 1/8 of the size."""
    image = Image.open(io.BytesIO(content))
    full = image.height, image.width
    height, width = resized_size(full, preprocessing)
    image.draft(None, (2 * width, 2 * height))
    image.load()
    return image, full


def with_simplejpeg(content: bytes, preprocessing: Preprocessing) -> tuple[Image.Image, Size]:
    """At 1/8, 2/8 ... of the size."""
    import simplejpeg

    full_height, full_width, _, _ = simplejpeg.decode_jpeg_header(content)
    height, width = resized_size((full_height, full_width), preprocessing)
    least = {"min_height": min(full_height, 2 * height), "min_width": min(full_width, 2 * width)}
    return Image.fromarray(simplejpeg.decode_jpeg(content, "RGB", **least)), (full_height, full_width)


def resizers() -> dict[str, Resizer]:
    """Those that are installed, by name; with none, it is decoding alone that is measured."""
    found: dict[str, Resizer] = {"Pillow": by_pillow, NONE: by_none}
    if resizer_for("bicubic") == CYKOOZ:
        found["cykooz_resizer"] = by_cykooz
        found["cykooz_resizer, its own order"] = by_cykooz_once
    if find_spec("torch"):
        found["torch"] = by_torch
    return found


def box_of(image: Image.Image, full: Size, preprocessing: Preprocessing) -> Box:
    """What the network sees of an image, in its pixels, as `resize_and_crop_fast` has it."""
    height, width = resized_size(full, preprocessing)
    top, left = crop_offset((height, width), preprocessing)
    scale_y, scale_x = image.height / height, image.width / width
    right, bottom = (left + preprocessing.size[1]) * scale_x, (top + preprocessing.size[0]) * scale_y
    return left * scale_x, top * scale_y, min(right, image.width), min(bottom, image.height)


def by_pillow(image: Image.Image, full: Size, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """In one step."""
    size, box = preprocessing.size[::-1], box_of(image, full, preprocessing)
    return np.array(image.resize(size, RESAMPLE[preprocessing.interpolation], box))


def by_cykooz(image: Image.Image, full: Size, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """As eyeful does it: in Pillow's order."""
    box = box_of(image, full, preprocessing)
    return np.array(resize(image, preprocessing.size[::-1], preprocessing.interpolation, box))


def by_cykooz_once(image: Image.Image, full: Size, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """In one call: vertically first."""
    from cykooz_resizer import CropBox, FilterType, ResizeAlg, ResizeOptions, Resizer

    left, top, right, bottom = box_of(image, full, preprocessing)
    names = {"bilinear": FilterType.bilinear, "bicubic": FilterType.catmull_rom, "lanczos": FilterType.lanczos3}
    algorithm = ResizeAlg.convolution(names[preprocessing.interpolation])
    crop = CropBox(left, top, right - left, bottom - top)
    resized = Image.new("RGB", preprocessing.size[::-1])
    Resizer().resize_pil(image, resized, ResizeOptions(algorithm, use_alpha=False, crop_box=crop))
    return np.array(resized)


def by_torch(image: Image.Image, full: Size, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """All of the image on channels-last uint8, then cropped: torch has no box."""
    import torch
    from torch.nn.functional import interpolate

    torch.set_num_threads(1)
    height, width = resized_size(full, preprocessing)
    top, left = crop_offset((height, width), preprocessing)
    pixels_NCHW = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    resized = interpolate(pixels_NCHW, (height, width), mode=preprocessing.interpolation, antialias=True)
    crop_h, crop_w = preprocessing.size
    return resized[0, :, top : top + crop_h, left : left + crop_w].permute(1, 2, 0).contiguous().numpy()


def by_none(image: Image.Image, full: Size, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Nothing: what decoding alone takes."""
    del image, full
    return np.zeros((*preprocessing.size, 3), np.uint8)


if __name__ == "__main__":
    main()
