"""Batch → logits. One file per engine; `choose` says which runs on which device at which precision."""

from eyeful.engines.base import Engine
from eyeful.engines.choose import Choice, choose

__all__ = ["Choice", "Engine", "choose"]
