"""Batch → logits and features. One file per engine; `choose` says which runs where, at which precision."""

from eyeful.engines.base import (
    ConvertedFamily,
    Engine,
    EngineFamily,
    ModuleFamily,
    Outputs,
    Precision,
    ThreadedEngine,
    failed,
)
from eyeful.engines.choose import Choice, check_installed, choose, family

__all__ = [
    "Choice",
    "ConvertedFamily",
    "Engine",
    "EngineFamily",
    "ModuleFamily",
    "Outputs",
    "Precision",
    "ThreadedEngine",
    "check_installed",
    "choose",
    "failed",
    "family",
]
