"""What the Open Inference Protocol's requests ask of their tensors, and the tensors of the replies."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eyeful.bundle import unit_vectors
from eyeful.results import probabilities, top_k
from eyeful.server.errors import BadRequestError, NoSuchModelError
from eyeful.server.parameters import refuse_unknown
from eyeful.server.replies import plain_numbers
from eyeful.server.service import InferenceService
from eyeful.types import Prediction

# what clients send for schedulers and decoders of other servers, and changes no answer here, is ignored
_IGNORED = ("content_type", "priority", "timeout", "sequence_id", "sequence_start", "sequence_end")
_PARAMETERS = {
    "request": ("binary_data_output", *_IGNORED),
    "input": ("binary_data_size", "content_type"),
    "output": ("classification", "binary_data", "content_type"),
}
_FEATURES = "features_ND"


def outputs_of(model: str, service: InferenceService) -> dict[str, int]:
    """The outputs of a model, and how many numbers each has for an image.

    Raises:
        NoSuchModelError: there is no such model.
    """
    classes, length = len(service.classifier(model).labels), service.vector_size(model)
    return {"probs": classes, "logits": classes} | ({} if length is None else {_FEATURES: length})


def known_parameters(part: dict[str, Any], kind: str) -> dict[str, Any]:
    """The `parameters` of a request, of its input or of an output.

    Raises:
        BadRequestError: they are no object, or one is unknown.
    """
    parameters = part.get("parameters")
    if not isinstance(parameters, dict | None):
        raise BadRequestError(f'"parameters" of the {kind} is not an object')
    refuse_unknown(parameters or {}, _PARAMETERS[kind], f"parameter of the {kind}")
    return parameters or {}


def asked_outputs(asked: dict[str, Any], known: list[str]) -> list[dict[str, Any]]:
    """The outputs that a request asks for; `probs` where it names none.

    Args:
        asked: the request.
        known: the outputs that there are.

    Raises:
        NoSuchModelError, BadRequestError: one is none of these, or has unknown parameters; or they are too many.
    """
    outputs = asked.get("outputs")
    if outputs in (None, []):
        outputs = [{"name": "probs"}]
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise BadRequestError('"outputs" is not a list of tensors')
    for output in outputs:
        refuse_unknown(output, ("name", "parameters"), "key of the output")
        _check_output(output, known)
    if len(outputs) > len(known):
        raise BadRequestError(f"{len(outputs)} outputs; {_there_are(known)}")
    binary = (asked.get("parameters") or {}).get("binary_data_output") is True
    return [{"binary": binary} | output for output in outputs]


def _check_output(output: dict[str, Any], known: list[str]) -> None:
    """See that an output is one that there is, and is asked for in a way that it has.

    Raises:
        NoSuchModelError: there is none of its name.
        BadRequestError: its parameters are none that it has.
    """
    name = output.get("name")
    if name not in known:
        raise NoSuchModelError(f"no output {str(name)[:40]!r}; {_there_are(known)}")
    classes = known_parameters(output, "output").get("classification")
    if classes is None:
        return
    if not isinstance(classes, int) or isinstance(classes, bool) or classes < 1:
        raise BadRequestError("classification is not a whole number above 0")
    if name == _FEATURES:
        raise BadRequestError(f"classification is of probs and logits; {_FEATURES} has no classes")


def _there_are(known: list[str]) -> str:
    return f"there are {', '.join(known[:-1])} and {known[-1]}"


def output_tensor(
    asked: dict[str, Any], found: list[Prediction], labels: tuple[str, ...]
) -> tuple[dict[str, Any], bytes | None]:
    """One output tensor: its description, and its bytes where they were asked for.

    Args:
        asked: one of `asked_outputs`.
        found: the answers.
        labels: of the model.
    """
    name, parameters = asked["name"], asked.get("parameters") or {}
    values_NK = _values(name, found)
    classes = parameters.get("classification")
    binary = parameters.get("binary_data", asked["binary"]) is True
    if classes is None:
        tensor: dict[str, Any] = {"name": name, "datatype": "FP32", "shape": list(values_NK.shape)}
        if binary:
            raw = np.ascontiguousarray(values_NK, "<f4").tobytes()
            return tensor | {"parameters": {"binary_data_size": len(raw)}}, raw
        return tensor | {"data": plain_numbers(values_NK)}, None
    texts = [f"{row_K[i]:f}:{i}:{labels[i]}" for row_K in values_NK for i in top_k(row_K, classes)]
    tensor = {"name": name, "datatype": "BYTES", "shape": [len(found), min(classes, len(labels))]}
    if binary:
        raw = b"".join(struct.pack("<I", len(text)) + text for text in (text.encode() for text in texts))
        return tensor | {"parameters": {"binary_data_size": len(raw)}}, raw
    return tensor | {"data": texts}, None


def _values(name: str, found: list[Prediction]) -> NDArray[np.float32]:
    """The numbers of an output: (N, K), or (N, D) of the features."""
    if name == _FEATURES:
        return unit_vectors(np.stack([one.features for one in found if one.features is not None]))
    logits_NK = np.stack([one.logits for one in found if one.logits is not None])
    return logits_NK if name == "logits" else probabilities(logits_NK, found[0].activation, found[0].temperature)
