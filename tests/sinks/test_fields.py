"""The list of fields is what rows have."""

import numpy as np
import pytest

from eyeful.features.rows import names_of
from eyeful.sinks.fields import EXTRA_FIELDS, GROUP_FIELDS, ROW_FIELDS, SCORE_FIELDS, VECTOR_FIELDS
from eyeful.types import Group, Prediction, Score

SCORE = Score(0, "n02084071", "dog", 0.75, 2.5)
EVERYTHING = Prediction(
    "\udcff.jpg",
    (SCORE,),
    columns={"id": 7},
    sure=0.5,
    group=Group("dog", None, 0.75, 2),
    prediction_set=(SCORE,),
    warnings=("dark:0.02",),
)


def names(fields):
    return [one.name for one in fields]


def test_a_row_that_has_everything_has_these_fields_and_no_other():
    row = EVERYTHING.to_dict()
    assert sorted(row) == sorted(names((*ROW_FIELDS, *EXTRA_FIELDS)))
    assert list(row["top"][0]) == names(SCORE_FIELDS)
    assert list(row["group"]) == names(GROUP_FIELDS)
    assert {*names_of(EVERYTHING), "vector"} == set(names(VECTOR_FIELDS))


def test_parquet_takes_it_as_it_is():
    arrow = pytest.importorskip("pyarrow")
    from eyeful.sinks.parquet import parquet_row, schema_of

    row = EVERYTHING.to_dict()
    (found,) = arrow.Table.from_pylist([parquet_row(row)], schema_of(row, {})).to_pylist()
    assert found == row | {"columns": [("id", "7")]}
    assert np.dtype(schema_of((), {}).field("index").type.to_pandas_dtype()) == np.int32
