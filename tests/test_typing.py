"""What users write type-checks, as the documents show it: mypy is run on it, with the package as it is installed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import eyeful

SHOWN = [
    (Path(__file__).parents[1] / page).read_text(encoding="utf-8") for page in ("README.md", "docs/python.md")
]
SNIPPET = """
from pathlib import Path

import eyeful

with eyeful.load("resnet18") as clf:
    label: str | None = clf.predict("cat.jpg").label
    rows: list[eyeful.Prediction] = clf.predict(["a.jpg", Path("b.jpg")])
    listed: list[eyeful.Prediction] = clf.predict("list.csv", column="where")
    frames: list[eyeful.Prediction] = clf.predict(Path("clip.mp4"), every=0.5)
    one: eyeful.Prediction = clf("cat.jpg")
    for row in clf.stream(Path("photos")):
        print(row.label, row.to_dict())
    names_of_classes: tuple[str, ...] = clf.labels
try:
    names: list[str] = [entry.name for entry in eyeful.list_models("resnet*")]
except eyeful.ImageError as error:
    print(error.kind)
spec = eyeful.PredictorSpec(model="resnet18", topk=3)
"""


@pytest.fixture(scope="module")
def complaints(tmp_path_factory) -> list[str]:
    """What mypy says about the documents' lines, ours and a mistake: one run, since most of it is reading the package."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("typing")
    (folder / "snippet.py").write_text(SNIPPET)
    (folder / "shown.py").write_text("\n".join(re.findall(r"```python\n(.*?)```", "".join(SHOWN), re.DOTALL)))
    (folder / "mistake.py").write_text('import eyeful\n\neyeful.load().predict("cat.jpg").lable\n')
    flags = ["--no-error-summary"]
    files = ["snippet.py", "shown.py", "mistake.py"]
    environment = os.environ | {"MYPYPATH": str(Path(eyeful.__file__).parents[1])}
    root = Path(__file__).parents[1]
    ours = [
        "--config-file",
        str(root / "pyproject.toml"),
        "--cache-dir",
        str(root / ".mypy_cache"),
    ]  # `make check`'s
    run = [sys.executable, "-m", "mypy", *ours, *flags, *files]
    done = subprocess.run(run, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_what_users_write_type_checks(complaints):
    assert [line for line in complaints if not line.startswith("mistake.py")] == []


def test_a_mistake_is_found(complaints):
    assert any('"Prediction" has no attribute "lable"' in line for line in complaints)


def test_every_public_name_is_there_and_listed():
    for name in eyeful.__all__:
        assert getattr(eyeful, name) is getattr(eyeful, name)
    assert set(eyeful.__all__) <= set(dir(eyeful))
    assert eyeful.__all__ == sorted(eyeful.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        eyeful.nothing  # noqa: B018


def test_every_error_is_public():
    from eyeful import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) >= 15
    assert {kind.__name__ for kind in kinds} <= set(eyeful.__all__)
