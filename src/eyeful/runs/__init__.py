"""One job from inputs to closed outputs, with an account of every input."""

from eyeful.runs.account import Account
from eyeful.runs.job import run
from eyeful.runs.record import fingerprint, write_record

__all__ = ["Account", "fingerprint", "run", "write_record"]
