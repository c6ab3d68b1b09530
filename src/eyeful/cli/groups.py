"""A command's flags from groups of them: dataclasses whose fields carry what Typer needs to know."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from eyeful.classifier import Classifier
    from eyeful.predictor import PredictorSpec

log = logging.getLogger("eyeful")


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """A function whose dataclass parameters are groups of flags, as Typer takes it: one parameter for each flag.

    Args:
        command: its other parameters are flags themselves, with Typer's annotations and defaults.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        if is_dataclass(parameter.annotation):
            groups[name] = parameter.annotation
            hints = get_type_hints(parameter.annotation, include_extras=True)
            parameters += [_parameter(one, hints[one.name]) for one in fields(parameter.annotation)]
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def flat(**flags: Any) -> None:
        collected = {
            name: group(**{one.name: flags.pop(one.name) for one in fields(group)})
            for name, group in groups.items()
        }
        command(**flags, **collected)

    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def _parameter(field: Field[Any], annotation: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def keywords(*groups: Any) -> dict[str, Any]:
    """The flags of groups by name: keyword arguments of `eyeful.load` and its like."""
    return {one.name: getattr(group, one.name) for group in groups for one in fields(group)}


def changed(*groups: Any) -> list[str]:
    """The names of the flags that differ from their defaults."""
    return [one.name for group in groups for one in fields(group) if getattr(group, one.name) != one.default]


def load_classifier(*groups: Any, **more: Any) -> Classifier:
    """The classifier that groups of flags, and more keywords of `eyeful.load`, ask for; see `open_spec`."""
    return open_spec(settled_spec(*groups, **more))


def settled_spec(*groups: Any, **more: Any) -> PredictorSpec:
    """The spec of it: of int8, what runs is found out first."""
    from eyeful.cli import supervise
    from eyeful.loading import settled, spec_of

    asked = keywords(*groups) | more
    calibrate = asked.pop("calibrate", None)
    journal = supervise.journal
    spec = settled(spec_of(**asked), calibrate, isolated=journal is not None and journal.attempt > 0)
    if journal is not None:
        journal["settled"] = 1
    return spec


def open_spec(spec: PredictorSpec) -> Classifier:
    """The classifier of a spec. Says so where its answers will be `class 0` and so on."""
    from eyeful.classifier import open_classifier
    from eyeful.models.labels import unnamed

    classifier = open_classifier(spec)
    if classifier.labels == unnamed(len(classifier.labels)).names:
        log.warning("%s names none of its classes: --labels FILE does", classifier.model)
    return classifier
