"""Downloads: one deadline for all of it, limits while reading, and no way to other protocols."""

import base64
import socket
import threading
from contextlib import suppress

import pytest

from eyeful.errors import ImageError
from eyeful.sources.fetch import FetchPolicy, fetch
from helpers import fake_classifier

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def site():  # noqa: C901 - each scene is a few lines
    """A server that plays a scene with each connection: a function of the connection and the request's head."""
    over = threading.Event()
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=play, args=(connection,), daemon=True).start()

        def play(connection):
            with connection, suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head:
                    chunk = connection.recv(4096)
                    if not chunk or chunk[0] == 22:  # TLS: it waits for an answer in vain
                        over.wait()
                        return
                    head += chunk
                seen.append(head.decode("latin-1"))
                scenes[head.split()[1].decode("latin-1").removeprefix("http://nobody.invalid")](connection)

        def drip(begin):
            def scene(connection):
                connection.sendall(begin)
                while not over.wait(0.02):
                    connection.sendall(b"x")

            return scene

        def send(*parts):
            def scene(connection):
                for part in parts:
                    connection.sendall(part)

            return scene

        def endless(begin):
            def scene(connection):
                connection.sendall(begin)
                while not over.is_set():
                    connection.sendall(bytes(1 << 16))

            return scene

        scenes = {
            "/status": drip(b"HTTP/1."),
            "/header": drip(OK + b"X-Slow: "),
            "/body": drip(OK + b"\r\n"),
            "/good": send(OK + b"Content-Length: 4\r\n\r\ngood"),
            "/f%C3%BCr%20uns": send(OK + b"Content-Length: 4\r\n\r\ngood"),
            "/cut": send(OK + b"Content-Length: 9\r\n\r\ngood"),
            "/lie": send(OK + b"Content-Length: 99999999999\r\n\r\n"),
            "/endless": endless(OK + b"\r\n"),
            "/moved": endless(b"HTTP/1.1 302 Found\r\nLocation: /good\r\n\r\n"),
            "/ftp": send(b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/\r\n\r\n"),
            "/round": send(b"HTTP/1.1 302 Found\r\nLocation: /round\r\n\r\n"),
            "/away": send(b"HTTP/1.1 302 Found\r\nLocation: http://%s:%d/good\r\n\r\n" % (b"127.0.0.1", port)),
        }
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{port}", seen
        over.set()
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("path", ["status", "header", "body"])
def test_what_drips_does_not_outlive_the_deadline(site, path):
    address, _ = site
    with pytest.raises(ImageError, match=r"within 0\.3 seconds") as failed:
        fetch(f"http://{address}/{path}", FetchPolicy(timeout=0.3))
    assert failed.value.kind == "timeout"
    left = [thread for thread in threading.enumerate() if thread.name == "eyeful-fetch"]
    for thread in left:
        thread.join(5)
        assert not thread.is_alive(), "what was given up goes on"


def test_a_tls_greeting_that_never_comes_is_a_timeout(site):
    address, _ = site
    with pytest.raises(ImageError) as failed:
        fetch(f"https://{address}/", FetchPolicy(timeout=0.3))
    assert failed.value.kind in ("timeout", "fetch_failed")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("cut", "fetch_failed"),
        ("lie", "too_large"),
        ("endless", "too_large"),
        ("ftp", "fetch_failed"),
        ("round", "fetch_failed"),
    ],
)
def test_what_is_no_download_is_a_named_error(site, path, kind):
    address, _ = site
    with pytest.raises(ImageError) as failed:
        fetch(f"http://{address}/{path}", FetchPolicy(max_bytes=1 << 20))
    assert failed.value.kind == kind


def test_the_body_of_a_redirect_is_not_read(site):
    address, _ = site
    assert fetch(f"http://{address}/moved") == b"good"


def test_a_name_beyond_ascii_is_quoted(site):
    address, _ = site
    assert fetch(f"http://{address}/für uns#part") == b"good"


def test_a_password_is_sent_but_not_passed_on_and_not_told(site):
    address, seen = site
    assert fetch(f"http://me:s%40cret@{address}/away") == b"good"
    assert base64.b64encode(b"me:s@cret").decode() in seen[0]
    assert "Authorization" not in seen[1]
    with pytest.raises(ImageError) as failed:
        fetch("http://me:s3cret@127.0.0.1:port/")
    assert "s3cret" not in str(failed.value)


def test_the_guard_is_there_for_both_sides(site):
    address, seen = site
    with pytest.raises(ImageError, match="not on the public internet"):
        fetch(f"http://{address}/good", FetchPolicy(allowed=lambda _: False))
    assert seen == []


def test_a_proxy_of_the_environment_is_used_unless_the_guard_is_on(site, monkeypatch):
    address, seen = site
    monkeypatch.setenv("http_proxy", f"http://{address}")
    monkeypatch.setenv("no_proxy", "")
    assert fetch("http://nobody.invalid/good") == b"good"
    assert seen[0].startswith("GET http://nobody.invalid/good")
    with pytest.raises(ImageError, match="unknown"):
        fetch("http://nobody.invalid/good", FetchPolicy(allowed=lambda _: True))


def test_one_slow_url_costs_its_own_row_only(site, monkeypatch, tmp_path):
    address, _ = site
    from PIL import Image

    monkeypatch.setattr("eyeful.sources.fetch._ANYWHERE", FetchPolicy(timeout=0.3))
    monkeypatch.setattr("eyeful.sources.fetch.Download.__init__.__defaults__", (FetchPolicy(timeout=0.3),))
    Image.new("RGB", (9, 9), "red").save(tmp_path / "a.png")
    rows = fake_classifier().predict([tmp_path / "a.png", f"http://{address}/header", tmp_path / "a.png"])
    assert [row.error_kind for row in rows] == [None, "timeout", None]
