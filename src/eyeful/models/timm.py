"""timm's models: `timm/NAME` and `hf-hub:ORG/NAME`, preprocessing and labels from the pretrained config."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from eyeful.errors import UnknownModelError, WeightsError
from eyeful.extras import available
from eyeful.models.base import Architecture, Model, ModelEntry, Weights, ready
from eyeful.models.channels import RGB, channels_asked, wrong_channels
from eyeful.models.families import ModelFamily, nearest
from eyeful.models.labels import default_labels, imagenet_labels, imagenet_wnids
from eyeful.models.torchvision_import import import_timm
from eyeful.models.weights import fetch_hub_file, mirror, not_here, verified_sha256
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from eyeful.models.meta import StateDict

_PREFIX = "timm/"
_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_ENDINGS = ("pth", "pt", "bin", "safetensors", "onnx")
"""What comes after a dot in a file's name, and is no tag."""
_WNID = re.compile(r"n\d{8}")
"""A WordNet id, as ImageNet names its classes."""


class TimmFamily(ModelFamily):
    """`timm/NAME`, `timm/NAME.TAG`, and `NAME.TAG` as timm itself spells it."""

    priority = 20
    library = "timm"

    def matches(self, name: str) -> bool:
        """Whether a name begins with `timm/`, or is an architecture with a tag, as timm's own lists have it."""
        if name.startswith(_PREFIX):
            return True
        architecture, _, tag = name.partition(".")
        return bool(tag) and tag not in _ENDINGS and self._is_installed() and knows(architecture)

    def find(self, name: str) -> Model:
        """The model of timm's own catalogue.

        Raises:
            UnknownModelError: timm has no such architecture, or no such weights for it.
        """
        timm = import_timm()
        name = name.removeprefix(_PREFIX)
        architecture, _, tag = name.partition(".")
        if not knows(architecture):
            near = nearest(name, self.names())
            meant = f"; did you mean {' or '.join(near)}?" if near else ";"
            listed = f"`eyeful models {_PREFIX}{name[:3]}` lists some"
            raise UnknownModelError(f"timm has no model {name!r}{meant} {listed}")
        tags = timm.list_pretrained(f"{architecture}.*")
        if (config := timm.get_pretrained_cfg(architecture)) is None:
            from eyeful.models.timm_names import name_today

            raise UnknownModelError(
                f"timm does not use the name {architecture!r} any more{name_today(architecture)}"
            )
        if "." in name and name not in tags:
            offers = ", ".join(_PREFIX + one for one in tags) or f"{_PREFIX}{architecture} with --checkpoint FILE"
            raise UnknownModelError(f"timm has no weights {tag!r} of {architecture}; it has {offers}")
        config = timm.get_pretrained_cfg(name) if tag else config
        tagged = f"{config.architecture}.{config.tag}" if config.tag else config.architecture
        return _model(f"{_PREFIX}{tagged}", config.to_dict(), lambda: _load_from_catalogue(tagged, config))

    def entries(self, query: str, *, local: bool = False) -> list[ModelEntry]:
        """Timm's pretrained models whose name may match a query; none for an empty one unless `local`."""
        if not (query or local) or not self._is_installed():
            return []
        part = query.lower().removeprefix(_PREFIX)
        pattern = part if set(part) & set("*?[") else f"*{part}*"
        names = [name for name in import_timm().list_pretrained() if fnmatchcase(name.lower(), pattern)]
        return [ModelEntry(_PREFIX + name, local=_is_cached(name)) for name in names]

    def names(self) -> list[str]:
        """Every pretrained architecture, without tags."""
        if not self._is_installed():
            return []
        return [_PREFIX + name for name in import_timm().list_models(pretrained=True, include_tags=False)]

    def build(self, architecture: Architecture) -> nn.Module:
        """The network with random weights."""
        module: nn.Module = import_timm().create_model(
            architecture.name,
            pretrained=False,
            **(architecture.options | {"num_classes": architecture.num_classes}),
        )
        return module

    def renamed(self, architecture: Architecture, state: StateDict) -> StateDict | None:
        """The tensors under timm's names, where its own load has a rule for the authors' file."""
        from eyeful.models.timm_names import renamed_by_timm

        return renamed_by_timm(architecture, state)

    @staticmethod
    def _is_installed() -> bool:
        return all(map(available, ("timm", "torchvision", "torch")))


FAMILY = TimmFamily()


def _is_cached(name: str) -> bool:
    """Whether a model's weights are in the Hugging Face cache."""
    from huggingface_hub import try_to_load_from_cache

    repo = import_timm().get_pretrained_cfg(name).hf_hub_id
    return bool(repo) and any(isinstance(try_to_load_from_cache(repo, file), str) for file in _WEIGHT_FILES)


def knows(architecture: str) -> bool:
    """Whether timm has an architecture of that name."""
    return bool(import_timm().is_model(architecture))


def find_on_hub(repo: str) -> Model:
    """The model of a Hugging Face repository that timm can read; its config is fetched at once.

    Raises:
        WeightsError: the repository cannot be reached and is not cached, or is not timm's.
        UnknownModelError: it is timm's, of an architecture that the installed timm does not have.
    """
    import_timm()
    from timm.models._hub import load_model_config_from_path

    folder = _hub_file(repo, "config.json").parent
    try:
        config, architecture, options = load_model_config_from_path(folder)
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        raise WeightsError(f"hf-hub:{repo} is not a timm model: its config.json has no usable {error}") from error
    if (channels := channels_asked(folder / "config.json")) != RGB:
        raise UnknownModelError(wrong_channels(f"hf-hub:{repo}", channels))
    if not knows(architecture):
        raise UnknownModelError(
            f"hf-hub:{repo} wants the architecture {architecture!r}, which this timm does not have: "
            "pip install -U timm"
        )
    values = {"architecture": architecture, "license": None} | dict(config)
    model = _model(f"hf-hub:{repo}", values, lambda: _load_from_hub(repo, architecture, values, options), options)
    return replace(model, weights=replace(model.weights, revision=revision_of(folder)))


def preprocessing_of(config: dict[str, Any]) -> Preprocessing:
    """The preprocessing of a pretrained config, as timm's own `inference.py` resolves it.

    Raises:
        UnknownModelError: the model does not take RGB images.
    """
    import_timm()
    from timm.data import resolve_data_config

    data = resolve_data_config({}, pretrained_cfg=config)
    channels, height, width = data["input_size"]
    if channels != RGB:
        raise UnknownModelError(wrong_channels(config["architecture"], channels))
    pct = data["crop_pct"]
    return Preprocessing(
        size=(height, width),
        scale_size=(int(height // pct), int(width // pct)),
        interpolation=data["interpolation"],
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        crop_mode=data.get("crop_mode") or "center",
    )


def labels_of(config: dict[str, Any]) -> Labels:
    """The labels of a pretrained config: its own names, else the ImageNet set of its number of classes.

    Raises:
        WeightsError: it does not have one name for each class.
    """
    names = config.get("label_names")
    if not names:
        return default_labels(config["num_classes"])
    if tuple(names) == imagenet_wnids():
        return imagenet_labels()
    described = config.get("label_descriptions") or {}
    titles = [described.get(name, name) for name in names] if isinstance(described, dict) else described
    if not len(names) == len(titles) == config["num_classes"]:
        raise WeightsError(
            f"the config of {config['architecture']} names {len(names)} labels and describes {len(titles)} "
            f"for {config['num_classes']} classes: no answer of it could be trusted"
        )
    return Labels(
        tuple(str(title) for title in titles),
        tuple(str(name) if _WNID.fullmatch(str(name)) else None for name in names),
    )


def _model(name: str, config: dict[str, Any], load: Any, options: dict[str, Any] | None = None) -> Model:
    source = config.get("hf_hub_id") or config.get("url") or name
    return Model(
        name=name,
        architecture=Architecture("timm", config["architecture"], config["num_classes"], options or {}),
        preprocessing=preprocessing_of(config),
        labels=labels_of(config),
        weights=Weights(
            f"https://huggingface.co/{source}" if config.get("hf_hub_id") else source, config.get("license")
        ),
        load=load,
        about={key: str(config[key]) for key in ("description", "origin_url", "paper_name") if config.get(key)},
    )


def _load_from_catalogue(tagged: str, config: Any) -> tuple[nn.Module, Weights]:
    if config.hf_hub_id and os.environ.get("TIMM_USE_OLD_CACHE", "0") != "1":
        path = _weights_on_hub(config.hf_hub_id, config.hf_hub_filename)
    elif config.url:
        path = fetch_hub_file(config.url)
    else:
        raise WeightsError(f"timm/{tagged} has no pretrained weights; pass --checkpoint FILE")
    return _loaded(tagged, path, config.to_dict())


def _load_from_hub(
    repo: str, architecture: str, config: dict[str, Any], options: dict[str, Any]
) -> tuple[nn.Module, Weights]:
    return _loaded(architecture, _weights_on_hub(repo, None), config, options)


def _loaded(
    name: str, path: Path, config: dict[str, Any], options: dict[str, Any] | None = None
) -> tuple[nn.Module, Weights]:
    """Let timm read a verified file with its own code, filters for old formats included."""
    digest = verified_sha256(path)
    overlay = config | {"file": str(path), "hf_hub_id": None, "url": None, "source": None}
    try:
        module = import_timm().create_model(
            name,
            pretrained=True,
            pretrained_cfg_overlay=overlay,
            **({"num_classes": config["num_classes"]} | (options or {})),
        )
    except (RuntimeError, KeyError, ValueError) as error:
        raise WeightsError(
            f"the weights {path} do not fit {name}: {' '.join(str(error).split())[:300]}"
        ) from error
    source = config.get("hf_hub_id") or config.get("url") or str(path)
    return ready(module), Weights(str(source), config.get("license"), digest, revision_of(path))


def revision_of(path: Path) -> str | None:
    """The commit that a file or folder of the Hugging Face cache is from: `.../snapshots/COMMIT/...`."""
    _, found, rest = path.as_posix().rpartition("/snapshots/")
    return rest.partition("/")[0] if found else None


def _weights_on_hub(repo: str, filename: str | None) -> Path:
    if filename:
        return _hub_file(repo, filename)
    from huggingface_hub.errors import EntryNotFoundError

    first, second = _WEIGHT_FILES
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
    from pathlib import Path

    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    repo, _, revision = repo.partition("@")
    try:
        return Path(hf_hub_download(repo, filename, revision=revision or None, endpoint=mirror()))
    except (OSError, HfHubHTTPError, HFValidationError, ValueError) as error:
        place = "the Hugging Face cache (HF_HOME), by `hf download` on a machine with a network"
        raise WeightsError(not_here(f"{repo}/{filename}", place, error)) from error
