"""One path: shell, Python, archive, list, standard input, URL and bucket give the same numbers."""

import json
import os
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

MAIN = "from eyeful.cli import main; main()"


@pytest.fixture(scope="module")
def web(images):
    """The images behind http."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(images)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def bucket(images):
    """The images in a bucket, and the environment that leads there."""
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    code = "import s3fs, sys; fs = s3fs.S3FileSystem(); fs.mkdir('bucket'); fs.put(sys.argv[1] + '/', 'bucket/', recursive=True)"
    subprocess.run([sys.executable, "-c", code, str(images)], check=True, env=os.environ | environment)
    yield environment
    server.stop()


def rows(*arguments: object, typed: str | None = None, environment: dict[str, str] | None = None) -> list[dict]:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            MAIN,
            "predict",
            *map(str, arguments),
            "--precision",
            "fp32",
            "--device",
            "cpu",
            "-q",
        ],
        capture_output=True,
        text=True,
        input=typed,
        env=os.environ | (environment or {}),
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "ways",
    [
        ("tar.gz", "s3"),
        pytest.param(("files", "stdin", "folder", "zip", "list", "url"), marks=pytest.mark.slow),
    ],
)
def test_the_same_answers_from_everywhere(ways, images, lite0, tmp_path, web, bucket):
    files = sorted(images.iterdir())
    expected = [(path.name, [(s.index, s.prob) for s in lite0.predict(path).top]) for path in files]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as zipped:
        for path in files:
            zipped.write(path, path.name)
    subprocess.run(
        ["tar", "-czf", tmp_path / "all.tar.gz", "-C", images, *(path.name for path in files)], check=True
    )
    listing = "\n".join(map(str, files))
    (tmp_path / "list.txt").write_text(listing)
    everywhere = {
        "files": lambda: rows(*files),
        "folder": lambda: rows(images),
        "zip": lambda: rows(tmp_path / "all.zip"),
        "tar.gz": lambda: rows(tmp_path / "all.tar.gz"),
        "list": lambda: rows(tmp_path / "list.txt"),
        "stdin": lambda: rows("-", typed=listing),
        "url": lambda: rows(*(f"{web}/{path.name}" for path in files)),
        "s3": lambda: rows("s3://bucket", environment=bucket),
    }
    for way in ways:
        found = everywhere[way]()
        assert [Path(row["filename"]).name for row in found] == [name for name, _ in expected], way
        for row, (_, top) in zip(found, expected, strict=True):
            assert [score["index"] for score in row["top"]] == [index for index, _ in top], way
            for score, (_, prob) in zip(row["top"], top, strict=True):
                assert abs(score["prob"] - prob) < 1e-6, way
