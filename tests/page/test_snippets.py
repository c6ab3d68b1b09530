"""Code to copy gives the answer that the page shows."""

import contextlib
import io
import shlex
import shutil
import subprocess

import pytest
from typer.testing import CliRunner
from visitor import QUIET

from eyeful.cli import app
from eyeful.page.html import render
from eyeful.page.snippets import snippets
from eyeful.predictor import PredictorSpec

pytestmark = QUIET


def test_what_the_page_shows_runs_as_it_stands(tab, lite0, samples, tmp_path, monkeypatch):
    """The Python program and the command; curl has a test of its own."""
    shutil.copy(samples["cat"], tmp_path)
    monkeypatch.chdir(tmp_path)
    prediction = lite0.predict("cat.png")
    tab.locator("summary").click()
    python, command, server = tab.locator("#elsewhere pre").all_inner_texts()
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        exec(python, {})  # noqa: S102 - it is what is tested
    assert written.getvalue().strip() == str(prediction)
    program, *arguments = shlex.split(command)
    assert program == "eyeful"
    result = CliRunner().invoke(app, [*arguments, "-o", "rows.jsonl", "--quiet"])
    assert result.exit_code == 0
    assert f'"label": "{prediction.label}"' in (tmp_path / "rows.jsonl").read_text()
    assert server.splitlines()[0] == "eyeful serve --model=efficientnet_lite0 --precision=fp32"
    tab.context.grant_permissions(["camera", "clipboard-read", "clipboard-write"])
    tab.get_by_role("button", name="Copy: Command line").click()
    tab.get_by_text("Copied", exact=True).wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == command


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_asks_a_server(lite0, samples, tmp_path, served):
    name = "it's a 'cat'; ü.png"
    shutil.copy(samples["cat"], tmp_path / name)
    line = snippets(lite0.spec, name).server.splitlines()[1].replace("localhost:8000", served)
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True)
    assert f'"label":"{lite0.predict(tmp_path / name).label}"' in done.stdout.replace(": ", ":")


@pytest.mark.parametrize(
    ("options", "python", "command", "server"),
    [
        ({}, "", "", ""),
        (
            {"precision": "bf16", "img_size": (192, 224), "min_prob": 0.3, "workers": 3},
            ", precision='bf16', img_size=(192, 224), min_prob=0.3",
            " --precision=bf16 --img-size=192x224 --min-prob=0.3",
            " --precision=bf16 --img-size=192x224",
        ),
        ({"mean": (0.5, 0.5, 0.5)}, ", mean=(0.5, 0.5, 0.5)", " --mean 0.5 0.5 0.5", " --mean 0.5 0.5 0.5"),
        (
            {"checkpoint": "/srv/mine.pth"},
            ", checkpoint='mine.pth'",
            " --checkpoint=mine.pth",
            " --checkpoint=mine.pth",
        ),
    ],
)
def test_settings_are_said(options, python, command, server):
    found = snippets(PredictorSpec(**options), "-a b.png")
    assert f"eyeful.load('efficientnet_lite0'{python})" in found.python
    assert "'./-a b.png'" in found.python
    assert found.command == f"eyeful predict './-a b.png' --model=efficientnet_lite0{command}"
    assert found.server.splitlines()[0] == f"eyeful serve --model=efficientnet_lite0{server}"


def test_an_exact_model_is_not_served():
    found = snippets(PredictorSpec().exact(), "a.png")
    assert "eyeful.load('efficientnet_lite0', exact=True)" in found.python
    assert found.command == "eyeful predict a.png --model=efficientnet_lite0 --exact"
    assert found.server is None  # `eyeful serve` has no --exact: its answer is another one
    page = render("elsewhere.html", snippets=found)
    assert "Python or the command line<" in page
    assert page.count("<pre") == 2


@pytest.mark.parametrize("name", ["full_decode", "two_step_resize", "ignore_profile"])
def test_what_has_no_flag_is_not_said(name):
    assert snippets(PredictorSpec(**{name: True}), "a.png") is None


def test_a_model_of_ones_own_is_said_by_its_name(bundle):
    assert f"eyeful.load({bundle.name!r})" in snippets(PredictorSpec(model=str(bundle)), "a.png").python
