"""Rows, vectors, and the record of a run."""

from collections.abc import Iterable
from dataclasses import fields

from eyeful.runs.record import RECORD
from eyeful.runs.summary import RunSummary
from eyeful.sinks.fields import (
    EXTRA_FIELDS,
    GROUP_FIELDS,
    ROW_FIELDS,
    SCORE_FIELDS,
    VECTOR_FIELDS,
    Field,
    Kind,
)
from reference_pages.markdown import attributes, code, document, sentence, table

_TYPES: dict[Kind, tuple[str, str]] = {
    "text": ("string", "string"),
    "integer": ("integer", "int32"),
    "number": ("number", "double"),
    "boolean": ("boolean", "bool"),
    "texts": ("array of strings", "list of string"),
    "scores": ("array of [scores](#a-score)", "list of struct"),
    "group": ("[group](#a-group)", "struct"),
    "map": ("object", "map of string to string"),
    "vector": ("array of numbers", "fixed-size list of float"),
}
"""What each kind is in JSON, and in Parquet as PyArrow names it."""
_INTRO = """
One row for each input, in input order, under the same names in every format; [an example](../runs.md#a-row).
"""
_FORMATS = (
    (
        "JSON lines",
        "`-o FILE.jsonl`; a pipe; HTTP",
        "As the column *JSON* says; numbers to seven digits.",
    ),
    (
        "CSV",
        "`-o FILE.csv`",
        "Arrays and objects are JSON in one cell, null is empty. A text that would be a formula begins with `'`.",
    ),
    (
        "Parquet",
        "`-o FILE.parquet`, `FOLDER/`, `s3://bucket/prefix/` (extra `parquet`)",
        "As the column *Parquet* says. The metadata `eyeful` is [the record](#the-record-of-a-run).",
    ),
)
_VECTORS = """
What `eyeful embed -o FILE.parquet` writes. With `-o FILE.npy` the vectors are the array, (N, D), with NaN for
an error, and `FILE.npy.names.jsonl` beside it has the other fields, a line for each row.
"""
_RECORD = """
Beside `-o OUTPUT` lies `OUTPUT.run.json`, and in a folder of parts `_run.json`: one JSON object that says how
the rows were made, and how far the run came.
"""


def page() -> str:
    """The page."""
    return document(
        "# Rows",
        _INTRO,
        table(("Format", "Where", "How values stand in it"), _FORMATS),
        "## Fields of every row",
        "CSV and Parquet have `filename_b64` always; JSON only where it says something.",
        _table(ROW_FIELDS),
        "## Fields that only some rows have",
        _table(EXTRA_FIELDS),
        "CSV and Parquet have these columns once one row has them.",
        "## A score",
        "What every label in `top` and `prediction_set` says.",
        _table(SCORE_FIELDS),
        "## A group",
        _table(GROUP_FIELDS),
        "## Rows of vectors",
        _VECTORS,
        _table(VECTOR_FIELDS),
        "## The record of a run",
        _RECORD,
        table(("Key", "What it says"), [(code(name), sentence(text)) for name, text in RECORD.items()]),
        "### What it counted",
        table(("Key of `summary`", "What it counts"), _counts()),
    )


def _table(some: Iterable[Field]) -> str:
    header = ("Field", "JSON", "Parquet", "Meaning", "There when")
    return table(header, [(code(one.name), *_TYPES[one.kind], one.meaning, one.when) for one in some])


def _counts() -> list[tuple[str, str]]:
    said = attributes(RunSummary)
    return [(code(one.name), sentence(said[one.name])) for one in fields(RunSummary) if one.name != "timer"]
