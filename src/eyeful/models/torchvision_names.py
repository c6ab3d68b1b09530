"""Names of tensors in older files → TorchVision's of today, by its own code."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from eyeful.models.meta import build_on_meta
from eyeful.models.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from eyeful.models.base import Architecture
    from eyeful.models.meta import StateDict


def renamed_by_torchvision(architecture: Architecture, state: StateDict) -> StateDict | None:
    """The tensors under today's names; None where TorchVision does not translate any.

    Its densenets translate before they load; its vision transformers while they do.
    """
    found = state
    if architecture.name.startswith("densenet"):
        found = _before_loading(dict(state))
    elif architecture.name.startswith("vit_"):
        found = _while_loading(architecture, state)
    return found if found.keys() != state.keys() else None


def _before_loading(state: StateDict) -> StateDict:
    """What TorchVision's densenets give to `load_state_dict` of their published weights."""
    import_torchvision()
    from torchvision.models import densenet

    collected: list[StateDict] = []

    class Published:
        def get_state_dict(self, **_: Any) -> StateDict:
            return state

    class Network:
        def load_state_dict(self, translated: StateDict) -> None:
            collected.append(translated)

    with suppress(AttributeError, TypeError):  # another version of TorchVision
        densenet._load_state_dict(Network(), Published(), progress=False)  # noqa: SLF001
    return collected[0] if collected else state


def _while_loading(architecture: Architecture, state: StateDict) -> StateDict:
    """What modules of a network make of the names as they load them, as those of a version that says none."""
    module = build_on_meta(architecture)
    try:
        module.load_state_dict(state, strict=True, assign=True)
    except (RuntimeError, ValueError):  # does not fit; MNASNet wants a version
        return state
    return module.state_dict()
