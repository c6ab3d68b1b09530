"""What `-o` names: a file, or a place for parts."""

from pathlib import Path

from eyeful.errors import OutputError, UsageError
from eyeful.extras import require
from eyeful.runs.output import Output
from eyeful.runs.parts import PartsOutput
from eyeful.runs.share import WHOLE, Share
from eyeful.shards import SHARD_ROWS, open_storage
from eyeful.shards.parts import listed
from eyeful.sinks import format_of, names_folder
from eyeful.sinks.parquet import ParquetSink
from eyeful.sources.cloud import is_cloud


def asks_for_parts(name: str) -> bool:
    """Whether a name asks for parts: it is a folder, or a prefix in a bucket.

    Raises:
        UsageError: it is no place for rows.
    """
    if is_cloud(name) and not name.endswith("/"):
        raise UsageError(f"-o {name}: buckets take folders of Parquet parts; end it with /")
    if name.lower().startswith(("http://", "https://")):
        raise UsageError(f"-o {name}: rows go to a file, a FOLDER/ or a bucket (s3://bucket/prefix/)")
    return is_cloud(name) or names_folder(name)


def holds_rows(name: str) -> bool:
    """Whether there are rows already; perhaps, where a bucket does not answer.

    Raises:
        UsageError: it is no place for rows.
    """
    if asks_for_parts(name):
        try:
            return bool(listed(open_storage(name, timeout=5.0).names()))
        except OutputError:
            return is_cloud(name)
    return format_of(name).exists(Path(name))


def open_output(
    name: str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    share: Share = WHOLE,
    shard_rows: int = SHARD_ROWS,
) -> Output | PartsOutput:
    """What `-o` names: a folder or a prefix in a bucket for parts, or a file.

    Raises:
        UsageError: a file is named for a share or for other shards, or in a bucket; and as for both.
        OutputError: nothing can be written there.
        MissingExtraError: PyArrow is not installed, which parts and .parquet need.
    """
    if asks_for_parts(name):
        require("pyarrow.parquet", "a folder of parts")
        return PartsOutput(name, resume=resume, overwrite=overwrite, share=share, shard_rows=shard_rows)
    if share.goes_on:
        raise UsageError(f"--shard makes parts of one folder: -o {Path(name).with_suffix('')}/, not {name}")
    if shard_rows != SHARD_ROWS:
        raise UsageError(f"--shard-rows is for a folder of parts: -o {Path(name).with_suffix('')}/, not {name}")
    if format_of(name) is ParquetSink:
        require("pyarrow.parquet", "a Parquet file")
    return Output(name, resume=resume, overwrite=overwrite)
