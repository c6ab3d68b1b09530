"""Two hosts, inputs and parts in a bucket whose server answers 503 or not at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cluster_run import EYEFUL, ClusterRun, rows_of
from hosts import kill_group, wait_until

pytestmark = pytest.mark.slow
PROXY, SERVER = 9000, 9001
BUCKET = {
    "AWS_ENDPOINT_URL": f"http://10.200.0.1:{PROXY}",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "FSSPEC_S3": json.dumps({"config_kwargs": {"read_timeout": 2, "connect_timeout": 2}}),
}
DIRECT = BUCKET | {"AWS_ENDPOINT_URL": f"http://10.200.0.1:{SERVER}"}
UPLOAD = """
import sys, s3fs
filesystem = s3fs.S3FileSystem()
for name in ("images", "out"):
    filesystem.mkdir(name)
filesystem.put(sys.argv[1] + "/", "images/", recursive=True)
"""


@pytest.fixture(scope="module")
def bucket_hosts(bare_hosts, many):
    """Two hosts of a cluster whose processes know a bucket with 2,000 images, by way of a proxy that is not there yet."""
    pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    with bare_hosts() as hosts:
        a = hosts.a
        server = a.start(
            *(sys.executable, "-m", "moto.server", "-H", a.address, "-p", SERVER),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(a, SERVER)
        uploaded = a.run(sys.executable, "-c", UPLOAD, many, env=DIRECT)
        assert uploaded.returncode == 0, uploaded.stderr
        for host, head in ((a, None), (hosts.b, a)):
            host.start_ray(head, env=BUCKET)
        yield hosts
        kill_group(server)


@pytest.fixture(scope="module")
def bucket_rows(bucket_hosts, tiny, tmp_path_factory):
    """What one machine says of them, with a server that is well."""
    out = tmp_path_factory.mktemp("bucket") / "rows.parquet"
    command = (*EYEFUL, "predict", "s3://images", "-m", tiny, "-o", out, "-q")
    done = bucket_hosts.a.run(*command, env=DIRECT)
    assert done.returncode == 0, done.stderr
    return rows_of(out)


def wait_for_port(host, port) -> None:
    code = f"import socket; socket.create_connection(('{host.address}', {port}), 1)"
    wait_until(lambda: host.run(sys.executable, "-c", code).returncode == 0, 30, f"port {port}")


@pytest.mark.parametrize(("seed", "fault", "share"), [(18, "503", 0.03), (19, "hang", 0.005)])
def test_a_bucket_that_is_not_well(seed, fault, share, bucket_hosts, bucket_rows, plain_rows, tiny, tmp_path):
    out = f"s3://out/{seed}"
    flags = (bucket_hosts.a.address, PROXY, SERVER, fault, share, seed)
    proxy = bucket_hosts.a.start(
        sys.executable, Path(__file__).with_name("faulty_proxy.py"), *flags, stdout=subprocess.PIPE
    )
    try:
        wait_for_port(bucket_hosts.a, PROXY)
        with ClusterRun(bucket_hosts, "s3://images", tiny, out, **BUCKET) as run:
            run.start()
            code, said = run.finish(300)
            while code == 2 and "--resume" in said:  # a bucket may be unwell for too long, and says so
                run.start("--resume")
                code, said = run.finish(300)
    finally:
        kill_group(proxy)
        faults = proxy.communicate()[0].splitlines()
    assert code == 0, said
    assert faults
    joined = bucket_hosts.a.run(*EYEFUL, "join", f"{out}/", "-o", tmp_path / "all.parquet", env=DIRECT)
    assert joined.returncode == 0, joined.stderr
    rows = rows_of(tmp_path / "all.parquet")
    assert rows == bucket_rows
    assert [row["prob"] for row in rows] == [row["prob"] for row in plain_rows]
