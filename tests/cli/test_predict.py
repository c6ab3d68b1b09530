"""`eyeful predict`: images in, rows out."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import eyeful
from eyeful.cli.places import check_places
from helpers import discriminating_state, noise_image

MAIN = "from eyeful.cli import main; main()"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """Good images of every mode between files that are none; what each row must say."""
    folder = tmp_path_factory.mktemp("mixed")
    image = noise_image(2, 300, 200)
    image.save(folder / "a-good.png")
    jpeg = folder / "b-truncated.jpg"
    image.save(jpeg)
    jpeg.write_bytes(jpeg.read_bytes()[:3000])
    (folder / "c-corrupt.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4)
    (folder / "d-empty.jpg").touch()
    (folder / "e-text.jpg").write_text("not an image, whatever its name says; much longer than a header")
    gray = image.convert("L")
    Image.fromarray(np.asarray(gray).astype("uint16") * 257).save(folder / "f-16bit.png")
    image.convert("CMYK").save(folder / "g-cmyk.jpg")
    palette = image.quantize(64)
    palette.save(folder / "h-palette.png", transparency=0)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "i-rotated.png", exif=exif)
    (folder / "notes.txt").write_text("ignored")
    kinds = {
        "a-good.png": "ok",
        "b-truncated.jpg": "truncated",
        "c-corrupt.jpg": "truncated",
        "d-empty.jpg": "empty",
        "e-text.jpg": "unidentified",
        "f-16bit.png": "ok",
        "g-cmyk.jpg": "ok",
        "h-palette.png": "ok",
        "i-rotated.png": "ok",
    }
    return folder, kinds


def test_the_samples_get_the_answers_that_the_readme_promises(command, samples):
    done = command("predict", samples)
    assert done.returncode == 0, done.stderr
    rows = {Path(row["filename"]).name: row for row in map(json.loads, done.stdout.splitlines())}
    assert len(rows) == 9
    assert rows["coffee.png"]["label"] == "espresso"
    assert rows["coffee.png"]["prob"] == pytest.approx(0.95, abs=0.01)
    assert {score["label"] for score in rows["cat.png"]["top"][:3]} == {"tiger cat", "Egyptian cat", "tabby"}
    assert rows["cameraman.png"]["label"] == "tripod"
    assert "9 inputs = 9 predicted + 0 errors; 1 other file ignored (.md 1)" in done.stderr


def test_python_gives_the_same_answer_as_the_shell(command, samples):
    row = json.loads(command("predict", samples / "cat.png").stdout)
    with eyeful.load() as classifier:
        prediction = classifier.predict(samples / "cat.png")
    assert [score["label"] for score in row["top"]] == [score.label for score in prediction.top]
    assert row["prob"] == pytest.approx(prediction.prob, abs=1e-6)


@pytest.mark.parametrize(
    "flags",
    [
        [],
        *(
            pytest.param(flags, marks=pytest.mark.slow)
            for flags in (["--exact"], ["--workers", 1, "--batch-size", 2])
        ),
    ],
)
def test_bad_files_get_their_own_row_and_no_neighbours_label(command, mixed, flags, tmp_path):
    folder, kinds = mixed
    out = tmp_path / "rows.jsonl"
    done = command("predict", folder, "-o", out, *flags)
    assert done.returncode == 1, done.stderr
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {Path(row["filename"]).name: row["error_kind"] or row["status"] for row in rows} == kinds
    with eyeful.load(exact="--exact" in flags) as classifier:
        for row in rows:
            alone = classifier.predict(row["filename"])
            assert alone.label == row["label"]
            assert alone.prob == (row["prob"] and pytest.approx(row["prob"], abs=2e-3))
    warnings = {Path(row["filename"]).name[0]: row["warnings"] for row in rows}
    assert "sixteen_bit_scaled" in warnings["f"]
    assert "cmyk_converted" in warnings["g"]
    assert "alpha_composited" in warnings["h"]
    assert "exif_rotated" in warnings["i"]
    assert (
        "9 inputs = 5 predicted + 4 errors (truncated 2, empty 1, unidentified 1); 1 other file ignored"
        in done.stderr
    )
    record = json.loads((tmp_path / "rows.jsonl.run.json").read_text())
    assert record["summary"]["inputs"] == 9
    assert record["provenance"]["weights"]["sha256"].startswith("57934424")
    assert len(record["fingerprint"]) == 64


def test_outputs_are_not_overwritten_unless_asked(command, samples, tmp_path):
    out = tmp_path / "rows.csv"
    assert command("predict", samples / "cat.png", "-o", out).returncode == 0
    before = out.read_text()
    refused = command("predict", samples / "coffee.png", "-o", out)
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    assert out.read_text() == before
    assert command("predict", samples / "coffee.png", "-o", out, "--overwrite").returncode == 0
    assert "espresso" in out.read_text()


def test_report_and_figures(command, samples, tmp_path):
    done = command(
        "predict", samples, "--report", tmp_path / "r.html", "--figures", tmp_path / "f", "--min-prob", 0.5
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "f").iterdir())) == 9
    assert "unsure (flatworm?)" in (tmp_path / "r.html").read_text()
    assert f"wrote {tmp_path / 'r.html'}" in done.stderr


def test_a_missing_file_is_a_row(command, samples, tmp_path):
    done = command("predict", samples / "cat.png", "none.jpg", cwd=tmp_path)
    assert done.returncode == 1
    assert [json.loads(row)["error_kind"] for row in done.stdout.splitlines()] == [None, "not_found"]


def test_where_nothing_exists_that_was_named_it_is_wrong_usage(command, tmp_path):
    done = command("predict", "photso/", "none.jpg", cwd=tmp_path)
    assert done.returncode == 2
    assert [json.loads(row)["error_kind"] for row in done.stdout.splitlines()] == ["not_found"] * 2
    assert done.stderr.splitlines()[-1] == "eyeful: error: nothing that was named exists: photso/, none.jpg"
    assert "images/s" not in done.stderr


def test_a_list_that_names_what_is_missing_is_no_wrong_usage(command, tmp_path):
    (tmp_path / "list.txt").write_text("a.jpg\nb.jpg\n")
    done = command("predict", "list.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    assert "nothing that was named" not in done.stderr


def test_a_short_run_has_no_speed_and_a_complete_one_says_so(command, samples, tmp_path):
    out = tmp_path / "rows.jsonl"
    first = command("predict", samples / "cat.png", "-o", out)
    assert "images/s" not in first.stderr
    again = command("predict", samples / "cat.png", "-o", out, "--resume")
    assert again.returncode == 0
    assert again.stderr.splitlines()[1:] == [f"eyeful: {out} was complete: nothing was left to do"]


def test_an_empty_folder_is_said(command, tmp_path):
    (tmp_path / "empty").mkdir()
    done = command("predict", tmp_path / "empty", "-o", tmp_path / "rows.jsonl")
    assert done.returncode == 2
    assert done.stderr == f"eyeful: error: no images found in {tmp_path / 'empty'}: it is empty\n"
    assert not (tmp_path / "rows.jsonl").exists()
    (tmp_path / "empty" / "notes.md").touch()
    done = command("predict", tmp_path / "empty")
    assert done.returncode == 2
    assert f"no images found in {tmp_path / 'empty'}, only other files (.md 1" in done.stderr


def test_a_list_with_its_columns(command, samples, tmp_path):
    (tmp_path / "l.csv").write_text(f"mine;where\n7;{samples}/coffee.png\n")
    refused = command("predict", tmp_path / "l.csv")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "(mine, where): --column NAME" in refused.stderr
    done = command("predict", tmp_path / "l.csv", "--column", "where")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert (row["label"], row["columns"]) == ("espresso", {"mine": "7"})
    refused = command("predict", samples, "--column", "where")
    assert refused.returncode == 2
    assert "none is among the inputs" in refused.stderr


def test_a_pattern_that_matches_the_output_is_refused(command, samples, tmp_path):
    """Else a list of rows would be read while it is written."""
    (tmp_path / "cat.png").write_bytes((samples / "cat.png").read_bytes())
    assert command("predict", "*.png", "-o", "out/rows.jsonl", cwd=tmp_path).returncode == 0
    refused = command("predict", "{out,*}/*", "-o", "out/rows.jsonl", "--resume", cwd=tmp_path)
    assert refused.returncode == 2
    assert "a pattern among the inputs matches the output" in refused.stderr


def test_an_output_that_a_link_matches_is_refused(command, samples, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "rows.jsonl").touch()
    (tmp_path / "cat.png").write_bytes((samples / "cat.png").read_bytes())
    (tmp_path / "link.txt").symlink_to("rows.jsonl")
    (tmp_path / "here").symlink_to(".")
    for pattern in ("l*.txt", "h*/rows.jsonl", "{cat.png,rows.jsonl}", "real/{..,.}/rows.jsonl"):
        refused = command("predict", pattern, "-o", "rows.jsonl", "--overwrite", cwd=tmp_path)
        assert refused.returncode == 2, pattern
        assert "a pattern among the inputs matches the output" in refused.stderr
    assert command("predict", "*.png", "-o", "rows.jsonl", "--overwrite", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(("output", "most"), [(None, 1), ("rows.jsonl", 2)])
def test_names_of_a_pattern_are_not_looked_up_one_by_one(output, most, monkeypatch):
    """Two hundred thousand of them took five seconds."""
    looked_up = []
    real = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda path: looked_up.append(path) or real(path))
    check_places(["{00..99}.png"], output=output)
    assert len(looked_up) <= most


def test_a_pattern_is_not_walked_for_nothing(monkeypatch, tmp_path):
    walked = []
    monkeypatch.setattr(Path, "glob", lambda *given: walked.append(given) or ())
    check_places([f"{tmp_path}/**/*.png"])
    assert not walked


def test_quiet(command, samples):
    done = command("predict", samples / "cat.png", "--quiet")
    assert done.stderr == ""
    assert json.loads(done.stdout)["label"] == "tiger cat"


def test_the_table_where_no_terminal_is(command, samples):
    done = command("predict", samples / "coffee.png", "--table")
    assert "espresso" in done.stdout
    assert "█" in done.stdout
    assert "{" not in done.stdout


def test_a_reader_that_goes_away_is_no_crash(samples):
    shell = f"{sys.executable} -c '{MAIN}' predict {samples} | head -1"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True)  # noqa: S602 - the pipe is the point
    assert "Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.slow
def test_a_terminal_does_not_eat_the_names_on_standard_input(mixed, tmp_path):
    """With a progress bar on stderr, the names must still be read once only."""
    pty = pytest.importorskip("pty")
    folder, _ = mixed
    names = sorted(str(path) for path in folder.glob("*.*")) * 20
    controller, terminal = pty.openpty()
    arguments = [sys.executable, "-c", MAIN, "predict", "-", "-o", str(tmp_path / "rows.jsonl")]
    run = subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=terminal, stdout=subprocess.DEVNULL, text=True)
    os.close(terminal)
    reader = threading.Thread(target=drain, args=(controller,), daemon=True)
    reader.start()
    run.communicate("\n".join(names))
    assert run.returncode == 1
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == len(names)
    reader.join(10)
    os.close(controller)


def drain(controller: int) -> None:
    with suppress(OSError):
        while os.read(controller, 4096):
            pass


def test_rows_come_while_names_are_waited_for(mixed):
    folder, _ = mixed
    arguments = [sys.executable, "-c", MAIN, "predict", "-", "--batch-size", "32"]
    run = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    for name in ("a-good.png", "h-palette.png"):
        run.stdin.write(f"{folder / name}\n")
        run.stdin.flush()
        assert json.loads(run.stdout.readline())["filename"] == str(folder / name), "before the next is named"
    run.stdin.write(str(folder / "d-empty.jpg"))  # without a line break
    run.stdin.close()
    assert json.loads(run.stdout.readline())["error_kind"] == "empty"
    assert run.wait(20) == 1
    run.stdout.close()


@pytest.mark.slow
def test_names_up_to_a_nul_as_find_print0_gives_them(mixed):
    folder, _ = mixed
    names = [folder / "a-good.png", folder / "h-palette.png"]
    arguments = [sys.executable, "-c", MAIN, "predict", "-"]
    done = subprocess.run(arguments, input=b"".join(b"%b\0" % bytes(name) for name in names), capture_output=True)
    assert [json.loads(row)["filename"] for row in done.stdout.splitlines()] == list(map(str, names))


def test_sigterm_ends_a_run_that_waits_for_names(mixed, tmp_path):
    folder, _ = mixed
    out = tmp_path / "rows.jsonl"
    arguments = [sys.executable, "-c", MAIN, "predict", "-", "-o", str(out)]
    run = subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run.stdin.write(f"{folder / 'a-good.png'}\n" * 3)
    run.stdin.flush()
    while not Path(f"{out}.run.json").exists():
        assert run.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)
    run.terminate()
    assert run.wait(20) == 143
    assert len(out.read_text().splitlines()) == 3
    run.stdin.close()
    run.stderr.close()


def test_a_closed_standard_output_is_no_crash(samples):
    shell = f'{sys.executable} -c "{MAIN}" predict {samples}/cat.png'
    assert subprocess.run(["bash", "-c", f"{shell} >&-"], stderr=subprocess.DEVNULL).returncode == 0


@pytest.mark.slow
def test_names_beyond_ascii_in_an_ascii_locale(process, tmp_path):
    noise_image(1, 64, 64).save(tmp_path / "日本.png")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = process("predict", tmp_path / "日本.png", env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["filename"].endswith("日本.png")


@pytest.mark.slow
def test_notes_of_a_checkpoint_are_told_once_in_every_run(command, samples, tmp_path, caplog, monkeypatch):
    import torch

    from eyeful.predictor import open as opening

    state = discriminating_state("shufflenet_v2_x0_5", 3)
    torch.save({"net": state, "class_to_idx": {"rose": 0, "tulip": 1, "daisy": 2}}, tmp_path / "a.pth")
    for _ in ("it is prepared", "it is found in the cache"):
        caplog.clear()
        monkeypatch.setattr(opening, "_told", set())  # as in a process of its own
        done = command(
            "predict", samples / "cat.png", "-m", "shufflenet_v2_x0_5", "--checkpoint", tmp_path / "a.pth"
        )
        assert json.loads(done.stdout)["label"] in ("rose", "tulip", "daisy")
        notes = [text for text in caplog.messages if text.startswith("a.pth: ")]
        assert notes == ["a.pth: weights read from net.*", "a.pth: class_to_idx names the classes"]
