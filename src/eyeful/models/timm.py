"""timm's own catalogue: `timm/NAME`."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.errors import UnknownModelError, WeightsError
from eyeful.extras import available
from eyeful.models.base import Architecture, Model, ModelEntry, Weights
from eyeful.models.catalogue import ListedModel, listed
from eyeful.models.families import ModelFamily, nearest
from eyeful.models.file_names import is_file_name
from eyeful.models.timm_config import gives_features, knows, model_of
from eyeful.models.timm_files import WEIGHT_FILES, read_by_timm, weights_on_hub
from eyeful.models.torchvision_import import import_timm
from eyeful.models.weights import fetch_hub_file, verified_sha256

if TYPE_CHECKING:
    from torch import nn

    from eyeful.models.meta import StateDict

_PREFIX = "timm/"


class TimmFamily(ModelFamily):
    """`timm/NAME`, `timm/NAME.TAG`, and `NAME.TAG` as timm itself spells it."""

    priority = 20
    library = "timm"

    def matches(self, name: str) -> bool:
        """Whether a name begins with `timm/`, or is an architecture with a tag, as timm's own lists have it."""
        if name.startswith(_PREFIX):
            return True
        architecture, _, tag = name.partition(".")
        return bool(tag) and not is_file_name(name) and self._is_installed() and knows(architecture)

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
        return model_of(f"{_PREFIX}{tagged}", config.to_dict(), lambda: _load_from_catalogue(tagged, config))

    def entries(self, query: str, *, local: bool = False) -> list[ModelEntry]:
        """Timm's pretrained classifiers whose name may match a query; none for an empty one unless `local`."""
        if not (query or local) or not self._is_installed():
            return []
        part = query.lower().removeprefix(_PREFIX)
        pattern = part if set(part) & set("*?[") else f"*{part}*"
        found = [one for one in listed("timm", _listed_models) if fnmatchcase(one.name.lower(), pattern)]
        return [ModelEntry(_PREFIX + one.name, local=_is_cached(one.weights)) for one in found]

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


def _listed_models() -> list[ListedModel]:
    """Every pretrained classifier, with its repository on Hugging Face."""
    configs = {name: import_timm().get_pretrained_cfg(name) for name in import_timm().list_pretrained()}
    return [
        ListedModel(name, None, None, None, config.hf_hub_id or "")
        for name, config in configs.items()
        if not gives_features(config.to_dict())
    ]


def _is_cached(repo: str) -> bool:
    """Whether a repository's weights are in the Hugging Face cache."""
    from huggingface_hub.constants import HF_HUB_CACHE

    if not repo or not (Path(HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}").is_dir():
        return False  # told before the library that would look closer is imported, which takes a second
    from huggingface_hub import try_to_load_from_cache

    return any(isinstance(try_to_load_from_cache(repo, file), str) for file in WEIGHT_FILES)


def _load_from_catalogue(tagged: str, config: Any) -> tuple[nn.Module, Weights]:
    if config.hf_hub_id and os.environ.get("TIMM_USE_OLD_CACHE", "0") != "1":
        path = weights_on_hub(config.hf_hub_id, config.hf_hub_filename)
    elif config.url:
        path = fetch_hub_file(config.url)
    else:
        raise WeightsError(f"timm/{tagged} has no pretrained weights; pass --checkpoint FILE")
    return read_by_timm(tagged, path, verified_sha256(path), config.to_dict())
