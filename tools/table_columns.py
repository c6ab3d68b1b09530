"""Every table of figures in the documents: its file in `docs/data`, its rows and its columns."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from eyeful.wording import rate

Row = dict[str, Any]
Cell = Callable[[Row], str]


class Table(NamedTuple):
    """What makes a table of a file.

    Attributes:
        data: the file's name in `docs/data`.
        columns: title → what is said of a row.
        rows: of the file's rows, those of the table.
    """

    data: str
    columns: dict[str, Cell]
    rows: Callable[[list[Row]], Iterable[Row]] = lambda rows: rows


_NAMES = {
    "resnet18": "ResNet-18",
    "efficientnet_lite0": "EfficientNet-Lite0",
    "mobilenet_v3_large": "MobileNetV3-Large",
    "convnext_tiny": "ConvNeXt-Tiny",
    "vit_b_16": "ViT-B/16",
    "resnet18 in int8": "ResNet-18 in int8",
}


def _network(row: Row) -> str:
    return _NAMES[row["network"]]


def _text(key: str) -> Cell:
    return lambda row: str(row[key])


def _said(key: str, form: str = "{}") -> Cell:
    """A value in a form; nothing where there is none."""
    return lambda row: "" if row.get(key) is None else form.format(row[key])


def _rate(key: str) -> Cell:
    return lambda row: "" if row.get(key) is None else rate(row[key])


def _pivoted(key: str, value: str) -> Callable[[list[Row]], Iterable[Row]]:
    """Rows that differ in `key` alone as one row, with a value for each."""

    def pivot(rows: list[Row]) -> Iterable[Row]:
        found: dict[str, Row] = {}
        for row in rows:
            same = {name: row[name] for name in row if name not in (key, value)}
            found.setdefault(str(same), same)[f"{key} {row[key]}"] = row[value]
        return found.values()

    return pivot


def _with_shares(rows: list[Row]) -> Iterable[Row]:
    """Each rate as a share of the last row's."""
    return (row | {"share": row["rate"] / rows[-1]["rate"]} for row in rows)


def _decoded(rows: list[Row]) -> Iterable[Row]:
    """A row for each resizer, with milliseconds by kind of images, and how many times as fast as the first's."""
    found: dict[str, Row] = {}
    for resizer, row in ((one, row) for one in _RESIZERS for row in rows if _is_of(row, one)):
        cell = f"{row['images']}, {row['interpolation']}"
        first = next(iter(found.values()), {}).get(cell, row["ms"])
        line = found.setdefault(resizer, {"resizer": resizer})
        line[cell] = row["ms"]
        line[f"{cell} ratio"] = first / row["ms"]
    return found.values()


def _is_of(row: Row, resizer: str) -> bool:
    return (row["decoder"], row["resizer"]) == ("Pillow", resizer)


def _milliseconds(key: str) -> Cell:
    def cell(row: Row) -> str:
        time = f"{row[key]:.2f}" if row[key] < 9 else f"{row[key]:.1f}"
        gains = row["resizer"] not in ("Pillow", "none")
        return f"{time} ({row[f'{key} ratio']:.2f}x)" if gains else time

    return cell


_RESIZERS = {
    "Pillow": "Pillow, in one step",
    "torch": "torch, antialiased, in uint8",
    "cykooz_resizer": "cykooz_resizer",
    "none": "nothing: decoding alone",
}

_END_TO_END: dict[str, Cell] = {
    "loop": _rate("loop"),
    "eyeful": _rate("eyeful"),
    "times the loop": _said("speedup", "**{:.1f}**"),
}
_STAGES: dict[str, Cell] = {
    "decode alone": _rate("decode"),
    "forward alone": _rate("forward"),
    "of the estimate": _said("of_estimate", "{:.2f}"),
}
_WHICH: dict[str, Cell] = {"images/s": _network, "images": _text("images")}
_MACHINE: dict[str, Cell] = {"0.1, 2 cores of": _text("machine")}

TABLES = {
    "networks": Table("networks.json", _WHICH | _END_TO_END | _STAGES),
    "machines": Table("machines.json", _MACHINE | _WHICH | _END_TO_END | _STAGES),
    "gpu-gain": Table(
        "machines.json",
        _MACHINE
        | _WHICH
        | {"decode, d": _rate("decode"), "network, f": _rate("forward")}
        | {"at most": lambda row: f"{1 + row['decode'] / row['forward']:.1f}x"},
        lambda rows: (row for row in rows if row["forward"]),
    ),
    "gpu-networks": Table("gpu-networks.json", _WHICH | _END_TO_END | {"decode alone": _rate("decode")}),
    "gpu-forward": Table(
        "gpu-forward.json",
        {"forward alone, images/s": _network, "precision": lambda row: row["ran"].split()[1]}
        | {f"batches of {size}": _rate(f"batch_size {size}") for size in (1, 8, 64, 256)},
        _pivoted("batch_size", "images_per_second"),
    ),
    "gpu-cores": Table(
        "gpu-cores.json",
        {"decode threads": _text("threads"), "decode alone": _rate("decode"), "end to end": _rate("eyeful")},
    ),
    "int8": Table(
        "int8.json",
        {
            "images/s": lambda row: f"{_network(row)}, {row['stage']}",
            "fp32": _rate("fp32"),
            "bf16, what `auto` runs": _rate("auto"),
            "int8": _rate("int8"),
            "int8 / bf16": _said("ratio", "**{:.1f}**"),
            "fp32's label, of the held out": _said("agreement", "{:.1%}"),
        },
    ),
    "decode": Table(
        "decode.json",
        {"decoded by Pillow, resized by": lambda row: _RESIZERS[row["resizer"]]}
        | {
            f"{images}, {way}": _milliseconds(f"{images}, {way}")
            for images in ("photographs", "camera")
            for way in ("bicubic", "bilinear")
        },
        _decoded,
    ),
    "peers": Table(
        "peers.json",
        {
            "tool": _text("tool"),
            "images/s": _rate("rate"),
            "of eyeful's": _said("share", "{:.2f}"),
            "images/core-s": _rate("core_rate"),
            "what ran": _text("ran"),
        },
        _with_shares,
    ),
    "verify": Table(
        "verify.json",
        {
            "path": _text("path"),
            "same top-1": _said("top1", "{:.1%}"),
            "mean abs Δprob": _said("mean_delta", "{:.3f}"),
            "max": _said("max_delta", "{:.3f}"),
        },
    ),
    "models": Table(
        "models.json",
        {
            "model": lambda row: f"`{row['model']}`{' (default)' if row['model'] == 'efficientnet_lite0' else ''}",
            "top-1 on ImageNet": _said("top1", "{:.1f}%"),
            "parameters": _said("parameters", "{:.1f} M"),
            "GFLOPs": _said("gflops", "{:.1f}"),
            "speed": _said("speed", "{:.2f}"),
        },
    ),
    "serving": Table(
        "serving.json",
        {"server under load": _text("what"), "measured": _text("figure")},
        lambda rows: _served(*rows),
    ),
    "row-sizes": Table(
        "row-sizes.json",
        {
            "format": _text("format"),
            "bytes a row": _said("bytes"),
            "with gzip": _said("gzip"),
            "2,000,000 rows": lambda row: f"{row['bytes'] * 2e6 / 1e9:.2g} GB",
        },
    ),
    "install": Table(
        "install.json",
        {
            "extra": lambda row: row["extra"] if row["extra"] == "core" else f"`{row['extra']}`",
            "MB": _said("megabytes", "{:,}"),
            "packages": _text("packages"),
        },
        lambda rows: sorted(rows, key=lambda row: row["megabytes"]),
    ),
}


def _served(row: Row) -> Iterable[Row]:
    """The figures of one server under load, a line for each."""
    lines = {
        "`eyeful serve`": "{requests_per_second:.0f} requests/s, p50 {p50_ms:.0f}, p99 {p99_ms:.0f} ms",
        "of what `eyeful predict` reaches beside it ({predict:.0f} images/s)": "{of_predict:.2f}",
        "times a plain handler of FastAPI and torch eager ({plain:.0f}/s)": "{times_plain:.1f}",
        "times LitServe around the same torch code ({litserve:.0f}/s)": "{times_litserve:.1f}",
    }
    known = {key: value for key, value in row.items() if value is not None}
    return (
        {"what": what.format(**known), "figure": figure.format(**known)}
        for what, figure in lines.items()
        if "litserve" in known or "litserve" not in what
    )
