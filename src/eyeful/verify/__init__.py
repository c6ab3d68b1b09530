"""Agreement of two paths on the user's own images: how often, by how much, and where a difference comes from."""

from eyeful.int8 import export_int8
from eyeful.results.agreement import Agreement, compare
from eyeful.verify.paths import Verification, verify

__all__ = ["Agreement", "Verification", "compare", "export_int8", "verify"]
