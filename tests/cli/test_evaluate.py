"""`eyeful evaluate`: on the labelled photographs, through a server, after a kill; its exit codes, its one-line errors."""

import json
import shutil
import subprocess
import sys
import time

import pytest

from cli.conftest import MAIN


@pytest.fixture(scope="module")
def twelve(photos, tmp_path_factory):
    """A dozen of the labelled photographs, in folders whose names are spelled in several ways."""
    folder = tmp_path_factory.mktemp("twelve") / "photos"
    for number, path in enumerate(sorted((photos / "labelled").iterdir())[:12]):
        wnid, _, name = path.stem.partition("_")
        spelled = (wnid, name.upper(), f"{number:03d}.{name}", name.replace("_", "-"))[number % 4]
        (folder / spelled).mkdir(parents=True)
        shutil.copy(path, folder / spelled / f"IMG_{number}.jpg")
    return folder


def found_by(done):
    assert done.stderr == "" or "preparing" in done.stderr
    return json.loads(done.stdout)


def test_its_sentences_its_folder_and_rows_without_a_network(command, twelve, bundle, tmp_path):
    done = command("evaluate", twelve, "-m", bundle, "-o", tmp_path / "out", "--sure", "0.8")
    assert done.returncode == 0
    assert done.stdout.startswith("efficientnet_lite0: 12 images; their folders say what is right.\n")
    assert "of 12 images, between" in done.stdout
    assert f"wrote {tmp_path / 'out'}: rows.jsonl, evaluation.json, report.html" in done.stderr
    written = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    again = found_by(command("evaluate", tmp_path / "out" / "rows.jsonl", "--json"))
    assert again | {"seconds": 0, "images_per_second": 0} == written | {"seconds": 0, "images_per_second": 0}
    assert again["groups"]["of"] == 12


def test_its_sentences_break_between_words_on_a_terminal(command, twelve, bundle, on_terminal):
    piped = command("evaluate", twelve, "-m", bundle).stdout.splitlines()
    on_terminal(50)
    lines = command("evaluate", twelve, "-m", bundle).stdout.splitlines()
    assert max(map(len, piped)) > 80
    assert max(map(len, lines)) <= 50
    assert "\n".join(lines).replace("\n  ", " ").splitlines()[:-1] == piped[:-1]  # the last is images/s


def test_exit_codes(command, twelve, bundle, tmp_path):
    asked = ("evaluate", twelve, "-m", bundle, "-q")
    assert command(*asked, "--min-top1", "0.5").returncode == 0
    assert command(*asked, "--min-top1", "1").returncode == 1
    shutil.copytree(twelve, tmp_path / "photos")
    (tmp_path / "photos" / "hen").mkdir()
    (tmp_path / "photos" / "hen" / "1.jpg").write_text("no image")
    assert command("evaluate", tmp_path / "photos", "-m", bundle, "-q").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "name a folder of images whose labels are known"),
        (("none",), "none: no such file or folder"),
        (("photos", "--truth", "guess"), "--truth guess: it is auto, folders, names, or a .csv or .jsonl file"),
        (("photos", "--truth", "none.csv"), "none.csv cannot be read: No such file or directory"),
        (("photos", "--min-top1", "90"), "--min-top1 90.0 is not between 0 and 1"),
        (("photos", "--resume"), "--resume and --overwrite are about the folder that -o names"),
        (("photos", "--server", "127.0.0.1:1", "--engine", "torch"), "--engine is for models of this process"),
        (("rows.csv", "--precision", "fp32"), "--precision is for images; the answers in rows.csv are made"),
        (("rows.csv", "--against", "resnet18"), "--against resnet18 is no rows"),
        (("rows.csv",), "rows.csv does not say which model made it: --model NAME"),
        (("photos", "--verdicts", "v.csv"), "--verdicts is evaluated by itself, without photos"),
        (("--verdicts", "none.csv"), "none.csv cannot be read: No such file or directory"),
    ],
)
def test_misuse_is_one_line(arguments, fault, command, twelve, bundle, tmp_path):
    shutil.copytree(twelve, tmp_path / "photos")
    (tmp_path / "rows.csv").write_text("filename,status,index,wnid,label,prob,logit,abstained,top,warnings\n")
    model = (
        () if "rows.csv" in arguments or "--verdicts" in arguments or "--server" in arguments else ("-m", bundle)
    )
    done = command("evaluate", *arguments, *model, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_after_kill_9_nothing_is_lost_or_made_twice(twelve, bundle, tmp_path):
    for number in range(12):
        shutil.copytree(twelve, tmp_path / "photos" / str(number))
    asked = [
        sys.executable,
        "-c",
        MAIN,
        "evaluate",
        tmp_path / "photos",
        "-m",
        bundle,
        "-o",
        tmp_path / "out",
        "-q",
    ]
    asked += ["-b", "1", "-j", "1"]
    rows, killed = tmp_path / "out" / "rows.jsonl", 0
    while killed < 2:
        process = subprocess.Popen([*map(str, asked), "--resume"], stderr=subprocess.PIPE)
        before = rows.read_bytes().count(b"\n") if rows.exists() else 0
        deadline = time.monotonic() + 120
        while not rows.exists() or rows.read_bytes().count(b"\n") < before + 5:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.communicate()
        killed += 1
    done = subprocess.run([*map(str, asked), "--resume", "--json"], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert found["images"] == found["scored"] == 144
    names = [json.loads(line)["filename"] for line in rows.read_text().splitlines()]
    assert len(names) == len(set(names)) == 144
    assert found["top1"]["right"] % 12 == 0
