"""A package of someone else adds one of everything, through entry points, from `pip install` on."""

import io
import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from eyeful import EngineError, PluginError, PredictorSpec, UsageError, load, plugins
from eyeful.bundle import Bundle, Manifest
from eyeful.cli.program import run as main
from eyeful.doctor import examine
from eyeful.engines import choose
from eyeful.prepare.deployed import Deployed
from eyeful.server.app import create_app
from eyeful.server.settings import ServerSettings
from helpers import noise_image

EXAMPLE = Path(__file__).parent / "eyeful_example"
sys.path += [str(EXAMPLE / "src"), str(Path(__file__).parents[1] / "engines")]
ENGINE = import_module("eyeful_example.engine").FAMILY
COLOURS = import_module("eyeful_example.model").FAMILY
EngineContract = import_module("contract").EngineContract
NAME = "example-colours"

MAIN = "from eyeful.cli import main; main()"
PARTS = ("engine", "model", "source", "sink", "protocol", "command")
DOCUMENT = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    model = COLOURS.find(NAME)
    network, weights = model.load()
    manifest = Manifest(NAME, {}, model.preprocessing, model.labels, {"sha256": weights.sha256}, ENGINE.name)
    ENGINE.write(Deployed(network, model.preprocessing, len(model.labels)), manifest, folder)
    return Bundle(folder, manifest)


class TestExampleEngine(EngineContract):
    """The contract kit, as the example package's own repository would run it."""

    size = (32, 32)

    @pytest.fixture
    def open_engine(self, bundle):
        return lambda threads=1: ENGINE.open(bundle, "cpu", "fp32", threads)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Where pip installed the example package."""
    pytest.importorskip("hatchling", reason='builds the example package: pip install -e ".[dev]"')
    source, site = tmp_path_factory.mktemp("source") / "eyeful_example", tmp_path_factory.mktemp("site")
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *offline, "--target", site, source], check=True)
    return site


@pytest.fixture
def install(monkeypatch):
    """Make the packages of a folder those of this process."""

    def put(site):
        monkeypatch.syspath_prepend(str(site))
        plugins.refresh()

    yield put
    monkeypatch.undo()
    plugins.refresh()
    sys.modules.pop("others_parts", None)


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `eyeful ARGUMENTS` in this process, since torch is imported already."""

    def run(*arguments):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["eyeful", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(ended.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def eyeful(site, install, command):
    """The same with the example package installed."""
    install(site)
    return command


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def process(site: Path, *arguments) -> subprocess.CompletedProcess[str]:
    """Run `eyeful ARGUMENTS` in a process of its own, in which the site's packages are installed."""
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-c", MAIN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})


WITH_EXAMPLE = ("--model", NAME, "--engine", "example")


def rows_of(path: Path) -> list[tuple[str, str]]:
    rows = [[json.loads(cell) for cell in line.split("\t")] for line in path.read_text().splitlines()]
    return [(row[0], row[2] or row[5]) for row in rows]


def test_a_run_with_engine_family_source_and_sink_of_another_package(site, eyeful, tmp_path, caplog):
    """It is cut off in a row, and goes on, as the same engine and no other."""
    rows = tmp_path / "rows.tsv"
    command = ("predict", "swatch://red,green,nocolour,blue", *WITH_EXAMPLE, "-o", rows)
    done = process(site, *command)
    assert done.returncode == 1, done.stderr
    whole = rows.read_text()
    assert rows_of(rows) == [
        ("swatch://red", "red"),
        ("swatch://green", "green"),
        ("swatch://nocolour", "not_found"),
        ("swatch://blue", "blue"),
    ]
    rows.write_text(whole[: len(whole) * 2 // 3])
    assert eyeful(*command, "--resume").returncode == 1
    assert rows.read_text() == whole
    assert "preparing" not in caplog.text  # it is cached
    done = eyeful(*command[:2], "--model", NAME, "--engine", "torch", "-o", rows, "--resume")
    assert done.returncode == 2
    assert "engine was example, is torch" in done.stderr


def test_the_fingerprint_carries_the_engine(eyeful):
    with load(NAME, engine="example") as example, load(NAME, engine="torch") as other:
        assert example.engine == example.spec.pinned["engine"] == "example"
        assert example.spec.fingerprint() != other.spec.fingerprint()
        assert PredictorSpec.from_json(example.spec.to_json()).fingerprint() == example.spec.fingerprint()


def test_a_command_of_another_package(site, eyeful):
    done = process(site, "hello")
    assert (done.stdout, done.stderr) == ("hello, world\n", "")
    assert eyeful("hello", "swatch://blue,red", *WITH_EXAMPLE).stdout == "hello, blue\nhello, red\n"
    assert "Say hello" in eyeful("--help").stdout
    shown = " ".join(
        eyeful("hello", "--help").stdout.replace("│", " ").split()
    )  # lines are cut where they are full
    assert "auto, onnxruntime, openvino, torch, example" in shown


def test_an_exported_bundle_names_the_engine(eyeful, tmp_path):
    folder = tmp_path / "bundle"
    assert eyeful("export", NAME, "-o", folder, "--engine", "example").returncode == 0
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["engine"] == "example"
    assert manifest["versions"]["eyeful-example"] == "1.0"
    assert list(manifest["files"]) == ["network.pt2"]
    assert json.loads(eyeful("predict", "swatch://green", "--model", folder).stdout)["label"] == "green"
    assert "example" in eyeful("info", folder).stdout
    done = eyeful("predict", "swatch://green", "--model", folder, "--engine", "torch")
    assert "is for the engine example, not torch: --model " in done.stderr


def test_verify_takes_the_engine(eyeful, tmp_path):
    for seed in range(3):
        noise_image(seed).save(tmp_path / f"{seed}.png")
    done = eyeful("verify", *WITH_EXAMPLE[1:], "--images", tmp_path, "--json")
    assert json.loads(done.stdout)["path"] == "example fp32 on cpu"
    assert json.loads(done.stdout)["fast"]["top1"] == 1


def test_doctor_and_models_list_it(eyeful):
    found = {one.topic: one for one in examine()}
    assert found["plug-in tsv"].text == "sinks, of the package eyeful-example: works"
    assert found["plug-in hello"].text == "commands, of the package eyeful-example: works"
    assert NAME in eyeful("models", "colours").stdout
    assert f"did you mean {NAME}?" in eyeful("predict", "swatch://red", "--model", "example-colors").stderr


@pytest.mark.slow
def test_a_protocol_of_another_package(eyeful):
    image = io.BytesIO()
    Image.new("RGB", (40, 40), "lime").save(image, "PNG")
    with (
        load(NAME, engine="example") as classifier,
        TestClient(create_app({"colours": classifier}, ServerSettings())) as client,
    ):
        assert client.post("/example/label", content=image.getvalue()).text == "green"
        assert client.post("/example/label", content=b"no image").status_code == 422


def write_package(site: Path, entries: str, code: str) -> None:
    """An installed package `others` of one module `others_parts`."""
    (site / "others-1.dist-info").mkdir(parents=True)
    (site / "others-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1\n")
    (site / "others-1.dist-info" / "entry_points.txt").write_text(entries)
    (site / "others_parts.py").write_text(code)


def test_of_a_package_that_is_installed_twice_the_first_counts(install, tmp_path):
    write_package(tmp_path / "older", "[eyeful.sources]\nold = others_parts:X\nboth = others_parts:X\n", "X = 1\n")
    install(tmp_path / "older")
    assert "old" in plugins.names("sources")
    write_package(tmp_path / "newer", "[eyeful.sources]\nboth = others_parts:X\n", "X = 2\n")
    install(tmp_path / "newer")
    assert "both" in plugins.names("sources")
    assert "old" not in plugins.names("sources")
    write_package(tmp_path / "newest", "[console_scripts]\nothers = others_parts:X\n", "X = 3\n")
    install(tmp_path / "newest")
    assert "both" not in plugins.names("sources")


BROKEN = "raise RuntimeError('it was made for another version')\n"
GROUPS = ("engines", "models", "sources", "sinks", "protocols", "commands")


def test_a_broken_package_is_named_and_harms_nobody(install, command, tmp_path, caplog):
    """Not even its own other plug-ins."""
    entries = "".join(f"[eyeful.{group}]\nbad = others_parts:X\nworse = json:__name__\n" for group in GROUPS)
    working = "good = eyeful_example.model:FAMILY\n"
    entries = entries.replace("[eyeful.models]\n", f"[eyeful.models]\n{working}")
    write_package(tmp_path / "site", entries, BROKEN)
    install(tmp_path / "site")
    noise_image(0).save(tmp_path / "x.jpg")
    rows = tmp_path / "rows.jsonl"
    done = command("predict", tmp_path / "x.jpg", "-o", rows, "--model", NAME, "--engine", "torch")
    assert done.returncode == 0, done.stderr
    assert json.loads(rows.read_text())["status"] == "ok"
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert all(line.startswith("going on without a plug-in: the plug-in ") for line in warnings)
    assert all("of the package others" in line and "pip uninstall others" in line for line in warnings)
    assert len(warnings) == len(set(warnings)) == 4  # what cannot be imported is said once, whatever it should be


@pytest.mark.parametrize(
    ("name", "why"), [("bad", "made for another version"), ("none", "is neither"), ("other", "is named 'torch'")]
)
def test_a_broken_plugin_that_is_asked_for_is_an_error(name, why, install, tmp_path):
    entries = ("bad = others_parts:X", "none = json:__name__", "other = eyeful.engines.torch:FAMILY")
    write_package(tmp_path, "\n".join(["[eyeful.engines]", *entries]), BROKEN)
    install(tmp_path)
    with pytest.raises(PluginError, match=f"the plug-in '{name}' of the package others .*{why}"):
        choose("cpu", name)
    assert choose("cpu", "torch").engine == "torch"


def test_doctor_names_what_is_broken(install, tmp_path):
    write_package(tmp_path, "[eyeful.engines]\nbad = others_parts:X\ntorch = others_parts:X\n", BROKEN)
    install(tmp_path)
    found = {one.topic: one.text for one in examine()}
    assert "made for another version" in found["plug-in bad"]
    assert "another package's torch came first" in found["plug-in torch"]


DEVICES = """
from eyeful.engines import ModuleFamily

class Family(ModuleFamily):
    def __init__(self, name, devices):
        self.name, self.devices = name, devices

    def open_module(self, network, device, precision, threads, *, compiled=False): ...

npu = Family("npu", ("npu",))
either = Family("either", ("npu", "cpu"))
card = Family("card", ("cuda",))
"""


def test_an_engine_may_have_devices_that_torch_does_not_know(install, tmp_path):
    entries = "".join(f"{name} = others_parts:{name}\n" for name in ("npu", "either", "card"))
    write_package(tmp_path, f"[eyeful.engines]\n{entries}", DEVICES)
    install(tmp_path)
    assert choose("auto", "npu").device == "npu"
    assert choose("npu:1", "npu").device == "npu:1"
    assert choose("cpu", "either").device == "cpu"
    with pytest.raises(EngineError, match="npu runs on npu, not on cpu"):
        choose("cpu", "npu")
    with pytest.raises(UsageError, match="device 'npu' is not one of"):
        choose("npu", "torch")
    if torch.cuda.is_available():
        assert choose("auto", "card").device == "cuda:0"
    else:
        with pytest.raises(EngineError, match="no CUDA device"):
            choose("auto", "card")


@pytest.mark.parametrize("path", ["pyproject.toml", *(f"src/eyeful_example/{part}.py" for part in PARTS)])
def test_the_document_shows_the_example(path):
    assert (EXAMPLE / path).read_text(encoding="utf-8") in DOCUMENT
