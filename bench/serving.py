"""A server under load: `python bench/serving.py IMAGE.jpg [--json FILE]` (needs wrk, which shares its cores).

In interleaved rounds, on one image of ordinary size: `eyeful predict`, `eyeful serve` under 32 connections, the
handler that people write first, FastAPI around torch eager, and LitServe around the same (if it is installed: `pip
install litserve`). Medians; ratios are what counts.
"""

import argparse
import base64
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

from figures import add_json_flag, write_figures
from machine import load_note, machine

import eyeful
from eyeful.types import Item

ROUNDS = 3
CONNECTIONS = 32
SECONDS = 8
IMAGES = 1000

PLAIN = """
import io, sys, torch, uvicorn
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool
from eyeful.bench.textbook import textbook_transform
from eyeful.models import ModelRequest, find_model
found = find_model(ModelRequest("efficientnet_lite0"))
module, transform, app = found.load()[0], textbook_transform(found.preprocessing), FastAPI()
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


LIT = """
import base64, io, sys, litserve, torch
from PIL import Image
from eyeful.bench.textbook import textbook_transform
from eyeful.models import ModelRequest, find_model
class Api(litserve.LitAPI):
    def setup(self, device):
        self.found = find_model(ModelRequest("efficientnet_lite0"))
        self.module, self.transform = self.found.load()[0], textbook_transform(self.found.preprocessing)
    def decode_request(self, request):
        return self.transform(Image.open(io.BytesIO(base64.b64decode(request["image"]))).convert("RGB"))
    def batch(self, inputs): return torch.stack(inputs)
    def predict(self, x):
        with torch.inference_mode(): return torch.softmax(self.module(x), 1).topk(5)
    def unbatch(self, output): return list(zip(*output))
    def encode_response(self, output):
        names = self.found.labels.names
        return [{"label": names[i], "prob": p} for p, i in zip(output[0].tolist(), output[1].tolist())]
if __name__ == "__main__":
    api = Api(max_batch_size=8, batch_timeout=0.005, api_path="/v1/classify")
    server = litserve.LitServer(api, accelerator="cpu", healthcheck_path="/ping")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="error", generate_client_file=False)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path)
    add_json_flag(parser)
    asked = parser.parse_args()
    image = asked.image.resolve()
    busy = load_note()
    serve = "from eyeful.cli import main; main()"
    rates: dict[str, list[float]] = {"predict": [], "serve": [], "plain": []}
    litserve = find_spec("litserve") is not None
    latencies: list[str] = []
    with (
        running([sys.executable, "-c", serve, "serve", "--port", "8971"], 8971),
        running([sys.executable, "-c", PLAIN, "8972"], 8972),
        tempfile.NamedTemporaryFile("w", suffix=".py") as lit,
        tempfile.NamedTemporaryFile("w") as encoded,
        eyeful.load(device="cpu") as classifier,
    ):
        lit.write(LIT)  # it starts processes, which import it
        lit.flush()
        encoded.write(json.dumps({"image": base64.b64encode(image.read_bytes()).decode()}))
        encoded.flush()
        for _ in range(ROUNDS):
            started = time.perf_counter()
            count = sum(1 for _ in classifier.stream([image] * IMAGES))
            rates["predict"].append(count / (time.perf_counter() - started))
            rate, latency = load(8971, image)
            rates["serve"].append(rate)
            latencies.append(latency)
            rates["plain"].append(load(8972, image)[0])
            alone = one_by_one(8971, image, classifier)
            if litserve:
                with running([sys.executable, lit.name, "8974"], 8974):  # it is never quite idle
                    rates.setdefault("litserve", []).append(load(8974, Path(encoded.name), "application/json")[0])
    median = {name: statistics.median(values) for name, values in rates.items()}
    serving, plain = median["serve"], median["plain"]
    print(f"{machine()}; {ROUNDS} rounds; {CONNECTIONS} connections, {image.stat().st_size / 1000:.0f} kB\n{busy}")
    print("| | |\n|---|---|")
    print(f"| `eyeful serve` | {serving:.0f} requests/s, {latencies[-1]} |")
    beside = median["predict"]
    print(f"| of what `eyeful predict` reaches beside it ({beside:.0f} images/s) | {serving / beside:.2f} |")
    print(f"| times a plain handler of FastAPI and torch eager ({plain:.0f}/s) | {serving / plain:.1f} |")
    if litserve:
        lit_rate = median["litserve"]
        print(f"| times LitServe around the same torch code ({lit_rate:.0f}/s) | {serving / lit_rate:.1f} |")
    half, most = map(float, re.findall(r"([\d.]+)ms", latencies[-1]))
    beside_torch = {"plain": plain, "litserve": median.get("litserve")}
    row = {"requests_per_second": serving, "p50_ms": half, "p99_ms": most, "predict": beside}
    row |= {"of_predict": serving / beside, "times_plain": serving / plain, **beside_torch}
    row["times_litserve"] = serving / median["litserve"] if litserve else None
    write_figures(asked.json, [row], rounds=ROUNDS, connections=CONNECTIONS, image_kb=image.stat().st_size // 1000)
    print("\nOne request at a time takes {:.1f} ms, decode and forward pass {:.1f} ms.".format(*alone))


@contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, from its first answer to its end."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(300):
            try:
                urlopen(f"http://127.0.0.1:{port}/ping").close()
                break
            except OSError:
                time.sleep(0.1)
        if process.poll() is not None:
            raise SystemExit(f"{' '.join(command)[:80]} did not start: is port {port} free?")
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):  # LitServe's children outlive it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def one_by_one(port: int, image: Path, classifier: eyeful.Classifier, count: int = 200) -> tuple[float, float]:
    """Milliseconds of a request with nothing beside it, and of the same in this process: medians, in turns."""
    body = image.read_bytes()
    request = f"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    served, direct = [], []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(count):
            started = time.perf_counter()
            exchange(connection, request)
            served.append(time.perf_counter() - started)
            started = time.perf_counter()
            preprocessed = classifier.predictor.preprocess(Item(image.name, body))
            classifier.predictor.forward(preprocessed.pixels_HWC[None]).result()
            direct.append(time.perf_counter() - started)
    return 1000 * statistics.median(served), 1000 * statistics.median(direct)


def exchange(connection: socket.socket, request: bytes) -> None:
    """Send a request and read its reply, with as little work as can be."""
    connection.sendall(request)
    reply = b""
    while not (found := re.search(rb"content-length: (\d+).*?\r\n\r\n(.*)", reply, re.DOTALL)) or len(
        found[2]
    ) < int(found[1]):
        if not (piece := connection.recv(1 << 16)):
            raise SystemExit("the connection was closed")
        reply += piece
    if not reply.startswith(b"HTTP/1.1 200"):
        raise SystemExit("a lone request was not answered")


def load(port: int, body: Path, kind: str = "application/octet-stream") -> tuple[float, str]:
    """Requests per second and latencies under wrk."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'local f = io.open("{body}", "rb"); wrk.body = f:read("*all"); f:close(); wrk.method = "POST"; '
            f'wrk.headers["Content-Type"] = "{kind}"'
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
    if not rate:
        raise SystemExit(f"no request was answered within {SECONDS} seconds: {output}")
    half, most = (re.search(rf"\s{share}%\s+(\S+)", output)[1] for share in (50, 99))  # type: ignore[index]
    return rate, f"p50 {half}, p99 {most}"


if __name__ == "__main__":
    main()
