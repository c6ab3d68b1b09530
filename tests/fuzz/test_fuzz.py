"""A short run of the fuzzer with a fixed seed; `make fuzz` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris")


@pytest.mark.slow
def test_mutations_are_images_or_named_errors(tmp_path):
    """Whatever the peak of memory of the process that starts it; it was inherited, and failed in a grown suite."""
    script = Path(__file__).with_name("fuzz_images.py")
    flags = ["-runs=3000", "-seed=1", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run([sys.executable, script, tmp_path / "corpus", *flags], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 3000 runs" in done.stderr
