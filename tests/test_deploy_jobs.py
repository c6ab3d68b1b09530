"""The jobs in deploy/ as a cluster runs them, on this machine: their shares are the rows of one `eyeful predict`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest
import yaml

DEPLOY = Path(__file__).parent.parent / "deploy"

SBATCH = """#!/bin/bash
# What sbatch does with an array and with a dependent command, one after the other.
echo "sbatch $*" >> "$SUBMITTED"
unset shards; script=()
for argument in "$@"; do
    case $argument in
        --array=1-*) shards=${argument#--array=1-} ;;
        --wrap=*) sh -c "${argument#--wrap=}" >&2; exit ;;
        --dependency=*|--job-name=*|--parsable) ;;
        *) script+=("$argument") ;;
    esac
done
for ((task = 1; task <= shards; task++)); do
    SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=$shards bash "${script[@]}" >&2 || exit
done
echo 4242
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory, images, bundle):
    """A folder with photos (one of them broken), a model, the rows of one process, and programs for the PATH."""
    site = tmp_path_factory.mktemp("a cluster")
    shutil.copytree(images, site / "photos")
    (site / "photos" / "05.broken.jpg").write_bytes(b"\xff\xd8\xff no image")
    (site / "model").symlink_to(bundle)
    programs = site / "bin"
    programs.mkdir()
    (programs / "eyeful").write_text(f'#!/bin/sh\nexec {sys.executable} -m eyeful "$@"\n')
    (programs / "sbatch").write_text(SBATCH)
    for program in programs.iterdir():
        program.chmod(0o755)
    done = call(site, ["eyeful", "predict", "photos/", "-o", "whole.parquet", "--model", "model", "--quiet"])
    assert done.returncode == 1, done.stderr
    return site


def call(site, command, **environment):
    path = f"{site / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=site,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def rows(site, name):
    return [{**row, "columns": None} for row in pyarrow.parquet.read_table(site / name).to_pylist()]


@pytest.mark.slow
def test_a_slurm_array_is_submitted_run_and_joined(site):
    script = DEPLOY / "slurm-array.sh"
    flags = ["--model", "model", "--quiet", "--shard-rows", "2"]
    done = call(
        site, ["bash", script, "photos/", "slurm rows/", *flags], SHARDS="3", SUBMITTED=str(site / "submitted")
    )
    assert done.returncode == 0, done.stderr
    assert "slurm rows/ is complete: 7 parts, 13 rows, 1 errors" in done.stderr
    assert rows(site, "slurm rows") == rows(site, "whole.parquet")
    array, join = (site / "submitted").read_text().splitlines()
    assert "--array=1-3" in array
    assert "--dependency=afterok:4242" in join


@pytest.mark.slow
def test_one_task_is_submitted_again_as_the_share_that_it_was(site):
    script = [DEPLOY / "slurm-array.sh", "photos/", "again/", "--model", "model", "--quiet", "--shard-rows", "2"]
    first = call(site, ["bash", *script], SLURM_ARRAY_TASK_ID="1", SLURM_ARRAY_TASK_COUNT="2")
    assert first.returncode == 0, first.stderr
    alone = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "1"}
    refused = call(site, ["bash", *script], **alone)  # SLURM counts one task
    assert refused.returncode != 0
    assert "--shard 2/1 is none" in refused.stderr
    assert call(site, ["bash", *script], **alone, SHARDS="2").returncode == 0
    assert rows(site, "again") == rows(site, "whole.parquet")


def test_what_is_missing_is_said(site):
    done = call(site, ["bash", DEPLOY / "slurm-array.sh", "photos/", "rows/"])
    assert "SHARDS: how many tasks to make" in done.stderr
    assert done.returncode != 0


@pytest.mark.slow
def test_the_indexed_job_of_kubernetes(site):
    spec = yaml.safe_load((DEPLOY / "kubernetes-job.yaml").read_text())["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    script = container["args"][0]
    for there, here in (("s3://bucket/photos/", "photos/"), ("s3://bucket/rows/", "pods/"), ("/model", "model")):
        assert there in script
        script = script.replace(there, here)
    assert f'/{spec["completions"]}"' in script
    script = script.replace(f'/{spec["completions"]}"', '/2" --shard-rows 2')
    for index in range(2):
        done = call(site, [*container["command"], script], JOB_COMPLETION_INDEX=str(index))
        assert done.returncode == 0, done.stderr
    assert rows(site, "pods") == rows(site, "whole.parquet")
