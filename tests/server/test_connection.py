"""The connection itself, on a real socket: replies that a client can read while it sends, pipelines, odd bytes."""

import asyncio
import inspect
import json

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from eyeful.server import connection
from eyeful.server.connection import UVICORN_NAMES
from wire import heard, post, reads_all, reads_nothing, send_for_ever


@pytest.mark.parametrize("size", [10, 8_000_000])
def test_a_rejected_client_that_sends_all_first_reads_the_reply(talk, size):
    def client(sock):
        sock.sendall(post(size))
        return heard(sock)

    status, head, body = talk(client, reads_nothing)
    assert (status, body) == ("HTTP/1.1 503 Service Unavailable", {"error": "busy"})
    assert b"retry-after: 1" in head
    assert b"connection: close" in head


def test_a_reply_without_a_body_to_wait_for_leaves_the_connection_open(talk):
    def client(sock):
        for _ in range(2):
            sock.sendall(post(0))
            reply = b""
            while b"}" not in reply:
                reply += sock.recv(65536)
            assert b"connection: close" not in reply.lower()

    talk(client, reads_nothing)


def test_what_comes_after_the_reply_is_thrown_away_for_a_while_only(talk, monkeypatch):
    monkeypatch.setattr(connection, "_LINGER_SECONDS", 0.3)

    def client(sock):
        sock.sendall(post(1_000_000, 1000))
        found = heard(sock)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_for_ever(sock)
        return found

    _, _, body = talk(client, reads_nothing)
    assert body == {"error": "busy"}


def test_no_more_than_so_much_is_thrown_away(talk, monkeypatch):
    monkeypatch.setattr(connection, "_LINGER_SECONDS", 60.0)
    monkeypatch.setattr(connection, "_LINGER_BYTES", 1_000_000)

    def client(sock):
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            sock.sendall(post(100_000_000))

    talk(client, reads_nothing)


@pytest.mark.parametrize("behind", [post(5), b"\x16\x03 garbage\r\n\r\n", b"\r\n"])
def test_what_comes_behind_a_refused_request_does_not_cost_its_reply(talk, behind):
    def client(sock):
        sock.sendall(post(5) + behind)
        return heard(sock)

    status, _, body = talk(client, reads_nothing)
    assert (status, body) == ("HTTP/1.1 503 Service Unavailable", {"error": "busy"})


def test_a_connection_stays_from_request_to_request(talk):
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


def test_requests_behind_each_other_are_answered_in_turn(talk):
    def client(sock):
        sock.sendall(post(3) + post(4, more="Connection: close\r\n"))
        reply = b""
        while piece := sock.recv(65536):
            reply += piece
        return reply

    async def slowly(scope, receive, send):
        await asyncio.sleep(0.05)
        await reads_all(scope, receive, send)

    reply = talk(client, slowly)
    assert reply.index(b'{"size":3}') < reply.index(b'{"size":4}')


def test_a_body_that_is_not_http_is_an_error_too(talk):
    def client(sock):
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n")
        return heard(sock)

    status, _, body = talk(client, reads_all)
    assert (status, body) == ("HTTP/1.1 400 Bad Request", {"error": "the request is not HTTP"})


def test_what_is_not_http_is_an_error_in_our_form(talk):
    def client(sock):
        sock.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        return heard(sock)

    noted = []
    status, _, body = talk(client, reads_all, noted=noted)
    assert (status, body) == ("HTTP/1.1 400 Bad Request", {"error": "the request is not HTTP"})
    assert noted == [400]


@pytest.mark.parametrize("behind", [post(1000, 10), b"\x16 garbage\r\n\r\n"])
def test_what_is_wrong_behind_a_request_does_not_cost_its_answer(talk, behind):
    answer = asyncio.Event()

    async def slowly(scope, receive, send):
        await answer.wait()
        await reads_all(scope, receive, send)

    def client(sock):
        sock.sendall(post(3) + behind)
        sock.settimeout(1)
        with pytest.raises(TimeoutError):  # longer than the request behind it has to arrive
            sock.recv(1)
        answer._loop.call_soon_threadsafe(answer.set)
        sock.settimeout(10)
        reply = b""
        while piece := sock.recv(65536):
            reply += piece
        return reply

    assert b'{"size":3}' in talk(client, slowly, receive_timeout=0.3)


@pytest.mark.parametrize("pause", [False, True])
def test_an_offer_of_http_2_is_declined_and_the_request_answered(talk, pause):
    head, body = post(300_000, more="Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n").split(b"\r\n\r\n")
    inner = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    body = inner + body[len(inner) :]

    def client(sock):
        sock.sendall(head + b"\r\n\r\n" + (b"" if pause else body[:1000]))
        if pause:
            sock.settimeout(0.2)
            with pytest.raises(TimeoutError):
                sock.recv(1)
            sock.settimeout(10)
        sock.sendall(body if pause else body[1000:])
        sock.sendall(post(4, more="Connection: close\r\n"))
        reply = b""
        while piece := sock.recv(65536):
            reply += piece
        return reply

    reply = talk(client, reads_all)
    assert reply.count(b"HTTP/1.1 200") == 2
    assert reply.index(b'{"size":300000}') < reply.index(b'{"size":4}')


def test_a_tunnel_is_refused(talk):
    def client(sock):
        sock.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n\x16\x03")
        return heard(sock)

    status, _, body = talk(client, reads_all)
    assert (status, body) == ("HTTP/1.1 400 Bad Request", {"error": "the request is not HTTP"})


def test_uvicorn_still_has_what_the_connection_uses():
    """A uvicorn that renames one must fail here, and not in production; then raise the range in pyproject.toml."""
    loop = asyncio.new_event_loop()
    protocol = HttpToolsProtocol(uvicorn.Config(reads_all, lifespan="off"), ServerState(), {}, loop)
    protocol.on_message_begin()
    loop.close()
    assert [name for name in UVICORN_NAMES if not hasattr(protocol, name)] == []
    assert list(inspect.signature(HttpToolsProtocol.send_400_response).parameters) == ["self", "msg"]
    assert list(inspect.signature(HttpToolsProtocol.on_response_complete).parameters) == ["self"]
