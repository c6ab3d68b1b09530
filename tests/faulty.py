"""What breaks a run: a full disk, and a decoder that crashes or hangs."""

import os
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from eyeful.isolate import LIMIT
from eyeful.pipeline.watchdog import MAX_TICKS


@contextmanager
def small_tmpfs(place: Path) -> Iterator[Path]:
    """A file system of 256 kB, where this process may mount one."""
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


_BAD_CODEC = """
    import os, signal, time
    from PIL import PngImagePlugin
    load = PngImagePlugin.PngImageFile.load
    def bad(self):
        if self.size == (51, 50):
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.size == (52, 50):
            time.sleep(600)
        return load(self)
    PngImagePlugin.PngImageFile.load = bad
    from eyeful.pipeline import decode, watchdog
    decode.MAX_TICKS = watchdog.MAX_TICKS = 2
    from eyeful import isolate
    isolate.LIMIT = 2.0
"""


def bad_codec_environment(place: Path) -> dict[str, str]:
    """An environment whose PNG decoder crashes on 51x50 pixels and hangs on 52x50, in child processes too."""
    assert MAX_TICKS == LIMIT == 30
    place.mkdir()
    (place / "sitecustomize.py").write_text(textwrap.dedent(_BAD_CODEC))
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])}


def write_thirty(folder: Path) -> list[Path]:
    """Thirty images, of which two crash that decoder and one hangs it."""
    folder.mkdir()
    for number in range(30):
        width = {11: 51, 17: 52, 23: 51}.get(number, 50)
        Image.new("RGB", (width, 50), (number, 9, 9)).save(folder / f"{number:02d}.png")
    return sorted(folder.iterdir())


KINDS = {11: "unreadable", 17: "timeout", 23: "unreadable"}
"""What becomes of those three."""
