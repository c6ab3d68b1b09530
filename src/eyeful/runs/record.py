"""What determined the answers of a run, for the record beside its output."""

import hashlib
import json
from typing import Any

from eyeful.pipeline import SupportsStream

_DETERMINING = (
    *("weights", "preprocessing", "colour_policy", "decode", "resize"),
    *("engine", "precision", "calibration", "labels_sha256"),
)


def reproducibility_keys(classifier: SupportsStream) -> dict[str, Any]:
    """Everything that determines answers, by name, as plain JSON values; no times, places or versions."""
    manifest = classifier.provenance
    facts = {name: manifest[name] for name in _DETERMINING}
    facts["weights"] = manifest["weights"]["sha256"]
    facts["topk"] = classifier.settings.topk
    facts["max_pixels"] = classifier.settings.limits.max_pixels
    facts["min_prob"] = classifier.settings.min_prob
    return facts


def fingerprint(classifier: SupportsStream) -> str:
    """A digest of what determines answers: two runs with the same one give the same rows for the same images."""
    return hashlib.sha256(json.dumps(reproducibility_keys(classifier), sort_keys=True).encode()).hexdigest()


def record_of(classifier: SupportsStream) -> dict[str, Any]:
    """The manifest, the settings, what determines answers, and its fingerprint."""
    settings = classifier.settings
    return {
        "provenance": classifier.provenance,
        "settings": {
            "topk": settings.topk,
            "min_prob": settings.min_prob,
            "batch_size": classifier.batch_size,
            "workers": classifier.workers,
            "max_pixels": settings.limits.max_pixels,
        },
        "max_in_flight": classifier.max_in_flight,
        "reproducibility_keys": reproducibility_keys(classifier),
        "fingerprint": fingerprint(classifier),
    }
