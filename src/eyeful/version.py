"""The version of what is installed; a tag decides it (`docs/decisions/0036-version-from-the-tag.md`)."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("eyeful")
except PackageNotFoundError:  # its source alone is on the path
    __version__ = "0.0"
