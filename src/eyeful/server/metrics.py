"""What a server counts, for Prometheus."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "eyeful_requests", "Requests answered.", ["path", "status"], registry=self._registry
        )
        self._latency = Histogram(
            "eyeful_request_seconds",
            "From a request's headers to its reply.",
            ["path"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stage = Histogram(
            "eyeful_stage_seconds",
            "Waiting for and being in a stage, for each image.",
            ["stage"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._images = Counter("eyeful_images", "Images by outcome.", ["outcome"], registry=self._registry)
        self._batches = Histogram(
            "eyeful_batch_images",
            "Images in a batch.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128),
            registry=self._registry,
        )
        self._depth = Gauge(
            "eyeful_queue_images",
            "Images in the server.",
            ["model"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def request(self, path: str, status: int, seconds: float) -> None:
        """A request was answered; `path` is the route's, not the client's."""
        self._requests.labels(path, str(status)).inc()
        self._latency.labels(path).observe(seconds)

    def refused(self, status: int) -> None:
        """A request was refused, or given up, before any route was looked for."""
        self._requests.labels("refused", str(status)).inc()

    def image(self, outcome: str) -> None:
        """An image was answered: `ok` or its error kind."""
        self._images.labels(outcome).inc()

    def batch(self, size: int) -> None:
        """A batch went to the engine."""
        self._batches.observe(size)

    def depth(self, model: str, images: int) -> None:
        """How many images are in the server."""
        self._depth.labels(model).set(images)

    def stage(self, name: str, seconds: float) -> None:
        """An image went through a stage."""
        self._stage.labels(name).observe(seconds)

    def exposition(self) -> bytes:
        """The counters in Prometheus' text format: of all processes, where several share the port."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
