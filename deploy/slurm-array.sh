#!/bin/bash
#SBATCH --job-name=eyeful
#SBATCH --cpus-per-task=8
#SBATCH --mem=8G
#SBATCH --requeue
# Shares of a run as a SLURM job array, and a job behind it that sees whether they are complete:
#   SHARDS=16 bash deploy/slurm-array.sh photos/ rows/ --model model/
# Both folders (or s3://bucket/prefix/) are seen by all nodes; what follows them is passed to `eyeful predict`.
# A task that failed is submitted again alone, with SHARDS as before:   SHARDS=16 sbatch --array=3 deploy/slurm-array.sh ...
# and then  eyeful join rows/  by hand, since the job behind the array went with the failed task.
set -euo pipefail
inputs=$1 out=$2

# Exit code 1 means that some rows are errors: the share is complete, and so is the run.
if [[ -n ${SLURM_ARRAY_TASK_ID:-} ]]; then
    shards=${SHARDS:-$SLURM_ARRAY_TASK_COUNT}
    eyeful predict "$inputs" -o "$out" --shard "$SLURM_ARRAY_TASK_ID/$shards" "${@:3}" || [[ $? -eq 1 ]]
else
    array=$(sbatch --parsable --array="1-${SHARDS:?how many tasks to make: SHARDS=16 bash $0 ...}" "$0" "$@")
    sbatch --kill-on-invalid-dep=yes --dependency="afterok:$array" --job-name=eyeful-join --wrap="eyeful join $(printf %q "$out") || [ \$? -eq 1 ]"
fi
