"""What a cluster costs and brings, measured here: `python bench/cluster.py PHOTOS [--pairs 5] [--quick]`.

Both ways write parts, and both are measured between the same two parts, so that starting counts in neither: images
per second, and CPU seconds of every process that takes part, Ray's too. Two hosts (root only) are two network
namespaces with a core each. The driver is measured with workers that answer at once and open no image.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).parents[1] / "tests" / "cluster"))

from hosts import Host, two_hosts

from eyeful.sources import open_source

MARK = "EYEFUL_BENCH"
TICKS = os.sysconf("SC_CLK_TCK")
SHARD_ROWS = 200
EYEFUL = (sys.executable, "-m", "eyeful", "predict", "--quiet", "--shard-rows", SHARD_ROWS)
WORKERS_THAT_MAKE_NOTHING = """
    from eyeful.cluster import worker
    def make(self, shard, replaces, *, isolated, accept_missing):
        return worker.Made({"rows": len(shard.items), "abstained": 0, "errors": {}, "ignored": {}})
    worker.Worker.make = make
"""


class Steady(NamedTuple):
    """Between a run's first and last parts: images per second, CPU ms per image; and the seconds before."""

    rate: float
    cpu: float
    start: float


class Usage(NamedTuple):
    """CPU seconds of a run's driver, and its largest memory in MB."""

    cpu: float
    peak: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--pairs", type=int, default=5, help="of interleaved runs")
    parser.add_argument("--images", type=int, default=4000, help="of each run; the photos are repeated")
    parser.add_argument("--inputs", type=int, nargs="+", default=[100_000, 1_000_000], help="for the driver")
    parser.add_argument("--quick", action="store_true", help="a minute; too few images to quote")
    asked = parser.parse_args()
    if asked.quick:
        asked.pairs, asked.images, asked.inputs = 1, 2000, [2_000, 10_000]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [str(Path(item.filename).resolve()) for item in open_source([str(asked.photos)]).items]
        photos = list_of(folder / "photos.txt", files, asked.images)
        model = folder / "model"
        export = (sys.executable, "-m", "eyeful", "export", "efficientnet_lite0", "-o", model)
        subprocess.run(export, check=True)  # noqa: S603
        overhead(folder, (photos, "--model", model), asked.pairs)
        hosts(folder, (photos, "--model", model), asked.pairs)
        driver(folder, files[0], asked.inputs)


def overhead(folder: Path, inputs: tuple[object, ...], pairs: int) -> None:
    """`predict` beside `predict --cluster local`."""
    found: dict[str, list[Steady]] = {"predict": [], "--cluster local": []}
    for _ in range(pairs):
        for title, flags in (("predict", ()), ("--cluster local", ("--cluster", "local"))):
            found[title].append(steady(folder / "out", (*EYEFUL, *inputs, *flags)))
    print_table("one machine", found)


def hosts(folder: Path, inputs: tuple[object, ...], pairs: int) -> None:
    """Two hosts with a core each beside one of them."""
    found: dict[str, list[Steady]] = {"one host": [], "two hosts": []}
    for _ in range(pairs):
        for title, runs in found.items():
            try:
                with two_hosts() as both:
                    runs.append(on_hosts(folder, inputs, both.a, both.b if title == "two hosts" else None))
            except PermissionError as error:
                print(f"\nno two hosts: {error}")
                return
    print_table("a core each", found)


def on_hosts(folder: Path, inputs: tuple[object, ...], a: Host, b: Host | None) -> Steady:
    """A run whose driver and Ray's head share a core with a worker."""
    mark = {MARK: uuid.uuid4().hex}
    a.start_ray(cores="0", env=mark)
    if b is not None:
        b.start_ray(a, cores="1", env=mark)
    command = (*EYEFUL, *inputs, "--cluster", f"{a.address}:6379")
    return steady(folder / "out", command, mark[MARK], lambda *words: a.start(*words, cores="0", env=mark))


def driver(folder: Path, photo: str, counts: list[int]) -> None:
    """CPU and memory of the driver alone, by the number of inputs."""
    (folder / "sitecustomize.py").write_text(textwrap.dedent(WORKERS_THAT_MAKE_NOTHING))
    print("\n| inputs | driver: CPU ms per 1,000 | its peak MB | wall s |\n|---|---|---|---|")
    few = None
    for count in (1_000, *counts):
        listing = list_of(folder / "many.txt", [photo], count)
        began = time.perf_counter()
        command = (*EYEFUL[:-2], listing, "-o", f"{folder}/none/", "--overwrite", "--cluster", "local")
        used = usage(command, {"PYTHONPATH": str(folder)})
        few = few or used
        per_1000 = 1e6 * (used.cpu - few.cpu) / max(count - 1_000, 1)
        wall = time.perf_counter() - began
        print(f"| {count:,} | {per_1000:.1f} | {used.peak:.0f} | {wall:.0f} |", flush=True)


def steady(
    out: Path, command: tuple[object, ...], mark: str = "", start: Callable[..., subprocess.Popen] | None = None
) -> Steady:
    """Run, and measure between a tenth and nine tenths of the parts."""
    shutil.rmtree(out, ignore_errors=True)
    mark = mark or uuid.uuid4().hex
    words = [*map(str, (*command, "-o", f"{out}/"))]
    began = time.perf_counter()
    process = start(*words) if start else subprocess.Popen(words, env=os.environ | {MARK: mark})  # noqa: S603
    moments: list[tuple[int, float, float]] = []
    while process.poll() is None:
        parts = len(list(out.glob("part-*.parquet")))
        if parts and (not moments or parts > moments[-1][0]):
            moments.append((parts, time.perf_counter(), sum(cpu for _, cpu, _ in processes(mark))))
        time.sleep(0.02)
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(words)} ended with {process.returncode}")
    last = moments[-1][0]
    (first, t0, cpu0), (second, t1, cpu1) = (
        next(moment for moment in moments if moment[0] >= last * share) for share in (0.1, 0.9)
    )
    images = (second - first) * SHARD_ROWS
    return Steady(images / (t1 - t0), 1000 * (cpu1 - cpu0) / images, moments[0][1] - began)


def usage(command: tuple[object, ...], env: dict[str, str]) -> Usage:
    """Run, and see what its driver used; the last look at a process is at most 50 ms before its end."""
    mark = uuid.uuid4().hex
    process = subprocess.Popen([*map(str, command)], env=os.environ | env | {MARK: mark})  # noqa: S603
    seen: dict[int, float] = {}
    peak, ended = 0.0, threading.Event()
    while not ended.is_set():
        if process.poll() is not None:
            ended.set()
        for pid, cpu, title in processes(mark):
            if " predict " in title:
                seen[pid] = cpu
                peak = max(peak, memory(pid))
        time.sleep(0.05)
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return Usage(sum(seen.values()), peak)


def processes(mark: str) -> Iterator[tuple[int, float, str]]:
    """Process id, CPU seconds and command line of every process with a mark in its environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() not in (folder / "environ").read_bytes():
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        yield int(folder.name), (int(fields[11]) + int(fields[12])) / TICKS, title


def memory(pid: int) -> float:
    """The largest memory that a process had, in MB; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), 0.0)


def list_of(path: Path, names: list[str], count: int) -> Path:
    """A list that repeats names."""
    path.write_text("".join(f"{name}\n" for name in islice(cycle(names), count)))
    return path


def print_table(title: str, found: dict[str, list[Steady]]) -> None:
    """Medians of each way, and the ratios of the pairs."""
    print(f"\n| {title} | images/s | CPU ms per image | s before the first part |\n|---|---|---|---|")
    for name, runs in found.items():
        rate, cpu, start = (statistics.median(values) for values in zip(*runs, strict=True))
        print(f"| {name} | {rate:.0f} | {cpu:.2f} | {start:.1f} |")
    first, second = found.values()
    for what in ("rate", "cpu"):
        ratios = sorted(getattr(b, what) / getattr(a, what) for a, b in zip(first, second, strict=True))
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        print(f"{what}: {statistics.median(ratios):.2f} times ({spread} in {len(ratios)} pairs)", flush=True)


if __name__ == "__main__":
    main()
