"""Files that timm reads: of a Hugging Face repository, or of a folder like one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.bundle.files import sha256_or
from eyeful.errors import EyefulError, UnknownModelError, WeightsError, one_line
from eyeful.models.base import Model, Weights, ready
from eyeful.models.channels import RGB, channels_asked, wrong_channels
from eyeful.models.labels import assumed_labels
from eyeful.models.timm_config import knows, model_of
from eyeful.models.torchvision_import import import_timm
from eyeful.models.weights import mirror, not_here, verified_sha256

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from eyeful.types import Activation

CONFIG = "config.json"
_ACTIVATIONS: dict[str | None, Activation] = {
    "multi_label_classification": "sigmoid",
    "single_label_classification": "softmax",
}
"""Hugging Face's problem_type → what makes probabilities."""
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


class NotOfTimmError(WeightsError):
    """A config.json is another library's."""


def find_on_hub(repo: str) -> Model:
    """The model of a Hugging Face repository that timm can read; its config is fetched at once.

    Raises:
        WeightsError: the repository cannot be reached and is not cached, or is not timm's.
        UnknownModelError: it is timm's, of an architecture that the installed timm does not have.
    """
    folder = _hub_file(repo, CONFIG).parent

    def weights() -> tuple[Path, str]:
        path = weights_on_hub(repo, None)
        return path, verified_sha256(path)

    model = _find(f"hf-hub:{repo}", folder, weights, is_timms=repo.startswith("timm/"))
    return replace(model, weights=replace(model.weights, revision=revision_of(folder)))


def find_in_folder(name: str, folder: Path) -> Model:
    """The model of a folder that timm, or a clone of a Hugging Face repository, left on this machine.

    Raises:
        WeightsError: it has no weights, or is not timm's.
        UnknownModelError: it is timm's, of an architecture that the installed timm does not have.
    """
    path = weights_in(folder)
    return _find(
        name,
        folder,
        lambda: (path, sha256_or(WeightsError, "the weights", path)),
        {"hf_hub_id": None, "url": str(path)},
    )


def weights_in(folder: Path) -> Path:
    """The weights of a folder like a repository.

    Raises:
        WeightsError: there are none.
    """
    for path in (folder / file for file in WEIGHT_FILES):
        if path.is_file():
            return path
    raise WeightsError(f"{folder} has a {CONFIG}, but neither {' nor '.join(WEIGHT_FILES)}")


def _find(
    name: str,
    folder: Path,
    weights: Callable[[], tuple[Path, str]],
    changes: dict[str, Any] | None = None,
    *,
    is_timms: bool = False,
) -> Model:
    """The model that a folder's config describes.

    Args:
        name: what to call it.
        folder: with the config in it.
        weights: fetches the weights; gives them with their sha256.
        changes: values in place of the config's.
        is_timms: timm's authors published it: without names of its own it certainly has ImageNet's.
    """
    try:
        return _described(name, folder, weights, changes or {}, is_timms=is_timms)
    except EyefulError:
        raise
    except Exception as error:  # what a library makes of values of any kind
        raise NotOfTimmError(
            f"{name} is not a timm model: its {CONFIG} has no usable {one_line(error)}"
        ) from error


def _described(
    name: str,
    folder: Path,
    weights: Callable[[], tuple[Path, str]],
    changes: dict[str, Any],
    *,
    is_timms: bool,
) -> Model:
    import_timm()
    from timm.models._hub import load_model_config_from_path

    config, architecture, options = load_model_config_from_path(folder)
    whole = json.loads((folder / CONFIG).read_text(encoding="utf-8"))  # timm gives only what it needs of it
    if (channels := channels_asked(whole)) != RGB:
        raise UnknownModelError(wrong_channels(name, channels))
    problem = whole.get("problem_type")
    if problem is not None and problem not in _ACTIVATIONS:
        raise WeightsError(f"{name} is for {str(problem)[:60]}, which eyeful does not do: it classifies images")
    if not knows(architecture):
        raise UnknownModelError(
            f"{name} wants the architecture {architecture!r}, which this timm does not have: pip install -U timm"
        )
    values = {"architecture": architecture, "license": None} | dict(config) | changes

    def load() -> tuple[nn.Module, Weights]:
        path, digest = weights()
        return read_by_timm(architecture, path, digest, values, options)

    model = model_of(name, values, load, options)
    if not (is_timms or values.get("label_names")):
        labels, notes = assumed_labels(values["num_classes"])
        model = replace(model, labels=labels, notes=model.notes + notes)
    return replace(model, stated_activation=_ACTIVATIONS.get(problem))


def read_by_timm(
    name: str, path: Path, digest: str, config: dict[str, Any], options: dict[str, Any] | None = None
) -> tuple[nn.Module, Weights]:
    """Let timm read a verified file with its own code, filters for old formats included.

    Raises:
        WeightsError: the weights do not fit.
    """
    overlay = config | {"file": str(path), "hf_hub_id": None, "url": None, "source": None}
    try:
        module = import_timm().create_model(
            name,
            pretrained=True,
            pretrained_cfg_overlay=overlay,
            **({"num_classes": config["num_classes"]} | (options or {})),
        )
    except Exception as error:
        raise WeightsError(
            f"the weights {path} do not fit {name}: {' '.join(str(error).split())[:300]}"
        ) from error
    source = config.get("hf_hub_id") or config.get("url") or str(path)
    return ready(module), Weights(str(source), config.get("license"), digest, revision_of(path))


def revision_of(path: Path) -> str | None:
    """The commit that a file or folder of the Hugging Face cache is from: `.../snapshots/COMMIT/...`."""
    _, found, rest = path.as_posix().rpartition("/snapshots/")
    return rest.partition("/")[0] if found else None


def weights_on_hub(repo: str, filename: str | None) -> Path:
    """The weights of a repository, fetched if they are not cached.

    Raises:
        WeightsError: they are not cached and cannot be downloaded.
    """
    if filename:
        return _hub_file(repo, filename)
    from huggingface_hub.errors import EntryNotFoundError

    first, second = WEIGHT_FILES
    try:
        return _hub_file(repo, first)
    except WeightsError as error:
        if isinstance(error.__cause__, EntryNotFoundError):
            return _hub_file(repo, second)
        raise


def _hub_file(repo: str, filename: str) -> Path:
    """A file of a Hugging Face repository, from its cache (`HF_HOME`, `HF_HUB_OFFLINE`) or the hub.

    Raises:
        WeightsError: it is not cached and cannot be downloaded.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    repo, _, revision = repo.partition("@")
    try:
        return Path(hf_hub_download(repo, filename, revision=revision or None, endpoint=mirror()))
    except (OSError, HfHubHTTPError, HFValidationError, ValueError) as error:
        place = "the Hugging Face cache (HF_HOME), by `hf download` on a machine with a network"
        raise WeightsError(not_here(f"{repo}/{filename}", place, error)) from error
