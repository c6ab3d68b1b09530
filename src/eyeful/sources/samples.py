"""Images that packages carry, for a first run: some that a classifier knows, some outside its label set."""

import filecmp
import shutil
from importlib.util import find_spec
from pathlib import Path

from eyeful.errors import MissingExtraError, OutputError
from eyeful.extras import install_command

_SKIMAGE = "data"
_MATPLOTLIB = "mpl-data/sample_data"

_SAMPLES = {  # our name → (package, folder in it, its name there, what to notice)
    "cat.png": ("skimage", _SKIMAGE, "chelsea.png", "three kinds of cat share the probability"),
    "coffee.png": ("skimage", _SKIMAGE, "coffee.png", "a clear case"),
    "rocket.jpg": ("skimage", _SKIMAGE, "rocket.jpg", "there is no label 'rocket': missile, projectile"),
    "motorcycle.png": (
        "skimage",
        _SKIMAGE,
        "motorcycle_left.png",
        "the nearest label is a part or a relative",
    ),
    "cameraman.png": ("skimage", _SKIMAGE, "camera.png", "no label for a person: the tripod wins"),
    "astronaut.png": ("skimage", _SKIMAGE, "astronaut.png", "no label for a person: clothing and background"),
    "admiral.jpg": (
        "matplotlib",
        _MATPLOTLIB,
        "grace_hopper.jpg",
        "no label for a person: she becomes her uniform",
    ),
    "page.png": ("skimage", _SKIMAGE, "page.png", "printed text, outside the label set"),
    "galaxies.jpg": (
        "skimage",
        _SKIMAGE,
        "hubble_deep_field.jpg",
        "outside the label set: the answer is nonsense",
    ),
}


def write_samples(folder: Path) -> list[Path]:
    """Copy the sample images into a folder, with a text that says where each is from.

    Returns:
        the images' paths.

    Raises:
        MissingExtraError: the packages that carry them are not installed.
        OutputError: they cannot be written there.
    """
    images = {name: _carried(package, inner, there) for name, (package, inner, there, _) in _SAMPLES.items()}
    credits_ = "".join(
        f"{name}: {there} of {package}; {notice}\n" for name, (package, _, there, notice) in _SAMPLES.items()
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in images.items():
            if (folder / name).exists() and not filecmp.cmp(path, folder / name, shallow=False):
                raise OutputError(f"{folder / name} is a file of yours; name a new folder for the samples")
            shutil.copyfile(path, folder / name)
        (folder / "SOURCES.md").write_text(credits_, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write the samples to {folder}: {error.strerror}") from error
    return [folder / name for name in images]


def _carried(package: str, inner: str, name: str) -> Path:
    spec = find_spec(package)
    path = Path(str(spec.origin)).parent / inner / name if spec else None
    if path is None or not path.is_file():
        title = "scikit-image" if package == "skimage" else "Matplotlib"
        raise MissingExtraError(
            f"the samples come with {title}, which is not installed: {install_command('samples')}"
        )
    return path
