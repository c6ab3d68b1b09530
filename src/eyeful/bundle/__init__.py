"""The format of a prepared model on disk: one folder, checked whenever it is opened. No framework here."""

from eyeful.bundle.files import sha256_of
from eyeful.bundle.flight import single_flight
from eyeful.bundle.format import (
    FORMAT,
    MANIFEST,
    Bundle,
    Manifest,
    is_bundle,
    names_in,
    read_bundle,
    refuse_to_change,
    write_bundle,
)

__all__ = [
    "FORMAT",
    "MANIFEST",
    "Bundle",
    "Manifest",
    "is_bundle",
    "names_in",
    "read_bundle",
    "refuse_to_change",
    "sha256_of",
    "single_flight",
    "write_bundle",
]
