"""What a run needs of a classifier, wherever its engine is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from eyeful.pipeline.bottleneck import StageTimer
    from eyeful.predictor import PredictorSpec
    from eyeful.sources import Source
    from eyeful.types import Item, Prediction


class SupportsStream(Protocol):
    """A classifier as `runs.run` sees it: one here, or a server. See `Classifier` for what each part is."""

    @property
    def provenance(self) -> dict[str, Any]: ...  # noqa: D102

    @property
    def spec(self) -> PredictorSpec: ...  # noqa: D102

    @property
    def engine(self) -> str: ...  # noqa: D102

    @property
    def device(self) -> str: ...  # noqa: D102

    @property
    def precision(self) -> str: ...  # noqa: D102

    @property
    def batch_size(self) -> int: ...  # noqa: D102

    @property
    def workers(self) -> int: ...  # noqa: D102

    @property
    def max_in_flight(self) -> int: ...  # noqa: D102

    @property
    def preprocessor(self) -> Callable[[Item], object]: ...  # noqa: D102

    def stream(  # noqa: D102
        self, inputs: Source, *, topk: int | None = None, thumbnails: bool = False, timer: StageTimer | None = None
    ) -> Generator[Prediction]: ...
