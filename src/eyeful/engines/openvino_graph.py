"""A network that is a file of its own → OpenVINO's files of a bundle: normalisation in front, scores behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eyeful.graph_file import read_model, with_free_batch, without_activation
from eyeful.openvino_import import import_openvino, save_model

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.bundle import Manifest
    from eyeful.graph_file import Graph


def write(graph: Graph, manifest: Manifest, path: Path) -> None:
    """Write the network as an OpenVINO graph: pixels_NHWC uint8 in, logits_NK out.

    Raises:
        ModelError: it cannot be read, or does not take any number of images.
    """
    ov = import_openvino()
    preprocessing = manifest.preprocessing
    model = with_free_batch(read_model(graph.path), graph, preprocessing.size)
    if graph.activation:
        model = without_activation(model)
    steps = ov.preprocess.PrePostProcessor(model)
    pixels = steps.input(0)
    pixels.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    pixels.model().set_layout(ov.Layout(graph.layout))
    pixels.preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    pixels.preprocess().mean(list(preprocessing.mean)).scale(list(preprocessing.std))
    steps.output(0).tensor().set_element_type(ov.Type.f32)
    save_model(steps.build(), path)
