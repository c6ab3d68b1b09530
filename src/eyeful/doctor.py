"""What this machine and installation can do, and the one line that mends what they cannot."""

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import features

from eyeful import plugins
from eyeful.cache import cache_folder
from eyeful.cpu import processor, usable_cores
from eyeful.engines.machine import cpu_name, native_precisions
from eyeful.engines.tuning import is_on, recorded_tunings
from eyeful.errors import EyefulError, one_line
from eyeful.extras import MODULES_OF, available, install_command, version_of
from eyeful.images import PILLOW, resizer_for
from eyeful.prepare.entries import list_entries
from eyeful.version import __version__

_LIBRARIES = (
    *("numpy", "pillow", "cykooz-resizer", "openvino", "torch", "torchvision", "timm", "onnxruntime", "nncf"),
    *("scikit-learn", "pyarrow", "fsspec", "pillow-heif", "matplotlib"),
)
_MOST_TUNINGS = 12
"""So many measurements are shown."""
_CODECS = {
    "jpg": "JPEG",
    "zlib": "PNG",
    "webp": "WEBP",
    "avif": "AVIF",
    "jpg_2000": "JPEG 2000",
    "libtiff": "TIFF",
}
"""Pillow's names of what it may be built with, and the formats that people know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination.

    Attributes:
        topic: what was looked at.
        text: what was found.
        remedy: what to type, where something is missing or broken.
        broken: it keeps eyeful from working, rather than being an option.
    """

    topic: str
    text: str
    remedy: str | None = None
    broken: bool = False


def examine() -> list[Finding]:
    """Look at everything; takes a few seconds, since engines are really started."""
    return [
        _versions(),
        _machine(),
        *(_extra(extra) for extra in MODULES_OF),
        _probed("openvino", _openvino, essential=True),
        _probed("onnxruntime", _onnxruntime),
        _probed("torch", _torch),
        _probed("torchvision", _torchvision),
        _codecs(),
        _resizer(),
        *_plugins(),
        _probed("cache", _cache, essential=True),
        *_tunings(),
    ]


def _versions() -> Finding:
    found = [f"eyeful {__version__}", f"Python {platform.python_version()}"]
    found += [f"{name} {text}" for name in _LIBRARIES if (text := version_of(name)) is not None]
    return Finding("versions", ", ".join(found))


def _machine() -> Finding:
    return Finding(
        "machine",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, of which this process may use "
        f"{usable_cores()}",
    )


def _extra(extra: str) -> Finding:
    missing = [module for module in MODULES_OF[extra] if not available(module)]
    if not missing:
        return Finding(f"extra {extra}", "installed")
    return Finding(f"extra {extra}", f"not installed: {', '.join(missing)}", install_command(extra))


def _probed(topic: str, probe: Callable[[], str | Finding | None], *, essential: bool = False) -> Finding:
    """What a probe of something gives; an optional thing that is not there is no finding of damage."""
    try:
        text = probe()
    except (EyefulError, ImportError, OSError, RuntimeError) as error:
        reason = one_line(error, 300)
        remedy = None if topic == "cache" else f"{sys.executable} -m pip install -U {topic}"
        return Finding(topic, f"does not work: {reason}", remedy, essential)
    return text if isinstance(text, Finding) else Finding(topic, text or "not installed")


def _openvino() -> str:
    able = native_precisions()
    fast = "bf16 natively" if "bf16" in able else "fp32 (this CPU has no native bf16)"
    return f"{cpu_name()}; --precision auto runs {fast}; can do {', '.join(sorted(able))}"


def _onnxruntime() -> str | None:
    if not available("onnxruntime"):
        return None
    import onnxruntime

    return f"runs on {', '.join(onnxruntime.get_available_providers())}; eyeful uses the CPU, fp32"


def _torch() -> str | None:
    if not available("torch"):
        return None
    import torch

    if torch.cuda.is_available():
        cards = ", ".join(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()))
        return f"CUDA {torch.version.cuda}: {cards}"
    if torch.backends.mps.is_available():
        return "an Apple GPU (--device mps)"
    return "CPU only" + ("" if torch.version.cuda else "; this build knows no CUDA")


def _torchvision() -> str | Finding | None:
    if not (available("torchvision") and available("torch")):
        return None
    from eyeful.models.torchvision_import import import_torchvision, operators_are_declared

    import_torchvision()
    if operators_are_declared():
        return Finding(
            "torchvision",
            "its compiled operators do not load beside this torch; classifiers need none of them",
            f"{sys.executable} -m pip install --force-reinstall torch torchvision, both from one index",
        )
    return "its operators load"


def _plugins() -> list[Finding]:
    """What other packages add; one that does not work is left out by every command that does not name it."""
    return [
        Finding(f"plug-in {one.name}", f"{one.group}, of the package {one.package}: {one.fault or 'works'}")
        for one in plugins.of_others()
    ]


def _codecs() -> Finding:
    missing = [title for codec, title in _CODECS.items() if not features.check(codec)]
    text = f"Pillow opens {', '.join(title for title in _CODECS.values() if title not in missing)}"
    if features.check("libjpeg_turbo"):
        text += "; JPEG with libjpeg-turbo"
    if not missing:
        return Finding("codecs", text)
    return Finding("codecs", f"{text}; not {', '.join(missing)}", f"{sys.executable} -m pip install -U pillow")


def _resizer() -> Finding:
    used = resizer_for("bicubic")
    if used != PILLOW:
        return Finding("resize", f"{used}, with Pillow's pixels")
    return Finding(
        "resize",
        "Pillow, which takes longer than cykooz_resizer",
        f"{sys.executable} -m pip install -U cykooz-resizer",
    )


def _cache() -> str:
    folder = cache_folder()
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise OSError(f"{folder} cannot be written ({error.strerror}); EYEFUL_HOME names another place") from error
    entries = list_entries()
    damaged = sum(one.damage is not None for one in entries)
    size = sum(one.size for one in entries) / 1e6
    text = f"{folder}: {len(entries)} models, {size:.0f} MB, {_free(folder)} GB free"
    return text + (f"; {damaged} damaged, `eyeful cache clear` removes them" if damaged else "")


def _tunings() -> list[Finding]:
    """What was found to be fastest on this CPU, of each model that was measured."""
    if not is_on():
        return [Finding("tuning", "off: EYEFUL_AUTOTUNE=0; each engine runs with its own settings")]
    found = [one for _, one in recorded_tunings() if one is not None and one.cpu == processor()[0]]
    shown = [Finding(f"fastest {one.model}", f"{one} ({one.threads} threads)") for one in found[:_MOST_TUNINGS]]
    more = len(found) - len(shown)
    return [*shown, *([Finding("tuning", f"and {more} more")] if more else [])]


def _free(folder: Path) -> int:
    import shutil

    return int(shutil.disk_usage(folder).free / 1e9)
