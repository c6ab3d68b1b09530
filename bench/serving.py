"""A server under load: `python bench/serving.py PICTURE.jpg` (needs wrk; client and server share the cores).

In interleaved rounds, on one picture of ordinary size: `eyeful predict`, `eyeful serve` under 32 connections, and
the handler that people write first, FastAPI around torch eager. Medians; ratios are what counts.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import eyeful

ROUNDS = 3
CONNECTIONS = 32
SECONDS = 8
PICTURES = 1000

PLAIN = """
import io, sys, torch, uvicorn
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool
from eyeful.bench.textbook import textbook_transform
from eyeful.models import ModelRequest, find_model
found = find_model(ModelRequest("efficientnet_lite0"))
module, transform, app = found.load()[0], textbook_transform(found.recipe), FastAPI()
def classify(body):
    with torch.inference_mode():
        x = transform(Image.open(io.BytesIO(body)).convert("RGB")).unsqueeze(0)
        probs, places = torch.softmax(module(x), 1).topk(5)
    return [{"label": found.labels.names[i], "prob": p} for p, i in zip(probs[0].tolist(), places[0].tolist())]
@app.get("/ping")
async def ping(): return {}
@app.post("/v1/classify")
async def post(request: Request): return await run_in_threadpool(classify, await request.body())
uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    picture = parser.parse_args().picture.resolve()
    serve = "from eyeful.cli import main; main()"
    rates: dict[str, list[float]] = {"predict": [], "serve": [], "plain": []}
    latencies: list[str] = []
    with (
        running([sys.executable, "-c", serve, "serve", "--port", "8971"], 8971),
        running([sys.executable, "-c", PLAIN, "8972"], 8972),
        eyeful.load(device="cpu") as classifier,
    ):
        for _ in range(ROUNDS):
            started = time.perf_counter()
            count = sum(1 for _ in classifier.stream([picture] * PICTURES))
            rates["predict"].append(count / (time.perf_counter() - started))
            rate, latency = load(8971, picture)
            rates["serve"].append(rate)
            latencies.append(latency)
            rates["plain"].append(load(8972, picture)[0])
    median = {name: statistics.median(values) for name, values in rates.items()}
    print(f"eyeful predict            {median['predict']:6.0f} pictures/s")
    print(f"eyeful serve              {median['serve']:6.0f} requests/s   {latencies[-1]}")
    print(f"FastAPI and torch eager   {median['plain']:6.0f} requests/s")
    print(
        f"serve is {median['serve'] / median['predict']:.2f} of predict, "
        f"{median['serve'] / median['plain']:.1f} times plain"
    )


@contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, from its first answer to its end."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command
    try:
        for _ in range(300):
            try:
                urlopen(f"http://127.0.0.1:{port}/ping").close()
                break
            except OSError:
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


def load(port: int, picture: Path) -> tuple[float, str]:
    """Requests per second and latencies under wrk."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'local f = io.open("{picture}", "rb"); wrk.body = f:read("*all"); f:close(); wrk.method = "POST"'
        )
        script.flush()
        url = f"http://127.0.0.1:{port}/v1/classify"
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{SECONDS}s",
            "--timeout",
            "30s",
            "--latency",
            "-s",
            script.name,
            url,
        ]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    if "Non-2xx" in output:
        raise SystemExit(output)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])  # type: ignore[index]
    half, most = (re.search(rf"{share}%\s+(\S+)", output)[1] for share in (50, 99))  # type: ignore[index]
    return rate, f"p50 {half}, p99 {most}"


if __name__ == "__main__":
    main()
