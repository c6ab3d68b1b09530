"""eyeful names what is in images, with a pretrained CNN, and you can trust the answer.

    import eyeful
    clf = eyeful.load("resnet18")
    print(clf.predict("cat.jpg").label)

Names are loaded when first used: `import eyeful` imports neither torch nor OpenVINO.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eyeful import cpu as _cpu  # noqa: F401 - it notes whether this process is forked later

if TYPE_CHECKING:
    from eyeful.calibration import calibrate
    from eyeful.classifier import Classifier
    from eyeful.errors import (
        BrokenOutputError,
        BundleError,
        CheckpointError,
        ClusterError,
        DecodeTimeoutError,
        EngineError,
        EyefulError,
        ImageError,
        MissingExtraError,
        ModelError,
        OutputError,
        PluginError,
        StoppedError,
        UnknownModelError,
        UsageError,
        WeightsError,
    )
    from eyeful.evaluation.result import Evaluation
    from eyeful.evaluation.run import evaluate
    from eyeful.loading import load
    from eyeful.models import ModelEntry, list_models
    from eyeful.predictor import PredictorSpec
    from eyeful.preprocessing import Preprocessing
    from eyeful.sinks.figures import plot
    from eyeful.teaching.run import teach
    from eyeful.types import (
        Item,
        Labels,
        Prediction,
        Score,
    )

__version__: str
__all__ = [
    "BrokenOutputError",
    "BundleError",
    "CheckpointError",
    "Classifier",
    "ClusterError",
    "DecodeTimeoutError",
    "EngineError",
    "Evaluation",
    "EyefulError",
    "ImageError",
    "Item",
    "Labels",
    "MissingExtraError",
    "ModelEntry",
    "ModelError",
    "OutputError",
    "PluginError",
    "Prediction",
    "PredictorSpec",
    "Preprocessing",
    "Score",
    "StoppedError",
    "UnknownModelError",
    "UsageError",
    "WeightsError",
    "calibrate",
    "evaluate",
    "list_models",
    "load",
    "plot",
    "teach",
]

_MODULE_OF = {
    "Classifier": "eyeful.classifier",
    "calibrate": "eyeful.calibration",
    "BrokenOutputError": "eyeful.errors",
    "BundleError": "eyeful.errors",
    "CheckpointError": "eyeful.errors",
    "ClusterError": "eyeful.errors",
    "DecodeTimeoutError": "eyeful.errors",
    "EngineError": "eyeful.errors",
    "EyefulError": "eyeful.errors",
    "ImageError": "eyeful.errors",
    "MissingExtraError": "eyeful.errors",
    "ModelError": "eyeful.errors",
    "OutputError": "eyeful.errors",
    "PluginError": "eyeful.errors",
    "StoppedError": "eyeful.errors",
    "UnknownModelError": "eyeful.errors",
    "UsageError": "eyeful.errors",
    "WeightsError": "eyeful.errors",
    "Evaluation": "eyeful.evaluation.result",
    "evaluate": "eyeful.evaluation.run",
    "load": "eyeful.loading",
    "ModelEntry": "eyeful.models",
    "list_models": "eyeful.models",
    "PredictorSpec": "eyeful.predictor",
    "Preprocessing": "eyeful.preprocessing",
    "plot": "eyeful.sinks.figures",
    "teach": "eyeful.teaching.run",
    "Item": "eyeful.types",
    "Labels": "eyeful.types",
    "Prediction": "eyeful.types",
    "Score": "eyeful.types",
    "__version__": "eyeful.version",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'eyeful' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
