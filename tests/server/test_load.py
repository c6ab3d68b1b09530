"""Overload, deadlines, slow and vanishing clients, uploads beyond the limit, and the end of a server."""

import asyncio
import gzip
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from eyeful.engines import Outputs
from eyeful.errors import EngineError
from eyeful.server.batcher import Batcher
from eyeful.server.errors import OverloadedError
from eyeful.server.metrics import Metrics
from eyeful.types import Item
from helpers import FakeEngine, fake_classifier


class Gate(FakeEngine):
    """An engine that answers when it is told to."""

    batch_size = 4

    def __init__(self):
        super().__init__()
        self.held = []

    def submit(self, batch_NHWC):
        from concurrent.futures import Future

        self.batches.append(len(batch_NHWC))
        future = Future()
        self.held.append((future, batch_NHWC))
        return future

    def answer(self):
        future, batch_NHWC = self.held.pop(0)
        future.set_result(Outputs((batch_NHWC.mean((1, 2)) / 10).astype(np.float32)))


def items(*colours):
    return [Item(name, np.full((9, 9, 3), colour, np.uint8)) for name, colour in enumerate(colours)]


RED, BLUE = (200, 0, 0), (0, 0, 200)


def batcher(engine, queue_size=64, timeout=0.0):
    return Batcher("m", fake_classifier(engine), queue_size, timeout, Metrics())


async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came")


def test_what_waits_goes_together_and_each_gets_its_own_answer():
    async def scene():
        engine = Gate()
        service = batcher(engine)
        first = asyncio.create_task(service.classify(items(RED)))
        await until(lambda: engine.batches == [1])  # the engine was free: no waiting for company
        rest = [asyncio.create_task(service.classify(items(BLUE if n % 2 else RED))) for n in range(6)]
        await until(lambda: len(service._ready) == 6)
        engine.answer()
        await until(lambda: len(engine.batches) == 2)
        engine.answer()
        await until(lambda: len(engine.batches) == 3)
        engine.answer()
        assert engine.batches == [1, 4, 2]
        assert (await first)[0].label == "red"
        assert [(await task)[0].label for task in rest] == ["red", "blue"] * 3
        assert service.depth == 0
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_a_batch_may_wait_for_company():
    async def scene():
        engine = Gate()
        service = batcher(engine, timeout=0.2)
        tasks = [asyncio.create_task(service.classify(items(RED))) for _ in range(3)]
        await until(lambda: len(service._ready) == 3)
        assert engine.batches == []
        await until(lambda: engine.batches == [3])
        engine.answer()
        await asyncio.gather(*tasks)
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_beyond_the_queue_is_refused_at_once_and_the_place_is_free_again():
    async def scene():
        engine = Gate()
        service = batcher(engine, queue_size=3)
        tasks = [asyncio.create_task(service.classify(items(RED))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            await service.classify(items(RED))
        tasks[2].cancel()
        await until(lambda: service.depth == 2)
        late = asyncio.create_task(service.classify(items(BLUE)))
        while not late.done():
            await asyncio.sleep(0.005)
            if engine.held:
                engine.answer()
        assert (await late)[0].label == "blue"
        assert sum(engine.batches) == 3, "what was cancelled is not computed"
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_an_engine_that_fails_fails_its_batch_only():
    async def scene():
        engine = Gate()
        service = batcher(engine)
        bad = asyncio.create_task(service.classify(items(RED)))
        await until(lambda: engine.held)
        engine.held.pop(0)[0].set_exception(EngineError("broken"))
        with pytest.raises(EngineError, match="broken"):
            await bad
        good = asyncio.create_task(service.classify(items(BLUE)))
        await until(lambda: engine.held)
        engine.answer()
        assert (await good)[0].label == "blue"
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_an_error_in_a_thread_reaches_those_who_wait_and_frees_the_engine():
    class Failing(FakeEngine):
        capacity = 2

        def submit(self, batch_NHWC):
            if (batch_NHWC == RED).all((1, 2, 3)).any():
                raise MemoryError("no memory")
            return super().submit(batch_NHWC)

    async def scene():
        service = batcher(Failing())
        for _ in range(3):
            with pytest.raises(MemoryError, match="no memory"):
                await service.classify(items(RED))
        assert (await service.classify(items(BLUE)))[0].label == "blue"
        service.classifier.predictor.preprocessor = lambda *_: 1 / 0
        with pytest.raises(ZeroDivisionError):
            await service.classify(items(BLUE))
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), 30))


@pytest.fixture(scope="module")
def small(start, bundle):
    """A queue of four images, a deadline, a short receive timeout, a small body."""
    flags = ("--queue-size", 4, "--max-files", 4, "--receive-timeout", 2, "--max-body", 0.5)
    return start("--model", f"m={bundle}", *flags)


def test_at_many_times_its_capacity_every_reply_is_an_answer_or_503(small, images):
    image = (images / "02.webp").read_bytes()

    async def flood():
        limits = httpx.Limits(max_connections=60, max_keepalive_connections=60)
        async with httpx.AsyncClient(limits=limits, timeout=30) as client:
            calls = (client.post(f"{small.url}/v1/classify", content=image) for _ in range(300))
            return await asyncio.gather(*calls)

    replies = asyncio.run(flood())
    statuses = {reply.status_code for reply in replies}
    assert statuses == {200, 503}
    for reply in replies:
        if reply.status_code == 503:
            assert reply.headers["retry-after"] == "1"
            assert "busy" in reply.json()["error"]
    assert 'eyeful_requests_total{path="refused",status="503"}' in httpx.get(f"{small.url}/metrics").text


def test_an_answer_that_comes_too_late_is_504_and_its_place_is_free(start, bundle, images):
    server = start("--model", f"m={bundle}", "--deadline", 0.0005)
    for _ in range(3):
        reply = httpx.post(f"{server.url}/v1/classify", content=(images / "02.webp").read_bytes())
        assert reply.status_code == 504
        assert reply.json() == {"error": "not answered in time"}
    assert 'eyeful_queue_images{model="m"} 0.0' in httpx.get(f"{server.url}/metrics").text
    assert server.stop() == 0


def by_http_client(server, body, chunked):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    pieces = iter([body[n : n + 65536] for n in range(0, len(body), 65536)])
    connection.request(
        "POST",
        "/v1/classify",
        body=pieces if chunked else body,
        encode_chunked=chunked,
        headers={"Transfer-Encoding": "chunked"} if chunked else {},
    )
    reply = connection.getresponse()
    found = reply.status, json.loads(reply.read())
    connection.close()
    return found


def by_httpx(server, body, chunked):
    content = iter([body[n : n + 65536] for n in range(0, len(body), 65536)]) if chunked else body
    reply = httpx.post(f"{server.url}/v1/classify", content=content, timeout=20)
    return reply.status_code, reply.json()


def by_curl(server, body, chunked):
    flags = ["-H", "Transfer-Encoding: chunked"] if chunked else []
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", "--data-binary", "@-", *flags, f"{server.url}/v1/classify"],
        input=body,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    text, status = done.stdout.decode().rsplit("\n", 1)
    return int(status), json.loads(text)


@pytest.mark.parametrize("client", [by_http_client, by_httpx, by_curl])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [600_000, 20_000_000])
def test_a_body_beyond_the_limit_gets_a_413_that_can_be_read(client, chunked, size, small):
    status, answer = client(small, bytes(size), chunked)
    assert status == 413
    assert "larger" in answer["error"] or "more than" in answer["error"]


def test_a_gzip_bomb_gets_a_413(small):
    bomb = gzip.compress(bytes(50_000_000))
    reply = httpx.post(f"{small.url}/v1/classify", content=bomb, headers={"Content-Encoding": "gzip"})
    assert reply.status_code == 413


def test_slow_clients_are_closed_and_do_not_slow_others(small, images):
    slow = []
    for number in range(500):
        sock = socket.create_connection(("127.0.0.1", small.port))
        if number % 3:
            sock.sendall(
                b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n"
                + (b"\r\nab" if number % 2 else b"")
            )
        slow.append(sock)
    assert httpx.post(f"{small.url}/v1/classify", content=(images / "02.webp").read_bytes()).status_code == 200
    deadline = time.monotonic() + 15
    for sock in slow:
        sock.settimeout(max(0.1, deadline - time.monotonic()))
        heard = b""
        while piece := sock.recv(4096):
            heard += piece
        assert b"408 Request Timeout" in heard
        sock.close()


def test_a_client_that_goes_away_leaves_nothing_behind(small, images):
    image = (images / "02.webp").read_bytes()
    head = f"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: {len(image)}\r\n\r\n".encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", small.port)) as sock:
            sock.sendall(head + image)
    for _ in range(100):
        text = httpx.get(f"{small.url}/metrics").text
        if 'eyeful_queue_images{model="m"} 0.0' in text:
            break
    else:
        pytest.fail("places were not freed")
    assert httpx.post(f"{small.url}/v1/classify", content=image).status_code == 200
    assert 'status="500"' not in httpx.get(f"{small.url}/metrics").text


def test_sigterm_under_load_answers_everything_and_ends_well(start, bundle, images):
    server = start("--model", f"m={bundle}", "--drain", 1, "--log-format", "json")
    image = (images / "02.webp").read_bytes()
    outcomes, stop = [], threading.Event()

    def call():
        with httpx.Client(timeout=30) as client:
            while not stop.is_set():
                try:
                    outcomes.append(client.post(f"{server.url}/v1/classify", content=image).status_code)
                except httpx.ConnectError:
                    return
                except httpx.TransportError as error:
                    outcomes.append(type(error).__name__)
                    return

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(outcomes) < 20:
        time.sleep(0.01)
    server.process.terminate()
    time.sleep(0.3)
    assert httpx.get(f"{server.url}/v2/health/ready").status_code == 503
    assert httpx.get(f"{server.url}/v2/health/live").status_code == 200
    assert server.process.wait(30) == 0
    server.stop()
    stop.set()
    for thread in threads:
        thread.join(30)
    # a keep-alive connection may be closed between two requests; an accepted request is answered
    assert set(outcomes) <= {200, "RemoteProtocolError", "ReadError"}
    assert outcomes.count(200) > 20
    assert sum(outcome != 200 for outcome in outcomes) <= 8
    lines = [json.loads(line) for line in server.log]
    assert any(line.get("status") == 200 and line["request_id"] for line in lines)


def test_an_empty_token_does_not_let_everybody_in(monkeypatch):
    from typer.testing import CliRunner

    from eyeful.cli import app
    from eyeful.errors import UsageError

    monkeypatch.setenv("EYEFUL_TOKEN", "")
    assert isinstance(CliRunner().invoke(app, ["serve", "--port", "0"]).exception, UsageError)


def test_the_token(start, bundle, images):
    server = start("--model", f"m={bundle}", environment={"EYEFUL_TOKEN": "s3cret"})
    url, image = f"{server.url}/v1/classify", (images / "02.webp").read_bytes()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-API-Key": "s3cre"}, {"Authorization": "s3cret"}):
        reply = httpx.post(url, content=image, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
    for headers in ({"Authorization": "Bearer s3cret"}, {"X-API-Key": "s3cret"}):
        assert httpx.post(url, content=image, headers=headers).status_code == 200
    assert httpx.get(f"{server.url}/v2/health/ready").status_code == 200
    assert httpx.get(f"{server.url}/metrics").status_code == 401
    assert server.stop() == 0
    assert "s3cret" not in "".join(server.log)


def test_flags_that_cannot_be(bundle):
    from typer.testing import CliRunner

    from eyeful.cli import app
    from eyeful.errors import UsageError

    for flags in (
        ["--queue-size", "0"],
        ["--drain", "-1"],
        ["--model", "timm/x.y"],
        ["--model", "a=efficientnet_lite0", "--model", "a=resnet18"],
    ):
        assert isinstance(CliRunner().invoke(app, ["serve", *flags]).exception, UsageError)


def test_the_hostile_set_posted_one_by_one(server, tmp_path):
    script = Path(__file__).parents[1] / "hostile" / "make_hostile.py"
    subprocess.run([sys.executable, "-W", "ignore", script, tmp_path / "set"], check=True)
    seen = set()
    with httpx.Client(timeout=30) as client:
        for path in sorted((tmp_path / "set").rglob("*")):
            if path.is_file():
                reply = client.post(f"{server.url}/v1/classify", content=path.read_bytes())
                seen.add(reply.status_code)
                assert reply.status_code in (200, 413, 422), (path, reply.text)
                if reply.status_code != 200:
                    assert set(reply.json()) == {"error"}
                assert str(tmp_path) not in reply.text
                assert "internal" not in reply.text
    assert seen in ({200, 413, 422}, {200, 422})


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only whole processes have a priority")
def test_computing_gives_way_to_the_event_loop(server):
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    nice = {int(task.name): int((task / "stat").read_text().rpartition(")")[2].split()[16]) for task in tasks}
    assert nice[server.process.pid] == 0
    assert sum(value == 10 for value in nice.values()) >= 3  # decoders and the engine's
