"""The workflows and forms of `.github/`: by linters and schemas; what they name, by what there is."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / ".github" / "workflows"
PATH = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
"""Where the linters are, and shellcheck, which one of them starts."""


def lint(program, *arguments, place=ROOT):
    command = [shutil.which(program, path=PATH) or program, *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, env={**os.environ, "PATH": PATH})


def jobs():
    """Every job of every workflow."""
    for path in sorted(WORKFLOWS.glob("*.yml")):
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            yield f"{path.stem}/{name}", job


def scripts():
    return "\n".join(step.get("run", "") for _, job in jobs() for step in job["steps"])


def test_they_pass_their_linter():
    done = lint("jactionlint", *sorted(WORKFLOWS.glob("*.yml")), ROOT / ".github" / "dependabot.yml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


BAD = """
on: pull_request
permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - run: echo ${{ github.event.pull_request.title }}
      - run: rm $HOME/$(ls)
"""


def test_the_linter_sees_an_injection_and_runs_shellcheck(tmp_path):
    (tmp_path / "bad.yml").write_text(BAD)
    done = lint("jactionlint", "bad.yml", place=tmp_path)
    assert done.returncode == 1
    assert "github.event.pull_request.title" in done.stdout
    assert "SC2086" in done.stdout


def test_they_pass_an_audit_of_their_security():
    done = lint("zizmor", "--offline", "--no-progress", "--config", ".github/zizmor.yml", ".")
    assert done.returncode == 0, done.stdout


def test_the_audit_wants_actions_pinned_by_commit(tmp_path):
    bad = BAD.replace("- run: rm $HOME/$(ls)", "- uses: actions/checkout@v6")
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "bad.yml").write_text(bad)
    done = lint("zizmor", "--offline", "--no-progress", "--config", ROOT / ".github" / "zizmor.yml", tmp_path)
    assert done.returncode != 0
    assert "unpinned-uses" in done.stdout


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ("github-issue-config", [".github/ISSUE_TEMPLATE/config.yml"]),
        ("github-issue-forms", [".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/feature.yml"]),
        ("citation-file-format", ["CITATION.cff"]),
    ],
)
def test_forms_and_citation_keep_their_schemas(schema, names):
    done = lint("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *names)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_job_has_rights_of_its_own_and_an_end():
    for name, job in jobs():
        assert "permissions" in job, name
        assert job["timeout-minutes"] <= 350, name


def test_what_make_is_asked_for_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    nightly = dict(jobs())["nightly/nightly"]["strategy"]["matrix"]["target"]
    asked = {*re.findall(r"^make (\S+)$", scripts(), re.MULTILINE), *nightly} - {'"$TARGET"'}
    assert len(asked) >= 5
    assert asked <= targets


def test_the_pythons_are_those_of_the_package():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [one.rpartition(" ")[2] for one in package["classifiers"] if re.search(r"Python :: 3\.\d+$", one)]
    assert dict(jobs())["test/test"]["strategy"]["matrix"]["python"] == named


def test_the_container_is_built_with_arguments_that_it_takes():
    taken = re.findall(r"^ARG (\w+)", (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    passed = re.findall(r"--build-arg \"(\w+)=", scripts())
    assert passed
    assert set(passed) <= set(taken)


def test_a_releases_notes_are_its_section(tmp_path):
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "release_notes.py", tmp_path / "tools")
    sections = [
        "# Changes",
        "## [Unreleased]",
        "## [1.2.0] - 2026-11-27",
        "### Added\n- One",
        "## [1.1.0] - 2026-11-01",
    ]
    (tmp_path / "CHANGELOG.md").write_text("\n\n".join([*sections, "- Two\n"]))

    def notes(version):
        command = [sys.executable, tmp_path / "tools" / "release_notes.py", version]
        return subprocess.run(command, capture_output=True, text=True)

    assert notes("1.2.0").stdout == "### Added\n- One\n"
    for version in ("1.2", "Unreleased"):
        done = notes(version)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"says nothing of {version}" in done.stderr
