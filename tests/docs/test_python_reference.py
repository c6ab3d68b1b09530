"""The page about Python: everything public is on it, and every field of what is on it is described."""

import re
from dataclasses import fields, is_dataclass
from importlib import import_module

import eyeful
from documents import ROOT

DOCUMENTED = re.findall(
    r"^\.\. auto\w+:: (\S+)$", (ROOT / "docs" / "reference" / "python.md").read_text(), re.MULTILINE
)


def found(name):
    module, _, own = name.rpartition(".")
    return getattr(import_module(module), own)


def test_every_public_name_is_there_once():
    assert len(set(DOCUMENTED)) == len(DOCUMENTED)
    assert {name.removeprefix("eyeful.") for name in DOCUMENTED if name.count(".") == 1} == set(eyeful.__all__)


def test_every_field_is_described():
    classes = [one for one in map(found, DOCUMENTED) if is_dataclass(one)]
    assert len(classes) > 20
    described = {
        one: set(re.findall(r"^ +(\w+): ", (one.__doc__ or "").partition("Attributes:")[2], re.MULTILINE))
        for one in classes
    }
    missing = [
        f"{one.__name__}.{field.name}"
        for one in classes
        for field in fields(one)
        if not any(field.name in described.get(base, ()) for base in one.__mro__)
    ]
    assert missing == []
