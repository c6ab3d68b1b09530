"""A network that is a file of its own → a bundle, which must give its answers, or it never gets its name."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from eyeful.bundle import Bundle, write_bundle
from eyeful.cpu import usable_cores
from eyeful.errors import EngineError, EyefulError, ModelError, UsageError, one_line
from eyeful.graph_file import read_model
from eyeful.openvino_import import import_openvino
from eyeful.prepare.manifest import manifest_of
from eyeful.results import probabilities

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from eyeful.engines import ConvertedFamily
    from eyeful.graph_file import Graph
    from eyeful.models import Model
    from eyeful.preprocessing import Preprocessing

log = logging.getLogger("eyeful")
_TOLERANCE = 1e-3
"""Largest difference of a value, over the largest value; see `check`."""


def prepare_graph(model: Model, graph: Graph, engine: ConvertedFamily, folder: Path) -> Bundle:
    """The bundle of a file's network for an engine.

    Args:
        model: what the file is.
        graph: its network.
        engine: what shall run it.
        folder: where the bundle goes.

    Raises:
        UsageError: the network takes another size.
        ModelError: the engine cannot have it, or gives other answers than the file's own network.
    """
    size = model.preprocessing.size
    if graph.size is not None and graph.size != size:
        asked, own = ("x".join(map(str, one)) for one in (size, graph.size))
        raise UsageError(f"{model.name} takes images of {own} pixels, not {asked}: leave --img-size out")
    log.info("preparing %s for %s; it is cached for the next run", model.title, engine.name)
    manifest = manifest_of(model, model.weights, engine)

    def write(place: Path) -> None:
        try:
            engine.write_graph(graph, manifest, place)
        except (EyefulError, OSError):
            raise
        except Exception as error:
            raise ModelError(f"{engine.name} cannot have {model.name}: {one_line(error, 300)}") from error
        _check(Bundle(place, manifest), engine, graph)

    return write_bundle(folder, manifest, write)


def _check(bundle: Bundle, engine: ConvertedFamily, graph: Graph) -> None:
    """Compare a new bundle, on a batch of noise, with the file's network, one image at a time.

    Raises:
        ModelError: they differ, or the file's network gives what may be probabilities unknown how.
    """
    preprocessing = bundle.manifest.preprocessing
    batch_NHWC = _unlike_images(preprocessing.size)
    try:
        opened = engine.open(bundle, "cpu", "fp32", usable_cores())
    except EngineError as error:
        raise ModelError(f"{engine.name} cannot run {graph.path} ({one_line(error, 200)})") from error
    try:
        found = opened.submit(batch_NHWC).result().logits_NK
    except EngineError as error:
        raise ModelError(
            f"{engine.name} cannot run {graph.path} for several images at once ({one_line(error, 150)}): export "
            "it with a dynamic batch"
        ) from error
    finally:
        opened.close()
    expected = _own_answers(graph, preprocessing, batch_NHWC)
    if not np.isfinite(expected).all():
        raise ModelError(f"{graph.path} is unusable: its outputs are not finite")
    if not graph.activation and expected.min() >= 0 and expected.max() <= 1:
        raise ModelError(
            f"{graph.path} gives numbers from 0 to 1, as probabilities are, but ends neither in softmax nor "
            "in sigmoid: export it without what makes them"
        )
    answers = probabilities(found, graph.activation) if graph.activation else found
    scale = max(float(np.abs(expected).max()), 1e-6)
    if answers.shape != expected.shape or not np.abs(answers - expected).max() / scale < _TOLERANCE:
        raise ModelError(
            f"{engine.name}'s answers for several images at once differ from those of {graph.path} for one at a "
            "time: export it in eval mode, with a dynamic batch"
        )


def _unlike_images(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Three images (3, H, W, 3) that share neither brightness nor contrast nor structure."""
    random, (height, width) = np.random.default_rng(0), size
    fine = random.integers(0, 256, (height, width, 3))
    dark = random.integers(0, 60, (height, width, 3))
    coarse = np.kron(random.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3)), np.ones((16, 16, 1)))
    return np.stack([fine, dark, coarse[:height, :width]]).astype(np.uint8)


def _own_answers(graph: Graph, preprocessing: Preprocessing, batch_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the file's network itself, unchanged, says of images that are normalised here, one at a time."""
    model = read_model(graph.path)
    batch = model.input(0).get_partial_shape()[0]
    copies = batch.get_length() if batch.is_static else 1
    mean, std = (np.asarray(value, np.float32) for value in (preprocessing.mean, preprocessing.std))
    x = (batch_NHWC.astype(np.float32) / 255 - mean) / std
    x = x.transpose(0, 3, 1, 2) if graph.layout == "NCHW" else x
    dtype = model.input(0).get_element_type().to_dtype()
    try:
        compiled = import_openvino().Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        rows = [compiled(np.repeat(one[None], copies, 0).astype(dtype))[0][0] for one in x]
    except RuntimeError as error:
        raise ModelError(f"{graph.path} cannot be run: {one_line(error, 300)}") from error
    return np.asarray(rows, np.float32)
