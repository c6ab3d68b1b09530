"""`eyeful page` as a process: where it listens, how it ends, what it leaves."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

MAIN = "from eyeful.cli import main; main()"


def begin(*flags):
    command = [sys.executable, "-c", MAIN, "page", "--no-open", *map(str, flags)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


@pytest.mark.parametrize("number", [signal.SIGTERM])
@pytest.mark.slow
def test_it_listens_here_and_leaves_nothing_behind(bundle, number):
    process = begin("--model", bundle, "--port", 0)
    try:
        line = next(line for line in process.stderr if "the page is at" in line)
        url = re.search(r"http://127\.0\.0\.1:\d+/", line).group()
        reply = httpx.post(f"{url}gradio_api/upload", files={"files": ("a.png", io.BytesIO(b"x"))})
        folder = Path(reply.json()[0]).parent.parent
        assert folder.is_dir()
        with httpx.stream("GET", f"{url}gradio_api/heartbeat/abc") as stream:  # an open browser
            next(stream.iter_raw())
            process.send_signal(number)
            assert process.wait(20) == 0
        assert not folder.exists()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
