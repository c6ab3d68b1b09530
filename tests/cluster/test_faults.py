"""20 faults over 2,000 images on two hosts: nothing is lost, nothing is there twice, and every row is right.

A seed decides which fault and at which moment: after how many parts.
"""

import os
import random
import signal
import time

import pytest
from cluster_run import ClusterRun, rows_of

IDLE = 5.0
"""Seconds without a new part that a cut may cost."""
KINDS = ("driver", "actor", "host", "link")


def test_a_killed_driver_and_then_a_dead_host(hosts, many, tiny, plain_rows, tmp_path):
    """Two of the faults below in one run, so that they are tested every time."""
    with ClusterRun(hosts, many, tiny, tmp_path / "out") as run:
        run.start()
        run.wait_for_parts(10)
        run.kill_driver()
        left = run.parts()
        run.start("--resume")
        run.wait_for_parts(10)
        assert hosts.b.actors()
        killed = time.time()
        hosts.b.kill()
        code, said = run.finish()
        pause = run.longest_pause(killed)
    assert code == 0, said
    assert 10 <= left < 90
    assert rows_of(run.out) == plain_rows
    assert pause < 4 * IDLE, "others work on this machine too; Ray itself waits for 60 s"


@pytest.fixture
def whole(hosts):
    """Two hosts that are well, whatever the test before did to them."""
    if not hosts.b.pids():
        hosts.b.start_ray(hosts.a)
    yield hosts
    hosts.mend()
    hosts.b.kill()


def kill_actor(host) -> None:
    """`kill -9` the actor of a host."""
    (actor,) = host.actors()
    os.kill(actor, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_a_fault_loses_and_doubles_nothing(seed, whole, many, tiny, plain_rows, tmp_path):
    chance, kind = random.Random(seed), KINDS[seed % len(KINDS)]  # noqa: S311 - repeatable
    with ClusterRun(whole, many, tiny, tmp_path / "out") as run:
        run.start()
        run.wait_for_parts(chance.randint(1, 80))
        assert whole.a.actors()
        assert whole.b.actors()
        began = time.time()
        if kind == "driver":
            run.kill_driver()
            run.start("--resume")
        elif kind == "actor":
            kill_actor(chance.choice([whole.a, whole.b]))
        elif kind == "host":
            whole.b.kill()
        else:
            whole.cut()
            if chance.random() < 0.5:
                time.sleep(chance.uniform(0.2, 2))
                whole.mend()
        code, said = run.finish()
        pause = run.longest_pause(began)
    print(f"{kind}: at most {pause:.1f} s without a new part")  # noqa: T201 - for who reads -s
    assert code == 0, said
    assert rows_of(run.out) == plain_rows
    if kind != "driver":
        assert pause < IDLE
