"""Gradio without analytics, version check or sharing, and with its files in a folder of our own.

The one place that imports Gradio; the others say `from eyeful.page.quiet import gr`. Gradio reads its switches
from the environment, some of them when it is imported and some whenever a component is made.
"""

import atexit
import os
import shutil
import tempfile
from abc import ABCMeta
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eyeful.extras import require

UPLOADS = Path(tempfile.mkdtemp(prefix="eyeful-page-"))
"""Uploads and downloads of this process, which no other user can read; deleted when it ends."""

atexit.register(shutil.rmtree, UPLOADS, ignore_errors=True)
os.environ |= {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_SSR_MODE": "False",
    "GRADIO_TEMP_DIR": str(UPLOADS),
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
gr: Any = require("gradio", "the page")


def untouched(base: Any, preprocess: Callable[[Any], Any]) -> Any:
    """A component like `base` that hands over what was uploaded as `preprocess` says.

    Made without Gradio's metaclass, which would write a stub file beside our source. A class and not an instance
    with a method of its own: Gradio makes a new instance whenever an event updates one.
    """
    return ABCMeta.__new__(
        type(base), base.__name__, (base,), {"preprocess": lambda _, payload: preprocess(payload)}
    )
