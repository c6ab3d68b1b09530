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
from eyeful.engines.tunable import DEFAULT_SETTINGS, Settings, TunableFamily

__all__ = [
    "DEFAULT_SETTINGS",
    "Choice",
    "ConvertedFamily",
    "Engine",
    "EngineFamily",
    "ModuleFamily",
    "Outputs",
    "Precision",
    "Settings",
    "ThreadedEngine",
    "TunableFamily",
    "check_installed",
    "choose",
    "failed",
    "family",
]
