"""A real server in a process of its own, and one over a slow engine for what happens under load."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from eyeful.server.connection import Connection
from eyeful.server.middleware import ReceiveDeadlineMiddleware

MAIN = "from eyeful.cli import main; main()"


class Running:
    """A server process: its address, its log, its end."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None):
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=os.environ | (environment or {})
        )
        self.log: list[str] = []
        ready = threading.Event()

        def read() -> None:
            for line in self.process.stderr:
                self.log.append(line)
                if "running on" in line:
                    ready.set()
            ready.set()

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()
        assert ready.wait(60)
        found = re.search(r"http://127\.0\.0\.1:(\d+)", "".join(self.log))
        assert found, self.log
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(40)
        self._reader.join(5)
        self.process.stderr.close()
        return code


@pytest.fixture(scope="session")
def start():
    """Starts `eyeful serve` with flags; stops what is left at the end."""
    running: list[Running] = []

    def begin(*flags: object, environment: dict[str, str] | None = None) -> Running:
        command = [sys.executable, "-c", MAIN, "serve", "--port", "0", *map(str, flags)]
        running.append(Running(command, environment))
        return running[-1]

    yield begin
    for server in running:
        server.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def server(start, bundle) -> Running:
    """The server that most tests share."""
    return start(
        "--model", f"lite0={bundle}", "--model", f"again={bundle}", "--precision", "fp32", "--max-body", "2"
    )


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def talk(request):
    """Runs a client, in a thread, against a server of these connections."""

    def run(client, app, receive_timeout=5.0, noted=None):
        async def scene():
            config = uvicorn.Config(ReceiveDeadlineMiddleware(app, receive_timeout), lifespan="off")
            config.load()
            state = ServerState()

            def protocol():
                note = [].append if noted is None else noted.append
                return Connection(receive_timeout, note, config=config, server_state=state, app_state={})

            server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]

            def connect():
                with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
                    return client(sock)

            failed = []
            asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
            try:
                return await asyncio.to_thread(connect)
            finally:
                server.close()
                while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn's own way to wait for them
                    await asyncio.sleep(0.01)
                assert not failed

        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(scene())

    return run
