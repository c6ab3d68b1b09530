"""The lists of large catalogues are cached, and a cache that is damaged is made anew."""

import json
import sys
from importlib.metadata import version

import pytest

from eyeful.models import catalogue
from eyeful.models.catalogue import ListedModel, listed
from eyeful.models.weights import hub_file

FOUND = [ListedModel("a", 7, 0.5, 70.1, "https://h/a.pth"), ListedModel("b", None, None, None, "")]


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A library that is installed, and not imported."""
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    return tmp_path / "catalogues" / f"timm-{version('timm')}-1.json"


def never() -> list[ListedModel]:
    raise AssertionError("the library was asked")


def test_the_second_call_asks_no_library(cached):
    assert listed("timm", lambda: FOUND) == FOUND
    assert cached.exists()
    assert listed("timm", never) == FOUND


def test_another_version_is_asked(cached, monkeypatch):
    listed("timm", lambda: FOUND)
    monkeypatch.setattr(catalogue, "version", lambda _: "99.0")
    assert listed("timm", lambda: FOUND[:1]) == FOUND[:1]


@pytest.mark.parametrize(
    "damaged",
    [
        *("", "[", "{}", "[]", "[1]", "null", json.dumps([["a", 7]]), json.dumps([["a", "7", None, None, ""]])),
        pytest.param("[" * 100_000, id="deeply nested"),
        *(f'[["a", {number}, 0.5, 70.1, ""]]' for number in ("NaN", "Infinity", "-1", "true", f"1{'0' * 400}")),
    ],
)
def test_a_damaged_file_is_made_anew(cached, damaged):
    listed("timm", lambda: FOUND)
    cached.write_text(damaged)
    assert listed("timm", lambda: FOUND) == FOUND
    assert listed("timm", never) == FOUND


def test_a_library_that_is_imported_is_asked_itself(cached, monkeypatch):
    """A program may have registered models of its own with it."""
    listed("timm", lambda: FOUND)
    monkeypatch.setitem(sys.modules, "timm", None)
    assert listed("timm", lambda: FOUND[:1]) == FOUND[:1]


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path, monkeypatch, cached):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "file"))
    assert listed("timm", lambda: FOUND) == FOUND


@pytest.mark.parametrize("variables", [{"TORCH_HOME": "/t"}, {"XDG_CACHE_HOME": "/x"}, {"XDG_CACHE_HOME": ""}, {}])
def test_torchs_folder_is_told_without_torch(variables, monkeypatch):
    import torch

    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    by_torch = hub_file("https://h/resnet18-f37072fd.pth")
    monkeypatch.delitem(sys.modules, "torch")
    assert hub_file("https://h/resnet18-f37072fd.pth") == by_torch
    monkeypatch.setitem(sys.modules, "torch", torch)
