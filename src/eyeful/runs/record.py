"""The record beside each output: what determined its answers, and the account."""

import hashlib
import json
from pathlib import Path
from typing import Any

from eyeful.bundle.files import write_atomically
from eyeful.errors import OutputError
from eyeful.pipeline import Classifier
from eyeful.runs.account import Account

_DETERMINING = (
    "weights",
    "recipe",
    "colour_policy",
    "decode",
    "resize",
    "engine",
    "precision",
    "calibration",
    "labels_sha256",
)


def determinants(classifier: Classifier) -> dict[str, Any]:
    """Everything that determines answers, by name, as plain JSON values; no times, places or versions."""
    passport = classifier.passport
    facts = {name: passport[name] for name in _DETERMINING}
    facts["weights"] = passport["weights"]["sha256"]
    facts["topk"] = classifier.settings.topk
    facts["min_prob"] = classifier.settings.min_prob
    return facts


def fingerprint(classifier: Classifier) -> str:
    """A digest of what determines answers: two runs with the same one give the same rows for the same pictures."""
    return hashlib.sha256(json.dumps(determinants(classifier), sort_keys=True).encode()).hexdigest()


def write_record(output: Path, classifier: Classifier, account: Account) -> Path:
    """Write `OUTPUT.run.json`: the passport, the settings, the fingerprint and the account.

    Raises:
        OutputError: it cannot be written.
    """
    settings = classifier.settings
    record = {
        "passport": classifier.passport,
        "settings": {
            "topk": settings.topk,
            "min_prob": settings.min_prob,
            "batch_size": classifier.batch_size,
            "workers": classifier.workers,
            "max_pixels": settings.limits.max_pixels,
        },
        "fingerprint": fingerprint(classifier),
        "account": account.as_dict(),
    }
    path = output.with_name(output.name + ".run.json")
    try:
        write_atomically(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    return path
