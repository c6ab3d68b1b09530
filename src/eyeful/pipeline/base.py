"""What a run needs of a classifier, wherever its engine is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from eyeful.pipeline.limit import Waits
    from eyeful.pipeline.settings import Settings
    from eyeful.sources import Source
    from eyeful.types import Prediction


class Streams(Protocol):
    """A classifier as `runs.run` sees it: one here, or a server. See `Classifier` for what each part is."""

    @property
    def passport(self) -> dict[str, Any]: ...  # noqa: D102

    @property
    def settings(self) -> Settings: ...  # noqa: D102

    @property
    def device(self) -> str: ...  # noqa: D102

    @property
    def precision(self) -> str: ...  # noqa: D102

    @property
    def batch_size(self) -> int: ...  # noqa: D102

    @property
    def workers(self) -> int: ...  # noqa: D102

    @property
    def most_in_flight(self) -> int: ...  # noqa: D102

    @property
    def loader(self) -> Callable[..., object]: ...  # noqa: D102

    def stream(  # noqa: D102
        self, inputs: Source, *, topk: int | None = None, thumbnails: bool = False, waits: Waits | None = None
    ) -> Generator[Prediction]: ...
