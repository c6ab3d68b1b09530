"""The format of a bundle."""

from eyeful.bundle import HEAD
from eyeful.bundle.format import MANIFEST
from eyeful.bundle.manifest import FAULTS, FORMAT, QUANTIZATION, TAUGHT, Manifest
from eyeful.engines import onnxruntime, openvino
from eyeful.models import Weights
from eyeful.models.base import Architecture
from eyeful.prepare.torch import WEIGHTS
from eyeful.preprocessing import Preprocessing
from eyeful.results.calibration import FORMAT as CALIBRATION_FORMAT
from eyeful.results.calibration import Calibration, Coverage, Risk
from eyeful.types import Labels
from reference_pages.markdown import code, document, fields_table, sentence, table

_INTRO = f"""
A bundle is a folder that holds one prepared model, for one engine: a manifest and the engine's files. What
`eyeful export`, `eyeful teach` and `eyeful import-mar` write, and what lies in the cache, are this one format.
A bundle runs without torch, unless it is for torch, and without the network; it may be copied to any machine
that has its engine.

This is format {FORMAT}.
"""
_NETWORK = """
The network takes a batch of plain pixels, uint8, (N, height, width, 3), red, green and blue, already resized
and cropped: normalisation lies in it. It gives the logits, (N, K), and, where the network ends in a linear
layer, the features before it, (N, D). So the manifest, with the files, determines every answer.
"""
_READING = """
Whenever a bundle is opened, every file that its manifest lists is compared with its sha256, and these are
refused, each with one line that names the file and the remedy:
"""
_WRITING = """
A bundle is written under another name beside its place, and renamed when it is whole: readers see the old one
or the new one, never a part.
"""


def page() -> str:
    """The page."""
    return document(
        "# The bundle format",
        _INTRO,
        "## Files",
        table(("File", "What it is"), _files()),
        _NETWORK,
        f"## `{MANIFEST}`",
        "One JSON object, in UTF-8.",
        fields_table(Manifest, without=["tuning"]),
        *_objects(),
        "## What reading checks",
        _READING,
        "\n".join(_refused()),
        _WRITING,
    )


def _files() -> list[tuple[str, str]]:
    return [
        (code(MANIFEST), f"What the model is: [its keys](#{MANIFEST.replace('.', '')})."),
        (
            f"`{openvino.GRAPH}`, `{openvino.GRAPH.replace('.xml', '.bin')}`",
            "For OpenVINO: the network, and its weights.",
        ),
        (code(onnxruntime.GRAPH), "For ONNX Runtime: the network with its weights."),
        (code(WEIGHTS), "For torch: the weights; the network is built by the library that the manifest names."),
        (
            code(HEAD),
            "Of a model that was taught: the numbers of its last layer. The engine's files hold them too.",
        ),
    ]


def _objects() -> list[str]:
    """A section for each object in the manifest."""
    sections: list[str] = []
    for kind in (Architecture, Preprocessing, Labels, Weights):
        sections += [f"### `{kind.__name__.lower()}`", fields_table(kind)]
    for title, said in (("### `quantization`", QUANTIZATION), ("### `taught`", TAUGHT)):
        rows = [(code(key), sentence(text)) for key, text in said.items()]
        sections += [title, table(("Key", "What it says"), rows)]
    sections += [
        "### `calibration`",
        f"What `eyeful calibrate` found, as in its file; format {CALIBRATION_FORMAT}.",
    ]
    for title, kind in (("", Calibration), ("`risk` in it:", Risk), ("`coverage` in it:", Coverage)):
        sections += [title, fields_table(kind)]
    return sections


def _refused() -> list[str]:
    return [
        "- a file that is missing or cannot be read",
        "- a file whose sha256 is not the manifest's",
        f"- a format other than {FORMAT}; one of eyeful 0.1 is named as such, with the command that makes it anew",
        "- a manifest that was changed by hand, and of which one of these is true:",
        *(f"  - {fault}" for fault in FAULTS),
    ]
