"""A bucket's server that is not always well: `python faulty_proxy.py ADDRESS PORT TARGET_PORT FAULT SHARE SEED`.

Passes requests on to another port, but for a share of them, chosen by a seed: FAULT is `503`, which they are answered
with, or `hang`, which they are not answered at all.
"""

import http.client
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG = 30.0
"""Seconds; longer than any client here waits."""


class FaultyProxy(ThreadingHTTPServer):
    """Listens; `faults` counts the requests that were not passed on."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, address: str, port: int, target: int, fault: str, share: float, seed: int) -> None:
        self.target, self.fault, self.share = target, fault, share
        self.faults = 0
        self._chance = random.Random(seed)  # noqa: S311 - repeatable
        self._lock = threading.Lock()
        super().__init__((address, port), _Handler)

    def fails_now(self) -> bool:
        """Whether this request is one of the share."""
        with self._lock:
            failed = self._chance.random() < self.share
            self.faults += failed
            return failed


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.fails_now():
            self._fail()
            return
        target = http.client.HTTPConnection(self.server.server_address[0], self.server.target, timeout=20)
        target.request(self.command, self.path, body, dict(self.headers))
        answer = target.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
        self.send_header("Content-Length", str(length or 0))
        self.end_headers()
        self.wfile.write(content)
        target.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on

    def _fail(self) -> None:
        print(self.command, self.path, self.server.fault, flush=True)  # noqa: T201 - its log
        if self.server.fault == "hang":
            threading.Event().wait(HANG)
            self.close_connection = True
            return
        self.send_response(503, "Slow Down")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing of what went well."""


if __name__ == "__main__":
    address, port, target, fault, share, seed = sys.argv[1:]
    FaultyProxy(address, int(port), int(target), fault, float(share), int(seed)).serve_forever()
