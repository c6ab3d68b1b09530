"""`eyeful calibrate PHOTOS -o calibration.json`: what can be promised of answers, from images that were judged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from eyeful.cli import options
from eyeful.cli.groups import keywords, load_classifier, takes_options
from eyeful.cli.progress import Progress
from eyeful.cli.terminal import loading, print_status
from eyeful.errors import OutputError, UsageError
from eyeful.filenames import printable


@dataclass(frozen=True, kw_only=True)
class CalibrationFile:
    """Where the calibration is written."""

    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; needed.", show_default=False)
    ] = None
    overwrite: Annotated[bool, typer.Option(help="Replace a file that exists.")] = False

    def free_path(self) -> Path:
        """Where to write, before anything is classified.

        Raises:
            UsageError: nothing was named, or it exists and may not be replaced.
            OutputError: it cannot be written.
        """
        from eyeful.bundle.files import check_writable

        if self.output is None:
            raise UsageError("-o calibration.json says where to write what is found")
        if self.output.is_dir():
            raise UsageError(f"{self.output} is a folder; name a file: -o {self.output}/calibration.json")
        if self.output.exists() and not self.overwrite:
            raise UsageError(f"{self.output} exists already: --overwrite replaces it")
        check_writable(self.output)
        return self.output


@takes_options
def calibrate(
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Images whose right labels are known, like those to come: folders, archives, lists ...",
            show_default=False,
        ),
    ] = None,
    truth: Annotated[
        str,
        typer.Option(
            help="What is right: auto, folders (their names are labels), names (the files' are), or a .csv file."
        ),
    ] = "auto",
    risk: Annotated[float, typer.Option(help="Promise that at most this share of answers is wrong.")] = 0.05,
    coverage: Annotated[
        float, typer.Option(help="Promise that at least this share of prediction sets holds the right label.")
    ] = 0.9,
    file: CalibrationFile,
    model: options.ModelOptions,
    search: options.SearchOptions,
    preprocessing: options.PreprocessingOptions,
    limits: options.LimitOptions,
    batches: options.BatchOptions,
    engine: options.EngineOptions,
    arithmetic: options.ArithmeticOptions,
    printed: options.JsonOptions,
) -> None:
    """Find out, with images of your own, what can be promised of a model's answers.

    Half of the images set a temperature, the others judge. `--calibration FILE` of predict, serve, page and export
    uses what is found. A promise holds for images like these, and for this model, run as here.
    """
    if not inputs:
        raise UsageError(
            "name a folder of images whose right labels are known; its folders may be called like labels"
        )
    output = file.free_path()
    from eyeful.calibration import calibrate as run_calibrate
    from eyeful.calibration.fit import check_shares
    from eyeful.results.promises import summary_lines

    check_shares(risk, coverage)
    for name in inputs:
        options.check_exists(name)
    with loading(model.model):
        groups = (model, preprocessing, limits, batches, engine, arithmetic)
        opened = load_classifier(*groups, calibration="none")  # a bundle's own may be of another way to run it
    with opened as classifier, Progress(inputs, keywords(search)) as shown:
        found = run_calibrate(
            classifier, inputs, truth, risk=risk, coverage=coverage, on_rows=shown.advance, **keywords(search)
        )
    try:
        found.write(output)
    except OSError as error:
        raise OutputError(f"cannot write {printable(str(output))}: {error.strerror or error}") from error
    if printed.as_json:
        print(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
    for line in summary_lines(found):
        print_status(line)
    print_status(f"wrote {output}; `eyeful predict --calibration {output}` uses it")
