"""Names of others, and older ones of its own → timm's, by what timm itself uses."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from eyeful.models.meta import on_meta
from eyeful.models.torchvision_import import import_timm

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from eyeful.models.base import Architecture
    from eyeful.models.meta import StateDict

_capturing = threading.Lock()
_MARKER = {"eyeful": "reads the filter"}
"""Stands where timm would find weights to load."""


def renamed_by_timm(architecture: Architecture, state: StateDict) -> StateDict | None:
    """The tensors under timm's names; None where the family has no such function, or it cannot read them.

    timm also stretches position embeddings to another input size, and gives CLIP's towers a head; such weights are
    None, since they would answer otherwise than the network that was trained.
    """
    module, function = _family_filter(architecture, _classes(state) or architecture.num_classes)
    if function is None:
        return None
    try:
        found = function(dict(state), module)
    except TypeError:  # some take the state_dict alone, as timm's own load allows
        found = _or_none(function, dict(state))
    except Exception:  # noqa: BLE001 - made for the authors' file; whatever it says of another, it is not that one
        return None
    if found is None or any(tensor.is_meta for tensor in found.values()):
        return None
    shapes = {name: tensor.shape for name, tensor in found.items()}
    if shapes == {name: tensor.shape for name, tensor in state.items()}:
        return None
    return dict(found) if _is_only_renamed(state, found) else None


def _is_only_renamed(state: StateDict, found: StateDict) -> bool:
    """Whether nothing was stretched, and no head of zeros put to a network that had none."""
    sizes = {tensor.numel() for tensor in state.values()}
    places = {tensor.data_ptr() for tensor in state.values()}
    stretched = any("pos" in name and tensor.numel() not in sizes for name, tensor in found.items())
    invented = any(tensor.data_ptr() not in places and not tensor.any() for tensor in found.values())
    return not stretched and not invented


def _or_none(function: Callable[..., Any], state: StateDict) -> StateDict | None:
    try:
        found: StateDict = function(state)
    except Exception:  # noqa: BLE001 - as above
        return None
    return found


def _classes(state: StateDict) -> int | None:
    """How many classes weights are for, if the last matrix is the head's: some functions look at the network's."""
    return next((len(tensor) for tensor in reversed(state.values()) if tensor.ndim >= 2), None)


def _family_filter(architecture: Architecture, num_classes: int) -> tuple[nn.Module | None, Any]:
    """The network on the meta device, and what its family hands to timm's `load_pretrained` as `filter_fn`.

    timm has no register of these functions. They are seen where `load_pretrained` would use them.
    """
    timm = import_timm()
    from timm.models import _builder

    original = _builder.load_pretrained
    seen: list[Any] = []

    def capture(model: Any, pretrained_cfg: Any = None, **more: Any) -> None:
        if (pretrained_cfg or {}).get("state_dict") != _MARKER:  # another thread loads a model of its own
            original(model, pretrained_cfg=pretrained_cfg, **more)
            return
        seen.append((model, more.get("filter_fn")))

    overlay = {"state_dict": dict(_MARKER), "num_classes": num_classes}
    options = architecture.options | {"num_classes": num_classes}

    def make() -> None:
        timm.create_model(architecture.name, pretrained=True, pretrained_cfg_overlay=overlay, **options)

    with _capturing:
        _builder.load_pretrained = capture
        try:
            on_meta(make)
        finally:
            _builder.load_pretrained = original
    return seen[0] if seen else (None, None)


def name_today(name: str) -> str:
    """What timm calls a model now, of which it has an older name, as a hint; empty if it does not say."""
    import_timm()
    from timm.models import _registry

    now = getattr(_registry, "_deprecated_models", {}).get(name)
    return f": --model timm/{now}" if now else ""
