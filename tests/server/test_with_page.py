"""The page in the server, in a real browser, while clients call beside it."""

import json
import time

import httpx
import pytest
from typer.testing import CliRunner

from eyeful.cli import app
from eyeful.errors import UsageError
from eyeful.sources.samples import write_samples
from eyeful.wording import percent

pytest.importorskip("gradio")


@pytest.mark.slow
def test_page_cli_python_and_http_say_the_same(start, browser, lite0, tmp_path):
    """The same numbers everywhere; the server beside the page works on; it ends with a browser open."""
    images = write_samples(tmp_path)[:5]
    rows = tmp_path / "rows.jsonl"
    result = CliRunner().invoke(app, ["predict", *map(str, images), "-o", str(rows), "--precision", "fp32"])
    assert result.exit_code == 0
    written = [json.loads(line) for line in rows.read_text().splitlines()]
    server = start("--page", "--precision", "fp32", "--receive-timeout", 2)
    tab = browser.new_page()
    tab.set_default_timeout(20_000)
    tab.goto(server.url)  # which leads there
    assert tab.url == f"{server.url}/page/"
    tab.locator("#answer h2").wait_for()
    for image, row in zip(images, written, strict=True):
        prediction = lite0.predict(image)
        assert [score["label"] for score in row["top"]] == [score.label for score in prediction.top]
        assert [score["prob"] for score in row["top"]] == pytest.approx(
            [score.prob for score in prediction.top], abs=1e-5
        )
        (answer,) = httpx.post(f"{server.url}/v1/classify", content=image.read_bytes()).json()["results"]
        assert [score["label"] for score in answer["top"]] == [score.label for score in prediction.top]
        assert [score["prob"] for score in answer["top"]] == pytest.approx(
            [score.prob for score in prediction.top], abs=1e-5
        )
        tab.set_input_files("#ways input[type=file]", image)
        tab.locator("#elsewhere pre", has_text=image.name).first.wait_for(state="attached")
        shown = [row.inner_text().split("\t") for row in tab.locator("#bars tbody tr").all()]
        assert [row[0].strip() for row in shown] == [score.label for score in prediction.top]
        assert [row[1].strip() for row in shown] == [percent(score.prob) for score in prediction.top]
    time.sleep(2.5)  # longer than a request may take to arrive: the browser's open stream is none
    tab.get_by_role("tab", name="Look inside").click()
    tab.locator("#looked img").wait_for()
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'path="/page"' in metrics
    assert "gradio" not in metrics
    assert "gradio" not in httpx.get(f"{server.url}/openapi.json").text
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 8
    tab.close()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--token", "secret"], "--page does not go with a token"),
        (["--processes", "2"], "--page is for one process"),
    ],
)
def test_refused(flags, says):
    result = CliRunner().invoke(app, ["serve", "--page", *flags])
    assert isinstance(result.exception, UsageError)
    assert says in str(result.exception)
