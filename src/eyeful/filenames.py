"""File names in rows and on terminals: any bytes come through, none does harm."""

import base64
import os


def portable_name(filename: str) -> tuple[str, str | None]:
    """A file name that is valid UTF-8, and its bytes in base64 where it was not."""
    try:
        filename.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(filename)
        return raw.decode("utf-8", "backslashreplace"), base64.b64encode(raw).decode("ascii")
    return filename, None


def original_name(portable: str, encoded: str | None) -> str:
    """The file name that `portable_name` was given."""
    return os.fsdecode(base64.b64decode(encoded)) if encoded else portable


def read_as_cp1252(text: str) -> str:
    """Text that was not UTF-8, and whose bytes `surrogateescape` carries: as Windows' programs mostly write it.

    Raises:
        UnicodeEncodeError: it has half of a surrogate pair, which no bytes gave.
    """
    return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def printable(text: str) -> str:
    """Text that cannot move a terminal's cursor or hide its direction: control characters are escaped."""
    portable, _ = portable_name(text)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in portable)
