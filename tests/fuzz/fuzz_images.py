"""Coverage-guided fuzzing of bytes → pixels: whatever the bytes, an image or a named error, never `internal`.

    python tests/fuzz/fuzz_images.py CORPUS [-max_total_time=SECONDS] [-seed=N] ...    (or: make fuzz)

CORPUS is filled with the hostile set and a few good images of every format, if it is empty.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["PIL", "eyeful"]):
    from PIL import Image

    from eyeful.images import Limits
    from eyeful.predictor import Preprocessor
    from eyeful.preprocessing import Preprocessing
    from eyeful.types import Item

preprocessing = Preprocessing((32, 32), (36, 36), "bicubic", (0.5,) * 3, (0.5,) * 3)
LIMITS = Limits(max_pixels=4_000_000)


def open_bytes(content: bytes) -> None:
    """One input: both ways of opening it."""
    for exact in (False, True):
        preprocess = Preprocessor(preprocessing, LIMITS, full_decode=exact, two_step_resize=exact)
        loaded = preprocess(Item("fuzzed", content), 320 if exact else 0)
        if loaded.error is None:
            assert loaded.pixels_HWC.shape == (32, 32, 3), loaded.pixels_HWC.shape
        elif loaded.error.kind == "internal":
            raise loaded.error


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
    atheris.Setup([*sys.argv, "-max_len=20000", "-rss_limit_mb=4096", "-timeout=20"], open_bytes)
    atheris.Fuzz()
