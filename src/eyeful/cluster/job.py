"""One run on a cluster: what `runs.run` is for one machine. No row passes through this process."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from eyeful.cluster.connection import connected, put
from eyeful.cluster.driver import Driver
from eyeful.cluster.package import pack
from eyeful.cluster.workers import Workers
from eyeful.errors import StoppedError
from eyeful.runs.job import begun, recorded
from eyeful.sources import no_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eyeful.cluster.connection import ClusterOptions
    from eyeful.cluster.summary import ClusterSummary
    from eyeful.predictor import PredictorSpec
    from eyeful.runs import PartsOutput, SignalHandler
    from eyeful.sources import Source
    from eyeful.types import Item


def run_on_cluster(
    spec: PredictorSpec,
    source: Source,
    output: PartsOutput,
    options: ClusterOptions,
    *,
    stop: SignalHandler | None = None,
    say: Callable[[str], None] = lambda _: None,
    on_rows: Callable[[int], None] = lambda _: None,
) -> ClusterSummary:
    """Classify every item of a source on the nodes of a cluster; the parts are those of one machine.

    Args:
        spec: what answers.
        source: what to classify, opened with `undivided=True`; used up.
        output: the parts; what it holds already is accounted for and not made again.
        options: which cluster, and how much of it.
        stop: when a signal came, the workers are ended; there are whole parts only.
        say: told what goes on before the first row.
        on_rows: called with the number of new rows, for progress.

    Raises:
        StoppedError: a signal came.
        ClusterError: the cluster cannot be reached, a node is not as this machine, or a shard fails too often.
        UsageError: there are no inputs, or the output that shall be resumed was made differently, or of others.
        OutputError: a part cannot be written.
        EyefulError: the model cannot be had.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        stack.callback(output.close)
        source = replace(source, items=_until_stopped(begun(source.items, stop), stop))
        say(f"preparing {spec.model}")
        package, asked = pack(spec, gpus=bool(options.gpus))
        say(f"connecting to the cluster {options.address}")
        ray = stack.enter_context(connected(options.address))
        workers = Workers(ray, options)
        stack.callback(workers.close)
        device = "cuda" if options.gpus and spec.device == "auto" else spec.device
        spec = replace(asked, device=device)
        driver = Driver(workers, put(ray, package), spec, source, output, stop, on_rows)
        say("waiting for workers")
        counts = driver.summary.counts
        with recorded(output, counts, lambda: time.monotonic() - began - driver.summary.startup):
            output.write_record(counts, "running")
            driver.run(began)
            if not counts.inputs:  # archives, whose content no listing knows
                raise no_inputs(counts.ignored, [])
    return driver.summary


def _until_stopped(items: Iterator[Item], stop: SignalHandler | None) -> Iterator[Item]:
    """The same items; a signal ends even the search for the first shard that has no part.

    Raises:
        StoppedError: it came.
    """
    for item in items:
        if stop is not None and stop.signal is not None:
            raise StoppedError(stop.signal)
        yield item
