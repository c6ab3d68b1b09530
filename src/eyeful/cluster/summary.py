"""What came of a run on a cluster."""

from collections import Counter
from dataclasses import dataclass, field

from eyeful.runs import RunSummary


@dataclass(slots=True)
class ClusterSummary:
    """What came of a run on a cluster.

    Attributes:
        counts: as of any run.
        startup: seconds before the first shard was begun.
        rows: made by each host.
        spans: when each host had workers that could work, from and to, in seconds of one clock.
        deaths: workers that died.
    """

    counts: RunSummary
    startup: float = 0.0
    rows: Counter[str] = field(default_factory=Counter)
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)
    deaths: int = 0

    @property
    def speeds(self) -> dict[str, float]:
        """Images a second of each host."""
        return {host: self.rows[host] / max(end - begin, 1e-9) for host, (begin, end) in self.spans.items()}
