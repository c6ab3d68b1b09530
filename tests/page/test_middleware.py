"""What a visitor may ask of the page, beyond what the page itself asks."""

import io
import json
import stat

import httpx
import pytest


@pytest.fixture
def client(site):
    with httpx.Client(base_url=f"{site.url}/page", timeout=20) as client:
        yield client


def uploaded(client, content=b"x", name="a.png"):
    reply = client.post("/gradio_api/upload", files={"files": (name, io.BytesIO(content))})
    return reply, reply.json()[0] if reply.status_code == 200 else None


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.com/a.png",
        "/gradio_api/file=http:/example.com/a.png",
        "/gradio_api/proxy=https://example.com/a.png",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/vibe-code/",
        "/monitoring",
        "/manifest.json",
        "/gradio_api/file/etc/passwd",
    ],
)
def test_what_the_page_does_not_need_is_not_there(client, path, outgoing):
    assert client.get(path).status_code == 404
    assert not outgoing


@pytest.mark.parametrize("path", ["/etc/passwd", __file__, "%2e%2e/etc/passwd"])
def test_no_file_but_uploads_can_be_read(client, path):
    assert client.get(f"/gradio_api/file={path}").status_code == 403


def test_uploads_are_for_no_other_user(client):
    from eyeful.page.quiet import UPLOADS

    _, path = uploaded(client)
    assert path.startswith(str(UPLOADS))
    assert stat.S_IMODE(UPLOADS.stat().st_mode) == 0o700
    assert client.get(f"/gradio_api/file={path}").content == b"x"


def test_an_upload_has_a_limit(small_site):
    with httpx.Client(base_url=small_site.url) as client:
        assert uploaded(client, b"x" * 900)[0].status_code == 200
        assert uploaded(client, b"x" * 2000)[0].status_code == 413


@pytest.mark.parametrize("field", ["path", "url"])
def test_the_server_fetches_nothing_for_a_visitor(client, field, outgoing):
    """Gradio would download a file that has an address for a path, before any code of ours sees it."""
    config = client.get("/config").json()
    image = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == "image")
    event = next(one["id"] for one in config["dependencies"] if [image, "upload"] in one["targets"])
    _, path = uploaded(client)
    given = {"path": path, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}
    body = {"data": [given | {field: "http://192.0.2.1/a.png"}], "fn_index": event, "session_hash": "abc"}
    assert client.post("/gradio_api/queue/join", json=body).status_code == (400 if field == "path" else 200)
    if field == "url":  # is not looked at
        said = []
        with client.stream("GET", "/gradio_api/queue/data?session_hash=abc") as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    said.append(json.loads(line[5:]))
                    if said[-1]["msg"] == "process_completed":
                        break
        assert said[-1]["success"]
    assert not outgoing


@pytest.mark.parametrize("body", [b"{", b"[]" * (1 << 20), b'{"data": [[{"deep": [{"path": "http://a/b"}]}]]}'])
def test_an_odd_event_is_refused(client, body):
    assert client.post("/gradio_api/queue/join", content=body).status_code == 400


def test_the_browser_may_ask_nobody_else(client):
    reply = client.get("/")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy
    assert "og:image" not in reply.text
    assert "<title>eyeful" in reply.text
    asset = next(part for part in reply.text.split('"') if part.startswith("./assets/") and part.endswith(".js"))
    assert "immutable" in client.get(asset[1:]).headers["cache-control"]
