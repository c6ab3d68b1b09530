"""The format of a prepared model on disk: one folder, checked whenever it is opened. No framework here."""

from eyeful.bundle.files import sha256_or
from eyeful.bundle.flight import single_flight
from eyeful.bundle.format import (
    MANIFEST,
    Bundle,
    is_bundle,
    names_in,
    read_bundle,
    refuse_to_change,
    write_bundle,
)
from eyeful.bundle.head import HEAD, TaughtHead, unit_vectors
from eyeful.bundle.manifest import FORMAT, Manifest

__all__ = [
    "FORMAT",
    "HEAD",
    "MANIFEST",
    "Bundle",
    "Manifest",
    "TaughtHead",
    "is_bundle",
    "names_in",
    "read_bundle",
    "refuse_to_change",
    "sha256_or",
    "single_flight",
    "unit_vectors",
    "write_bundle",
]
