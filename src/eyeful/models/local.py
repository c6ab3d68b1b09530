"""Models that are files or a folder of the user's: a folder as timm or Hugging Face write it, an ONNX file ..."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.bundle.files import sha256_or
from eyeful.errors import MissingExtraError, UnknownModelError, WeightsError
from eyeful.models.families import ModelFamily, families
from eyeful.models.file_names import GRAPHS

if TYPE_CHECKING:
    from eyeful.models.base import Model

_CONFIG = "config.json"


class LocalFamily(ModelFamily):
    """A folder with config.json and weights; a file with a network of its own. It comes first, as bundles do."""

    priority = -10

    def matches(self, name: str) -> bool:
        """Whether it is such a folder, or ends as such a file does."""
        return is_graph(name) or _is_folder(name)

    def find(self, name: str) -> Model:
        """The model of a folder or file.

        Raises:
            UnknownModelError: there is no such file.
            WeightsError: the folder is not timm's, or has no weights.
            ModelError: the file holds no classifier of images.
        """
        if not is_graph(name):
            from eyeful.models.hub import nearest_of_timm
            from eyeful.models.timm_files import NotOfTimmError, find_in_folder

            try:
                return find_in_folder(name, Path(name))
            except NotOfTimmError as error:
                raise WeightsError(f"{error}{nearest_of_timm(Path(name).resolve().name)}") from error
        if not Path(name).is_file():
            raise UnknownModelError(f"unknown model {name!r}: there is no such file")
        from eyeful.models.graph import graph_model

        return graph_model(name, files_of(name))


FAMILY = LocalFamily()


def is_graph(name: str) -> bool:
    """Whether a model's name is that of a file with a network of its own."""
    return name.lower().endswith(GRAPHS) and not Path(name).is_dir()


def is_local(name: str) -> bool:
    """Whether a model's name is that of something on this machine, which is not found from every folder."""
    return _is_folder(name) or (is_graph(name) and Path(name).is_file())


def files_of(name: str) -> list[Path]:
    """The files that decide what a model on this machine is; none for a name of a catalogue.

    Raises:
        WeightsError: the folder has no weights.
    """
    path = Path(name)
    if _is_folder(name):
        from eyeful.models.timm_files import weights_in

        return [path / _CONFIG, weights_in(path)]
    if not is_graph(name) or not path.is_file():
        return []
    from eyeful.graph_file import data_files

    return [path, *data_files(path)]


def digests(name: str) -> list[str]:
    """The sha256 of each file of `files_of`.

    Raises:
        WeightsError: one cannot be read.
    """
    return [sha256_or(WeightsError, "the model's file", path) for path in files_of(name)]


def _is_folder(name: str) -> bool:
    """Whether a name is that of a folder with a config; a bare name that a catalogue knows is the catalogue's."""
    try:
        found = (Path(name) / _CONFIG).is_file()
    except (OSError, ValueError):  # no name of a file at all
        return False
    return found and (Path(name).name != name or not _is_known(name))


def _is_known(name: str) -> bool:
    with suppress(MissingExtraError):
        return any(family.matches(name) for family in families() if family is not FAMILY)
    return False
