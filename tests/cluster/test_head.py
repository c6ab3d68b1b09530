"""The head of a cluster dies: the run ends with one line of ours and exit code 2, and goes on under a new head."""

import os
import signal

import pytest
from cluster_run import ClusterRun, rows_of
from hosts import command_line


@pytest.mark.slow  # Ray looks for its head for a minute
def test_a_lost_head_is_no_success(bare_hosts, many, tiny, plain_rows, tmp_path):
    for hosts in bare_hosts():
        hosts.a.start_ray()
        with ClusterRun(hosts, many, tiny, tmp_path / "out") as run:
            run.start()
            run.wait_for_parts(5)
            (server,) = [pid for pid in hosts.a.pids() if "gcs_server" in command_line(pid)[:200]]
            os.kill(server, signal.SIGKILL)
            code, said = run.finish(150)
            assert code == 2, said
            assert said.splitlines()[-1].startswith("eyeful: error: "), said
            assert "--resume" in said
            assert not (run.out / "_SUCCESS").exists()
            hosts.a.kill()
            hosts.a.start_ray()
            run.start("--resume")
            code, said = run.finish()
        assert code == 0, said
        assert rows_of(run.out) == plain_rows
