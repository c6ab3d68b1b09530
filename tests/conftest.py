"""Shared by all tests: a cache folder of their own, images, checkpoints that discriminate."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from heads import COLOURS, TAUGHT, head_of, in_turn
from helpers import discriminating_state, noise_image

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


ROOT = Path(__file__).parents[1]

if "EYEFUL_TEST_GPU" not in os.environ:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # what `auto` means is the same on every machine that runs the tests


def _digest() -> str:
    """Of all that decides what a preparation writes; the libraries' versions are in its own digest."""
    found = hashlib.sha256()
    for folder in ("bundle", "engines", "models", "prepare"):
        for path in sorted((ROOT / "src" / "eyeful" / folder).glob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


SHARED = ROOT / ".test-cache" / _digest()
"""What every worker and every run of the tests may use again: prepared and compiled models, and checkpoints."""


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's caches, or the network. Converted models are shared by all tests."""
    home = tmp_path_factory.mktemp("home")
    (home / "eyeful").mkdir()
    for kind in ("prepared", "compiled"):
        (SHARED / kind).mkdir(parents=True, exist_ok=True)
        (home / "eyeful" / kind).symlink_to(SHARED / kind)
    os.environ["EYEFUL_HOME"] = str(home / "eyeful")
    os.environ["TORCH_HOME"] = str(home / "torch")
    os.environ["HF_HOME"] = str(home / "hf")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.pop("EYEFUL_MIRROR", None)
    os.environ["EYEFUL_AUTOTUNE"] = "0"  # but in the tests of it


@pytest.fixture
def undecided_resizer():
    """Which library resizes is decided again, before and after the test; to be asked for before `monkeypatch`."""
    from eyeful.images import resizer_for

    resizer_for.cache_clear()
    yield resizer_for.cache_clear
    resizer_for.cache_clear()


def _peak() -> float:
    """The most memory that this process ever had, in GB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


_GROWTH: dict[str, float] = {}
"""By how many GB a test raised the peak of its process."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    before = _peak()
    result = yield
    _GROWTH[item.nodeid] = _peak() - before
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Each process tells its peak memory, which must stay below 2.5 GB, and which tests made it so."""
    if hasattr(session.config, "workeroutput"):
        largest = sorted(_GROWTH, key=lambda name: -_GROWTH[name])[:3]
        by = ", ".join(f"{name.rpartition('/')[2]} +{_GROWTH[name]:.2f}" for name in largest)
        session.config.workeroutput["peak"] = f"{_peak():.2f} GB ({by})"


class _Peaks:
    """Collects what the workers told, and prints it at the end."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_testnodedown(self, node: Any, error: object) -> None:
        del error
        self.found.append(f"{node.gateway.id} {getattr(node, 'workeroutput', {}).get('peak', '?')}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.found:
            terminalreporter.write_line("peak memory: " + "\n             ".join(self.found))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Peaks())


@pytest.fixture(scope="session")
def photos() -> Path:
    """The labelled photographs, where the machine has them."""
    folder = Path(os.environ.get("EYEFUL_PHOTOS") or "missing")
    if not (folder / "labelled").is_dir():
        pytest.skip("EYEFUL_PHOTOS does not name a folder with labelled/ and camera/")
    return folder


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 12 generated images of several sizes and formats."""
    folder = tmp_path_factory.mktemp("images")
    for seed in range(12):
        width, height = ((320, 240), (240, 320), (500, 375), (64, 48))[seed % 4]
        ending = ("png", "jpg", "webp")[seed % 3]
        noise_image(seed, width, height).save(folder / f"{seed:02d}.{ending}")
    return folder


@pytest.fixture(scope="session")
def resnet18_checkpoint() -> Path:
    """A ResNet-18 checkpoint with 1,000 classes, as users have them: torch.save of a state_dict."""
    import torch

    path = SHARED / "resnet18.pth"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            torch.save(discriminating_state("resnet18", 1000), path.with_suffix(".new"))
            path.with_suffix(".new").rename(path)
    return path


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model as an OpenVINO bundle: a copy of one that is made once."""
    from eyeful.models import ModelRequest
    from eyeful.prepare import export

    made = SHARED / "bundle"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            export(ModelRequest("efficientnet_lite0"), made, "openvino")
    return shutil.copytree(made, tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="session")
def lite0():
    """The default classifier with its real ImageNet weights, in fp32."""
    import eyeful

    with eyeful.load("efficientnet_lite0", precision="fp32") as classifier:
        yield classifier


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory, bundle: Path, images: Path) -> Path:
    """The bundle of a model that was taught: the default one frozen, and a head for four labels of no meaning."""
    import eyeful
    from eyeful.bundle import read_bundle
    from eyeful.prepare.taught import write_taught

    with eyeful.load(bundle, precision="fp32") as classifier:
        features = classifier.features(images)
    head, folder = head_of(features, in_turn(len(features))), tmp_path_factory.mktemp("model") / "taught"
    return write_taught(read_bundle(bundle), "openvino", head, COLOURS, folder, taught=TAUGHT).folder


@pytest.fixture(scope="module")
def browser():
    """One browser, whose cache later tabs share, as a visitor's do."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium.new_context(viewport={"width": 1280, "height": 900}, permissions=["camera"])
        chromium.close()
