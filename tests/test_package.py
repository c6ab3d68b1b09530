"""The wheel and the sdist, as a release has them; what they install is seen in `test_install.py`."""

import email
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import warnings
import zipfile
from contextlib import chdir
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from packaging.version import Version

import eyeful
from documents import ROOT

SCRIPTS = Path(sysconfig.get_path("scripts"))
PACKAGE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def build(place, target, folder):
    """As pip has it built, but with the libraries that are here."""
    with chdir(place):
        make = build_wheel if target == "wheel" else build_sdist
        return folder / make(str(folder))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def contents(wheel):
    with zipfile.ZipFile(wheel) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def metadata(contents):
    (text,) = [text for name, text in contents.items() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(text)


def test_the_wheel_is_small_and_whole(wheel, contents):
    assert wheel.stat().st_size < 1_000_000
    tracked = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*") if path.is_file()}
    expected = {name for name in tracked if "__pycache__" not in name} - {"eyeful/results/wordnet-license.txt"}
    assert {name for name in contents if name.startswith("eyeful/")} == expected
    assert "eyeful/py.typed" in contents
    licenses = [name for name in contents if ".dist-info/licenses/" in name]
    assert sorted(Path(name).name for name in licenses) == ["LICENSE", "wordnet-license.txt"]


def test_checkers_have_nothing_to_say(wheel, sdist):
    for command in (["check-wheel-contents", wheel], ["twine", "check", "--strict", wheel, sdist]):
        done = subprocess.run([SCRIPTS / command[0], *command[1:]], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout
        assert "warning" not in done.stdout.lower()


def test_what_it_says_of_itself(contents):
    said = metadata(contents)
    assert said["License-Expression"] == "Apache-2.0"
    assert {line.partition(",")[0] for line in said.get_all("Project-URL")} >= {
        "Documentation",
        "Source",
        "Issues",
    }
    assert set(said.get_all("Provides-Extra")) == set(PACKAGE["optional-dependencies"])
    assert Version(said["Version"])
    shown = said.get_payload()
    assert "](https://raw.githubusercontent.com/eyeful/eyeful/main/docs/images/" in shown
    assert not re.findall(r"\]\((?!https?:|#)[^)]*\)", shown), "what leads nowhere on PyPI"


def test_the_sdist_has_what_its_tests_need_and_no_photographs(sdist):
    with tarfile.open(sdist) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    for needed in ("src", "tests", "docs", "bench", "tools", "lessons", ".github"):
        expected = {
            str(path.relative_to(ROOT))
            for path in (ROOT / needed).rglob("*")
            if path.suffix in (".py", ".md", ".yml", ".toml", ".ipynb", ".html", ".npz")
        }
        assert expected <= names, needed
    assert {
        "pyproject.toml",
        "constraints.txt",
        "Makefile",
        "SECURITY.md",
        "PKG-INFO",
        "deploy/Dockerfile",
    } <= names
    hidden = {name.partition("/")[0] for name in names if name.startswith(".")}
    assert hidden <= {
        ".ci",
        ".github",
        ".gitignore",
        ".gitattributes",
        ".git_archival.txt",
        ".pre-commit-config.yaml",
        ".dockerignore",
    }
    assert not [name for name in names if "photos" in name]


def test_the_sdist_has_its_version_without_git(sdist, tmp_path):
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("eyeful-*")
    assert build(folder, "wheel", tmp_path).name == f"{folder.name}-py3-none-any.whl"


def git(place, *arguments):
    who = ["-c", "user.name=eyeful", "-c", "user.email=eyeful@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=place, check=True, capture_output=True)


def version_of(place):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a clone is shallow
        return Version(ProjectMetadata(str(place), PluginManager()).version)


@pytest.fixture
def checkout(tmp_path):
    """A repository with what decides the version."""
    place = tmp_path / "checkout"
    place.mkdir()
    for name in ("pyproject.toml", "README.md", ".git_archival.txt", ".gitattributes"):
        (place / name).write_bytes((ROOT / name).read_bytes())
    git(place, "init")
    git(place, "add", ".")
    git(place, "commit", "-m", "first")
    return place


def archive(place, folder):
    packed = folder / "archive.tar"
    git(place, "archive", "-o", packed, "HEAD")
    with tarfile.open(packed) as opened:
        opened.extractall(folder / "archive", filter="data")
    return folder / "archive"


def test_a_tag_is_the_version_and_what_comes_after_it_is_a_later_one(checkout, tmp_path):
    assert Version("0.0") <= version_of(checkout) < Version("0.1.0"), "before the first tag"
    git(checkout, "tag", "v0.1.0")
    assert version_of(checkout) == Version("0.1.0")
    assert version_of(archive(checkout, tmp_path)) == Version("0.1.0")
    git(checkout, "commit", "--allow-empty", "-m", "second")
    assert Version("0.1.0") < version_of(checkout) < Version("0.1.1")
    assert version_of(checkout).is_devrelease


def test_a_version_without_any_tag_or_git(checkout, tmp_path):
    git(tmp_path, "clone", "--depth", "1", "--no-tags", checkout.as_uri(), "shallow")
    shallow = version_of(tmp_path / "shallow")
    assert shallow.is_devrelease
    assert shallow.local.startswith("g"), "it says which commit"
    place = archive(checkout, tmp_path)
    assert version_of(place) == Version("0.0")
    (place / ".git_archival.txt").unlink()
    assert version_of(place) == Version("0.0")


def test_the_version_is_that_of_what_is_installed_and_read_when_asked_for():
    from importlib.metadata import version

    assert eyeful.__version__ == version("eyeful")
    code = "import sys; sys.path[:0] = [sys.argv[1]]; import eyeful; print('importlib.metadata' in sys.modules, eyeful.__version__)"
    command = [sys.executable, "-S", "-c", code, ROOT / "src"]  # without any installed package
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
    assert done.stdout == "False 0.0\n"
