"""A folder through a server: the same rows as without one."""

import json
import subprocess
import sys

import pytest

from eyeful.errors import EngineError, UsageError
from eyeful.pipeline import Settings
from eyeful.server.client import RemoteClassifier
from eyeful.sources import open_source

MAIN = "from eyeful.cli import main; main()"


def predict(*arguments):
    return subprocess.run(
        [sys.executable, "-c", MAIN, "predict", *map(str, arguments)], capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, images):
    """Good images, bad ones, and a name that leads nowhere."""
    folder = tmp_path_factory.mktemp("mixed")
    for path in sorted(images.iterdir())[:4]:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "02b-cut.jpg").write_bytes((images / "01.jpg").read_bytes()[:3000])
    (folder / "02c-empty.png").touch()
    (folder / "02d-big.jpg").write_bytes(b"\xff\xd8\xff" + bytes(3 << 20))
    return [folder, folder / "missing.jpg"]


def test_the_same_rows(server, mixed, bundle, tmp_path):
    remote = predict(*mixed, "--server", server.url, "-o", tmp_path / "remote.jsonl")
    local = predict(*mixed, "-m", bundle, "--precision", "fp32", "-o", tmp_path / "local.jsonl")
    assert remote.returncode == local.returncode == 1, remote.stderr
    found, expected = (
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for name in ("remote", "local")
    )
    assert [row["filename"] for row in found] == [row["filename"] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        if "02d-big" in row["filename"]:
            assert row["error_kind"] == "too_large"  # the server's limit on a body
            continue
        assert row["error_kind"] == wanted["error_kind"]
        assert row["warnings"] == wanted["warnings"]
        assert [score["index"] for score in row["top"]] == [score["index"] for score in wanted["top"]]
        for score, other in zip(row["top"], wanted["top"], strict=True):
            assert abs(score["prob"] - other["prob"]) < 1e-6
    record = json.loads((tmp_path / "remote.jsonl.run.json").read_text())
    assert record["provenance"]["model"] == "efficientnet_lite0"


@pytest.mark.slow
def test_a_busy_server_is_asked_again_and_order_is_kept(start, bundle, images):
    small = start("--model", f"m={bundle}", "--queue-size", 1, "--max-files", 1)
    files = sorted(images.iterdir()) * 3
    with RemoteClassifier(small.url, settings=Settings(workers=8)) as remote:
        rows = list(remote.stream(open_source(files)))
    assert [row.filename for row in rows] == [str(path) for path in files]
    assert all(row.ok for row in rows)
    assert small.stop() == 0


def test_a_server_that_goes_away_leaves_a_run_that_can_be_resumed(start, bundle, images, tmp_path):
    first = start("--model", f"m={bundle}", "--drain", 0)
    out = tmp_path / "rows.jsonl"
    assert predict(min(images.iterdir()), "--server", first.url, "-o", out).returncode == 0
    assert first.stop() == 0
    gone = predict(images, "--server", first.url, "-o", tmp_path / "none.jsonl")
    assert gone.returncode == 2
    assert "no eyeful server answers" in gone.stderr
    second = start("--model", f"m={bundle}")
    resumed = predict(*sorted(images.iterdir()), "--server", second.url, "-o", out, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "1 rows were there" in resumed.stderr
    assert second.stop() == 0


def test_what_a_server_cannot_be_asked(server, images):
    with pytest.raises(UsageError, match="no model 'nope'; there is lite0, again"):
        RemoteClassifier(server.url, "nope")
    with pytest.raises(EngineError, match="no eyeful server answers"):
        RemoteClassifier("http://127.0.0.1:1")
    for flags in (("--device", "cpu"), ("--exact",), ("--report", "r.html"), ("--img-size", "99")):
        refused = predict(images, "--server", server.url, *flags)
        assert refused.returncode == 2
        assert f"{flags[0]} is for models here" in refused.stderr
