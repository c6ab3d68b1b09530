"""What determined the answers of a run, for the record beside its output."""

import hashlib
import json
from typing import Any

from eyeful.pipeline import Streams

_DETERMINING = (
    *("weights", "recipe", "colour_policy", "decode", "resize"),
    *("engine", "precision", "calibration", "labels_sha256"),
)


def determinants(classifier: Streams) -> dict[str, Any]:
    """Everything that determines answers, by name, as plain JSON values; no times, places or versions."""
    passport = classifier.passport
    facts = {name: passport[name] for name in _DETERMINING}
    facts["weights"] = passport["weights"]["sha256"]
    facts["topk"] = classifier.settings.topk
    facts["max_pixels"] = classifier.settings.limits.max_pixels
    facts["min_prob"] = classifier.settings.min_prob
    return facts


def fingerprint(classifier: Streams) -> str:
    """A digest of what determines answers: two runs with the same one give the same rows for the same images."""
    return hashlib.sha256(json.dumps(determinants(classifier), sort_keys=True).encode()).hexdigest()


def record_of(classifier: Streams) -> dict[str, Any]:
    """The passport, the settings, what determines answers, and its fingerprint."""
    settings = classifier.settings
    return {
        "passport": classifier.passport,
        "settings": {
            "topk": settings.topk,
            "min_prob": settings.min_prob,
            "batch_size": classifier.batch_size,
            "workers": classifier.workers,
            "max_pixels": settings.limits.max_pixels,
        },
        "most_in_flight": classifier.most_in_flight,
        "determinants": determinants(classifier),
        "fingerprint": fingerprint(classifier),
    }
