"""A page that runs in this process, a browser that looks at it, and a guard over both against other hosts."""

import asyncio
import socket
import sys
import threading
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlparse

import pytest

pytest.importorskip("gradio")

OUTGOING: list[str] = []
"""What this process tried to reach that is not itself."""


def _is_here(host: object) -> bool:
    try:
        return host in (None, "", "localhost", b"localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def _watch(event: str, args: tuple) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple) and not _is_here(args[1][0]):
        OUTGOING.append(f"connect {args[1]}")
    elif event == "socket.getaddrinfo" and not _is_here(args[0]):
        OUTGOING.append(f"look up {args[0]}")


sys.addaudithook(_watch)  # for good: no hook can be taken away again

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from visitor import watch  # noqa: E402

from eyeful.page.serve import hang_up, mount  # noqa: E402


class Running:
    """An application on a free port of this machine, made and run in a thread of this process.

    Made there too, since Gradio asks for an event loop, and would begin one that nobody closes.
    """

    def __init__(self, make):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(make)))
        self._thread.start()
        assert self._ready.wait(60)

    async def _run(self, make):
        try:
            app = make()
            config = uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=2)
            self._server = uvicorn.Server(config)
            self._stopped = asyncio.Event()
            self._loop = asyncio.get_running_loop()
            serving = asyncio.create_task(self._server.serve([self._socket]))
            while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.02)
        finally:
            self._ready.set()
        await self._stopped.wait()
        if hasattr(app.state, "page"):
            hang_up(app)
        self._server.should_exit = True
        await serving

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(20)
        self._socket.close()
        assert not self._thread.is_alive()


@pytest.fixture(scope="session")
def second(resnet18_checkpoint):
    """Another model: ResNet-18 with weights of a user's own."""
    import eyeful

    with eyeful.load("resnet18", checkpoint=resnet18_checkpoint, precision="fp32") as classifier:
        yield classifier


@pytest.fixture(scope="session")
def site(lite0, second):
    """The page with two models, inside another application, as the server has it."""
    OUTGOING.clear()  # other tests have servers elsewhere
    with running(lambda: mount(FastAPI(), {"lite0": lite0, "mine": second}, others=None)) as site:
        assert not OUTGOING  # while Gradio was imported and the page was built
        yield site


@contextmanager
def running(make):
    site = Running(make)
    try:
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="session")
def runs():
    """Runs an application for the duration of a block, for the tests that make one of their own."""
    return running


@pytest.fixture
def small_site(lite0):
    """A page at the root of its host, for images of at most 1,000 bytes."""
    with running(lambda: mount(FastAPI(), {"lite0": lite0}, "/", others=None, max_file=1000)) as site:
        yield site


@pytest.fixture
def served(lite0):
    """The address of a server without a page."""
    from eyeful.server.app import create_app
    from eyeful.server.settings import ServerSettings

    with running(lambda: create_app({"lite0": lite0}, ServerSettings())) as server:
        yield server.url.removeprefix("http://")


@pytest.fixture
def outgoing():
    """What this process tries to reach during the test."""
    OUTGOING.clear()
    return OUTGOING


@pytest.fixture
def tab(browser, site):
    """A browser's tab with the page in it; at its end, nobody has asked another host for anything."""
    OUTGOING.clear()
    page = browser.new_page()
    page.set_default_timeout(20_000)
    watch(page)
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.goto(f"{site.url}/page/")
    page.locator("#bars tbody tr").nth(4).wait_for()  # an example is answered
    yield page
    page.close()
    hosts = {urlparse(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlparse(site.url).netloc}
    assert not OUTGOING
    assert [line for line in said if line.startswith("error")] == []  # a blocked request would be among them


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> dict[str, Path]:
    from eyeful.sources.samples import write_samples

    return {path.stem: path for path in write_samples(tmp_path_factory.mktemp("samples"))}


@pytest.fixture(scope="session")
def cat(samples) -> Path:
    return samples["cat"]


@pytest.fixture(scope="session")
def odd(tmp_path_factory, cat) -> dict[str, Path]:
    """The cat in files that a page easily spoils: turned, 16 bit, other formats, broken."""
    import numpy as np
    from PIL import Image

    folder = tmp_path_factory.mktemp("odd")
    with Image.open(cat) as opened:
        image = opened.convert("RGB").resize((320, 213))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", exif=exif)
    Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257).save(folder / "deep.png")
    image.save(folder / "new.avif")
    image.save(folder / "scan ü <b>.tiff")
    (folder / "broken.png").write_bytes(cat.read_bytes()[:5000])
    try:
        import pillow_heif

        pillow_heif.from_pillow(image).save(folder / "phone.heic")
    except ImportError:
        pass
    return {path.name.partition(".")[0].split()[0]: path for path in folder.iterdir()}
