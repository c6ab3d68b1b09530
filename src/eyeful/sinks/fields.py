"""The fields of a row: one list for CSV's header, Parquet's schema and the reference."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "number", "boolean", "texts", "scores", "group", "map", "vector"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: the same in every format.
        kind: of its value.
        meaning: one or two sentences.
        when: what has a row have it; empty where every row does.
    """

    name: str
    kind: Kind
    meaning: str
    when: str = ""


_ERROR = "Null for an error."
_IDENTITY = Field("filename", "text", "The input's identity: what was named, or where it was found.")
_STATUS = Field("status", "text", "`ok` or `error`.")
_ERROR_KIND = Field(
    "error_kind", "text", "What went wrong, as a [kind](errors.md#errors-of-a-row); null otherwise."
)
_ERROR_TEXT = Field("error", "text", "What went wrong, as one line for a person; null otherwise.")
_BYTES = Field("filename_b64", "text", "The name's bytes in base64, where it is not valid UTF-8.")

SCORE_FIELDS = (
    Field("index", "integer", "The label's position in the network's output, from 0."),
    Field("wnid", "text", "Its WordNet id; null where it has none."),
    Field("label", "text", "Its name. Names need not be unique; positions are."),
    Field(
        "prob", "number", "Its probability, 0 to 1: a share of the model's labels, not the chance of being right."
    ),
    Field("logit", "number", "Its raw score, before the activation."),
)
"""What every ranked label says."""

GROUP_FIELDS = (
    Field("name", "text", "As people say it, `dog`; or a single label."),
    Field("wnid", "text", "Its WordNet id; null for a label without one."),
    Field("prob", "number", "The sum of its labels' probabilities."),
    Field("labels", "integer", "How many of the model's labels it holds."),
)

ROW_FIELDS = (
    _IDENTITY,
    _STATUS,
    *(
        Field(one.name, one.kind, f"Of the best label, as in [a score](#a-score). {_ERROR}")
        for one in SCORE_FIELDS
    ),
    Field("abstained", "boolean", "The best label is a guess: below `--min-prob`, or below what was promised."),
    Field("top", "scores", "The best labels, `--topk` of them, best first; empty for an error."),
    Field(
        "warnings",
        "texts",
        "What was done to the image, or should be known of it, as [codes](errors.md#warnings-of-a-row).",
    ),
    _ERROR_KIND,
    _ERROR_TEXT,
    _BYTES,
)
"""What every row has, in the order of columns; JSON leaves `filename_b64` out where there is none."""

EXTRA_FIELDS = (
    Field(
        "group",
        "group",
        "The smallest group of labels that holds the share that was asked for; null where none does that says "
        "anything. Errors have none.",
        "With `--sure`.",
    ),
    Field(
        "prediction_set",
        "scores",
        "The labels among which the right one is promised to be. Errors have none.",
        "With a calibration that promises coverage.",
    ),
    Field(
        "columns",
        "map",
        "The list's other columns, by name. Parquet has texts, in which a value that is no text is JSON.",
        "The input was named by a list with more columns.",
    ),
)
"""What only some rows have, in the order of a row."""

VECTOR_FIELDS = (
    _IDENTITY,
    _BYTES,
    _STATUS,
    _ERROR_KIND,
    _ERROR_TEXT,
    Field("vector", "vector", "The image's vector, float32, at unit length. Null for an error."),
)
"""What a row of `eyeful embed` has, in the order of columns."""
