"""`eyeful serve`: one or several models behind HTTP."""

import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from eyeful.cli import options
from eyeful.cli.answers import CalibrationOption, SureOption
from eyeful.cli.groups import changed, open_spec, settled_spec, takes_options
from eyeful.cli.int8 import CalibrateOption
from eyeful.cli.terminal import LiveLine, print_status
from eyeful.errors import UsageError
from eyeful.extras import require
from eyeful.models import DEFAULT_MODEL
from eyeful.server import require_libraries

_LIMITS = "Limits"


@takes_options
def serve(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A model, or ALIAS=MODEL; may be given more than once. The first is the default.",
            show_default=DEFAULT_MODEL,
            autocompletion=options.complete_model,
        ),
    ] = None,
    weights: options.WeightsOptions,
    preprocessing: options.PreprocessingOptions,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8000,
    processes: Annotated[
        int, typer.Option(help="Processes that share the port and the cores; one that dies is replaced.", min=1)
    ] = 1,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    engine: options.EngineOptions,
    int8: CalibrateOption,
    batches: options.BatchOptions,
    groups: SureOption,
    promises: CalibrationOption,
    batch_timeout: Annotated[
        float, typer.Option(help="Milliseconds to wait for a batch to fill; 0: go when the engine is free.")
    ] = 0.0,
    queue_size: Annotated[
        int, typer.Option(help="Images in the server; beyond it 503.", rich_help_panel=_LIMITS)
    ] = 64,
    deadline: Annotated[
        float, typer.Option(help="Seconds for an answer; beyond it 504.", rich_help_panel=_LIMITS)
    ] = 30.0,
    max_body: Annotated[
        float, typer.Option(help="Megabytes of one request; beyond it 413.", rich_help_panel=_LIMITS)
    ] = 20.0,
    max_pending: Annotated[
        float,
        typer.Option(help="Megabytes of all requests in the server; beyond it 503.", rich_help_panel=_LIMITS),
    ] = 256.0,
    max_files: Annotated[int, typer.Option(help="Images in one request.", rich_help_panel=_LIMITS)] = 32,
    limits: options.LimitOptions,
    receive_timeout: Annotated[
        float, typer.Option(help="Seconds for a request to arrive.", rich_help_panel=_LIMITS)
    ] = 10.0,
    drain: Annotated[
        float,
        typer.Option(help="Seconds to answer, not ready, after SIGTERM, before closing.", rich_help_panel=_LIMITS),
    ] = 1.0,
    allow_urls: Annotated[
        bool,
        typer.Option("--allow-urls", help="Fetch images that JSON names by URL, from public hosts only."),
    ] = False,
    page: Annotated[
        bool, typer.Option("--page", help="The web page of `eyeful page` too, at /page, for these models.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            help="What clients must show; better in EYEFUL_TOKEN.", envvar="EYEFUL_TOKEN", show_envvar=True
        ),
    ] = None,
    cors: Annotated[
        list[str] | None, typer.Option(help="An origin whose pages may call; may be given more than once.")
    ] = None,
    log_format: Annotated[Literal["text", "json"], typer.Option(help="Lines for people, or JSON.")] = "text",
) -> None:
    """Serve models over HTTP: raw bytes, forms, JSON; the calls of KServe V1 and V2, Hugging Face and TorchServe.

    The description of every path is at /docs.
    """
    with LiveLine("starting"):
        require_libraries("eyeful serve")
        from eyeful.server.processes import run_processes, settled_by_first
        from eyeful.server.run import serve as run_server
        from eyeful.server.run import write_log
        from eyeful.server.settings import ServerSettings

    if os.environ.get("EYEFUL_TOKEN") == "" and not token:
        raise UsageError("EYEFUL_TOKEN is empty: set it to the token, or unset it to let everybody in")
    models = _aliases(model or [DEFAULT_MODEL])
    own = changed(weights, preprocessing, promises)
    if own and len(models) > 1:
        flag = own[0].replace("_", "-")
        raise UsageError(
            f"--{flag} is for a single --model: `eyeful export` gives each of several what is its own"
        )
    settings = ServerSettings(
        queue_size=queue_size,
        batch_timeout=batch_timeout / 1000,
        deadline=deadline,
        max_body=int(max_body * (1 << 20)),
        max_pending=int(max_pending * (1 << 20)),
        max_files=max_files,
        receive_timeout=receive_timeout,
        drain=drain,
        allow_urls=allow_urls,
        token=token or None,
        cors=tuple(cors or ()),
        page=page,
    )
    if page:
        require("gradio", "--page")
    if page and processes > 1:
        raise UsageError(
            "--page is for one process: what a visitor uploaded must be where the next request arrives"
        )
    write_log(log_format)
    if processes > 1 and fd is None:
        run_processes(processes, host, port)
        return
    with ExitStack() as stack:
        with LiveLine(f"loading {', '.join(models)}"):
            classifiers = {}
            for alias, name in models.items():
                flags = (weights, preprocessing, engine, int8, batches, limits, groups, promises)
                settle = partial(settled_spec, *flags, model=name)
                spec = settle() if fd is None else settled_by_first(alias, settle)
                classifiers[alias] = stack.enter_context(open_spec(spec))
        if log_format == "text" and fd is None:
            _print_served(models, host, port, page=page)
        run_server(classifiers, settings, host=host, port=port, log_format=log_format, fd=fd)


def _print_served(models: dict[str, str], host: str, port: int, *, page: bool) -> None:
    """What is served, and where to begin; the address follows, when it is bound."""
    served = (alias if alias == name else f"{alias} ({name})" for alias, name in models.items())
    print_status(f"serving {', '.join(served)}")
    print_status(
        f"{_first_request(host, port)}; /docs describes every path"
        + ("; /page shows the web page" if page else "")
    )


def _first_request(host: str, port: int) -> str:
    if not port:  # it is known when the socket is bound
        return "POST an image to /v1/classify"
    where = "localhost" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host  # noqa: S104 - every network
    return f"try `curl -F data=@cat.jpg {where}:{port}/v1/classify`"


def _aliases(models: list[str]) -> dict[str, str]:
    """Alias → model; a name without slashes is its own alias."""
    found: dict[str, str] = {}
    for text in models:
        alias, equals, name = text.partition("=")
        if not equals:
            alias, name = Path(text).name if Path(text).exists() else text, text
        if not alias or "/" in alias:
            raise UsageError(f"{text}: a name with a slash needs an alias that has none: --model ALIAS={name}")
        if alias in found:
            raise UsageError(f"two models are called {alias}: --model ALIAS=MODEL tells them apart")
        found[alias] = name
    return found
