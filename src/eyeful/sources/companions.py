"""Files that systems and tools leave beside images; ignored and counted where folders and archives are searched.

A file that is named is never a companion.
"""

from collections.abc import Callable, Iterable

from eyeful.signature import begins_like_a_image

COMPANION = "system file"
"""How companions are counted."""

FOLDERS = frozenset(
    (
        *("__MACOSX", ".AppleDouble", ".Trashes", ".Spotlight-V100", ".fseventsd", ".TemporaryItems"),
        *("@eaDir", "#recycle", "@Recycle", ".@__thumb"),
        *("$RECYCLE.BIN", "System Volume Information", "RECYCLER", "lost+found"),
        *(".ipynb_checkpoints", ".thumbnails", ".git", ".svn", ".hg", ".dvc"),
    )
)
"""Folders of macOS, Synology and QNAP, Windows, Linux; of Jupyter, thumbnailers and version control."""

_FILES = frozenset(
    ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", ".ds_store", ".directory", "icon\r")
)
_APPLE_DOUBLE = "._"


def in_companion_folder(parts: Iterable[str]) -> bool:
    """Whether one of a path's parts is a folder of companions."""
    return not FOLDERS.isdisjoint(parts)


def is_companion(name: str, head: Callable[[], bytes]) -> bool:
    """Whether a file is a companion.

    Args:
        name: its last part.
        head: gives its first bytes; asked for where macOS may have written the file: `._x.jpg` holds what belongs
            to `x.jpg`, unless it begins like an image.
    """
    if name.startswith(_APPLE_DOUBLE):
        return not begins_like_a_image(head())
    return name.lower() in _FILES or (name.startswith(".Trash-") and name[7:].isdigit())
