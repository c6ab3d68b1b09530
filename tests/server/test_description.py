"""The OpenAPI description: every call that it allows, and many that it does not; its examples; its page."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

EXCLUDED = "positive_data_acceptance"  # bytes are not always an image, which no schema can say


@pytest.mark.slow
def test_schemathesis_finds_no_server_error_and_nothing_that_is_not_described(server, tmp_path):
    schemathesis = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            *(schemathesis, "run", f"{server.url}/openapi.json", "--exclude-checks", EXCLUDED),
            *("--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", "4", "--seed", "1", "--workers", "1", "--exclude-path-regex", "version}"),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    counts = re.findall(r'eyeful_requests_total{.*status="(\d+)"} (\S+)', httpx.get(f"{server.url}/metrics").text)
    assert sum(float(count) for _, count in counts) > 200
    assert not [status for status, _ in counts if status >= "500"]


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/embed", "/", "/models/{model}", "/v2/models/{model}/infer"])
def test_the_examples_can_be_tried(server, path):
    description = httpx.get(f"{server.url}/openapi.json").json()
    example = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
    reply = httpx.post(server.url + path.format(model="lite0"), json=example)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_page_of_the_description_needs_no_other_server(server, path):
    page = httpx.get(server.url + path)
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) >= 2
    for link in links:
        assert urljoin(server.url, link).startswith(server.url)
        assert httpx.get(urljoin(server.url, link)).status_code == 200


def test_every_call_says_what_it_does(server):
    description = httpx.get(f"{server.url}/openapi.json").json()
    tags = [tag["name"] for tag in description["tags"]]
    assert (tags[0], tags[-1]) == ("eyeful", "Operations")
    assert all(tag["description"].endswith(".") for tag in description["tags"])
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            assert len(operation["summary"].split()) >= 2, (method, path)
            assert operation["description"].split()[2:], (method, path)
            assert operation["tags"][0] in tags


def test_a_browser_at_the_root_is_led_to_the_description(server):
    assert httpx.get(server.url, follow_redirects=True).url.path == "/docs"
    assert httpx.get(server.url).headers["location"] == "docs"  # relative: behind a proxy's path too
    assert httpx.delete(server.url).status_code == 405


@pytest.mark.slow
def test_a_browser_at_the_root_is_led_to_the_page_where_there_is_one(start, bundle):
    pytest.importorskip("gradio")
    server = start("--page", "--model", f"lite0={bundle}")
    assert httpx.get(server.url).headers["location"] == "page/"
    assert server.stop() == 0
