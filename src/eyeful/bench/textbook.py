"""The loop that people copy: torch eager, one image at a time. The baseline of every speed claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from PIL import Image

from eyeful.models.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn

    from eyeful.types import Recipe


def textbook_loop(module: nn.Module, recipe: Recipe, device: str) -> Callable[[Path], list[int]]:
    """A function that classifies one file as the lesson does: transform, forward, softmax, top 5."""
    transform = textbook_transform(recipe)
    module = module.to(device).eval()

    def classify(path: Path) -> list[int]:
        with torch.inference_mode(), Image.open(path) as image:
            x = transform(image.convert("RGB")).unsqueeze(0).to(device)
            probs = torch.softmax(module(x), dim=1)
            places: list[int] = probs.topk(min(5, probs.shape[1]), dim=1).indices[0].tolist()
            return places

    return classify


def textbook_transform(recipe: Recipe) -> Any:
    """TorchVision's v2 transforms for a recipe, as the lesson writes them."""
    import_torchvision()
    from torchvision.transforms import InterpolationMode, v2

    keep = recipe.crop_mode == "center" and recipe.scale_size[0] == recipe.scale_size[1]
    scale = recipe.scale_size[0] if keep else recipe.scale_size
    return v2.Compose(
        [
            v2.Resize(scale, interpolation=InterpolationMode(recipe.interpolation)),
            v2.CenterCrop(recipe.size),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(mean=list(recipe.mean), std=list(recipe.std)),
        ]
    )
