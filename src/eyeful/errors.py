"""Every error that eyeful raises on purpose, and the kinds of a row that failed.

EyefulError
├─ UsageError            the call or the command line asks for something that cannot be
├─ MissingExtraError     an optional library is not installed (also an ImportError)
├─ PluginError           a plug-in is not there or cannot be imported
├─ ModelError            no such model, or it cannot be built
│  ├─ UnknownModelError  the name means nothing; carries the nearest names
│  ├─ WeightsError       weights cannot be fetched, or are not what they should be
│  ├─ CheckpointError    a local checkpoint cannot be read or does not fit
│  └─ BundleError        a prepared model on disk is incomplete, damaged or of another format
├─ EngineError           an engine or a device cannot do what was asked
├─ OutputError           results cannot be written
├─ ClusterError          a cluster cannot be reached, or its nodes cannot do what was asked
├─ DecodeTimeoutError            decoding one image hangs; the run must end
├─ BrokenOutputError       the reader of our output has gone, as `eyeful ... | head` does
├─ StoppedError          a signal asked the run to stop; what was in hand is written
└─ ImageError          one image cannot be classified; becomes its row's error_kind and error

The text of each is one line: what, where, what to do.
"""

from typing import Literal, get_args

ErrorKind = Literal[
    "not_found",
    "unreadable",
    "not_regular",
    "empty",
    "unidentified",
    "unsupported_format",
    "truncated",
    "too_large",
    "aspect",
    "fetch_failed",
    "timeout",
    "nonfinite",
    "internal",
]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)


def one_line(error: object, most: int = 200) -> str:
    """An exception's text as a part of one of ours: without line breaks, not endless, never empty."""
    return " ".join(str(error).split())[:most] or type(error).__name__


class EyefulError(Exception):
    """The root of the tree: catch this to catch everything that eyeful raises on purpose."""


class UsageError(EyefulError, ValueError):
    """The call or the command line asks for something that cannot be."""


class MissingExtraError(EyefulError, ImportError):
    """An optional library is not installed; the text holds the install command."""


class PluginError(EyefulError):
    """A plug-in is not there, or cannot be imported."""


class ModelError(EyefulError):
    """A model cannot be had."""


class UnknownModelError(ModelError):
    """A name that no catalogue knows; the text offers the nearest ones."""


class WeightsError(ModelError):
    """Weights cannot be fetched, or their content is not what was published or recorded."""


class CheckpointError(ModelError):
    """A local checkpoint cannot be read safely, or does not fit its architecture."""


class BundleError(ModelError):
    """A prepared model on disk is incomplete, damaged or of another format."""


class EngineError(EyefulError):
    """An engine, a device or a precision cannot do what was asked."""


class OutputError(EyefulError):
    """Results cannot be written where they were asked to go."""


class ClusterError(EyefulError):
    """A cluster cannot be reached, or its nodes cannot do what was asked."""


class DecodeTimeoutError(EyefulError):
    """Decoding one image hangs, which cannot be interrupted; the process must end."""


class BrokenOutputError(EyefulError):
    """The reader of our output has gone, as in `eyeful predict photos/ | head`."""

    def __init__(self) -> None:
        super().__init__("the reader of the output has gone")


class StoppedError(EyefulError):
    """A signal asked the run to stop; what was in hand is written.

    Args:
        signal: its number.
    """

    def __init__(self, signal: int) -> None:
        super().__init__("stopped")
        self.signal = signal


class ImageError(EyefulError):
    """One image cannot be classified.

    Args:
        kind: the row's `error_kind`.
        message: one line for a person.
    """

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
