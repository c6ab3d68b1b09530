"""HTTP over the same classifiers: eyeful's own protocol, Open Inference v2, Hugging Face's and TorchServe's.

`create_app` makes an ASGI application of classifiers, for uvicorn, gunicorn or Ray Serve; `eyeful serve` runs the
same one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eyeful.extras import require

if TYPE_CHECKING:
    from eyeful.server.app import create_app
    from eyeful.server.settings import ServerSettings

__all__ = ["ServerSettings", "create_app"]

_MODULE_OF = {"ServerSettings": "eyeful.server.settings", "create_app": "eyeful.server.app"}
_NEEDED = ("fastapi", "fastapi_offline", "uvicorn", "prometheus_client", "python_multipart", "orjson")
"""What `create_app` and `eyeful serve` import."""


def require_libraries(purpose: str) -> None:
    """See that the libraries of the extra `serve` are installed.

    Raises:
        MissingExtraError: one is not; the text begins with `purpose`.
    """
    for module in _NEEDED:
        require(module, purpose)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'eyeful.server' has no attribute {name!r}")
    if name == "create_app":
        require_libraries("create_app")
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value
