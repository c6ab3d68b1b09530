"""Grad-CAM: which places of the last feature maps speak for a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from eyeful.extras import require

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn


def grad_cam(module: nn.Module, x_NCHW: Tensor, layer: str, target: int) -> NDArray[np.float32]:
    """How much each place of a layer's maps raises a label's logit, 0 to 1: (H, W) of the maps.

    Each map is weighed with the mean of the logit's gradient over it; their sum, where it is above 0, over its
    largest value (Selvaraju et al., 2017, arXiv:1610.02391). All zeros where nothing speaks for the label. On
    networks that end in mean pooling and one linear layer it equals the class activation map (Zhou et al., 2016).

    Raises:
        MissingExtraError: Captum is not installed.
    """
    captum = require("captum.attr", "explain")
    method = captum.LayerGradCam(module, module.get_submodule(layer))
    with torch.enable_grad():
        found = method.attribute(x_NCHW.clone().requires_grad_(), target=target, relu_attributions=True)
    cam_HW: NDArray[np.float32] = found[0].sum(0).detach().float().numpy()
    most = cam_HW.max()
    return cam_HW / most if most > 0 else np.zeros_like(cam_HW)
