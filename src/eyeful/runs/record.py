"""What determined the answers of a run, for the record beside its output."""

from typing import Any

from eyeful.errors import UsageError
from eyeful.pipeline import SupportsStream

RECORD = {
    "provenance": "The model, its weights, preprocessing, engine and precision, and the versions of what ran it.",
    "settings": "How it ran: `topk`, `min_prob`, `sure`, `batch_size`, `workers`, `max_pixels`.",
    "max_in_flight": "How many inputs may have been begun when the run was cut off.",
    "reproducibility_keys": "All that determines the answers; `--resume` compares them and names each difference.",
    "fingerprint": "A digest of these.",
    "vector": "Of `eyeful embed`: `size`, the numbers in each vector, and `unit_length`.",
    "spec": "Of `eyeful embed`: what opens the same model again.",
    "content": "Of `eyeful embed -o X.npy`: checksums of the array and of the names, once the run is complete.",
    "state": "How far it came: `running`, `complete`, `stopped` (by a signal) or `failed`. A run that is found "
    "`running` when nobody writes was killed.",
    "summary": "What it counted.",
}
"""What the record beside an output, `OUTPUT.run.json`, says, by key."""


def record_of(classifier: SupportsStream) -> dict[str, Any]:
    """The provenance, the settings, what determines answers, and its fingerprint."""
    spec = classifier.spec
    return {
        "provenance": classifier.provenance,
        "settings": {
            "topk": spec.topk,
            "min_prob": spec.min_prob,
            **({} if spec.sure is None else {"sure": spec.sure}),
            "batch_size": classifier.batch_size,
            "workers": classifier.workers,
            "max_pixels": spec.max_pixels,
        },
        "max_in_flight": classifier.max_in_flight,
        "reproducibility_keys": spec.reproducibility_keys(),
        "fingerprint": spec.fingerprint(),
    }


def check_record(place: object, name: str, before: Any, now: dict[str, Any]) -> None:
    """See that rows that are there were made as those to come, in what determines answers.

    Args:
        place: where they are.
        name: of the record beside them.
        before: what it holds.
        now: the record of this run.

    Raises:
        UsageError: they were made differently, or nobody knows.
    """
    keys, wanted = (
        before.get("reproducibility_keys") if isinstance(before, dict) else None,
        now["reproducibility_keys"],
    )
    if not isinstance(keys, dict):
        raise UsageError(
            f"{place} cannot be resumed: {name}, which says how it was made, is missing or damaged; --overwrite "
            "starts anew"
        )
    differing = [name for name in {**wanted, **keys} if keys.get(name) != wanted.get(name)]
    if differing:
        how = "; ".join(f"{name} was {_said(keys.get(name))}, is {_said(wanted.get(name))}" for name in differing)
        raise UsageError(
            f"{place} cannot be resumed, its rows were made differently: {how[:600]}; name another "
            "output, or --overwrite this one"
        )


def _said(value: object) -> str:
    return "not set" if value is None else str(value)
