"""What a model's name resolves to: architecture, weights, preprocessing, labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eyeful.errors import WeightsError
from eyeful.preprocessing import Preprocessing
from eyeful.types import Activation, Labels

if TYPE_CHECKING:
    from torch import nn

    from eyeful.graph_file import Graph

DEFAULT_MODEL = "efficientnet_lite0"


@dataclass(frozen=True, slots=True)
class Architecture:
    """How to build the network.

    Attributes:
        library: what builds it: torchvision, timm ...
        name: the library's name for it.
        num_classes: the classes of its output.
        options: the other arguments that matter.
    """

    library: str
    name: str
    num_classes: int
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weights:
    """Where weights come from.

    Attributes:
        source: a URL, a file or a package.
        license: as SPDX names it, where it is known.
        sha256: of the file; known once it is here.
        revision: the commit of the Hugging Face repository that it is from; None for other sources.
    """

    source: str
    license: str | None = None
    sha256: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One classifier, resolved but not loaded.

    Attributes:
        name: what to type to get it again, with `checkpoint` where there is one.
        architecture: how it is built.
        preprocessing: its preprocessing, from its weights.
        labels: its answers, by position.
        weights: where its weights come from.
        load: fetches, checks and loads; returns the network in eval mode, no parameter requiring a gradient, and
            its weights with their sha256.
        about: facts for `eyeful info`: parameters, GFLOPs, accuracy ...; what the library knows.
        checkpoint: the name of the local file whose weights it has, without its folder; None: the catalogue's.
        graph: the file that holds the whole network; None where a library builds it.
        notes: what a user should know before trusting its answers, one line each; told on stderr and by `info`.
            Where `labels` are assumed, the last says so.
        stated_activation: what makes probabilities of its logits, where the model says so.
    """

    name: str
    architecture: Architecture
    preprocessing: Preprocessing
    labels: Labels
    weights: Weights
    load: Callable[[], tuple[nn.Module, Weights]]
    about: dict[str, Any] = field(default_factory=dict)
    checkpoint: str | None = None
    graph: Graph | None = None
    notes: tuple[str, ...] = ()
    stated_activation: Activation | None = None

    @property
    def activation(self) -> Activation:
        """What makes probabilities of its logits; of a single one, softmax would make 1.0 always."""
        return self.stated_activation or ("sigmoid" if len(self.labels) == 1 else "softmax")

    @property
    def title(self) -> str:
        """What to call it before people: `resnet18:IMAGENET1K_V1`, or `resnet18 with mine.pth`."""
        return self.name if self.checkpoint is None else f"{self.name} with {self.checkpoint}"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of `eyeful models`: what can be told without loading.

    Attributes:
        name: what `load` takes.
        parameters: how many; None where it is not published, and so for the next two.
        gflops: billions of multiplications and additions for one image.
        top1: accuracy on ImageNet's validation images, as published, in percent.
        local: whether the weights are on this machine.
    """

    name: str
    parameters: int | None = None
    gflops: float | None = None
    top1: float | None = None
    local: bool = False


def ready(module: nn.Module) -> nn.Module:
    """Fix a network for inference: eval mode, no parameter takes a gradient, every weight finite.

    Raises:
        WeightsError: a weight is NaN or infinite; the text names the first.
    """
    import torch

    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise WeightsError(
                f"the weights are unusable: {name} has values that are not finite (NaN or infinity)"
            )
    return module.eval().requires_grad_(requires_grad=False)
