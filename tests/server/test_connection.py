"""The connection itself, on a real socket: refusals, deadlines, and replies that a client can read while it sends."""

import asyncio
import json
import socket
import time

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from eyeful.server import connection
from eyeful.server.connection import Connection
from eyeful.server.door import Door, refusal_when_full
from eyeful.server.house import House
from eyeful.server.replies import ErrorReply, JSONReply, on_the_wire
from eyeful.server.settings import ServerSettings
from helpers import FakeEngine, fake_classifier

BUSY = on_the_wire(ErrorReply(503, "busy", {"Retry-After": "1"}))


def post(length, sent=None, target="/", more=""):
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n"
    return head.encode() + bytes(length if sent is None else sent)


async def reads_all(scope, receive, send):
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message["body"])
        if not message["more_body"]:
            break
    await JSONReply({"size": size})(scope, receive, send)


async def reads_nothing(scope, receive, send):
    await ErrorReply(413, "too large")(scope, receive, send)


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def talk(request):
    """Runs a client, in a thread, against a server of these connections."""

    def run(client, app, refuse=lambda *_: None, receive_timeout=5.0):
        async def scene():
            config = uvicorn.Config(app, lifespan="off")
            config.load()
            state = ServerState()

            def protocol():
                return Connection(receive_timeout, refuse, config=config, server_state=state, app_state={})

            server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]

            def connect():
                with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
                    return client(sock)

            try:
                return await asyncio.to_thread(connect)
            finally:
                server.close()

        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(scene())

    return run


def heard(sock):
    reply = b""
    while piece := sock.recv(65536):
        reply += piece
    head, _, body = reply.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), head.lower(), json.loads(body)


def drip(sock):
    for _ in range(500):
        sock.sendall(b"x")
        time.sleep(0.01)


@pytest.mark.parametrize("size", [0, 10, 8_000_000])
def test_a_refused_client_that_sends_all_first_reads_the_reply(talk, size):
    asked = []

    def refuse(*request):
        asked.append(request)
        return BUSY

    def client(sock):
        sock.sendall(post(size, target="/v1/classify?topk=3"))
        return heard(sock)

    status, head, body = talk(client, None, refuse)
    assert (status, body) == ("HTTP/1.1 503 Service Unavailable", {"error": "busy"})
    assert b"retry-after: 1" in head
    assert b"connection: close" in head
    ((method, target, headers),) = asked
    assert (method, target) == ("POST", b"/v1/classify?topk=3")
    assert (b"host", b"x") in headers


def test_an_early_reply_of_the_application_is_read_too(talk):
    def client(sock):
        sock.sendall(post(8_000_000))
        return heard(sock)

    status, head, body = talk(client, Door(reads_nothing, House({}, ServerSettings())))
    assert status.startswith("HTTP/1.1 413 ")
    assert body == {"error": "too large"}
    assert b"connection: close" in head


def test_what_comes_after_the_reply_is_thrown_away_for_a_while_only(talk, monkeypatch):
    monkeypatch.setattr(connection, "_LINGER_SECONDS", 0.3)

    def client(sock):
        sock.sendall(post(1_000_000, 1000))
        found = heard(sock)
        began = time.monotonic()
        with pytest.raises(OSError):
            drip(sock)
        return found, time.monotonic() - began

    (_, _, body), took = talk(client, None, lambda *_: BUSY)
    assert body == {"error": "busy"}
    assert took < 4


def test_no_more_than_so_much_is_thrown_away(talk, monkeypatch):
    monkeypatch.setattr(connection, "_LINGER_SECONDS", 60.0)
    monkeypatch.setattr(connection, "_LINGER_BYTES", 1_000_000)

    def client(sock):
        with pytest.raises(OSError):
            sock.sendall(post(100_000_000))

    talk(client, None, lambda *_: BUSY)


def test_a_connection_is_kept_from_request_to_request(talk):
    def client(sock):
        sizes = []
        for size in (5, 300_000, 0):
            sock.sendall(post(size))
            reply = b""
            while b"}" not in reply:
                reply += sock.recv(65536)
            assert b"connection: close" not in reply
            sizes.append(json.loads(reply.partition(b"\r\n\r\n")[2])["size"])
        return sizes

    assert talk(client, reads_all) == [5, 300_000, 0]


def test_a_request_behind_another_is_not_refused_out_of_turn(talk):
    refused = iter([None, BUSY])

    def client(sock):
        sock.sendall(post(3) + post(4, more="Connection: close\r\n"))
        reply = b""
        while piece := sock.recv(65536):
            reply += piece
        return reply

    async def slowly(scope, receive, send):
        await asyncio.sleep(0.05)
        await reads_all(scope, receive, send)

    reply = talk(client, slowly, lambda *_: next(refused))
    assert reply.index(b'{"size":3}') < reply.index(b'{"size":4}')


def test_what_is_not_http_is_an_error_in_our_form(talk):
    def client(sock):
        sock.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        return heard(sock)

    status, _, body = talk(client, reads_all)
    assert (status, body) == ("HTTP/1.1 400 Bad Request", {"error": "the request is not HTTP"})


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHo", post(1000, 10)])
def test_a_request_that_does_not_arrive_in_time(talk, sent):
    def client(sock):
        sock.sendall(sent)
        began = time.monotonic()
        return heard(sock), time.monotonic() - began

    (status, _, body), took = talk(client, reads_all, receive_timeout=0.3)
    assert (status, body) == ("HTTP/1.1 408 Request Timeout", {"error": "the request did not arrive in time"})
    assert 0.2 < took < 3


def test_a_full_house_is_told_from_the_headers_alone():
    house = House({"m": fake_classifier(FakeEngine())}, ServerSettings(queue_size=1, max_files=1))
    refusal = refusal_when_full(house)
    assert refusal("POST", b"/v1/classify", []) is None
    house._batchers["m"].depth = 1
    assert refusal("GET", b"/ping", []) is None
    reply = refusal("POST", b"/v1/classify?topk=1", [(b"x-request-id", b"abc-1")])
    assert reply.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in reply
    assert b"x-request-id: abc-1\r\n" in reply
    assert b'{path="refused",status="503"} 1.0' in house.metrics.exposition()
