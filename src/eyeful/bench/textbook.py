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

    from eyeful.preprocessing import Preprocessing


def textbook_loop(module: nn.Module, preprocessing: Preprocessing, device: str) -> Callable[[Path], list[int]]:
    """A function that classifies one file as the lesson does: transform, forward, softmax, top 5."""
    transform = textbook_transform(preprocessing)
    module = module.to(device).eval()

    def classify(path: Path) -> list[int]:
        with torch.inference_mode(), Image.open(path) as image:
            x = transform(image.convert("RGB")).unsqueeze(0).to(device)
            probs = torch.softmax(module(x), dim=1)
            places: list[int] = probs.topk(min(5, probs.shape[1]), dim=1).indices[0].tolist()
            return places

    return classify


def textbook_transform(preprocessing: Preprocessing) -> Any:
    """TorchVision's v2 transforms for a preprocessing, as the lesson writes them."""
    import_torchvision()
    from torchvision.transforms import InterpolationMode, v2

    keep = preprocessing.crop_mode == "center" and preprocessing.scale_size[0] == preprocessing.scale_size[1]
    scale = preprocessing.scale_size[0] if keep else preprocessing.scale_size
    return v2.Compose(
        [
            v2.Resize(scale, interpolation=InterpolationMode(preprocessing.interpolation)),
            v2.CenterCrop(preprocessing.size),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(mean=list(preprocessing.mean), std=list(preprocessing.std)),
        ]
    )
