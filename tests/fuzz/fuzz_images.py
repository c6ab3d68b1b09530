"""Coverage-guided fuzzing of bytes → pixels: whatever the bytes, an image or a named error.

    python tests/fuzz/fuzz_images.py CORPUS [-max_total_time=SECONDS] [-seed=N] ...    (or: make fuzz)

CORPUS is filled with the hostile set and a few good images of every format, if it is empty.
"""

import io
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["PIL", "eyeful.images"]):
    from PIL import Image

    from eyeful.errors import ImageError
    from eyeful.images import Limits, open_item, resize_and_crop, resize_and_crop_fast
    from eyeful.preprocessing import Preprocessing
    from eyeful.types import Item

preprocessing = Preprocessing((32, 32), (36, 36), "bicubic", (0.5,) * 3, (0.5,) * 3)
LIMITS = Limits(max_pixels=4_000_000)
MEMORY = 4 << 30
"""Bytes of address space. libFuzzer's own limit reads the peak of resident memory, which survives fork and exec: it
would be that of the process which started this one."""


def open_bytes(content: bytes) -> None:
    """One input, both ways of opening it: pixels or a named error, everything else is a bug."""
    for exact in (False, True):
        try:
            with open_item(Item("fuzzed", content), LIMITS, reduce_for=None if exact else preprocessing) as opened:
                if exact:
                    pixels_HWC = resize_and_crop(opened.image, preprocessing)
                else:
                    pixels_HWC = resize_and_crop_fast(opened.image, opened.full_size, preprocessing)
        except ImageError as error:
            if error.kind == "internal":
                raise
            continue
        assert pixels_HWC.shape == (32, 32, 3), pixels_HWC.shape


def fill(corpus: Path) -> None:
    """Seeds: small ones, so that mutations hit what matters."""
    corpus.mkdir(parents=True, exist_ok=True)
    if any(corpus.iterdir()):
        return
    image = Image.effect_noise((40, 30), 60).convert("RGB")
    for form in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM"):
        buffer = io.BytesIO()
        image.save(buffer, form)
        (corpus / form.lower()).write_bytes(buffer.getvalue())
    with tempfile.TemporaryDirectory() as folder:
        script = Path(__file__).parents[1] / "hostile" / "make_hostile.py"
        subprocess.run([sys.executable, "-W", "ignore", script, folder, "--photo", corpus / "jpeg"], check=True)
        for number, path in enumerate(sorted(Path(folder).rglob("*"))):
            if path.is_file() and path.stat().st_size < 20_000:
                (corpus / f"hostile-{number:03d}").write_bytes(path.read_bytes())


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    atheris.Setup([*sys.argv, "-max_len=20000", "-rss_limit_mb=0", "-timeout=20"], open_bytes)
    atheris.Fuzz()
