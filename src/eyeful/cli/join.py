"""`eyeful join FOLDER/`: whether the parts of a run are all there, and all of them as one file."""

from pathlib import Path
from typing import Annotated

import typer

from eyeful.cli.terminal import print_status
from eyeful.errors import UsageError


def join(
    folder: Annotated[str, typer.Argument(help="What -o named: FOLDER/ or s3://bucket/prefix/.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write all rows to this .parquet file, too.", show_default=False),
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a file that exists.")] = False,
) -> None:
    """See that a run made with --shard is complete, nothing missing and nothing twice; make one file of it."""
    from eyeful.runs.join import check_complete
    from eyeful.shards import join, open_storage

    if output is not None and output.suffix.lower() != ".parquet":
        raise UsageError(f"-o {output}: parts are joined into a .parquet file")
    if output is not None and output.exists() and not overwrite:
        raise UsageError(f"{output} exists already: --overwrite replaces a file")
    if output is not None and Path(folder).resolve() in output.resolve().parents:
        raise UsageError(
            f"{output} lies among the parts, whose readers would take its rows twice: name another place"
        )
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise UsageError(
            f"-o {output}: {'it is a folder' if output.is_dir() else f'there is no folder {output.parent}'}"
        )
    storage = open_storage(folder)
    whole = check_complete(storage)
    print_status(f"{folder} is complete: {len(whole.parts)} parts, {whole.rows} rows, {whole.errors} errors")
    if output is not None:
        join(storage, list(whole.parts), output)
        print_status(f"wrote {output}")
    raise typer.Exit(1 if whole.errors else 0)
