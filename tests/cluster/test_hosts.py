"""The two hosts themselves: they reach each other and nothing else, and nothing of them is left."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hosts import command_line, ip, namespaces, two_hosts

LISTEN = "import socket; s = socket.create_server(('10.200.0.1', 80)); print('ready', flush=True); s.accept()"
CONNECT = "import socket; socket.create_connection(('10.200.0.1', 80), 1)"
ABANDON = """
import os, sys
from hosts import two_hosts
hosts = two_hosts()
found = hosts.__enter__()
print(found.a.name, found.folder, found.a.start("sleep", "60", stdout=-3, stderr=-3).pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def bare():
    try:
        with two_hosts() as hosts:
            yield hosts
    except PermissionError as error:
        pytest.skip(str(error))


def test_they_reach_each_other_until_the_link_is_cut(bare):
    def connects() -> bool:
        server = bare.a.start(sys.executable, "-c", LISTEN, stdout=subprocess.PIPE)
        assert server.stdout.readline() == "ready\n"
        try:
            return bare.b.run(sys.executable, "-c", CONNECT).returncode == 0
        finally:
            bare.a.kill()
            server.communicate()

    assert connects()
    bare.cut()
    assert not connects()
    bare.mend()
    assert connects()
    assert bare.b.run(sys.executable, "-c", CONNECT.replace("10.200.0.1", "10.201.0.1")).returncode


def test_nothing_is_left_where_a_test_fails(bare):
    del bare  # skips where there are no namespaces
    before, manager = namespaces(), two_hosts()
    hosts = manager.__enter__()
    process = hosts.b.start("sleep", "60")
    assert not manager.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert process.wait(5) == -signal.SIGKILL
    assert namespaces() == before
    assert not hosts.folder.exists()


def test_what_a_killed_test_left_is_removed_by_the_next(bare):
    del bare  # skips where there are no namespaces
    left = subprocess.run(
        [sys.executable, "-c", ABANDON], capture_output=True, text=True, cwd=Path(__file__).parent
    )
    name, folder, pid = left.stdout.split()
    assert name in ip("netns", "list")
    with two_hosts():
        pass
    assert name not in ip("netns", "list")
    assert not Path(folder).exists()
    assert not command_line(int(pid))
