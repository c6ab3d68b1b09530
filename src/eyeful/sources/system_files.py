"""Files that systems and tools leave beside images; ignored and counted where folders and archives are searched.

A file that is named is never taken for one.
"""

from collections.abc import Iterable

from eyeful.signature import begins_like_an_image

SYSTEM_FILE = "system file"
"""How they are counted."""

FOLDERS = frozenset(
    (
        *("__MACOSX", ".AppleDouble", ".Trash", ".Trashes", ".Spotlight-V100", ".fseventsd", ".TemporaryItems"),
        *("@eaDir", "#recycle", "@Recycle", ".@__thumb"),
        *("$RECYCLE.BIN", "System Volume Information", "RECYCLER", "lost+found"),
        *(".ipynb_checkpoints", ".thumbnails", ".git", ".svn", ".hg", ".dvc"),
    )
)
"""Folders of macOS, Synology and QNAP, Windows, Linux; of Jupyter, thumbnailers and version control."""

_FILES = frozenset(
    ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", ".ds_store", ".directory", "icon\r")
)
_TRASH = ".Trash-"
"""What the folder of deleted files begins with on Linux, before its user's number."""
_APPLE_DOUBLE = "._"


def is_system_folder(name: str) -> bool:
    """Whether a folder is one of them, by its last part."""
    return name in FOLDERS or (name.startswith(_TRASH) and name.removeprefix(_TRASH).isdigit())


def in_system_folder(parts: Iterable[str]) -> bool:
    """Whether one of a path's parts is such a folder."""
    return any(map(is_system_folder, parts))


def needs_head(name: str) -> bool:
    """Whether a file's first bytes decide: macOS keeps in `._x.jpg` what belongs to `x.jpg`."""
    return name.startswith(_APPLE_DOUBLE)


def is_system_file(name: str, head: bytes | None) -> bool:
    """Whether a file is one of them.

    Args:
        name: its last part.
        head: its first bytes, which count where `needs_head`; None where they are not to be had.
    """
    if needs_head(name):
        return head is None or not begins_like_an_image(head)
    return name.lower() in _FILES
