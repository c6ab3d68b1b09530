"""What macOS and Windows lack is not missed: by their types, and by processes that lack it (`sitecustomize.py`)."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from eyeful.bundle.files import replace_file
from eyeful.filenames import read_as_cp1252
from faulty import KINDS, bad_codec_environment, write_thirty

ROOT = Path(__file__).parents[2]
SHIM = Path(__file__).with_name("sitecustomize.py")
COMMAND = [sys.executable, "-m", "eyeful"]


@pytest.fixture(scope="module")
def there() -> dict[str, str]:
    """The environment of a process that lacks what Windows lacks."""
    places = [str(SHIM.parent), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(places)}


def run(there, *arguments, **options):
    return subprocess.run([*COMMAND, *map(str, arguments)], env=there, capture_output=True, timeout=120, **options)


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_no_name_is_used_that_a_system_has_not(platform, tmp_path):
    mypy = [sys.executable, "-m", "mypy", "--platform", platform, "--cache-dir", tmp_path]
    done = subprocess.run(mypy, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_rows_on_standard_output_are_utf8_and_end_with_a_line_feed(there, bundle, tmp_path, images):
    shutil.copy(images / "00.png", tmp_path / "größe €.png")
    done = run(there, "predict", tmp_path / "größe €.png", images / "01.jpg", "-m", bundle, "-q")
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.count(b"\n") == 2
    assert b"\r" not in done.stdout
    assert json.loads(done.stdout.splitlines()[0])["filename"].endswith("größe €.png")


@pytest.mark.slow
def test_every_output_is_written_read_and_replaced(there, bundle, tmp_path, images):
    (tmp_path / "list.csv").write_text(f"image,who\n{images / '00.png'},Ünal\n", encoding="utf-8")

    def works(*arguments):
        done = run(there, *arguments, cwd=tmp_path)
        assert done.returncode == 0, (arguments, done.stderr.decode())

    for name in ("rows.jsonl", "rows.csv", "rows.parquet", "parts/"):
        works("predict", images, "-m", bundle, "-o", name)
        for more in ("--resume", "--overwrite"):  # with columns that the rows had no need of
            works("predict", images, "list.csv", "-m", bundle, "-o", name, more)
    works("join", "parts/", "-o", "joined.parquet")
    for more in ([], ["--overwrite"]):
        works("embed", images, "-m", bundle, "-o", "vectors.npy", *more)
    works("similar", images / "00.png", "--in", "vectors.npy", "--report", "similar.html")
    assert not list(tmp_path.glob(".*"))
    for name in ("rows.jsonl", "rows.csv", "vectors.npy.names.jsonl", "similar.html"):
        assert b"\r" not in (tmp_path / name).read_bytes()
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        assert [json.loads(row["columns"] or "null") for row in csv.DictReader(file)][-1] == {"who": "Ünal"}


@pytest.mark.slow
def test_a_model_is_exported_over_another_and_the_cache_cleared(there, tmp_path, images):
    there = there | {"EYEFUL_HOME": str(tmp_path / "home")}
    for more in ([], ["--overwrite"]):
        done = run(there, "export", "efficientnet_lite0", "-o", tmp_path / "model", *more)
        assert done.returncode == 0, done.stderr.decode()
    assert run(there, "predict", images / "00.png", "-m", tmp_path / "model", "-q").returncode == 0
    assert run(there, "cache", "clear").returncode == 0
    assert not list((tmp_path / "home" / "prepared").glob("efficientnet*"))


@pytest.mark.slow
def test_a_crash_ends_the_run_and_resume_goes_on(there, bundle, tmp_path):
    environment = bad_codec_environment(tmp_path / "codec")
    bad = tmp_path / "codec" / "sitecustomize.py"
    bad.write_text(SHIM.read_text(encoding="utf-8") + bad.read_text(encoding="utf-8"), encoding="utf-8")
    paths = write_thirty(tmp_path / "thirty")
    arguments = ["predict", tmp_path / "thirty", "-m", bundle, "-q", "-o", tmp_path / "rows.jsonl"]
    environment["PYTHONPATH"] += os.pathsep + str(ROOT / "src")
    assert run(environment, *arguments).returncode == -signal.SIGSEGV
    done = run(environment, *arguments, "--resume")
    assert done.returncode == 1, done.stderr.decode()
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["filename"] for row in rows] == list(map(str, paths))
    assert {place: row["error_kind"] for place, row in enumerate(rows) if row["error_kind"]} == KINDS


@pytest.mark.slow
def test_a_server_starts_answers_and_stops(there, bundle, images):
    command = [*COMMAND, "serve", "-m", f"a={bundle}", "--port", "0", "--drain", "0"]
    with subprocess.Popen(command, env=there, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = next(line for line in server.stderr if "running on" in line).split()[-1]
            reply = httpx.post(f"{address}/v1/classify", content=(images / "00.png").read_bytes(), timeout=30)
            assert (reply.status_code, "label" in reply.text) == (200, True)
            server.send_signal(signal.SIGINT)
            assert server.wait(30) == 0
        finally:
            server.kill()


def test_windows_has_no_processes_that_share_a_port(monkeypatch):
    from eyeful.errors import UsageError
    from eyeful.server.processes import run_processes

    monkeypatch.setattr("eyeful.server.processes.sys.platform", "win32")
    with pytest.raises(UsageError, match="start several servers, each with a --port of its own"):
        run_processes(2, "127.0.0.1", 0)


class Read(type(Path())):
    """A file that somebody reads for a while, as Windows guards it."""

    failures = 3

    def replace(self, target):
        if Read.failures:
            Read.failures -= 1
            raise PermissionError(13, "it is being used")
        return super().replace(target)


def test_a_file_that_is_being_read_is_replaced_a_moment_later(tmp_path):
    (tmp_path / "new").write_text("new", encoding="utf-8")
    (tmp_path / "old").write_text("old", encoding="utf-8")
    replace_file(Read(tmp_path / "new"), tmp_path / "old")
    assert (tmp_path / "old").read_text(encoding="utf-8") == "new"
    assert not (tmp_path / "new").exists()
    assert Read.failures == 0


def test_bytes_that_are_not_utf8_are_read_as_windows_writes_them():
    assert read_as_cp1252(b"caf\xe9 \x80.jpg".decode("utf-8", "surrogateescape")) == "café €.jpg"
    with pytest.raises(UnicodeEncodeError):
        read_as_cp1252("\ud800")
