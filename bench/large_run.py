"""The figures of docs/large-runs.md, measured here: `python bench/large_run.py PHOTOS CAMERA [--quick]`.

PHOTOS holds images of ordinary size, CAMERA some of many megapixels; both are repeated by lists. Each run is a
whole process; medians of interleaved rounds. CPU seconds are user and system time: what other programs take
counts little. This process stays small, since a child's peak memory is never below its parent's.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from eyeful.cpu import usable_cores
from eyeful.sources import open_source

EYEFUL = [sys.executable, "-m", "eyeful", "predict", "--quiet", "--overwrite"]


class Run(NamedTuple):
    """One whole process: wall and CPU seconds, and the most memory of its largest process in MB."""

    wall: float
    cpu: float
    peak: float


class Counts(NamedTuple):
    """How much is measured."""

    rounds: int
    few: int
    many: int
    camera: int
    distinct: int
    written: int


PLANNED = 2_000_000
FULL, QUICK = Counts(3, 1_000, 20_000, 240, 2_000, 200_000), Counts(1, 100, 200, 12, 100, 2_000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("camera", type=Path)
    parser.add_argument("--quick", action="store_true", help="half a minute; too few images to quote")
    asked = parser.parse_args()
    counts = QUICK if asked.quick else FULL
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speed(folder, _files(asked.photos), _files(asked.camera), counts)
        size(folder, _files(asked.photos), counts)
        resume(folder, _files(asked.photos), counts)


def speed(folder: Path, photos: list[str], camera: list[str], counts: Counts) -> None:
    """Time and memory by kind and number of images."""
    lists = {
        "1 photograph": _list_of(folder / "one.txt", photos, 1),
        f"{counts.few:,} photographs": _list_of(folder / "few.txt", photos, counts.few),
        f"{counts.camera:,} camera photographs": _list_of(folder / "camera.txt", camera, counts.camera),
    }
    many = f"{counts.many:,} photographs"
    runs: dict[str, list[Run]] = {title: [] for title in (*lists, many)}
    for _ in range(counts.rounds):
        for title, path in lists.items():
            runs[title].append(_timed(*EYEFUL, path, "-o", folder / "rows.jsonl"))
    runs[many].append(
        _timed(*EYEFUL, _list_of(folder / "many.txt", photos, counts.many), "-o", folder / "rows.jsonl")
    )
    made = json.loads((folder / "rows.jsonl.run.json").read_text())["provenance"]
    print(f"{made['model']}, {made['engine']} in {made['precision']}; {_processor()}, {usable_cores()} cores\n")
    median = {title: Run(*map(statistics.median, zip(*found, strict=True))) for title, found in runs.items()}
    start = median["1 photograph"]
    print("| a run over | wall s | CPU s | peak MB | CPU s per 1,000 more |\n|---|---|---|---|---|")
    each: dict[str, float] = {}
    for title, run in median.items():
        more = int(title.split()[0].replace(",", "")) - 1
        each[title] = (run.cpu - start.cpu) / more if more else 0
        per_1000 = f"{each[title] * 1000:.2f}" if more else ""
        print(f"| {title} | {run.wall:.2f} | {run.cpu:.2f} | {run.peak:.0f} | {per_1000} |")
    columns = (f"{PLANNED:,} images", "core hours", "2 cores", "16 cores", "64 cores", "64 cores read")
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for title, files in ((many, photos), (f"{counts.camera:,} camera photographs", camera)):
        print(f"| {title.split(' ', 1)[1]} | {_plan(each[title], files)} |")


def _plan(cpu: float, files: list[str]) -> str:
    """What many images take, by the CPU seconds of one: the cells of a row."""
    hours = cpu * PLANNED / 3600
    size = statistics.mean(Path(file).stat().st_size for file in files)
    times = [
        f"{hours / cores:.1f} h" if hours >= cores else f"{60 * hours / cores:.0f} min" for cores in (2, 16, 64)
    ]
    return " | ".join([f"{hours:.1f}", *times, f"{64 / cpu * size / 1e9:.1f} GB/s ({size / 1e3:.0f} kB each)"])


def size(folder: Path, photos: list[str], counts: Counts) -> None:
    """Bytes of a row in each format. Every image is another one, or compression would find them equal."""
    place = folder / "distinct"
    for number, source in enumerate(islice(cycle(photos), counts.distinct)):
        cut = number // len(photos)
        path = place / f"camera-{number % 8}" / f"2026-11-{number % 30:02}-{number:07}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as image:
            image.convert("RGB").crop((cut, cut, *image.size)).save(path, quality=90)
    print("\n| format | bytes a row | with gzip |\n|---|---|---|")
    for output in ("rows.jsonl", "rows.csv", "rows.parquet"):
        _timed(*EYEFUL, "distinct", "-o", output, cwd=folder)
        content = (folder / output).read_bytes()
        zipped = "" if output.endswith(".parquet") else f"{len(gzip.compress(content)) / counts.distinct:.0f}"
        print(f"| {output} | {len(content) / counts.distinct:.0f} | {zipped} |")


def resume(folder: Path, photos: list[str], counts: Counts) -> None:
    """What `--resume` takes to find its place, and a reader to average, in rows repeated from a real run."""
    names = list(islice(cycle(photos), counts.few))
    first = _list_of(folder / "first.txt", names, counts.few)
    every = _list_of(folder / "every.txt", names, counts.written + 1)
    rows, parts = folder / "rows.jsonl", folder / "rows"
    outputs = {"rows.jsonl": [], "rows/": ["--shard-rows", counts.few]}
    for output, flags in outputs.items():
        _timed(*EYEFUL, first, "-o", output, *flags, cwd=folder)
    content = rows.read_text().splitlines(keepends=True)
    with rows.open("w") as file:
        file.writelines(islice(cycle(content), counts.written))
    (part,) = parts.glob("part-*.parquet")
    for number in range(1, counts.written // counts.few):  # every shard has the same names
        (parts / part.name.replace("000000", f"{number:06}", 1)).write_bytes(part.read_bytes())
    resuming = [word for word in EYEFUL if word != "--overwrite"] + ["--resume"]
    print(f"\n| {counts.written:,} rows that are there | wall s | CPU s | peak MB |\n|---|---|---|---|")
    for output, flags in outputs.items():
        run = _timed(*resuming, every, "-o", output, *flags, cwd=folder)
        print(f"| --resume, {output} | {run.wall:.2f} | {run.cpu:.2f} | {run.peak:.0f} |")
    started = time.perf_counter()
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(parts, format="parquet").to_table(columns=["label", "prob"])
    labels = len(table.group_by("label").aggregate([("prob", "mean")]))
    print(f"| pyarrow: mean probability of {labels} labels | {time.perf_counter() - started:.2f} | | |")


def _files(folder: Path) -> list[str]:
    return [str(Path(item.filename).resolve()) for item in open_source([str(folder)]).items]


def _list_of(path: Path, names: list[str], count: int) -> Path:
    path.write_text("".join(f"{name}\n" for name in islice(cycle(names), count)))
    return path


def _timed(*command: object, cwd: Path | None = None) -> Run:
    started = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], cwd=cwd)  # noqa: S603 - eyeful itself
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}")
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def _processor() -> str:
    facts = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines())
    named = {key.strip(): value.strip() for key, value in facts.items()}
    flags = [flag for flag in ("avx2", "avx512_bf16", "amx_bf16") if flag in named.get("flags", "").split()]
    return f"{named.get('model name', 'unknown processor')} ({', '.join(flags)})"


if __name__ == "__main__":
    main()
