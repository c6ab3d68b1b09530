"""`eyeful similar QUERY --in features.parquet`: which images of a file of vectors are alike?"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eyeful.cli import options
from eyeful.cli.groups import changed, keywords, takes_options
from eyeful.cli.places import check_places
from eyeful.cli.table import print_table
from eyeful.cli.terminal import LiveLine, loading, print_status
from eyeful.errors import UsageError
from eyeful.filenames import printable
from eyeful.wording import counted_images, error_label

if TYPE_CHECKING:
    from eyeful.features.file import Features
    from eyeful.search.found import Pair, QueryResult

_PANEL = "Search"
_K = 10


@dataclass(frozen=True, kw_only=True)
class SimilarOptions:
    """What is searched for, and where."""

    features: Annotated[
        Path | None,
        typer.Option(
            "--in",
            help="The .parquet or .npy file that `eyeful embed` wrote; needed.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    topk: Annotated[
        int,
        typer.Option("--topk", "--top-k", "-k", min=1, help="Images for each query.", rich_help_panel=_PANEL),
    ] = _K
    pairs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Instead of a query: the N most alike pairs of the file, such as copies.",
            metavar="N",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write an HTML page with the images beside each other.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    overwrite: Annotated[bool, typer.Option(help="Replace a report that exists.", rich_help_panel=_PANEL)] = False


@dataclass(frozen=True, kw_only=True)
class SameModelOptions(options.WeightsOptions):
    """Which model, where it is not where it was."""

    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="The model that made the file, where it now has another name or place.",
            show_default="the file says it",
            rich_help_panel="Model",
            autocompletion=options.complete_model,
        ),
    ] = None


@takes_options
def similar(
    *,
    queries: Annotated[
        list[str] | None,
        typer.Argument(help="Images to look for: paths, folders, addresses ..., as for `predict`."),
    ] = None,
    asked: SimilarOptions,
    printed: options.JsonOptions,
    model: SameModelOptions,
    search: options.SearchOptions,
    preprocessing: options.PreprocessingOptions,
    limits: options.LimitOptions,
    batches: options.BatchOptions,
    engine: options.EngineOptions,
    arithmetic: options.ArithmeticOptions,
) -> None:
    """Find the images of a file that are most like yours, or most like each other.

    `eyeful embed PHOTOS -o features.parquet` writes such a file; its own model opens the queries. Answers are in
    order, with cosines. There is no cosine from which on images are alike everywhere: look at them.
    """
    named, groups = queries or [], (model, search, preprocessing, limits, batches, engine, arithmetic)
    _check(named, asked, changed(*groups))
    from eyeful.features.file import read_features

    place = Path(str(asked.features))
    with LiveLine(f"reading {printable(str(place))}", 0.5):
        features = read_features(place)
    found: list[QueryResult] | list[Pair]
    if asked.pairs is not None:
        found = _pairs(features, asked.pairs, printed)
    else:
        found = _nearest(named, features, asked, printed, search, groups)
    if printed.as_json:
        print(json.dumps(_as_json(place, features, found, asked), indent=1, ensure_ascii=False))
    _finish(features, found, asked)
    raise typer.Exit(1 if any(getattr(one, "error_kind", None) for one in found) else 0)


def _check(queries: list[str], asked: SimilarOptions, flags: list[str]) -> None:
    """See that what is asked for goes together.

    Raises:
        UsageError: it does not.
    """
    if asked.features is None:
        raise UsageError("--in features.parquet says where to search; `eyeful embed PHOTOS -o` writes such a file")
    if not queries and asked.pairs is None:
        raise UsageError("name an image to look for; or --pairs 20 finds the most alike images of the file")
    if asked.pairs is not None:
        others = [*(["topk"] if asked.topk != _K else []), *flags]
        if queries or others:
            beside = printable(queries[0]) if queries else f"--{others[0].replace('_', '-')}"
            raise UsageError(f"--pairs compares the images of the file with each other, without {beside}")
    for name in queries:
        options.check_exists(name)
    check_places([*queries, str(asked.features)], report=asked.report, overwrite=asked.overwrite)


def _pairs(features: Features, n: int, printed: options.JsonOptions) -> list[Pair]:
    from eyeful.search.run import similar_pairs

    compared, images = 0, len(features.filenames)

    def count(rows: int) -> None:
        nonlocal compared
        compared += rows

    with LiveLine(lambda: f"comparing {compared}/{images} images with all others", 0.5):
        found = similar_pairs(features, n, count)
    if not printed.as_json:
        rows = [(str(one.rank), f"{one.cosine:.4f}", *map(printable, one.filenames)) for one in found]
        print_table(("rank", "cosine", "image", "and"), rows, numbers=("rank", "cosine"), dropped=())
    return found


def _nearest(
    queries: list[str],
    features: Features,
    asked: SimilarOptions,
    printed: options.JsonOptions,
    search: options.SearchOptions,
    groups: tuple[Any, ...],
) -> list[QueryResult]:
    from eyeful.search.model import open_model_of, title_of
    from eyeful.search.report import IMAGES
    from eyeful.search.run import search as run_search
    from eyeful.sources import open_source

    flags = keywords(*groups)
    options_of_model = {
        name: flags[name] for name in changed(*groups) if name not in keywords(search)
    }  # what is not set by hand is as the file says
    source = open_source(queries, **keywords(search))
    found: list[QueryResult] = []
    with ExitStack() as stack:
        with loading(title_of(features.record)):
            opened = open_model_of(str(asked.features), features.record, **options_of_model)
            classifier = stack.enter_context(opened)
        stack.enter_context(LiveLine(lambda: f"searching {len(found)}", 0.5))
        results = run_search(classifier, source, features, asked.topk, thumbnails=asked.report is not None)
        for one in results:
            found.append(one if len(found) < IMAGES else replace(one, thumbnail=None))
            if not printed.as_json:
                _print_nearest(one, first=len(found) == 1)
    return found


def _print_nearest(found: QueryResult, *, first: bool) -> None:
    print(f"{'' if first else chr(10)}{printable(found.filename)}")
    if found.error_kind is not None:
        print(f"  {error_label(found.error_kind)}: {printable(found.error or '')}")
        return
    rows = [(f"  {one.rank}", f"{one.cosine:.4f}", printable(one.filename)) for one in found.neighbours]
    print_table(("  rank", "cosine", "image"), rows, numbers=("  rank", "cosine"), dropped=())


def _as_json(
    place: Path, features: Features, found: list[QueryResult] | list[Pair], asked: SimilarOptions
) -> dict[str, Any]:
    from eyeful.search.model import title_of

    return {
        "in": printable(str(place)),
        "model": title_of(features.record),
        "images": len(features.filenames),
        "errors": features.errors,
        "queries" if asked.pairs is None else "pairs": [one.to_dict() for one in found],
    }


def _finish(features: Features, found: list[QueryResult] | list[Pair], asked: SimilarOptions) -> None:
    """What else there is to say: of images that could not be compared, and where the report is."""
    if features.errors:
        kinds = ", ".join(f"{number} {error_label(kind)}" for kind, number in features.errors.items())
        print_status(f"not compared: images of the file without a vector ({kinds})")
    if asked.report is None:
        return
    from eyeful.search.report import write_report

    with LiveLine("writing the report", 0.5):
        missing = write_report(asked.report, features, found)
    if missing:
        print_status(
            f"{counted_images(missing)} of the file could not be opened again for the report: names are relative "
            "to where `eyeful embed` ran"
        )
    print_status(f"wrote {asked.report}")
