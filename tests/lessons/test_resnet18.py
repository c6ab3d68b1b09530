"""Where ResNet-18's weights are within reach, the lesson uses them: TorchVision's own code downloads them."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from eyeful.models.torchvision_import import import_torchvision

ANY_NETWORK, FIGURE, TEACHES = "any-network", "figure", "teaches"
"""Tags of cells that need no pretrained network, of those that draw or look inside, and of the one that teaches, which
refuses a random network's vectors: they are all alike. Nothing else uses theirs."""


class Files(SimpleHTTPRequestHandler):
    """The files of a folder; what was asked for is noted."""

    asked: list[str]

    def log_request(self, *_):
        self.asked.append(f"{self.command} {self.path}")


@pytest.fixture
def published(monkeypatch, tmp_path, resnet18_checkpoint):
    """A seeded checkpoint of ResNet-18 behind a server, as TorchVision's weights are; what the server was asked."""
    name = f"resnet18-{hashlib.sha256(resnet18_checkpoint.read_bytes()).hexdigest()[:8]}.pth"
    served = tmp_path / "served"
    served.mkdir()
    (served / name).symlink_to(resnet18_checkpoint)
    Files.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=served)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        weights = import_torchvision().models.ResNet18_Weights.DEFAULT
        url = f"http://127.0.0.1:{server.server_port}/{name}"
        monkeypatch.setattr(type(weights), "url", url)
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
        yield Path(name), Files.asked
        server.shutdown()


def run_cells(cells, lesson):
    for cell in cells:
        exec(compile(TransformerManager().transform_cell(cell.source), cell.id, "exec"), lesson)  # noqa: S102 - the lesson is our own


@pytest.mark.slow
@pytest.mark.parametrize(
    "skipped",
    [{ANY_NETWORK, FIGURE, TEACHES}, {ANY_NETWORK, TEACHES}],
    ids=["answers", "all"],
)
def test_plain_pytorch_and_eyeful_agree(skipped, notebook, published, monkeypatch, tmp_path, capsys):
    name, asked = published
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    with mpl.rc_context():
        monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
        lesson = {}
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        run_cells([cell for cell in code if not skipped & set(cell.metadata.get("tags", ()))], lesson)
    assert "This run uses resnet18" in capsys.readouterr().out
    assert asked == [f"HEAD /{name}", f"GET /{name}"]
    assert (tmp_path / "torch" / "hub" / "checkpoints" / name).is_file()
    assert type(lesson["model"]).__name__ == "ResNet"
    answers = {lesson["clf"].predict(path).label for path in lesson["paths"]}
    assert len(answers) > 3, "the checkpoint must tell the images apart"
    assert lesson["within_reach"](f"http://127.0.0.1:9/{name}"), "what is in the cache needs no server"
    assert not lesson["within_reach"]("http://127.0.0.1:9/other.pth")


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\3\4 cut off"], ids=["empty", "a page", "cut off"])
def test_damaged_weights_are_named_and_the_packaged_network_is_taken(
    content, notebook, monkeypatch, tmp_path, capsys
):
    weights = import_torchvision().models.ResNet18_Weights.DEFAULT
    damaged = tmp_path / "hub" / "checkpoints" / Path(weights.url).name
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(content)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    by_beginning = ("import warnings", "device = ", "from urllib", "def load_lite0")
    cells = [cell for cell in notebook.cells if cell.source.startswith(by_beginning)]
    assert len(cells) == len(by_beginning)
    with mpl.rc_context():
        run_cells(cells, lesson := {})
    _, _, *said = capsys.readouterr().out.splitlines()
    assert said == [
        f"{damaged} is damaged: delete it",
        "This run uses efficientnet_lite0: 4,652,008 parameters on " + lesson["device"],
    ]
    assert lesson["network"] == "efficientnet_lite0"
    assert not lesson["model"].training
