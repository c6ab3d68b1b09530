"""deploy/Dockerfile is carried out, and its server runs as in a hardened container: what `docker run` gives it, this
machine's kernel gives it too. No Docker is needed; the base image is this machine.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from layers import Builder, context_of, in_brackets, size_of

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
WITHOUT_RIGHTS = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "--no-new-privs"]
WITHOUT_RIGHTS += ["--inh-caps", "-all", "--bounding-set", "-all"]
TOKEN = "a token"  # noqa: S105 - of this test

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can mount layers"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory, bundle):
    """The image's last stage, on a read-only file system but for /tmp."""
    context = context_of(ROOT, tmp_path_factory.mktemp("context"))
    assert {path.name for path in context.iterdir()} == {"pyproject.toml", "README.md", "LICENSE", "src"}
    shutil.copytree(bundle, context / "deploy" / "model")
    place = tmp_path_factory.mktemp("layers")
    with Builder(context, place, SETUPTOOLS_SCM_PRETEND_VERSION="0.1.7") as builder:
        stage = builder.build(DOCKERFILE)
        subprocess.run(["mount", "-o", "remount,ro", stage.root], check=True)
        builder.mount("-t", "tmpfs", "-o", "size=64m,mode=1777", "tmpfs", at=stage.root / "tmp")
        yield stage


class Container:
    """The server of an image, without rights, in a network of its own.

    Args:
        stage: the image.
        environment: beside the image's own; nothing of this process's.
    """

    def __init__(self, stage, **environment: str) -> None:
        self._stage = stage
        self._environment = stage.environment | {"EYEFUL_TOKEN": TOKEN} | environment
        command = in_brackets(stage.settings["ENTRYPOINT"]) + in_brackets(stage.settings["CMD"])
        network = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        self.process = subprocess.Popen(
            [*network, "chroot", stage.root, *WITHOUT_RIGHTS, *command],
            env=self._environment,
            cwd="/",
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, command: list[str], **options) -> subprocess.CompletedProcess[str]:
        """A program beside the server, as `docker exec` starts it."""
        inside = [
            "nsenter",
            "--net",
            "--target",
            str(self.process.pid),
            "chroot",
            self._stage.root,
            *WITHOUT_RIGHTS,
        ]
        return subprocess.run(
            [*inside, *command], env=self._environment, capture_output=True, text=True, timeout=60, **options
        )

    def wait_until_healthy(self) -> float:
        """By the image's own check; gives the seconds since the start."""
        started = time.monotonic()
        while self.call(in_brackets(self._stage.settings["HEALTHCHECK"])).returncode:
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < started + 60
        return time.monotonic() - started

    def classify(self, image: Path) -> dict:
        """The answer for an image."""
        code = (
            "import sys, urllib.request as r; "
            "q = r.Request('http://127.0.0.1:8000/v1/classify', sys.stdin.buffer.read(), "
            f"{{'Authorization': 'Bearer {TOKEN}', 'Content-Type': 'application/octet-stream'}}); "
            "print(r.urlopen(q, timeout=30).read().decode())"
        )
        with image.open("rb") as file:
            done = self.call([*in_brackets(self._stage.settings["HEALTHCHECK"])[:2], code], stdin=file)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def status(self) -> dict[str, str]:
        """What the kernel says of the process."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return dict(line.split(":\t", 1) for line in lines)

    def stop(self) -> tuple[int, str]:
        """As `docker stop` does."""
        self.process.terminate()
        _, log = self.process.communicate(timeout=40)
        return self.process.returncode, log


def test_the_image_serves_without_rights_and_stops(built, images, lite0, record_testsuite_property):
    container = Container(built)
    seconds = container.wait_until_healthy()
    status = container.status()
    assert status["Uid"].split() == ["1000"] * 4
    assert int(status["CapEff"], 16) == 0
    answer = container.classify(images / "00.png")
    assert lite0.predict(images / "00.png").label in json.dumps(answer)
    memory = int(status["VmRSS"].split()[0]) / 1e3
    version = container.call(["/opt/eyeful/bin/eyeful", "--version"]).stdout
    refused = container.call(["touch", "/opt/eyeful/new"])
    assert "Read-only file system" in refused.stderr
    code, log = container.stop()
    assert code == 0, log
    assert all(json.loads(line)["level"] == "info" for line in log.splitlines()), log
    assert version == "eyeful 0.1.7\n"
    megabytes = {layer.parent.name: round(size_of(layer) / 1e6) for layer in built.layers}
    assert sum(megabytes.values()) < 600
    for name, figure in {"seconds": seconds, "memory": memory, **megabytes}.items():
        record_testsuite_property(name, figure)


def test_it_serves_where_nothing_but_tmp_can_be_written_and_says_so_in_one_line(built, images):
    container = Container(built, EYEFUL_HOME="/opt/none", HOME="/nowhere")
    container.wait_until_healthy()
    container.classify(images / "00.png")
    code, log = container.stop()
    assert code == 0, log
    (said,) = [line for line in map(json.loads, log.splitlines()) if "cannot be" in line["message"]]
    assert "cannot be recorded in /opt/none/tuned (Read-only file system)" in said["message"]


def test_it_holds_no_more_than_it_needs(built):
    installed = {
        path.name.partition("-")[0].lower()
        for path in built.root.glob("opt/eyeful/lib/*/site-packages/*.dist-info")
    }
    assert {"eyeful", "openvino", "uvicorn"} <= installed
    assert not installed & {"torch", "torchvision", "timm", "matplotlib", "gradio", "pytest"}
    assert {layer.parent.name for layer in built.layers} == {"server", "last"}
    assert not (built.root / "source").exists()
