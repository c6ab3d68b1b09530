"""`eyeful page`: the web page, on this machine."""

import sys
import webbrowser
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from eyeful.cli import options
from eyeful.cli.answers import CalibrationOption
from eyeful.cli.groups import load_classifier, takes_options
from eyeful.cli.int8 import CalibrateOption
from eyeful.cli.terminal import LiveLine
from eyeful.errors import UsageError
from eyeful.extras import require
from eyeful.models import DEFAULT_MODEL


@takes_options
def page(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A model or a bundle's folder; may be given more than once. The first is chosen at the start.",
            show_default=DEFAULT_MODEL,
            autocompletion=options.complete_model,
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Show it in the browser.")] = True,
    engine: options.EngineOptions,
    int8: CalibrateOption,
    limits: options.LimitOptions,
    promises: CalibrationOption,
) -> None:
    """Show a web page: classify, look inside the network, compare models, classify many images.

    The models are those of --model and all whose weights are on this machine. Nothing is sent anywhere else, and
    uploads are deleted after an hour, or when the page ends.
    """
    with LiveLine("starting"):
        for module in ("gradio", "fastapi", "uvicorn"):
            require(module, "eyeful page")
        from eyeful.page.serve import serve

    models = list(dict.fromkeys(model or [DEFAULT_MODEL]))
    if promises.calibration is not None and len(models) > 1:
        raise UsageError("--calibration is for a single --model: `eyeful export` gives each of several its own")
    load = partial(load_classifier, engine, int8, limits)
    if int8.calibrate is None and engine.precision == "int8":  # of others, no int8 network may be cached
        load_other = partial(load_classifier, replace(engine, precision="auto"), limits)
    else:
        load_other = load

    def ready(address: str) -> None:
        sys.stderr.write(f"eyeful: the page is at {address} (Ctrl+C ends it)\n")
        sys.stderr.flush()
        if open_browser:
            webbrowser.open(address)

    with ExitStack() as stack:
        with LiveLine(f"loading {', '.join(models)}"):
            classifiers = {
                Path(name).name if Path(name).exists() else name: stack.enter_context(load(promises, model=name))
                for name in models
            }
        serve(classifiers, host, port, others=lambda name: load_other(model=name), on_ready=ready)
