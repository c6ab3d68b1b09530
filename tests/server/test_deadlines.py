"""What a slow client meets on a real socket: deadlines for headers, bodies, and for taking a reply."""

import threading

import pytest

from eyeful.server.replies import JSONReply
from wire import heard, post, reads_all


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHo", post(1000, 10)])
def test_a_request_that_does_not_arrive_in_time(talk, sent):
    noted = []

    def client(sock):
        sock.sendall(sent)
        return heard(sock)

    status, _, body = talk(client, reads_all, receive_timeout=0.3, noted=noted)
    assert (status, body) == ("HTTP/1.1 408 Request Timeout", {"error": "the request did not arrive in time"})
    assert noted == ([] if b"\r\n\r\n" in sent else [408])  # a request's own line is the access log's


def test_the_application_learns_that_a_late_client_has_gone(talk):
    received = []

    async def reads_with_care(scope, receive, send):
        while (message := await receive())["type"] == "http.request":
            received.append(len(message["body"]))
        received.append(message["type"])
        await JSONReply({"never": "sent"})(scope, receive, send)

    def client(sock):
        sock.sendall(post(1000, 10))
        return heard(sock)

    status, _, _ = talk(client, reads_with_care, receive_timeout=0.3)
    assert status == "HTTP/1.1 408 Request Timeout"
    assert received == [10, "http.disconnect"]


def test_a_client_that_does_not_take_its_reply_is_dropped(talk):
    async def gushing(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def client(sock):
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        dropped.wait(10)
        return dropped.is_set()

    dropped = threading.Event()

    async def watched(scope, receive, send):
        await gushing(scope, receive, send)
        dropped.set()

    assert talk(client, watched, receive_timeout=0.3)


def test_an_empty_line_does_not_keep_a_connection(talk):
    def client(sock):
        sock.sendall(post(3))
        while b"}" not in sock.recv(65536):
            pass
        sock.sendall(b"\r\n")
        return sock.recv(65536)

    assert talk(client, reads_all, receive_timeout=0.3) == b""
