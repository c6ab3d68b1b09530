"""What would make a run faster, on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eyeful.cpu import usable_cores
from eyeful.engines.machine import gpu, is_native
from eyeful.extras import available

if TYPE_CHECKING:
    from eyeful.pipeline.base import SupportsStream
    from eyeful.pipeline.bottleneck import Stage

_SMALL = "tf_efficientnet_lite0"
"""The default model's architecture: what is smaller is less accurate by much."""


def advice(stage: Stage, classifier: SupportsStream) -> str:
    """The stage that limits, and what would move it on this machine, as half a sentence.

    Args:
        stage: what was waited for the longest.
        classifier: what ran.
    """
    if classifier.engine == "server":
        return f"the server at {classifier.device}, or the way to it"
    if stage == "decode":
        return f"decoding images; {_or(_faster_decode(classifier))} would move it"
    if stage == "write":
        return "writing the outputs; fewer of them (figures cost the most) or a faster disk would move it"
    ways = _faster_forward(classifier)
    return f"the forward pass; {_or(ways)} would move it" if ways else "the forward pass"


def _faster_decode(classifier: SupportsStream) -> list[str]:
    cores = usable_cores()
    more = f"--workers {cores}" if classifier.workers < cores else "more cores"
    return [more, "smaller files"]


def _faster_forward(classifier: SupportsStream) -> list[str]:
    """Only what this machine, installation and model have not got already."""
    ways = []
    small = classifier.provenance["architecture"]["name"] == _SMALL
    if not small:
        ways.append("a smaller --model")
    if not classifier.device.startswith("cpu"):
        return [*ways, "a larger --batch-size"]
    precision = classifier.precision if classifier.engine == "openvino" else ""
    if precision == "fp32" and is_native("bf16"):
        ways.append("--precision bf16")
    refused = "refused" in (classifier.provenance.get("quantization") or {})  # it was tried just now
    if precision in ("fp32", "bf16") and not refused and available("nncf") and is_native("int8"):
        ways.append("--precision int8")
    if (device := gpu()) is not None:
        ways.append(f"--device {device}")
    return ways or ["more cores"]


def _or(ways: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(ways[:-1]), ways[-1])))
