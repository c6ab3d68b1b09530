"""eyeful names what is in images, with a pretrained CNN, and you can trust the answer.

    import eyeful
    clf = eyeful.load("resnet18")
    print(clf.predict("cat.jpg").label)

Names are loaded when first used: `import eyeful` imports neither torch nor OpenVINO.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eyeful.classifier import Classifier
    from eyeful.errors import EyefulError
    from eyeful.loading import load
    from eyeful.models import list_models
    from eyeful.preprocessing import Preprocessing
    from eyeful.sinks.figures import plot
    from eyeful.types import Prediction, Score

__version__ = "0.1.0"
__all__ = ["Classifier", "EyefulError", "Prediction", "Preprocessing", "Score", "list_models", "load", "plot"]

_HOME = {
    "Classifier": "eyeful.classifier",
    "EyefulError": "eyeful.errors",
    "Prediction": "eyeful.types",
    "Preprocessing": "eyeful.preprocessing",
    "Score": "eyeful.types",
    "list_models": "eyeful.models",
    "load": "eyeful.loading",
    "plot": "eyeful.sinks.figures",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'eyeful' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
