"""What every request passes, driven as ASGI drives it: what is decided by the headers reads no body."""

import asyncio
import io
import json
import logging
from concurrent.futures import Future

import pytest
from PIL import Image

from eyeful import plugins
from eyeful.pipeline.watchdog import MAX_TICKS, Work
from eyeful.server.app import create_app
from eyeful.server.lifecycle import LivenessCheck
from eyeful.server.settings import ServerSettings
from eyeful.types import Item
from helpers import FakeEngine, fake_classifier


def png(colour=(0, 0, 200)):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
    return buffer.getvalue()


async def ask(app, pieces=(), *, method="POST", path="/v1/classify", headers=(), ends=True):
    """One request; the status, headers and body of its reply, and how many pieces of its body were read."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(name.encode(), str(value).encode()) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    left = list(pieces)
    read = 0
    messages = []
    done = asyncio.Event()

    async def receive():
        nonlocal read
        if left:
            read += 1
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or not ends}
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        messages.append(message)

    await app(scope, receive, send)
    head = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return messages[0]["status"], head, b"".join(message["body"] for message in messages[1:]), read


def run(scene, engine=None, **limits):
    """Runs `scene(app, service)` on an application over a fake engine."""

    async def whole():
        app = create_app({"m": fake_classifier(engine)}, ServerSettings(**limits))
        async with app.router.lifespan_context(app):
            return await scene(app, app.state.service)

    return asyncio.run(asyncio.wait_for(whole(), 30))


LONG = [("content-length", 10)]
CHUNKED = [("transfer-encoding", "chunked")]


def test_a_full_queue_is_told_from_the_headers():
    async def scene(app, service):
        service._batchers["m"].depth = 1
        status, head, body, read = await ask(app, [b"x" * 10], headers=LONG)
        assert (status, read, head["retry-after"], head["connection"]) == (503, 0, "1", "close")
        assert "busy" in json.loads(body)["error"]
        assert (await ask(app, method="GET", path="/ping"))[0] == 200
        await asyncio.sleep(0)
        assert b'{path="refused",status="503"} 1.0' in service.metrics.exposition()
        service._batchers["m"].depth = 0

    run(scene, queue_size=1)


def test_a_body_beyond_the_limit_is_told_from_the_headers():
    async def scene(app, service):
        status, _, body, read = await ask(app, [b"x"], headers=[("content-length", 101)])
        assert (status, read, json.loads(body)) == (413, 0, {"error": "more than 100 bytes"})
        assert service.admission.pending == 0

    run(scene, max_body=100)


def test_the_bytes_of_all_requests_are_bounded_as_they_arrive():
    """REVIEW 16: uploads that never end hold no more than `max_pending` together, declared or chunked."""

    async def scene(app, service):
        uploads = [
            asyncio.create_task(ask(app, [bytes(100_000)] * 9, headers=headers, ends=False))
            for headers in ([("content-length", 1_000_000)], CHUNKED) * 20
        ]
        done, held = await asyncio.wait(uploads, timeout=0.5)
        assert service.admission.pending <= 2_000_000
        assert len(held) == 2
        assert {task.result()[0] for task in done} == {503}
        assert {task.result()[1]["retry-after"] for task in done} == {"1"}
        status, _, _, read = await ask(app, [b"x"], headers=[("content-length", 500_000)])
        assert (status, read) == (503, 0)  # what does not fit now is not read
        assert (await ask(app, [png()], headers=[("content-length", len(png()))]))[0] == 200  # what fits is
        assert {status for status, *_ in await asyncio.gather(*held)} == {408}
        assert service.admission.pending == 0

    run(scene, max_body=1_000_000, max_pending=2_000_000, receive_timeout=1.0)


def test_a_packed_body_counts_as_what_it_unpacks_to():
    import gzip

    async def scene(app, service):
        headers = [*CHUNKED, ("content-encoding", "gzip")]
        held = asyncio.create_task(ask(app, [bytes(900_000)], headers=CHUNKED, ends=False))
        await asyncio.sleep(0.05)
        assert (await ask(app, [gzip.compress(bytes(900_000))], headers=headers))[0] == 503
        assert service.admission.pending == 900_000
        assert (await held)[0] == 408

    run(scene, max_body=1_000_000, max_pending=1_000_000, receive_timeout=0.5)


def test_the_token_is_asked_for_before_anything_is_counted(caplog):
    wrong = [[], [("authorization", "Bearer wrong")], [("x-api-key", "s3cre")], [("authorization", "s3cret")]]

    async def scene(app, service):
        service._batchers["m"].depth = 64
        for headers in wrong:
            status, head, body, read = await ask(app, [b"x" * 10], headers=[*LONG, *headers])
            assert (status, read, head["www-authenticate"]) == (401, 0, "Bearer")
            is_shown = headers in wrong[1:3]
            assert (b"the token is wrong" if is_shown else b"a token is needed") in body
        assert (await ask(app, method="GET", path="/metrics"))[0] == 401
        assert (await ask(app, method="GET", path="/v2/health/ready"))[0] == 200
        right = [("x-api-key", "s3cret")]
        assert (await ask(app, [b"x" * 10], headers=[*LONG, *right]))[0] == 503
        service._batchers["m"].depth = 0
        for right in ([("authorization", "Bearer s3cret")], [("x-api-key", "s3cret")]):
            assert (await ask(app, [png()], headers=[("content-length", len(png())), *right]))[0] == 200

    with caplog.at_level(logging.DEBUG):
        run(scene, token="s3cret")  # noqa: S106
    assert "s3cret" not in caplog.text


def test_an_answer_that_comes_too_late_is_504_and_its_place_is_free():
    class Never(FakeEngine):
        def submit(self, batch_NHWC):
            return Future() if self.batches else super().submit(batch_NHWC)

    async def scene(app, service):
        for _ in range(3):
            status, _, body, _ = await ask(app, [png()], headers=[("content-length", len(png()))])
            assert (status, json.loads(body)) == (504, {"error": "not answered in time"})
        assert b'eyeful_queue_images{model="m"} 0.0' in service.metrics.exposition()
        assert service.admission.pending == 0

    engine = Never()
    engine.batch_size = 1  # one batch warms up
    run(scene, engine, deadline=0.05)


def test_a_protocol_of_another_package_mounts_like_eyefuls_own(tmp_path, monkeypatch):
    (tmp_path / "elsewhere-1.dist-info").mkdir()
    (tmp_path / "elsewhere-1.dist-info" / "METADATA").write_text("Name: elsewhere\nVersion: 1\n")
    (tmp_path / "elsewhere-1.dist-info" / "entry_points.txt").write_text(
        "[eyeful.protocols]\nelsewhere = elsewhere:router\nv2 = elsewhere:router\n"
    )
    (tmp_path / "elsewhere.py").write_text(
        "from fastapi import APIRouter\n"
        "def router(service):\n"
        "    routes = APIRouter()\n"
        "    routes.add_api_route('/elsewhere', lambda: service.aliases)\n"
        "    routes.add_api_route('/ping', lambda: 'mine')\n"
        "    return routes\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    plugins.refresh()

    async def scene(app, service):
        assert json.loads((await ask(app, method="GET", path="/elsewhere"))[2]) == ["m"]
        assert json.loads((await ask(app, method="GET", path="/ping"))[2]) == {"status": "Healthy"}  # is taken
        assert (await ask(app, method="GET", path="/v2"))[0] == 200

    try:
        run(scene)
    finally:
        plugins.refresh()


def test_a_page_of_another_origin_can_read_a_rejection():
    async def scene(app, service):
        service._batchers["m"].depth = 64
        status, head, _, _ = await ask(app, [b"x" * 10], headers=[*LONG, ("origin", "https://a.example")])
        assert (status, head["access-control-allow-origin"]) == (503, "https://a.example")
        service._batchers["m"].depth = 0

    run(scene, cors=("https://a.example",))


def test_what_nobody_expects_is_one_500_and_a_traceback_in_the_log(caplog):
    async def scene(app, service):
        service.classify = lambda *_, **__: 1 / 0
        status, head, body, _ = await ask(app, [b"x" * 10], headers=[*LONG, ("x-request-id", "abc-1")])
        assert (status, head["x-request-id"]) == (500, "abc-1")
        assert json.loads(body) == {"error": "an error of the server's; its log says more"}

    with caplog.at_level(logging.ERROR, "eyeful.server"):
        run(scene)
    assert "request abc-1 failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


STUCK = Work(Item("stuck.jpg", b""), ticks=MAX_TICKS + 1)


def hang(service):
    """A decode thread that has been at one image for too long."""
    service._batchers["m"]._batcher._watchdog._running.add(STUCK)


def recover(service):
    service._batchers["m"]._batcher._watchdog.forget(STUCK)


def test_a_process_that_is_not_live_says_so_once_and_beats_no_more(caplog):
    beats = []

    async def scene(app, service):
        check = LivenessCheck(service, lambda: beats.append(1))
        for is_hung in (False, True, True, False):
            hang(service) if is_hung else recover(service)
            await check()

    with caplog.at_level(logging.ERROR, "eyeful.server"):
        run(scene)
    assert len(beats) == 2
    assert caplog.text.count("its parent starts it anew") == 1


@pytest.mark.parametrize(
    "path",
    ["/v2/health/live", *(pytest.param(path, marks=pytest.mark.slow) for path in ("/v2/health/ready", "/ping"))],
)
def test_a_decode_that_hangs_fails_the_probes(path):
    """REVIEW 11."""

    async def scene(app, service):
        assert (await ask(app, method="GET", path=path))[0] == 200
        hang(service)
        assert (await ask(app, method="GET", path=path))[0] == 503
        recover(service)

    run(scene)
