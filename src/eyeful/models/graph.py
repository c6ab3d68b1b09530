"""ONNX and OpenVINO files as models: labels are the user's, preprocessing is assumed where nothing is said."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from eyeful.bundle import is_bundle
from eyeful.bundle.files import sha256_or
from eyeful.errors import ModelError
from eyeful.graph_file import read_graph
from eyeful.models.base import Architecture, Model, Weights
from eyeful.models.labels import unnamed
from eyeful.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eyeful.preprocessing import InputOverrides

_SIZE = (224, 224)
"""What a network that takes any size gets."""
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def graph_model(name: str, files: Sequence[Path]) -> Model:
    """The model that a file holds.

    Args:
        name: the file's, as it was typed.
        files: the file, and those beside it that hold its tensors.

    Raises:
        ModelError: it cannot be read, or is no classifier of images.
    """
    path = Path(name)
    if is_bundle(path.parent):
        raise ModelError(
            f"{name} is a part of a bundle: --model {path.parent} runs it, with labels and preprocessing"
        )
    graph = read_graph(path)
    size = graph.size or _SIZE
    digests = [sha256_or(ModelError, "the model's file", file) for file in files]
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    library = "onnx" if path.suffix.lower() == ".onnx" else "openvino"
    return Model(
        name=name,
        architecture=Architecture(library, path.name, graph.classes),
        preprocessing=Preprocessing(
            size=size,
            scale_size=(int(size[0] / 0.875), int(size[1] / 0.875)),
            interpolation="bilinear",
            mean=_IMAGENET_MEAN,
            std=_IMAGENET_STD,
        ),
        labels=unnamed(graph.classes),
        weights=Weights(name, None, whole),
        load=partial(_refuse, name),
        graph=graph,
        stated_activation=graph.activation,
    )


def assumed_input(model: Model, overrides: InputOverrides) -> tuple[str, ...]:
    """The note that says what of the preprocessing neither the file nor the user says; none if nothing is."""
    takes_any_size = model.graph is not None and model.graph.size is None
    is_open = {
        "--img-size": takes_any_size and overrides.img_size is None,
        "--mean": overrides.mean is None,
        "--std": overrides.std is None,
    }
    flags = [flag for flag, is_so in is_open.items() if is_so]
    if not flags:
        return ()
    verb = "is" if len(flags) == 1 else "are"
    note = (
        f"{model.name} does not say its preprocessing: ImageNet's usual is assumed, since {', '.join(flags)} "
        f"{verb} not given (see --crop-mode, --crop-pct and --interpolation too)"
    )
    return (note,)


def _refuse(name: str) -> NoReturn:
    raise ModelError(
        f"{name} is a file with a network of its own, which torch does not have: --engine torch, --exact, "
        "explain, verify and bench need the architecture and its checkpoint"
    )
