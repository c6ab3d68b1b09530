"""`eyeful predict --cluster`: the same on many machines, with Ray."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eyeful.bundle import is_bundle, read_bundle
from eyeful.cli.groups import keywords, settled_spec
from eyeful.cli.outputs import told_how_to_resume
from eyeful.errors import UsageError
from eyeful.results import Calibration
from eyeful.results.promises import promise_line
from eyeful.wording import rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from eyeful.cli.options import SearchOptions
    from eyeful.cli.outputs import OutputOptions
    from eyeful.cluster.summary import ClusterSummary
    from eyeful.predictor import PredictorSpec
    from eyeful.runs import RunSummary
    from eyeful.sources import Source

_PANEL = "Cluster"
_SLOW = 0.6
"""Of the speed that is usual among the nodes; below it one is named."""


@dataclass(frozen=True, kw_only=True)
class ClusterFlags:
    """Which machines make the parts of -o FOLDER/."""

    cluster: Annotated[
        str | None,
        typer.Option(
            help="Run on a Ray cluster: auto (this machine's), HOST:PORT, or local (Ray on this machine alone).",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    cluster_workers: Annotated[
        int, typer.Option(min=0, help="At most so many workers; 0: as many as fit.", rich_help_panel=_PANEL)
    ] = 0
    cluster_cpus: Annotated[
        int, typer.Option(min=0, help="Cores of each worker; 0: all of its node.", rich_help_panel=_PANEL)
    ] = 0
    cluster_gpus: Annotated[int, typer.Option(min=0, help="GPUs of each worker.", rich_help_panel=_PANEL)] = 0

    def check(self, output: OutputOptions, server: str | None, precision: str) -> None:
        """See that the flags go together with others.

        Raises:
            UsageError: they do not.
        """
        if self.cluster is None:
            if self.cluster_workers or self.cluster_cpus or self.cluster_gpus:
                raise UsageError("--cluster says which cluster: auto, local or HOST:PORT")
            return
        if self.cluster_gpus and precision == "int8":
            raise UsageError("int8 runs on CPUs: leave --cluster-gpus out, or --precision int8")
        if not output.asks_for_parts:
            raise UsageError(
                "--cluster writes parts: -o FOLDER/ that every node sees, or -o s3://bucket/prefix/; "
                "`eyeful join` makes one file of them"
            )
        for flag, value in (
            ("--server", server),
            ("--shard", output.shard),
            ("--report", output.report),
            ("--figures", output.figures),
            ("--table", output.table),
        ):
            if value:
                raise UsageError(f"--cluster and {flag} do not go together")


def predict_on_cluster(
    asked: ClusterFlags,
    inputs: list[str],
    images: Source,
    output: OutputOptions,
    search: SearchOptions,
    groups: tuple[Any, ...],
    int8_images: Callable[[], dict[str, Any]],
) -> tuple[RunSummary, list[str]]:
    """Make the parts on a cluster.

    Returns:
        What there is now, and lines about how fast it was.

    Raises:
        EyefulError: as `cluster.run_on_cluster`.
    """
    from eyeful.cli.progress import Progress
    from eyeful.cluster import ClusterOptions, run_on_cluster
    from eyeful.runs import SignalHandler

    assert asked.cluster is not None  # noqa: S101 - else nobody would come here
    options = ClusterOptions(asked.cluster, asked.cluster_workers, asked.cluster_cpus, asked.cluster_gpus)
    spec = settled_spec(*groups, **int8_images())
    rows = output.open_parts()
    quiet = output.quiet
    progress = nullcontext() if quiet else Progress(inputs, keywords(search))
    with told_how_to_resume(output), progress as shown, SignalHandler(reads_stdin="-" in inputs) as stop:
        say = shown.say if shown is not None else lambda _: None
        advance = shown.advance if shown is not None else lambda _: None
        summary = run_on_cluster(spec, images, rows, options, stop=stop, say=say, on_rows=advance)
    return summary.counts, [*_lines(summary), *_promise(spec)]


def _promise(spec: PredictorSpec) -> list[str]:
    """What the rows promise, as on one machine."""
    found = spec.calibration
    if found is None and is_bundle(Path(spec.model)):
        found = read_bundle(Path(spec.model)).manifest.calibration
    return [promise_line(Calibration.from_dict(found), groups=spec.sure is not None)] if found else []


def _lines(summary: ClusterSummary) -> list[str]:
    """How fast the nodes were, and which of them was slow."""
    counts = summary.counts
    new = counts.rows - counts.resumed
    if not new:
        return [f"{counts.resumed} rows were there"] if counts.resumed else []
    speeds = summary.speeds
    before = f"{counts.resumed} rows were there; " if counts.resumed else ""
    lines = [
        f"{before}{rate(new / max(counts.seconds, 1e-9))} images/s in {counts.seconds:.1f} s, after "
        f"{summary.startup:.1f} s of starting: "
        + ", ".join(f"{host} {rate(speed)}" for host, speed in sorted(speeds.items()))
    ]
    usual = median(speeds.values()) if speeds else 0.0
    slow = [host for host, speed in sorted(speeds.items()) if speed < _SLOW * usual]
    if slow:
        lines.append(f"slow beside the others: {', '.join(slow)}")
    if summary.deaths:
        dead = f"{summary.deaths} worker{'' if summary.deaths == 1 else 's'} died"
        lines.append(f"{dead}; what was in hand was made again")
    return lines
