"""Files of other libraries get one advice, named as a model or as a checkpoint."""

from pathlib import Path

import pytest

from eyeful.models.checkpoint_formats import format_by_ending
from eyeful.models.file_names import FOREIGN, is_file_name, what_to_type


@pytest.mark.parametrize("ending", FOREIGN)
def test_a_file_of_another_library(ending):
    name = f"net{ending.upper()}"
    what, way_out = FOREIGN[ending]
    assert is_file_name(name)
    assert what_to_type(name) == f"{what} is not read; {way_out}"
    assert format_by_ending(Path(name)) == f"{what}: {way_out}"


@pytest.mark.parametrize("name", ["net.onnx", "net.xml"])
def test_a_network_that_is_read_as_a_model_is_no_checkpoint(name):
    assert what_to_type(name) is None
    assert f"--model FILE{Path(name).suffix} runs it" in format_by_ending(Path(name))
