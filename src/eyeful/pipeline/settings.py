"""How a classifier works, beyond what its model says."""

from dataclasses import dataclass, field

from eyeful.errors import UsageError
from eyeful.images import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """How a classifier works, beyond what its model says.

    Attributes:
        topk: labels in each answer; clamped to the number of classes.
        min_prob: below it an answer is marked as abstained.
        batch_size: images in one forward pass; 0: what suits the engine.
        workers: decode threads; 0: one for each core that this process may use.
        limits: what one image may cost.
        full_decode: decode every pixel of a JPEG, not a reduced scale of it.
        two_step_resize: resize, then crop, to the bit as TorchVision and timm; else both in one step, which
            differs by a level here and there.
    """

    topk: int = 5
    min_prob: float = 0.0
    batch_size: int = 0
    workers: int = 0
    limits: Limits = field(default_factory=Limits)
    full_decode: bool = False
    two_step_resize: bool = False

    def __post_init__(self) -> None:
        if self.topk < 1:
            raise UsageError(f"topk {self.topk} is not at least 1")
        if not 0 <= self.min_prob <= 1:
            raise UsageError(f"min_prob {self.min_prob} is not between 0 and 1")
        if not 0 <= self.batch_size <= 1024:
            raise UsageError(f"batch size {self.batch_size} is not between 0 and 1024")
        if not 0 <= self.workers <= 256:
            raise UsageError(f"{self.workers} workers is not between 0 and 256")
