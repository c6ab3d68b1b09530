"""What determined the answers of a run, for the record beside its output."""

from typing import Any

from eyeful.pipeline import SupportsStream


def record_of(classifier: SupportsStream) -> dict[str, Any]:
    """The provenance, the settings, what determines answers, and its fingerprint."""
    spec = classifier.spec
    return {
        "provenance": classifier.provenance,
        "settings": {
            "topk": spec.topk,
            "min_prob": spec.min_prob,
            "batch_size": classifier.batch_size,
            "workers": classifier.workers,
            "max_pixels": spec.max_pixels,
        },
        "max_in_flight": classifier.max_in_flight,
        "reproducibility_keys": spec.reproducibility_keys(),
        "fingerprint": spec.fingerprint(),
    }
