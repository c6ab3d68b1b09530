"""The page in the server, in a real browser, while clients call beside it."""

import time

import httpx
import pytest

from eyeful.sources.samples import write_samples

pytest.importorskip("gradio")


def test_page_cli_python_and_http_say_the_same(start, browser, lite0, tmp_path):
    """The same numbers everywhere; the server beside the page works on; it ends with a browser open."""
    cat, *others = write_samples(tmp_path)
    server = start("--page", "--precision", "fp32", "--receive-timeout", 2)
    tab = browser.new_page()
    tab.set_default_timeout(20_000)
    tab.goto(f"{server.url}/page/")
    tab.get_by_text("The answer appears here").wait_for()
    for picture in (cat, *others):
        prediction = lite0.predict(picture)
        (answer,) = httpx.post(f"{server.url}/v1/classify", content=picture.read_bytes()).json()["results"]
        assert [score["label"] for score in answer["top"]] == [score.label for score in prediction.top]
        assert [score["prob"] for score in answer["top"]] == pytest.approx(
            [score.prob for score in prediction.top], abs=1e-5
        )
        tab.set_input_files("#picture input[type=file]", picture)
        tab.locator("#answer th", has_text=prediction.label).first.wait_for()
        rows = [row.inner_text().split("\t") for row in tab.locator("#answer tbody tr").all()]
        assert [row[0].strip() for row in rows] == [score.label for score in prediction.top]
        assert [float(row[1]) for row in rows] == pytest.approx([score.prob for score in prediction.top], abs=6e-4)
    time.sleep(2.5)  # longer than a request may take to arrive: the browser's open stream is none
    tab.get_by_role("tab", name="Look inside").click()
    tab.locator("#looked img").wait_for()
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'route="/page"' in metrics
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
    from typer.testing import CliRunner

    from eyeful.cli import app
    from eyeful.errors import UsageError

    result = CliRunner().invoke(app, ["serve", "--page", *flags])
    assert isinstance(result.exception, UsageError)
    assert says in str(result.exception)
