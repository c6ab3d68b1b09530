"""The hostile set: every input has one row with the outcome it must have, at a bounded cost, and nothing is started.

`make_hostile.py` is a copy of the project's shared tool; it needs nothing but Python.
"""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import eyeful
from eyeful.errors import EyefulError
from helpers import noise_image

CANARIES = [Path("/tmp/eyeful-pickle-canary"), Path("/tmp/eyeful-eps-canary")]  # noqa: S108 - named by the tool
MAIN = """
import sys
def hook(event, arguments):
    if event in ("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen"):
        print("STARTED A PROCESS", event, arguments, file=sys.stderr)
sys.addaudithook(hook)
from eyeful.cli.program import run as main  # no supervisor, which is a process
try:
    main()
finally:
    with open("/proc/self/status") as status:
        print(next(line for line in status if line.startswith("VmHWM:")), file=sys.stderr)
"""
FILE_SYSTEM = {
    **dict.fromkeys(("fifo.jpg", "sock.jpg", "zero.jpg"), "error:not_regular"),
    **dict.fromkeys(("loop_a.jpg", "loop_b.jpg", "dangling.jpg"), "error:not_found|unreadable"),
    **dict.fromkeys(("passwd.jpg", "sparse_8GiB.jpg"), "error:unidentified"),
    "noperm.jpg": "ok" if os.geteuid() == 0 else "error:unreadable",
    "ok.png": "ok",
}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="FIFOs, /dev/zero and /proc are Linux's")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    noise_image(1, 500, 375).save(folder / "photo.jpg", quality=90)
    script = Path(__file__).with_name("make_hostile.py")
    flags = ["--photo", folder / "photo.jpg", "--hostile-fs", folder / "fs"]
    subprocess.run([sys.executable, "-W", "ignore", script, folder / "set", *flags], check=True)
    return folder


@pytest.fixture(scope="module")
def expected(hostile) -> dict[str, str]:
    """What each file's row must say, by the file's name as a row tells it; all but checkpoints and archives."""
    entries = json.loads((hostile / "set" / "EXPECT.json").read_text())
    outcomes = {entry["path"]: entry["expect"] for entry in entries}
    found = {}
    for path in sorted((hostile / "set").rglob("*")):
        key = os.fsencode(path.relative_to(hostile / "set")).decode("utf-8", "surrogateescape")
        key = key.encode("utf8", "backslashreplace").decode()
        if path.is_file() and not key.startswith("ckpt/") and path.suffix not in (".json", ".zip"):
            found[str(path)] = outcomes[key]
    return found | {str(hostile / "fs" / name): outcome for name, outcome in FILE_SYSTEM.items()}


def classify(inputs, bundle, workers) -> tuple[str, str, int]:
    arguments = [
        sys.executable,
        "-c",
        MAIN,
        "predict",
        *map(str, inputs),
        "-m",
        str(bundle),
        "-j",
        str(workers),
        "-q",
    ]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=240)
    return done.stdout, done.stderr, done.returncode


def name_of(row: dict) -> str:
    return os.fsdecode(base64.b64decode(row["filename_b64"])) if "filename_b64" in row else row["filename"]


def fits(row: dict, outcome: str) -> bool:
    if outcome == "any-no-crash" or (row["status"] == "ok" and outcome.startswith(("ok", "ok-or"))):
        return row["error_kind"] != "internal"
    wanted = outcome.removeprefix("ok-or-")
    if not wanted.startswith("error") or row["status"] != "error" or row["error_kind"] == "internal":
        return False
    kinds = wanted.partition(":")[2]
    return not kinds or row["error_kind"] in kinds.split("|")


@pytest.mark.parametrize("numbers", [(8, 1), pytest.param((8, 2, 1), marks=pytest.mark.slow)])
def test_every_hostile_file_has_the_row_it_must_have(numbers, hostile, expected, bundle):
    """With every number of workers, the same."""
    outputs = {}
    for workers in numbers:
        out, err, code = classify(expected, bundle, workers)
        assert code == 1, err
        assert "STARTED A PROCESS" not in err
        peak = int(next(line for line in err.splitlines() if line.startswith("VmHWM")).split()[1])
        assert peak < 1.5 * 1024**2, f"{peak / 1024:.0f} MB"
        outputs[workers] = out
    assert len(set(outputs.values())) == 1
    rows = [json.loads(line) for line in outputs[1].splitlines()]
    assert [name_of(row) for row in rows] == list(expected), "rows = inputs, in order"
    wrong = {
        name_of(row): (row["error_kind"], row["error"], want)
        for row, want in zip(rows, expected.values(), strict=True)
        if not fits(row, want)
    }
    assert not wrong
    assert not [path for path in CANARIES if path.exists()]


@pytest.mark.slow
def test_found_in_a_folder_they_are_all_accounted_for(hostile, bundle):
    out, err, code = classify([hostile / "set", hostile / "fs"], bundle, 8)
    assert code == 1
    rows = [json.loads(line) for line in out.splitlines()]
    assert len({name_of(row) for row in rows}) == len(rows) > 90
    assert not [row for row in rows if row["error_kind"] == "internal"]
    assert "STARTED A PROCESS" not in err


@pytest.mark.slow
def test_a_hostile_zip_shows_its_image_and_writes_nothing(hostile, bundle):
    path = hostile / "set" / "notimage" / "zipslip_and_bomb.zip"
    out, _, code = classify([path], bundle, 2)
    assert code == 0
    assert [json.loads(line)["filename"] for line in out.splitlines()] == [f"{path}/a.png"]
    assert not Path("/etc/cron.d/x").exists()


def test_hostile_checkpoints_are_refused_in_one_line(hostile):
    files = sorted((hostile / "set" / "ckpt").iterdir())
    assert len(files) >= 8
    for path in files:
        with pytest.raises(EyefulError) as refused:
            eyeful.load("resnet18", checkpoint=path, device="cpu")
        assert "\n" not in str(refused.value), path
    assert not [path for path in CANARIES if path.exists()]


@pytest.fixture(autouse=True)
def _no_canaries():
    for path in CANARIES:
        path.unlink(missing_ok=True)
