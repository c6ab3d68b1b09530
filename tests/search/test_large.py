"""A file of 100,000 vectors: the time of a query and the memory of the process, from both formats."""

import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest

log = logging.getLogger(__name__)  # figures: --log-cli-level=info
pytestmark = pytest.mark.slow
IMAGES, LENGTH = 100_000, 1280
SEARCH = """
import json, sys, time
import numpy as np
from eyeful.features import read_features
from eyeful.search import nearest

started = time.perf_counter()
features = read_features(sys.argv[1])
reading = time.perf_counter() - started
seconds = []
for place in range(20):
    query = np.array(features.vector_ND[place : place + 1])
    started = time.process_time()
    (found,), _ = nearest(features.vector_ND, query, 10)
    seconds.append(time.process_time() - started)
    assert found[0] == place
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"reading": reading, "first": seconds[0], "median": sorted(seconds)[10],
                  "peak_GB": int(status["VmHWM"].split()[0]) * 1024 / 1e9}))
"""
"""A search in a process of its own, by one thread: its processor time is what it would take where nothing else runs."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same vectors in both formats, as `eyeful embed` writes them."""
    import pyarrow as pa
    from pyarrow import parquet

    folder = tmp_path_factory.mktemp("large")
    record = json.dumps({"reproducibility_keys": {}, "vector": {"size": LENGTH}})
    random = np.random.default_rng(0)
    names = [f"{place}.jpg" for place in range(IMAGES)]
    array = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (IMAGES, LENGTH))
    fields = [(name, pa.string()) for name in ("filename", "filename_b64", "status", "error_kind", "error")]
    schema = pa.schema([*fields, ("vector", pa.list_(pa.float32(), LENGTH))], {"eyeful": record})
    with parquet.ParquetWriter(folder / "x.parquet", schema) as writer:
        for first in range(0, IMAGES, 1000):
            some = random.standard_normal((1000, LENGTH), np.float32)
            some /= np.linalg.norm(some, axis=1, keepdims=True)
            array[first : first + 1000] = some
            vectors = pa.FixedSizeListArray.from_arrays(pa.array(some.ravel()), LENGTH)
            columns = [names[first : first + 1000], [None] * 1000, ["ok"] * 1000, [None] * 1000, [None] * 1000]
            texts = [pa.array(column, pa.string()) for column in columns]
            writer.write_table(pa.Table.from_arrays([*texts, vectors], schema=schema))
    array.flush()
    (folder / "x.npy.names.jsonl").write_text(
        "".join(json.dumps({"filename": name, "error_kind": None}) + "\n" for name in names)
    )
    (folder / "x.npy.run.json").write_text(record)
    return folder


@pytest.mark.parametrize("name", ["x.npy", "x.parquet"])
def test_a_query_takes_a_moment_and_less_than_a_gigabyte(folder, name):
    done = subprocess.run(
        [sys.executable, "-c", SEARCH, folder / name],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    figures = json.loads(done.stdout)
    log.info("%s: %s", name, figures)
    assert figures["peak_GB"] < 1, figures
    assert figures["median"] < 0.15, figures
