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


def test_children_do_not_outlive_a_parent_that_is_killed(start, bundle):
    server = start("--model", f"lite0={bundle}", "--processes", "2", "--drain", "0")
    ready(server)
    orphans = children(server)
    server.stop(signal.SIGKILL)
    for _ in range(300):
        if not any(Path(f"/proc/{pid}").exists() for pid in orphans):
            break
        time.sleep(0.1)
    else:
        raise AssertionError("they still run")


def test_a_server_that_cannot_start_says_why_and_ends():
    def serve(*flags):
        command = [sys.executable, "-c", MAIN, "serve", *map(str, flags)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    unknown = serve("--port", 0, "--model", "resnet19", "--processes", 2)
    assert unknown.returncode == 2
    assert "did you mean" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for flags in ([], ["--processes", 2]):
            busy = serve("--port", taken.getsockname()[1], *flags)
            assert busy.returncode == 2
            assert "--port 0 takes a free one" in busy.stderr
