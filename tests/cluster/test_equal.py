"""However it is divided, the rows are those of one machine, bit for bit and in order; hostile inputs are among them."""

import subprocess
import sys
from pathlib import Path

import pytest
from cluster_run import EYEFUL, ClusterRun, predict, rows_of

from helpers import noise_image

HOSTILE = Path(__file__).parents[1] / "hostile" / "make_hostile.py"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="FIFOs and /dev/zero are Linux's"),
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    noise_image(1, 500, 375).save(folder / "photo.jpg", quality=90)
    flags = ["--photo", folder / "photo.jpg", "--hostile-fs", folder / "fs"]
    subprocess.run([sys.executable, "-W", "ignore", HOSTILE, folder / "set", *flags], check=True)
    return folder


@pytest.fixture(scope="module")
def expected(hostile, tiny, tmp_path_factory):
    out = tmp_path_factory.mktemp("plain") / "rows.parquet"
    assert predict(hostile, tiny, out).returncode == 1
    rows = rows_of(out)
    assert len(rows) > 50
    return rows


def test_local(hostile, expected, tiny, tmp_path):
    done = predict(hostile, tiny, f"{tmp_path}/out/", "--cluster", "local", "--shard-rows", 20)
    assert done.returncode == 1, done.stderr
    assert rows_of(tmp_path / "out") == expected


def test_two_hosts(hosts, hostile, expected, tiny, tmp_path):
    with ClusterRun(hosts, hostile, tiny, tmp_path / "out") as run:
        run.start()
        code, said = run.finish(300)
    assert code == 1, said
    assert rows_of(run.out) == expected


def test_three_shards_joined(hostile, expected, tiny, tmp_path):
    for number in (2, 3, 1):
        done = predict(hostile, tiny, f"{tmp_path}/out/", "--shard", f"{number}/3", "--shard-rows", 20)
        assert done.returncode == 1, done.stderr
    joined = subprocess.run([*EYEFUL, "join", f"{tmp_path}/out/", "-o", tmp_path / "all.parquet"])
    assert joined.returncode == 1
    assert rows_of(tmp_path / "all.parquet") == expected
