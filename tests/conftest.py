"""Shared by all tests: a cache folder of their own, images, checkpoints that discriminate."""

import os
import shutil
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's caches, or the network."""
    home = tmp_path_factory.mktemp("home")
    os.environ["EYEFUL_HOME"] = str(home / "eyeful")
    os.environ["TORCH_HOME"] = str(home / "torch")
    os.environ["HF_HOME"] = str(home / "hf")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.pop("EYEFUL_MIRROR", None)


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
def resnet18_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-18 checkpoint with 1,000 classes, as users have them: torch.save of a state_dict."""
    state = discriminating_state("resnet18", 1000)
    import torch

    path = tmp_path_factory.mktemp("checkpoint") / "resnet18.pth"
    torch.save(state, path)
    return path


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model as an OpenVINO bundle."""
    from eyeful.models import ModelRequest
    from eyeful.prepare import export

    return export(
        ModelRequest("efficientnet_lite0"), tmp_path_factory.mktemp("model") / "bundle", "openvino"
    ).folder


@pytest.fixture(scope="session")
def lite0():
    """The default classifier with its real ImageNet weights, in fp32."""
    import eyeful

    with eyeful.load("efficientnet_lite0", precision="fp32") as classifier:
        yield classifier


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
