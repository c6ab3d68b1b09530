"""A real server in a process of its own, and one over a slow engine for what happens under load."""

import os
import re
import signal
import subprocess
import sys
import threading

import pytest

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
