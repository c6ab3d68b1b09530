"""What cannot work is refused before a row is written: one line that names the node or the cause, exit code 2."""

import json
import re
import subprocess
import sys
import textwrap

import pytest
from cluster_run import ClusterRun, predict, rows_of
from hosts import kill_group

from eyeful.engines.machine import is_native

FILL_STORE = """
import sys, time, ray
ray.init(address="auto", log_to_driver=False, _node_ip_address=sys.argv[1])
held = []
try:
    while True:
        held.append(ray.put(bytes(4_000_000)))
except (ray.exceptions.ObjectStoreFullError, ray.exceptions.OutOfDiskError):
    print("full", flush=True)
time.sleep(120)
"""
NO_SPILLING = '--system-config={"automatic_object_spilling_enabled":false,"local_fs_capacity_threshold":0.01}'
"""What does not fit into memory would go to the disk, of which Ray may use no more than this share."""


def refused(run: ClusterRun) -> str:
    """The one line with which a run ends that has written no row."""
    run.start()
    code, said = run.finish()
    assert code == 2, said
    assert run.parts() == 0
    (line,) = said.splitlines()
    assert line.startswith("eyeful: error: ")
    return line


@pytest.fixture(scope="module")
def head(bare_hosts):
    """Two hosts, of which `a` is a head with a core of its own."""
    with bare_hosts() as found:
        found.a.start_ray(flags=(NO_SPILLING,))
        yield found


@pytest.fixture
def pair(head):
    """The same, without a node on `b`."""
    yield head
    head.b.kill()


@pytest.fixture
def run(pair, many, tiny, tmp_path):
    with ClusterRun(pair, many, tiny, tmp_path / "out") as run:
        yield run


def installed(folder, name: str, version: str) -> dict[str, str]:
    """An environment that has another version of a distribution, by its metadata."""
    metadata = folder / "site" / f"{name}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return {"PYTHONPATH": str(folder / "site")}


def started_with(folder, code: str) -> dict[str, str]:
    """An environment whose interpreters run some code first."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(textwrap.dedent(code))
    return {"PYTHONPATH": str(folder / "site")}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "version"), [("eyeful", "9.9"), ("openvino", "1.0"), ("pillow", "1.0")])
def test_a_node_with_another_library(name, version, pair, run, tmp_path):
    pair.b.start_ray(pair.a, env=installed(tmp_path, name, version))
    assert re.search(rf"the node host-b .*{name} {re.escape(version)}, the driver", refused(run))


@pytest.mark.slow
def test_a_node_with_another_python(pair, run, tmp_path):
    older = "import platform; platform.python_version_tuple = lambda: ('3', '9', '1')"
    pair.b.start_ray(pair.a, env=started_with(tmp_path, older))
    assert re.search(r"the node host-b .*Python 3\.9, the driver Python 3\.", refused(run))


@pytest.mark.slow
def test_a_node_without_the_precision(pair, run, tmp_path):
    if not is_native("bf16"):
        pytest.skip("no node here has another precision than fp32")
    fp32_only = "from eyeful.engines import openvino; openvino._precision_of = lambda _: 'fp32'"
    pair.b.start_ray(pair.a, env=started_with(tmp_path, fp32_only))
    run.command += ("--precision", "bf16")
    assert re.search("the node host-b cannot take part: this CPU runs fp32, not bf16", refused(run))


@pytest.mark.slow
def test_nodes_of_which_one_would_choose_another_precision_have_one(pair, run, many, tiny, tmp_path):
    pair.b.start_ray(pair.a, env={"OV_CPU_MAX_ISA": "avx2"})
    run.start()
    code, said = run.finish()
    assert code == 0, said
    precision = json.loads((run.out / "_run.json").read_text())["reproducibility_keys"]["precision"]
    plain = predict(many, tiny, tmp_path / "rows.parquet", "--precision", precision)
    assert plain.returncode == 0, plain.stderr
    expected = [row["prob"] for row in rows_of(tmp_path / "rows.parquet")]
    assert [row["prob"] for row in rows_of(run.out)] == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_a_bundle_that_was_changed_on_a_node_is_replaced(pair, run, plain_rows):
    pair.b.start_ray(pair.a)
    run.start()
    assert run.finish()[0] == 0
    changed = [path for path in (pair.b.folder / "eyeful" / "cluster").rglob("*.bin") if path.stat().st_size]
    for path in changed:
        path.write_bytes(bytes(path.stat().st_size))
    assert changed
    for path in run.out.iterdir():
        path.unlink()
    run.start()
    code, said = run.finish()
    assert code == 0, said
    assert rows_of(run.out) == plain_rows


def hide(folder) -> tuple[str, ...]:
    """Starts a program that sees another, empty file system in place of a folder."""
    return ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(folder))


@pytest.mark.slow
def test_a_node_that_does_not_see_the_inputs(pair, run, many):
    pair.b.start_ray(pair.a, prefix=hide(many))
    assert re.search(rf"the node host-b .*does not see {re.escape(str(many))}/\d+\.jpg: ", refused(run))


@pytest.mark.slow
def test_a_node_that_does_not_see_the_output(pair, run):
    run.out.mkdir()
    pair.b.start_ray(pair.a, prefix=hide(run.out))
    assert re.search(rf"the node host-b .*does not see {re.escape(str(run.out))}/?: ", refused(run))


@pytest.mark.slow
@pytest.mark.parametrize(
    "env", [{"RAY_AUTH_TOKEN": "ab" * 32}, {"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_TOKEN": ""}]
)
def test_a_wrong_token(env, pair, many, tiny, tmp_path):
    with ClusterRun(pair, many, tiny, tmp_path / "out", **env) as run:
        assert re.search(r"cannot use the cluster .*token", refused(run))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a", "b"])
def test_a_full_object_store(name, pair, run):
    pair.b.start_ray(pair.a)
    host = getattr(pair, name)
    filler = host.start(sys.executable, "-c", FILL_STORE, host.address, stdout=subprocess.PIPE)
    try:
        assert filler.stdout.readline() == "full\n"
        assert re.search(r"object store .*full", refused(run))
    finally:
        kill_group(filler)
        filler.communicate()


@pytest.mark.slow
def test_ray_is_not_installed(many, tiny, tmp_path):
    hidden = "import sys; sys.modules['ray'] = None"
    done = predict(many, tiny, f"{tmp_path}/out/", "--cluster", "local", **started_with(tmp_path, hidden))
    assert done.returncode == 2
    assert re.fullmatch(r'eyeful: error: .*Ray.*pip install "eyeful\[cluster\]"\n', done.stderr), done.stderr
    assert not list(tmp_path.glob("out/part-*"))
