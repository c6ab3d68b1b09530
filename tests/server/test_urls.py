"""Images by URL: off unless asked for, and then no way leads to what is not public."""

import asyncio
import io
import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import trustme
from PIL import Image

from eyeful.errors import ImageError
from eyeful.server.urls import Fetcher, is_public

PORT = "{port}"
"""Where a listener counts who comes, on every local address there is."""

LITERAL = [
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://127.255.255.254:{port}/",
    "http://2130706433:{port}/",  # 127.0.0.1 as one number
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://0.0.0.0:{port}/",
    "http://0:{port}/",
    "http://0.1.2.3:{port}/",
    "http://10.0.0.1:{port}/",
    "http://172.16.0.1:{port}/",
    "http://172.31.255.255:{port}/",
    "http://192.168.1.1:{port}/",
    "http://100.64.0.1:{port}/",  # carrier-grade NAT
    "http://100.100.100.200/latest/meta-data/",  # Alibaba's metadata
    "http://169.254.169.254/latest/meta-data/",  # AWS', Azure's and Google's
    "http://169.254.170.2/v2/credentials",  # ECS'
    "http://168.63.129.16/machine",  # Azure's wire server, a public address
    "http://192.0.0.192/opc/v1/",  # Oracle's
    "http://192.0.2.1:{port}/",
    "http://192.88.99.1:{port}/",
    "http://198.18.0.1:{port}/",
    "http://198.51.100.1:{port}/",
    "http://203.0.113.1:{port}/",
    "http://224.0.0.1:{port}/",
    "http://239.255.255.250:1900/",
    "http://240.0.0.1:{port}/",
    "http://255.255.255.255:{port}/",
    "http://[::]:{port}/",
    "http://[::1]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",  # mapped
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",  # compatible
    "http://[64:ff9b::7f00:1]:{port}/",  # NAT64
    "http://[64:ff9b:1::a00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",  # 6to4
    "http://[2001:0:7f00:1::1]:{port}/",  # Teredo
    "http://[fe80::1]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[fc00::1]:{port}/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fec0::1]:{port}/",
    "http://[ff02::1]:{port}/",
    "http://[2001:db8::1]:{port}/",
    "http://user:secret@127.0.0.1:{port}/",
    "http://example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://①②⑦.⓪.⓪.①:{port}/",  # digits of another script
    "https://127.0.0.1:{port}/",
]
SCHEMES = [
    "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET",
    "dict://127.0.0.1:{port}/",
    "ldap://127.0.0.1:{port}/",
    "data:text/plain,secret",
    "//127.0.0.1:{port}/",
    "http:///etc/passwd",
    "http://",
]
NAMES = {
    "private.test": ["10.1.2.3"],
    "loopback.test": ["127.0.0.1"],
    "six.test": ["::1"],
    "mapped.test": ["::ffff:10.0.0.1"],
    "mixed.test": ["8.8.8.8", "127.0.0.1"],  # one good address does not excuse the other
    "metadata.google.internal": ["169.254.169.254"],
}


@pytest.fixture
def listener():
    """A port on which every connection to this machine is counted."""
    came: list[object] = []
    listening = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    listening.settimeout(0.05)
    port = listening.getsockname()[1]
    over = threading.Event()

    def count():
        while not over.is_set():
            try:
                connection, who = listening.accept()
            except TimeoutError:
                continue
            came.append(who)
            connection.close()

    thread = threading.Thread(target=count)
    thread.start()
    yield port, came
    over.set()
    thread.join()
    listening.close()


DIALLED: list[object] | None = None
"""What this process tried to connect to, while a test looks."""


def _watch(event, arguments):
    if event == "socket.connect" and DIALLED is not None and isinstance(arguments[1], tuple):
        DIALLED.append(arguments[1])


sys.addaudithook(_watch)  # cannot be taken away again, so it is added once


@pytest.fixture
def dialled():
    global DIALLED  # noqa: PLW0603
    DIALLED = []
    yield DIALLED
    DIALLED = None


def fetch(*addresses, **settings):
    """Each download, or the error that it ended with."""

    async def scene():
        fetcher = Fetcher(**{"max_bytes": 1 << 20, **settings})
        try:
            return [await one(fetcher, address) for address in addresses]
        finally:
            await fetcher.close()

    async def one(fetcher, address):
        try:
            return await fetcher.fetch(address)
        except ImageError as error:
            return error

    return asyncio.run(scene())


def test_no_vector_leads_to_a_connection(listener, dialled):
    port, came = listener
    vectors = [vector.replace(PORT, str(port)) for vector in LITERAL + SCHEMES]
    assert len(vectors) >= 40
    for vector, found in zip(vectors, fetch(*vectors), strict=True):
        assert isinstance(found, ImageError), vector
        assert found.kind == "fetch_failed", vector
        assert "secret" not in str(found)
    assert dialled == []
    assert came == []
    socket.create_connection(("127.0.0.1", port)).close()  # the hook would have seen one
    assert len(dialled) == 1


def test_every_address_of_a_name_is_checked(dialled, monkeypatch):
    real = socket.getaddrinfo

    def look_up(host, port, *rest, **more):
        if host in NAMES:
            return [found for address in NAMES[host] for found in real(address, port, *rest, **more)]
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for found in fetch(*(f"http://{name}/" for name in NAMES)):
        assert "not on the public internet" in str(found)
    assert dialled == []


def test_the_connection_goes_to_the_address_that_was_checked(site, monkeypatch):
    """A name that changes its mind after the check (DNS rebinding) is not asked again."""
    answers = []
    real = socket.getaddrinfo

    def look_up(host, port, *rest, **more):
        if host in ("rebinding.test", b"rebinding.test"):
            answers.append(host)
            host = SITE if len(answers) == 1 else "127.0.0.66"
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    (found,) = fetch(f"http://rebinding.test:{site.server_port}/cat.png", allowed=only_the_site)
    assert found == IMAGE
    assert len(answers) == 1
    assert site.hosts[-1] == f"rebinding.test:{site.server_port}"  # it is still asked by its own name


def test_no_redirect_leads_to_a_connection(site, listener, dialled):
    port, came = listener
    for vector in LITERAL + SCHEMES:
        site.to = vector.replace(PORT, str(port))
        (found,) = fetch(f"{site.url}/redirect", allowed=only_the_site)
        assert isinstance(found, ImageError), vector
    assert {host for host, *_ in dialled} == {SITE}
    assert came == []


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"],
)
def test_public_addresses_are_public(address):
    assert is_public(address)


SITE = "127.0.0.77"
"""Where a server stands for the public internet."""


def only_the_site(address):
    return address == SITE


def _png():
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 120, 40)).save(file, "PNG")
    return file.getvalue()


IMAGE = _png()


class _Site(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.hosts.append(self.headers["Host"])
        self.server.cookies.append(self.headers["Cookie"])
        getattr(self, self.path.strip("/").partition(".")[0])()

    def cat(self):
        self._send(200, IMAGE, [("Set-Cookie", "who=me")])

    def redirect(self):
        self._send(302, b"", [("Location", self.server.to)])

    def loop(self):
        self._send(302, b"", [("Location", "/loop")])

    def missing(self):
        self._send(404, b"no")

    def packed(self):
        self._send(200, IMAGE, [("Content-Encoding", "gzip")])

    def endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:
            pass

    def slow(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    def _send(self, status, body, headers=()):
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    """A web server of many pages."""
    server = ThreadingHTTPServer((SITE, 0), _Site)
    server.url = f"http://{SITE}:{server.server_port}"
    server.hosts, server.cookies, server.to = [], [], ""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_can_go_wrong_with_a_download_is_said(site):
    found = fetch(
        *(f"{site.url}/{path}" for path in ("cat.png", "loop", "missing", "packed", "endless", "slow", "cat.png")),
        site.url.replace("http", "https") + "/cat.png",
        "http://nobody.invalid/",
        allowed=only_the_site,
        timeout=0.5,
    )
    assert found[0] == IMAGE
    kinds = [one.kind if isinstance(one, ImageError) else "ok" for one in found]
    wanted = ["ok", *["fetch_failed"] * 3, "too_large", "timeout", "ok", "fetch_failed", "fetch_failed"]
    assert kinds == wanted
    assert "404" in str(found[2])
    assert set(site.cookies) == {None}  # one client's cookies are not shown for the next


def test_tls_is_spoken_with_the_name_and_checked(monkeypatch):
    asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    context.sni_callback = lambda _, name, __: asked.append(name)
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest, **more: real(SITE, *rest, **more))
    with socket.create_server((SITE, 0)) as listening:

        def greet():
            connection, _ = listening.accept()
            with suppress(OSError), connection:
                context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=greet)
        thread.start()
        address = f"https://secure.test:{listening.getsockname()[1]}/cat.png"
        (found,) = fetch(address, allowed=only_the_site)
        thread.join()
    assert asked == ["secure.test"]
    assert "certificate" in str(found)  # nobody whom this machine trusts has signed it


def test_urls_are_off_by_default(server):
    for path, body in (
        ("/v1/classify", {"images": ["http://8.8.8.8/cat.jpg"]}),
        ("/", {"inputs": "https://8.8.8.8/cat.jpg"}),
    ):
        reply = httpx.post(server.url + path, json=body)
        assert reply.status_code == 400
        assert "--allow-urls" in reply.json()["error"]


def test_a_server_that_fetches_refuses_what_is_not_public(start, bundle, listener):
    port, came = listener
    server = start("--model", f"lite0={bundle}", "--precision", "fp32", "--allow-urls", "--max-files", "64")
    vectors = [vector.replace(PORT, str(port)) for vector in LITERAL]
    reply = httpx.post(f"{server.url}/v1/classify", json={"images": vectors}, timeout=30)
    assert [row["error_kind"] for row in reply.json()["results"]] == ["fetch_failed"] * len(vectors)
    alone = httpx.post(f"{server.url}/", json={"inputs": vectors[0]})
    assert alone.status_code == 422
    assert came == []
    assert server.stop() == 0
