"""Requests as bytes, replies as read from a socket, and the smallest applications."""

import json

from eyeful.server.replies import ErrorReply, JSONReply


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
    await ErrorReply(503, "busy", {"Retry-After": "1"})(scope, receive, send)


def heard(sock):
    reply = b""
    while piece := sock.recv(65536):
        reply += piece
    head, _, body = reply.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), head.lower(), json.loads(body)


def send_for_ever(sock):
    while True:
        sock.sendall(b"x")
