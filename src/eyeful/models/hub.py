"""Models of Hugging Face repositories that timm can read: `hf-hub:ORG/NAME`, or `ORG/NAME` as people copy it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from eyeful.errors import MissingExtraError, UnknownModelError, WeightsError, one_line
from eyeful.extras import require
from eyeful.models.families import ModelFamily, nearest
from eyeful.models.file_names import is_file_name
from eyeful.models.timm import FAMILY as TIMM
from eyeful.models.timm_files import find_on_hub
from eyeful.models.weights import mirror

if TYPE_CHECKING:
    from eyeful.models.base import Model

_PREFIXES = ("hf-hub:", "hf_hub:")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")
_TIMEOUT = 5.0
"""Seconds for Hugging Face to answer at all."""


class HubFamily(ModelFamily):
    """Repositories with timm's config.json; another is refused, with the name of timm's nearest model."""

    priority = 90

    def matches(self, name: str) -> bool:
        """Whether it begins with `hf-hub:`, or looks like a repository and is nothing on this machine's disk."""
        if name.startswith(_PREFIXES):
            return True
        return bool(_REPOSITORY.fullmatch(name)) and not is_file_name(name) and not Path(name).exists()

    def find(self, name: str) -> Model:
        """The model of a repository; its config is fetched at once.

        Raises:
            WeightsError: the repository cannot be reached and is not cached, or is not timm's.
            UnknownModelError: a name without `hf-hub:` is no repository, or nobody can be asked.
        """
        if not name.startswith(_PREFIXES):
            return _find_unprefixed(name)
        repo = name.partition(":")[2]
        try:
            return find_on_hub(repo)
        except WeightsError as error:
            raise WeightsError(f"{error}{nearest_of_timm(repo)}") from error


FAMILY = HubFamily()


def _find_unprefixed(repo: str) -> Model:
    """The model of what may be a repository, or the mistyped name of a folder."""
    require("huggingface_hub", "this model")
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    try:
        _check_reachable(repo)
        return find_on_hub(repo)
    except WeightsError as error:
        if not isinstance(error.__cause__, RepositoryNotFoundError | EntryNotFoundError):
            raise WeightsError(f"{error}{nearest_of_timm(repo)}") from error
        reason = "Hugging Face has no such model"
    except OSError as error:
        reason = f"Hugging Face cannot be asked for it ({one_line(error)})"
    raise UnknownModelError(
        f"unknown model {repo!r}: there is no such folder, and {reason}{nearest_of_timm(repo)}"
    )


def _check_reachable(repo: str) -> None:
    """See that Hugging Face answers, if it is needed: huggingface-hub would try six times before it gives up.

    Raises:
        OSError: it does not.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    name, _, revision = repo.partition("@")
    if constants.HF_HUB_OFFLINE or isinstance(
        try_to_load_from_cache(name, "config.json", revision=revision or None), str
    ):
        return
    with suppress(HTTPError):  # an answer, whatever it says
        urlopen(Request(mirror() or constants.ENDPOINT, method="HEAD"), timeout=_TIMEOUT).close()  # noqa: S310


def nearest_of_timm(repo: str) -> str:
    """Timm's pretrained model of nearly that name, spelled as it must be typed; empty if there is none."""
    try:
        near = nearest(repo.partition("@")[0], TIMM.names(), 1)
    except MissingExtraError:
        return ""
    return f"; timm's own of nearly that name is {TIMM.find(near[0]).name}" if near else ""
