"""Several processes on one port."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from eyeful.cli import app
from eyeful.errors import UsageError

MAIN = "from eyeful.cli import main; main()"


def ready(server):
    for _ in range(600):
        try:
            if httpx.get(f"{server.url}/v2/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("".join(server.log))


def children(server):
    parent = server.process.pid
    found = Path(f"/proc/{parent}/task/{parent}/children")
    return sorted(map(int, found.read_text().split())) if found.exists() else []


def counted(server):
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("eyeful_images_total"))


def test_processes_share_a_port_are_replaced_and_stop_together(start, bundle, images):
    server = start("--model", f"lite0={bundle}", "--processes", "2")
    body = (images / "00.png").read_bytes()
    ready(server)
    first = children(server)
    assert len(first) == 2
    found = []

    def client(count):
        with httpx.Client(timeout=30) as session:
            for _ in range(count):
                try:
                    found.append(session.post(f"{server.url}/v1/classify", content=body).json()["results"][0])
                except httpx.TransportError as error:
                    found.append(error)

    clients = [threading.Thread(target=client, args=(10,)) for _ in range(8)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    assert {row["label"] for row in found} == {found[0]["label"]}
    assert counted(server) == 80  # of both, whichever process is asked

    os.kill(first[0], signal.SIGKILL)
    for _ in range(300):
        if len(children(server)) == 2 and children(server) != first:
            break
        time.sleep(0.1)
    assert first[1] in children(server)
    client(3)
    assert counted(server) == 83  # what the dead one had counted is not lost

    found.clear()
    last = threading.Thread(target=client, args=(1,))
    last.start()
    while not found and last.is_alive():
        time.sleep(0.001)
    assert server.stop() == 0
    last.join()
    assert found[0]["status"] == "ok"
    assert not children(server)


PARENT = """
import sys
from eyeful.server.processes import Supervisor
child = [sys.executable, "-c", "import os, sys, time; from eyeful.server.processes import ParentLink; "
         f"link = ParentLink(); print(os.getpid(), flush=True); link.beat(); link.stop_with_parent(); time.sleep(60)"]
Supervisor(2, child, sys.argv[1], lambda: None).run()
"""


def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", PARENT, tmp_path], stdout=subprocess.PIPE, text=True) as parent:
        assert all(int(parent.stdout.readline()) for _ in range(2))
        parent.kill()
        assert parent.stdout.read() == ""  # until the last of them has closed it


@pytest.mark.slow
def test_a_server_that_cannot_start_says_why_once_and_ends():
    command = [sys.executable, "-c", MAIN, "serve", "--port", "0", "--model", "resnet19", "--processes", "2"]
    unknown = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert unknown.returncode == 2
    assert "did you mean" in unknown.stderr
    assert unknown.stderr.count("\n") == 1


def test_an_address_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        flags = ["--port", str(taken.getsockname()[1]), "--processes", "2"]
        result = CliRunner().invoke(app, ["serve", *flags])
        assert isinstance(result.exception, UsageError)
        assert "--port 0 takes a free one" in str(result.exception)
