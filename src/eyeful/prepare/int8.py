"""Quantisation to int8 after training: NNCF calibrates an OpenVINO bundle's graph on images."""

from __future__ import annotations

import hashlib
import io
import logging
import shutil
import warnings
from contextlib import redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING

from eyeful.bundle import HEAD, Bundle, write_bundle
from eyeful.engines.openvino import GRAPH
from eyeful.engines.openvino_head import HEAD_NODES
from eyeful.errors import ModelError, one_line
from eyeful.openvino_import import import_nncf, import_openvino, save_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


def quantise(bundle: Bundle, batches_NHWC: Sequence[NDArray[np.uint8]], folder: Path) -> Bundle:
    """Write the int8 bundle of an OpenVINO bundle; whether it still agrees is for the caller to find out.

    Args:
        bundle: in fp32.
        batches_NHWC: images with the bundle's preprocessing applied; their activations set the ranges.
        folder: where the int8 bundle goes.

    Raises:
        ModelError: NNCF cannot quantise this network.
        MissingExtraError: NNCF is not installed.
    """
    nncf, ov = import_nncf(), import_openvino()
    logging.getLogger("nncf").setLevel(logging.ERROR)  # its own function silences every logger's handlers
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):  # where its bars go, and our rows
            warnings.simplefilter("ignore")
            graph = nncf.quantize(
                ov.Core().read_model(bundle.folder / GRAPH),
                nncf.Dataset(batches_NHWC),
                preset=nncf.QuantizationPreset.MIXED,
                subset_size=len(batches_NHWC),
                ignored_scope=nncf.IgnoredScope(patterns=[f"{HEAD_NODES}.*"], validate=False),
            )
    except Exception as error:
        reason = one_line(error, 300)
        raise ModelError(f"NNCF cannot quantise {bundle.manifest.title}: {reason}") from error
    digest = hashlib.sha256()
    for batch_NHWC in batches_NHWC:
        digest.update(batch_NHWC.tobytes())
    quantization = {"images": sum(map(len, batches_NHWC)), "pixels_sha256": digest.hexdigest()}
    manifest = replace(bundle.manifest, precision="int8", quantization=quantization, files={})

    def write(place: Path) -> None:
        save_model(graph, place / GRAPH)
        if manifest.taught is not None:
            shutil.copy(bundle.folder / HEAD, place)

    return write_bundle(folder, manifest, write)
