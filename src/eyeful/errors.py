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

from typing import Literal, NamedTuple, get_args

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


class ErrorText(NamedTuple):
    """What an error kind is called, means, and asks for."""

    label: str
    meaning: str
    advice: str


ERROR_TEXTS: dict[str, ErrorText] = {
    "not_found": ErrorText(
        "not found",
        "There is no such file or object; or it was removed during the run.",
        "Correct the name, or the list that holds it. Names in a list are relative to the list where they are not "
        "found from the working folder.",
    ),
    "unreadable": ErrorText(
        "cannot be read",
        "It is there and cannot be read: missing permissions, an encrypted archive, a folder that cannot be "
        "listed, a file that was changed during the run, or an image that crashes its decoder.",
        "Give the user that runs eyeful the right to read it, or unpack the archive with its password. Convert an "
        "image that crashes its decoder to JPEG or PNG with another program, or leave it out.",
    ),
    "not_regular": ErrorText(
        "not a regular file",
        "It is a FIFO, a socket or a device, which is never opened.",
        "Name a file; to read names from another program, pipe them in and name `-`.",
    ),
    "empty": ErrorText(
        "empty file",
        "There are no bytes.",
        "Copy or download the file again.",
    ),
    "unidentified": ErrorText(
        "not an image",
        "It begins like no image format that is known; the text says what it looks like.",
        "Leave it out. An HTML page under an image's name is often an error page that was saved by a download.",
    ),
    "unsupported_format": ErrorText(
        "format not supported",
        "It is in a format, or a variant of one, that is not decoded; the text names it. Camera raw, for example, "
        "or HEIC without its extra.",
        "Save it as an 8-bit JPEG or PNG; for HEIC and HEIF install the extra `heif`.",
    ),
    "truncated": ErrorText(
        "damaged or cut off",
        "Bytes of the image or archive are missing or damaged. An image of which only a part could be decoded is "
        "never classified.",
        "Copy or download the file again; what is damaged at its source has to be replaced or left out.",
    ),
    "too_large": ErrorText(
        "too large",
        "It has more pixels or bytes, or its decoding needs more memory, than is allowed; the text names the "
        "limit.",
        "Where the limit is one of pixels and the file can be trusted, raise `--max-pixels`. Otherwise scale it "
        "down first.",
    ),
    "aspect": ErrorText(
        "too narrow",
        "Its longer side is more than 100 times the shorter one.",
        "Cut out the part that matters.",
    ),
    "fetch_failed": ErrorText(
        "cannot be fetched",
        "It was not downloaded: the host is unknown or not allowed, the server or bucket refused, or the "
        "connection broke.",
        "Look at the text: where it was refused, the address or the credentials are wrong. If it was the network, "
        "run the failed names again: write them to a list, and classify that.",
    ),
    "timeout": ErrorText(
        "took too long",
        "It was not downloaded or decoded in time.",
        "Of a download, run the failed names again. Of a file, convert it to JPEG or PNG with another program, or "
        "leave it out: its decoder hangs.",
    ),
    "nonfinite": ErrorText(
        "no valid answer",
        "The network's answer is not finite, in fp32 either; or, with `--activation none`, not between 0 and 1.",
        "See that the checkpoint is whole, and that `--mean`, `--std` and `--activation` are those that it was "
        "trained with.",
    ),
    "internal": ErrorText(
        "bug in eyeful",
        "Something went wrong that eyeful did not expect.",
        "Please report it, with the text and, if you may, the image.",
    ),
}
"""Every `error_kind` of a row."""


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
    """A model cannot be had: there is no such one, or it cannot be built."""


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
    """One image cannot be classified; in a run it becomes its row's `error_kind` and `error`.

    Args:
        kind: the row's `error_kind`.
        message: one line for a person.
    """

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
