"""Ray is imported where a cluster is asked for, and by no other command."""

import subprocess
import sys

import pytest

from eyeful import plugins

TELL = """
import atexit, sys
atexit.register(lambda: print("imported:", *(name for name in sys.modules if name.partition(".")[0] == "ray")))
from eyeful.cli.program import run
run()
"""


def imported_by(*arguments: object) -> str:
    """The line that says which modules of Ray a command imported, in the process that does its work."""
    done = subprocess.run([sys.executable, "-c", TELL, *map(str, arguments)], capture_output=True, text=True)
    return next(line for line in reversed(done.stdout.splitlines()) if line.startswith("imported:"))


@pytest.mark.parametrize("output", [pytest.param("rows.jsonl", marks=pytest.mark.slow), "rows/"])
def test_predict_does_not_import_ray(output, images, bundle, tmp_path):
    assert imported_by("predict", images, "-m", bundle, "-o", f"{tmp_path}/{output}") == "imported:"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["doctor", "cache", "models"])
def test_other_commands_do_not_import_ray(command):
    assert imported_by(command) == "imported:"


@pytest.mark.slow
def test_no_help_imports_ray():
    names = plugins.names("commands")
    loop = f"""
for name in {names}:
    sys.argv[1:] = name, "--help"
    try:
        run()
    except SystemExit:
        pass
"""
    code = TELL.replace("\nrun()\n", loop)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("Usage: ") == len(names)
    assert done.stdout.splitlines()[-1] == "imported:"
