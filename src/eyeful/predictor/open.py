"""A spec → the parts of its predictor: the engine, the manifest, and what makes more of them."""

from __future__ import annotations

import copy
import logging
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.bundle import Bundle, Manifest, is_bundle, read_bundle, refuse_to_change
from eyeful.cpu import make_torch_safe_after_fork, usable_cores
from eyeful.engines import (
    DEFAULT_SETTINGS,
    Choice,
    ConvertedFamily,
    Engine,
    EngineFamily,
    ModuleFamily,
    TunableFamily,
    check_installed,
    choose,
    family,
)
from eyeful.errors import EngineError, EyefulError, ModelError, UsageError, one_line
from eyeful.models import ModelRequest, find_model
from eyeful.models.labels import relabelled_manifest
from eyeful.models.local import is_graph
from eyeful.predictor.fastest import tuned
from eyeful.prepare import deploy, load_network, network_of, prepared
from eyeful.results import hierarchy_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from eyeful.engines import Precision
    from eyeful.predictor.spec import PredictorSpec

    OpenEngine = Callable[[Precision | None], Engine]

log = logging.getLogger("eyeful")
_told: set[str] = set()
"""Notes that this process has told already."""


def parts_of(spec: PredictorSpec) -> dict[str, Any]:
    """What `Predictor` takes beside its spec.

    Raises:
        UsageError, ModelError, EngineError, MissingExtraError: as for `Predictor.open`.
    """
    make_torch_safe_after_fork()
    folder = Path(spec.model)
    _check_int8_is_there(spec)
    if is_bundle(folder):
        bundle = read_bundle(folder)
        choice = _choice_for(bundle, spec)
        open_engine, manifest = _from_bundle(bundle, choice, spec)
        manifest = relabelled_manifest(manifest, spec.labels)
        open_network = partial(_network_behind, bundle, spec.checkpoint)
    else:
        request = request_of(spec)
        choice = _choice_by_name(spec)
        open_engine, manifest = _from_request(request, choice, spec)
        open_network = partial(_network_by_name, request)
    if spec.torchcompile and choice.engine != "torch":
        raise UsageError(f"torchcompile is for the engine torch, not {choice.engine}: --engine torch")
    manifest = manifest.with_activation(spec.activation)  # before anything is opened, if it cannot be
    if spec.sure is not None:
        hierarchy_for(manifest.labels, manifest.activation)
    preprocessing = spec.applied_to(manifest.preprocessing)
    for note in manifest.notes:
        if note not in _told and spec.pinned is None:
            _told.add(note)
            log.warning("%s", note)
    return {
        "engine": open_engine(choice.precision),
        "manifest": manifest,
        "preprocessing": preprocessing,
        "open_fp32": partial(open_engine, "fp32") if manifest.precision == "fp32" else None,
        "open_network": open_network,
    }


def _check_int8_is_there(spec: PredictorSpec) -> None:
    """See that the int8 network that a spec was settled on, here or on another machine, is here.

    Raises:
        ModelError: it is not.
    """
    folder = Path(spec.model)
    if spec.precision == "int8" and folder.is_absolute() and not folder.exists():
        raise ModelError(
            f"the int8 network {spec.model} is not here: copy that folder from where it was made, or ask for int8 "
            "with the same images again"
        )


def request_of(spec: PredictorSpec) -> ModelRequest:
    """The model that a spec names."""
    checkpoint, labels = (Path(name) if name else None for name in (spec.checkpoint, spec.labels))
    return ModelRequest(spec.model, checkpoint, labels, spec.overrides)


def base_of(spec: PredictorSpec) -> ModelRequest | Bundle:
    """The network that a spec names, as `prepare.taught.write_taught` takes it.

    Raises:
        BundleError: it is a damaged bundle.
    """
    folder = Path(spec.model)
    return read_bundle(folder) if is_bundle(folder) else request_of(spec)


def origin(name: str | Path, checkpoint: str | Path | None = None, **options: Any) -> dict[str, Any] | None:
    """What a bundle was made of: options of a spec that lead to its reference; None for what is no bundle.

    A bundle for torch is its own origin. A checkpoint is not remembered and must be named again.

    Args:
        name: of the bundle.
        checkpoint: what it was made of.
        **options: what is changed of its preprocessing, as `Preprocessing.with_options` takes it.

    Raises:
        BundleError: it is damaged.
        UsageError: it was made of a checkpoint, which is not named.
    """
    if not is_bundle(Path(name)):
        return None
    manifest = read_bundle(Path(name)).manifest
    if isinstance(family(manifest.engine), ModuleFamily):
        return {"model": str(name)}
    if manifest.checkpoint and checkpoint is None:
        source = manifest.weights.get("source", manifest.checkpoint)
        raise UsageError(
            f"the bundle {name} was made of {source}: --checkpoint FILE names it; where it lies "
            "in an archive (.mar), unpack that first"
        )
    if manifest.taught is not None:
        return {"model": str(name)}  # torch runs it: the frozen network and the head
    used = manifest.preprocessing.with_options(**options)
    fixed = {"img_size": used.size, "mean": used.mean, "std": used.std, "activation": manifest.activation}
    return {"model": manifest.model, "labels": str(name)} | fixed | used.options()


def _from_bundle(
    bundle: Bundle, choice: Choice, spec: PredictorSpec, request: ModelRequest | None = None
) -> tuple[OpenEngine, Manifest]:
    engine, manifest = family(bundle.manifest.engine), bundle.manifest
    threads = spec.threads or usable_cores()
    if choice.engine != engine.name:  # of one that was taught, torch runs the frozen network and the head
        manifest = replace(manifest, engine=choice.engine, precision="fp32", quantization=None)
        return _around(_network_behind(bundle, spec.checkpoint), manifest, choice, spec), manifest
    if isinstance(engine, TunableFamily):
        bundle, tuning = tuned(bundle, choice, spec, request)
        engine = family(bundle.manifest.engine)
        assert isinstance(engine, TunableFamily)  # noqa: S101 - no other is tuned
        settings = DEFAULT_SETTINGS if tuning is None else tuning.settings
        manifest = replace(bundle.manifest, tuning=None if tuning is None else tuning.as_dict())
        open_tuned = partial(engine.open, bundle, choice.device, threads=threads, settings=settings)
        return lambda precision: _opened(engine, partial(open_tuned, precision=precision)), manifest
    if isinstance(engine, ConvertedFamily):
        open_engine = partial(engine.open, bundle, choice.device)
        return lambda precision: _opened(engine, partial(open_engine, precision, threads)), manifest
    return _around(network_of(bundle), manifest, choice, spec), manifest


def _from_request(request: ModelRequest, choice: Choice, spec: PredictorSpec) -> tuple[OpenEngine, Manifest]:
    engine = family(choice.engine)
    if isinstance(engine, ConvertedFamily):
        return _from_bundle(prepared(request, engine), choice, spec, request)
    network, manifest = load_network(request, engine)
    return _around(network, manifest, choice, spec), manifest


def _around(network: Any, manifest: Manifest, choice: Choice, spec: PredictorSpec) -> OpenEngine:
    """Engines around a network in memory; each has a copy of its own, since it lays out the weights in place."""
    engine = family(choice.engine)
    assert isinstance(engine, ModuleFamily)  # noqa: S101 - the other kind has a bundle
    first = deploy(network, manifest)
    threads = spec.threads or usable_cores()
    made = count()

    def open_engine(precision: Precision | None) -> Engine:
        own = copy.deepcopy(first) if next(made) else first
        open_module = partial(engine.open_module, own, choice.device, precision, threads)
        return _opened(engine, partial(open_module, compiled=spec.torchcompile))

    return open_engine


def _opened(engine: EngineFamily, open_engine: Callable[[], Engine]) -> Engine:
    """An engine; whatever a plug-in raises in the attempt has its name.

    Raises:
        EyefulError: it cannot be opened.
    """
    try:
        return open_engine()
    except EyefulError:
        raise
    except Exception as error:
        raise EngineError(f"the engine {engine.name} cannot be opened: {one_line(error, 300)}") from error


def _choice_for(bundle: Bundle, spec: PredictorSpec) -> Choice:
    """What runs a bundle: its own engine, in what it was made in.

    Raises:
        UsageError: something else is asked for.
    """
    manifest = bundle.manifest
    if manifest.taught is not None and spec.engine == "torch" != manifest.engine:
        refuse_to_change(bundle.folder, spec.overrides)  # a checkpoint is what the frozen network was made of
        return choose(spec.device, spec.engine, spec.precision)
    refuse_to_change(bundle.folder, spec.overrides, spec.checkpoint)
    check_installed(spec.engine)
    if spec.engine not in ("auto", manifest.engine):
        otherwise = (
            f"--model {manifest.model} runs it there" if manifest.checkpoint is None else "run what it was made of"
        )
        if manifest.taught is not None:
            otherwise = f"eyeful export {bundle.folder} -o DIR --engine {spec.engine} makes one that is"
        raise UsageError(
            f"the bundle {bundle.folder} is for the engine {manifest.engine}, not {spec.engine}: {otherwise}"
        )
    precision = spec.precision
    if manifest.precision == "int8":  # nothing is asked of the engine: the network is int8 by its making
        if precision not in ("auto", "int8"):
            raise UsageError(
                f"the bundle {bundle.folder} is int8, not {precision}; load the model by name instead"
            )
        precision = "auto"
    return choose(spec.device, manifest.engine, precision)


def _choice_by_name(spec: PredictorSpec) -> Choice:
    """What runs a model; the network of a file runs on the CPU, unless something else is asked for."""
    if is_graph(spec.model) and (spec.device, spec.engine) == ("auto", "auto"):
        return choose("cpu", "openvino", spec.precision)
    return choose(spec.device, spec.engine, spec.precision)


def _network_by_name(request: ModelRequest) -> Any:
    """The network itself, as torch has it: a copy of its own."""
    module, _ = find_model(request).load()
    return module


def _network_behind(bundle: Bundle, checkpoint: str | None = None) -> Any:
    """The network of a bundle for torch; of another, what it was made of; with the head that was taught."""
    manifest = bundle.manifest
    if manifest.taught is not None:
        from eyeful.prepare.taught import network_behind

        return network_behind(bundle, Path(checkpoint) if checkpoint else None)
    if isinstance(family(manifest.engine), ModuleFamily):
        return network_of(bundle)
    if manifest.checkpoint:
        raise ModelError(
            f"the bundle {bundle.folder} holds no network for torch, only what was made of it: "
            f"load {manifest.model} with its checkpoint"
        )
    model = find_model(ModelRequest(manifest.model))
    module, weights = model.load()
    if weights.sha256 != manifest.weights["sha256"]:
        raise ModelError(
            f"the bundle {bundle.folder} was made of other weights than {manifest.model} has now: export it again"
        )
    return module
