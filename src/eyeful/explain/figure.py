"""One figure of the way from an image to its answer, in six steps, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.extras import require
from eyeful.wording import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eyeful.explain.arrays import Arrays, FeatureMaps

_DPI = 110
_BLUE, _GREY, _INK, _RED, _SOFT = "#2a6f97", "#9aa5ac", "#2b2f33", "#d1495b", "#555c61"
_AFTER = {
    "softmax": "after softmax: the same order, shares of 100%",
    "sigmoid": "after sigmoid: each label by itself",
    "none": "as the network's last layer made them",
}
_AMONG = {
    "softmax": "of the probability among",
    "sigmoid": "for this label by itself, the best of",
    "none": "by its own last layer, the best of",
}
_TILES = 9
"""Maps shown of each stage: those that vary most over the image."""


def draw(explanation: Arrays) -> Any:
    """The whole figure: a matplotlib Figure, 13 by 11 inches."""
    require("matplotlib", "figures")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 11.4), dpi=_DPI, facecolor="white")
    rows = figure.add_gridspec(
        3, 1, height_ratios=(3.5, 2.6, 3.3), left=0.03, right=0.985, top=0.865, bottom=0.065, hspace=0.42
    )
    _title(figure, explanation)
    first = rows[0].subgridspec(1, 3, width_ratios=(1.25, 1, 1.25), wspace=0.12)
    _file(figure.add_subplot(first[0]), explanation)
    _input(figure.add_subplot(first[1]), explanation)
    _looked(figure.add_subplot(first[2]), explanation)
    count = len(explanation.stages)
    second = rows[1].subgridspec(1, count, wspace=0.16)
    for place, stage in enumerate(explanation.stages):
        _maps(figure.add_subplot(second[place]), stage, place, count)
    third = rows[2].subgridspec(1, 3, width_ratios=(0.8, 1, 1), wspace=0.72)
    _vector(figure.add_subplot(third[0]), explanation)
    _bars(figure.add_subplot(third[1]), explanation, logits=True)
    _bars(figure.add_subplot(third[2]), explanation, logits=False)
    return figure


def tiles(maps_CHW: NDArray[np.float32], count: int = _TILES) -> NDArray[np.float32]:
    """The liveliest maps of a stage side by side in a square, each scaled to 0..1, with gaps of NaN: (H, W)."""
    liveliest = np.argsort(-maps_CHW.std((1, 2)), kind="stable")[:count]
    side = max(1, int(np.ceil(np.sqrt(len(liveliest)))))
    _, height, width = maps_CHW.shape
    gap = max(1, round(0.05 * width))
    sheet = np.full((side * (height + gap) - gap, side * (width + gap) - gap), np.nan, np.float32)
    for place, channel in enumerate(liveliest):
        top, left = (place // side) * (height + gap), (place % side) * (width + gap)
        one_HW = maps_CHW[channel]
        low, high = one_HW.min(), one_HW.max()
        sheet[top : top + height, left : left + width] = (one_HW - low) / (high - low if high > low else 1)
    return sheet


def _title(figure: Any, explanation: Arrays) -> None:
    best, target = explanation.top[0], explanation.target
    figure.text(
        0.03,
        0.968,
        f"How {_text(explanation.model, 60)} sees {_text(_stem(explanation.filename), 50)}",
        fontsize=17,
        color=_INK,
        weight="bold",
    )
    asked = (
        ""
        if target.index == best.index
        else f"\nYou asked about {_text(target.label)}: {percent(target.prob)}, logit {target.logit:.1f}."
    )
    figure.text(
        0.03,
        0.952,
        f"Its answer: {_text(best.label)}, {percent(best.prob)} {_AMONG[explanation.activation]} "
        f"{len(explanation.logits_K)} labels. It can give no other answer than one of these labels.{asked}",
        fontsize=11,
        color=_INK,
        va="top",
    )


def _head(axes: Any, number: int | None, title: str, caption: str) -> None:
    """A heading over a panel's place, which an image of another shape may not fill."""
    place = axes.get_subplotspec().get_position(axes.figure)
    axes.set_anchor("NW")
    shown = f"{number}  {title}" if number else title
    axes.figure.text(place.x0, place.y1 + 0.026, shown, fontsize=12, weight="bold", color=_BLUE, va="bottom")
    _caption(axes, place.x0, caption, "left")


def _caption(axes: Any, x: float, caption: str, side: str) -> None:
    top = axes.get_subplotspec().get_position(axes.figure).y1
    axes.figure.text(x, top + 0.008, caption, fontsize=8.5, color=_SOFT, va="bottom", ha=side)


def _file(axes: Any, explanation: Arrays) -> None:
    from matplotlib.patches import Rectangle

    height, width = explanation.image_HWC.shape[:2]
    full_h, full_w = explanation.full_size
    left, top, right, bottom = explanation.box
    axes.imshow(explanation.image_HWC)
    frame = Rectangle((left * width, top * height), (right - left) * width, (bottom - top) * height)
    frame.set(fill=False, edgecolor=_RED, linewidth=2, clip_on=False)
    axes.add_patch(frame)
    turned = ", turned by its EXIF tag" if "exif_rotated" in explanation.warnings else ""
    _head(axes, 1, "The file", f"{full_w} x {full_h} pixels{turned}; the frame is what is used")
    axes.set_axis_off()


def _input(axes: Any, explanation: Arrays) -> None:
    height, width = explanation.pixels_HWC.shape[:2]
    axes.imshow(explanation.pixels_HWC, interpolation="nearest")
    left, top, right, bottom = explanation.box
    cropped = left > 0 or top > 0 or right < 1 or bottom < 1
    fitted = "resized and cropped" if cropped else "resized"
    _head(axes, 2, "What the network sees", f"{fitted} to {width} x {height} pixels, 3 colours")
    axes.set_axis_off()


def _looked(axes: Any, explanation: Arrays) -> None:
    cam_HW = explanation.cam_on_image()
    seen = np.isfinite(cam_HW)
    strength = np.where(seen, cam_HW, 0)[..., None]
    image = explanation.image_HWC / 255
    grey = image.mean(axis=2, keepdims=True) * 0.55 + 0.1
    axes.imshow(np.clip(grey + (image - grey) * strength, 0, 1))
    axes.imshow(
        np.ma.masked_invalid(cam_HW), cmap="inferno", alpha=np.where(seen, 0.45 * cam_HW, 0), vmin=0, vmax=1
    )
    rows, columns = explanation.cam_HW.shape
    caption = f"Grad-CAM: bright places of the last maps ({columns} x {rows}) speak for it"
    if not explanation.cam_HW.any():
        caption = "Grad-CAM: nothing in the last maps speaks for it"
    _head(axes, None, f"Where “{_text(explanation.target.label, 21)}” comes from", caption)
    axes.set_axis_off()


def _maps(axes: Any, stage: FeatureMaps, place: int, count: int) -> None:
    channels, height, width = stage.maps_CHW.shape
    axes.imshow(tiles(stage.maps_CHW), cmap="viridis", interpolation="nearest")
    axes.set_axis_off()
    if place == 0:
        _head(axes, 3, "Feature maps", "each filter answers at every place: early ones to edges and colours ...")
    elif place == count - 1:
        right = axes.get_subplotspec().get_position(axes.figure).x1
        _caption(axes, right, "... late ones to parts of things", "right")
    axes.text(
        0.5,
        -0.04,
        f"{channels} maps of {width} x {height}",
        transform=axes.transAxes,
        fontsize=9,
        ha="center",
        va="top",
        color=_INK,
    )
    axes.text(
        0.5,
        -0.115,
        _text(stage.layer, 30),
        transform=axes.transAxes,
        fontsize=8,
        ha="center",
        va="top",
        color=_GREY,
    )


def _vector(axes: Any, explanation: Arrays) -> None:
    pooled_D = explanation.pooled_D
    axes.vlines(np.arange(len(pooled_D)), 0, pooled_D, color=_BLUE, linewidth=0.5)
    _head(axes, 4, "The vector", f"{len(pooled_D)} numbers: what is there, no longer where")
    axes.set_xlim(-0.01 * len(pooled_D), 1.01 * len(pooled_D))
    axes.set_xlabel("position", fontsize=8)
    _plain(axes)


def _bars(axes: Any, explanation: Arrays, *, logits: bool) -> None:
    target, top = explanation.target, explanation.top
    if all(score.index != target.index for score in top):
        top = (*top[:-1], target)
    values = [score.logit if logits else score.prob for score in top]
    colours = [_RED if score.index == target.index else _GREY for score in top]
    if target.index == top[0].index:
        colours[0] = _BLUE
    bars = axes.barh(np.arange(len(top)), values, color=colours, height=0.72)
    axes.bar_label(
        bars,
        labels=[f"{value:.1f}" if logits else percent(value) for value in values],
        padding=3,
        fontsize=8,
        color=_INK,
    )
    axes.set_yticks(np.arange(len(top)), [_text(score.label, 26) for score in top], fontsize=8.5)
    axes.invert_yaxis()
    low, high = min(0.0, *values), max(*values, 0.0)
    beside = 0.2 * (high - low) or 1  # a place for the numbers beside the bars
    axes.set_xlim(low - beside if low < 0 else 0, high + beside if logits else 1.15)
    if logits:
        classes = len(explanation.logits_K)
        largest = f"; the largest of {classes}" if classes > len(top) else ""
        asked = ", and the one you asked about" if target.index != top[0].index else ""
        _head(axes, 5, "Logits", f"raw scores{largest}{asked}")
    else:
        temperature = explanation.temperature
        calibrated = f"; logits over {temperature:.3g}, by your calibration" if temperature != 1 else ""
        _head(axes, 6, "Probabilities", _AFTER[explanation.activation] + calibrated)
        axes.set_xticks([0, 0.5, 1], ["0", "50%", "100%"])
    _plain(axes)


def _plain(axes: Any) -> None:
    axes.tick_params(length=0, labelsize=8.5, colors=_INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_GREY)


def _stem(filename: str) -> str:
    return filename.replace("\\", "/").rstrip("/").rpartition("/")[2] or filename


def _text(text: str, most: int = 28) -> str:
    """A name as matplotlib shall show it: printable, not endless, no mathematics."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    shown = shown if len(shown) <= most else shown[: most - 1] + "…"
    return shown.replace("$", r"\$")
