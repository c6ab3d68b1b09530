"""One job from inputs to closed outputs, with an account of every input."""

from eyeful.runs.account import Account
from eyeful.runs.job import run
from eyeful.runs.output import Output
from eyeful.runs.record import fingerprint
from eyeful.runs.signals import Stop

__all__ = ["Account", "Output", "Stop", "fingerprint", "run"]
