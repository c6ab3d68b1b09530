"""What lies in deploy/ is right: the Dockerfile by its linter, paths and flags by the server that they are for."""

import re
import subprocess
import sysconfig
from pathlib import Path

import yaml
from typer.testing import CliRunner

from eyeful.cli import app
from eyeful.server.app import create_app
from eyeful.server.settings import ServerSettings
from helpers import FakeEngine, fake_classifier

DEPLOY = Path(__file__).parent.parent / "deploy"


def test_the_dockerfile_passes_its_linter():
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_probes_ask_for_paths_that_there_are():
    paths = set(create_app({"m": fake_classifier(FakeEngine())}, ServerSettings()).openapi()["paths"])
    container = next(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))["spec"]["template"]["spec"][
        "containers"
    ][0]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert {probe["path"] for probe in probes} <= paths
    assert {probe["port"] for probe in probes} == {container["ports"][0]["containerPort"]}
    assert re.search(r"8000(/\S+?)'", (DEPLOY / "Dockerfile").read_text())[1] in paths


def test_every_flag_is_one_that_there_is():
    known = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "300", "TERM": "dumb"}).output
    texts = [(DEPLOY / name).read_text() for name in ("Dockerfile", "eyeful.service")]
    commands = [
        line for text in texts for line in text.splitlines() if re.match(r"ENTRYPOINT|CMD|ExecStart", line)
    ]
    flags = {flag for line in commands for flag in re.findall(r"--[a-z-]+", line)}
    assert {"--model", "--log-format", "--drain"} <= flags
    assert all(flag in known for flag in flags)
