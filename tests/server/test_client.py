"""A folder through a server: the same rows as without one."""

import json
import subprocess
import sys
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from eyeful.cli import app
from eyeful.errors import EngineError, UsageError
from eyeful.predictor import PredictorSpec
from eyeful.server.client import RemoteClassifier
from eyeful.sources import open_source
from helpers import fake_classifier

MAIN = "from eyeful.cli import main; main()"


def predict(*arguments):
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


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


HTML = b"<html><body>502 Bad Gateway, says the proxy</body></html>"
GOOD = json.dumps(
    {"results": [{"top": [{"index": 0, "wnid": None, "label": "cat", "prob": 0.9, "logit": 5.0}], "warnings": []}]}
).encode()


MODELS = json.dumps({"models": [{"alias": "m", "provenance": fake_classifier().provenance}]}).encode()


@pytest.fixture
def scripted():
    """A server, or a proxy, that gives these replies in turn: (status, headers, body), or None to hang up."""
    servers = []

    def start(*replies, models=MODELS, listing=200):
        left = list(replies)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.reply(listing, {"Content-Type": "application/json"}, models)

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                next_one = left.pop(0) if len(left) > 1 else left[0]
                if next_one is not None:
                    self.reply(*next_one)

            def reply(self, status, headers, body):
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


PASSING = [
    (502, {"Content-Type": "text/html", "Retry-After": "0"}, HTML),
    (503, {"Retry-After": formatdate(0, usegmt=True)}, b'{"error": "busy"}'),
    (503, {"Retry-After": "soon"}, b""),
    (504, {"Content-Type": "text/html", "Retry-After": "0"}, HTML),
    (429, {"Retry-After": "0"}, b"[]"),
    None,
]


@pytest.mark.parametrize("first", PASSING)
def test_what_passes_is_asked_again(scripted, images, first):
    """REVIEW 18."""
    with RemoteClassifier(scripted(first, (200, {}, GOOD))) as remote:
        (row,) = remote.stream(open_source([min(images.iterdir())]))
    assert row.label == "cat"


LASTING = [
    ((404, {"Content-Type": "text/html"}, HTML), "answers 404 with text/html, unlike eyeful"),
    ((200, {"Content-Type": "text/html"}, HTML), "answers 200 with text/html, unlike eyeful"),
    (
        (200, {"Content-Type": "application/json"}, b'{"results": [{}]}'),
        "answers 200 with application/json, unlike",
    ),
    ((401, {}, b'{"error": "a token is needed"}'), "answers 401: a token is needed"),
    ((500, {}, b'{"error": "an error of the server\'s"}'), "answers 500: an error"),
    (
        (502, {"Content-Type": "text/html", "Retry-After": "0"}, HTML),
        "answers 502 with text/html.*; given up after 0.5 s",
    ),
    (None, "does not answer: .*; given up after 0.5 s"),
]


@pytest.mark.parametrize(("reply", "says"), LASTING)
def test_what_lasts_is_one_line(scripted, images, reply, says):
    with (
        RemoteClassifier(scripted(reply), retry_seconds=0.5) as remote,
        pytest.raises(EngineError, match=says) as error,
    ):
        list(remote.stream(open_source([min(images.iterdir())])))
    assert "\n" not in str(error.value)


def test_a_proxys_limit_is_an_error_row(scripted, images):
    with RemoteClassifier(scripted((413, {"Content-Type": "text/html"}, HTML))) as remote:
        (row,) = remote.stream(open_source([min(images.iterdir())]))
    assert row.error_kind == "too_large"
    assert "proxy" in row.error


def test_a_run_that_a_proxy_ends_says_where_its_rows_are(scripted, images, tmp_path):
    url = scripted((200, {}, GOOD), (404, {"Content-Type": "text/html"}, HTML))
    command = ["predict", str(images), "--server", url, "-o", str(tmp_path / "rows.jsonl"), "--workers", "1"]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, EngineError)  # exit code 2, and one line
    assert "the rows so far are in" in result.output
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) >= 1


@pytest.mark.parametrize(
    ("token", "says"), [(None, "asks for a token"), ("no", "another token than EYEFUL_TOKEN")]
)
def test_a_server_that_wants_another_token_is_no_missing_server(scripted, token, says):
    url = scripted(None, models=b'{"error": "a token is needed"}', listing=401)
    with pytest.raises(UsageError, match=f"^the server at {url} .*{says}"):
        RemoteClassifier(url, token=token)


@pytest.mark.parametrize("models", [b"<html>", b"[]", b'{"models": []}', b'{"models": [{"alias": "m"}]}'])
def test_what_is_no_eyeful_server(scripted, models):
    with pytest.raises(EngineError, match="no eyeful server answers at"):
        RemoteClassifier(scripted(None, models=models))


def test_a_server_of_another_version(scripted):
    with pytest.raises(EngineError, match="of another version: its provenance has no 'weights'"):
        RemoteClassifier(scripted(None, models=MODELS.replace(b'"weights"', b'"other"')))


def test_the_same_rows(server, mixed, bundle, tmp_path):
    remote = predict(*mixed, "--server", server.url, "-o", tmp_path / "remote.jsonl")
    local = predict(*mixed, "-m", bundle, "--precision", "fp32", "-o", tmp_path / "local.jsonl")
    assert remote.exit_code == local.exit_code == 1, remote.output
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


def groups(path):
    return [json.loads(line).get("group", "none asked for") for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_the_same_groups(server, mixed, bundle, tmp_path):
    for share in ("0.5", "0.9"):
        remote, local = tmp_path / f"remote{share}.jsonl", tmp_path / f"local{share}.jsonl"
        predict(*mixed, "--server", server.url, "--sure", share, "-o", remote)
        predict(*mixed, "-m", bundle, "--precision", "fp32", "--sure", share, "-o", local)
        assert len(groups(remote)) == len(groups(local)) > 4
        for found, expected in zip(groups(remote), groups(local), strict=True):
            if isinstance(expected, dict):
                found["prob"] = pytest.approx(found["prob"], abs=1e-6)
            assert found in (expected, "none asked for"), "an error, as the one that is too large there"
    refused = predict(*mixed, "--server", server.url, "-o", tmp_path / "remote0.5.jsonl", "--resume")
    assert "sure was 0.5, is not set" in str(refused.exception)


@pytest.mark.slow
def test_a_servers_own_share_is_the_default(start, bundle, images, tmp_path):
    grouping = start("--model", f"m={bundle}", "--sure", 0.7)
    image = min(images.iterdir())
    with (
        RemoteClassifier(grouping.url) as remote,
        RemoteClassifier(grouping.url, spec=PredictorSpec(sure=0.5)) as other,
    ):
        assert (remote.spec.sure, other.spec.sure) == (0.7, 0.5)
        (row,) = remote.stream(open_source([image]))
    assert row.sure == 0.7
    assert "group" in row.to_dict()
    assert predict(image, "--server", grouping.url, "-o", tmp_path / "rows.jsonl").exit_code == 0
    assert json.loads((tmp_path / "rows.jsonl.run.json").read_text())["settings"]["sure"] == 0.7
    assert grouping.stop() == 0


SET = [{"index": 0, "wnid": None, "label": "cat", "prob": 0.6, "logit": 5.0}]


def test_what_a_calibration_at_the_server_adds_is_in_the_rows(scripted, images):
    reply = {
        "results": [{"top": SET, "warnings": [], "abstained": True, "prediction_set": SET * 2, "group": None}]
    }
    with RemoteClassifier(scripted((200, {}, json.dumps(reply).encode()))) as remote:
        (row,) = remote.stream(open_source([min(images.iterdir())]))
    assert row.abstained
    assert row.to_dict()["prediction_set"] == SET * 2
    assert "group" not in row.to_dict(), "nobody asked for one"


@pytest.mark.slow
def test_a_busy_server_is_asked_again_and_order_stays(start, bundle, images):
    small = start("--model", f"m={bundle}", "--queue-size", 1, "--max-files", 1)
    files = sorted(images.iterdir()) * 3
    with RemoteClassifier(small.url, spec=PredictorSpec(workers=8)) as remote:
        rows = list(remote.stream(open_source(files)))
    assert [row.filename for row in rows] == [str(path) for path in files]
    assert all(row.ok for row in rows)
    assert small.stop() == 0


def test_a_server_that_goes_away_leaves_a_run_that_can_be_resumed(server, images, tmp_path):
    out = tmp_path / "rows.jsonl"
    assert predict(min(images.iterdir()), "--server", server.url, "-o", out).exit_code == 0
    gone = predict(images, "--server", "http://127.0.0.1:1", "-o", tmp_path / "none.jsonl")
    assert "no eyeful server answers" in str(gone.exception)
    resumed = predict(*sorted(images.iterdir()), "--server", server.url, "-o", out, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert "1 rows were there" in resumed.output


def test_a_row_comes_before_the_next_name(scripted, images):
    """A live source gives its next image only when the row of the last has come."""
    row_came = threading.Event()

    def camera():
        for _ in range(3):
            yield images / "01.jpg"
            assert row_came.wait(10), "the row is held back"
            row_came.clear()

    with RemoteClassifier(scripted((200, {}, GOOD))) as remote:
        rows = 0
        for row in remote.stream(open_source(camera())):
            assert row.label == "cat"
            rows += 1
            row_came.set()
    assert rows == 3


def test_what_a_server_cannot_be_asked(server, images):
    with pytest.raises(UsageError, match="no model 'nope'; there is lite0, again"):
        RemoteClassifier(server.url, "nope")
    with pytest.raises(EngineError, match="no eyeful server answers"):
        RemoteClassifier("http://127.0.0.1:1")
    for flags in (("--device", "cpu"), ("--exact",), ("--report", "r.html"), ("--img-size", "99")):
        refused = predict(images, "--server", server.url, *flags)
        assert f"{flags[0]} is for models of this process" in str(refused.exception)


def test_exit_code_2_and_one_line_on_the_real_command_line(images):
    command = [sys.executable, "-c", MAIN, "predict", str(images), "--server", "http://127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
