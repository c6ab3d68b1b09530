"""Flags as dataclasses: named as what they set, and flattened for Typer."""

from dataclasses import dataclass, fields
from inspect import signature
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

import eyeful
from eyeful.cli import answers, options
from eyeful.cli.groups import changed, keywords, takes_options
from eyeful.models import DEFAULT_MODEL

GROUPS = (
    options.ModelOptions,
    options.EngineOptions,
    options.BatchOptions,
    options.ArithmeticOptions,
    options.PreprocessingOptions,
    options.LimitOptions,
    answers.AnswerOptions,
)


@pytest.mark.parametrize("group", GROUPS)
def test_a_flag_is_an_argument_of_load_with_the_same_default(group):
    arguments = signature(eyeful.load).parameters
    for field in fields(group):
        assert field.name in arguments
        default = arguments[field.name].default
        assert field.default == (DEFAULT_MODEL if field.name == "model" else default)


def test_no_flag_is_in_two_groups():
    names = [field.name for group in GROUPS for field in fields(group)]
    assert len(names) == len(set(names))


@dataclass(frozen=True, kw_only=True)
class _Colours:
    hue: Annotated[int, typer.Option("--hue", "-u", help="Of the circle.")] = 7
    fill: Annotated[bool, typer.Option(help="Not only the line.")] = False


def test_a_command_gets_its_groups_and_its_own_flags():
    seen = []

    @takes_options
    def paint(*, name: Annotated[str, typer.Argument()], hue: _Colours, size: int = 3) -> None:
        """Paint."""
        seen.append((name, hue, size))

    app = typer.Typer()
    app.command()(paint)
    assert CliRunner().invoke(app, ["wall", "-u", "9", "--fill"]).exit_code == 0
    assert CliRunner().invoke(app, ["entry", "--size", "4"]).exit_code == 0
    assert seen == [("wall", _Colours(hue=9, fill=True), 3), ("entry", _Colours(), 4)]
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "Of the circle" in shown
    assert "Paint." in shown


def test_what_was_changed_is_known():
    asked = options.EngineOptions(engine="torch")
    assert changed(options.ModelOptions(), asked) == ["engine"]
    assert keywords(asked) == {"device": "auto", "engine": "torch", "precision": "auto", "autotune": True}


def test_images_must_be_named(tmp_path):
    assert options.ImagesOptions(images=[str(tmp_path)]).required_images() == [str(tmp_path)]
    with pytest.raises(eyeful.UsageError, match="none: no such file or folder"):
        options.ImagesOptions(images=["none"]).required_images()
    with pytest.raises(eyeful.UsageError, match="--images PHOTOS"):
        options.ImagesOptions().required_images()
