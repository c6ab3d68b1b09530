"""One `eyeful predict --cluster` over two hosts, that faults are done to while it goes."""

import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Self

import pyarrow.parquet
from hosts import TwoHosts, kill_group, wait_until

EYEFUL = (sys.executable, "-m", "eyeful")
SHARD_ROWS = 20


class ClusterRun:
    """A run whose driver is on host `a`.

    Args:
        hosts: with Ray on both.
        inputs: what to predict.
        model: a bundle.
        out: the folder of parts.
        more: further flags.
        env: further environment of the driver.
    """

    def __init__(self, hosts: TwoHosts, inputs: object, model: Path, out: Path, *more: object, **env: str) -> None:
        self.hosts, self.out = hosts, out
        flags = ("-o", f"{out}/", "--cluster", hosts.address, "--shard-rows", SHARD_ROWS, "-q")
        self.command = (*EYEFUL, "predict", inputs, "-m", model, *flags, *more)
        self._env = env
        self.driver: subprocess.Popen | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """No driver outlives its test."""
        if self.driver is not None:
            self.kill_driver()

    def start(self, *more: object) -> None:
        """Begin, or go on with --resume."""
        pipe = subprocess.PIPE
        self.driver = self.hosts.a.start(*self.command, *more, stdout=pipe, stderr=pipe, env=self._env)

    def wait_for_parts(self, count: int, seconds: float = 60) -> None:
        """Wait until so many more parts are there."""
        count += self.parts()
        wait_until(lambda: self.parts() >= count or self.has_ended, seconds, f"{count} parts in {self.out}")
        if self.has_ended:
            raise AssertionError(f"the run ended before it had {count} parts: {self.finish()}")

    def parts(self) -> int:
        """How many are there."""
        return len(list(self.out.glob("part-*.parquet")))

    @property
    def has_ended(self) -> bool:
        return self.driver.poll() is not None

    def kill_driver(self) -> None:
        """`kill -9` it and the process that carries it."""
        kill_group(self.driver)
        self.driver.communicate()

    def finish(self, seconds: float = 90) -> tuple[int, str]:
        """Its exit code and what it said, when it has ended by itself."""
        try:
            _, said = self.driver.communicate(timeout=seconds)
        finally:
            kill_group(self.driver)
        return self.driver.returncode, said

    def longest_pause(self, since: float) -> float:
        """The longest time without a new part between a moment (of time.time) and now, in seconds."""
        times = sorted(path.stat().st_mtime for path in self.out.glob("part-*.parquet"))
        moments = [since, *(moment for moment in times if moment > since), time.time()]
        return max(later - earlier for earlier, later in pairwise(moments))


def rows_of(place: Path) -> list[dict]:
    """The rows of a file or of a folder of parts, in order; what only folders say is left out."""
    rows = pyarrow.parquet.read_table(place).to_pylist()
    return [{name: value for name, value in row.items() if name != "columns"} for row in rows]


def predict(inputs: object, model: Path, out: Path, *more: object, **env: str) -> subprocess.CompletedProcess[str]:
    """Plain `eyeful predict`."""
    command = (*EYEFUL, "predict", inputs, "-m", model, "-o", out, "-q", *more)
    return subprocess.run([*map(str, command)], capture_output=True, text=True, env=os.environ | env)
