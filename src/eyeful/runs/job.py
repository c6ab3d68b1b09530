"""Carry a run: every item through the classifier into every sink, and account for each."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace

from eyeful.errors import EyefulError, OutputError, ReaderGoneError, StoppedError, StuckError, UsageError
from eyeful.pipeline import Streams
from eyeful.runs.account import Account
from eyeful.runs.output import Output
from eyeful.runs.quarantine import tried_alone
from eyeful.runs.signals import Stop
from eyeful.sinks import Sink
from eyeful.sinks.base import printable
from eyeful.sources import Source
from eyeful.types import Item


def run(
    classifier: Streams,
    source: Source,
    sinks: Sequence[Sink] = (),
    *,
    output: Output | None = None,
    stop: Stop | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Account:
    """Classify every item of a source and hand each row to every sink, in order.

    Args:
        classifier: what answers.
        source: what to classify; used up.
        sinks: where rows go; opened and closed here.
        output: the file of all rows. Those that it holds already are accounted for and not made again.
        stop: when a signal came, nothing more is begun.
        on_rows: called with the number of new rows, for progress.

    Raises:
        StoppedError: a signal came; what was in hand is written.
        ReaderGoneError: a pipe that rows went to was closed.
        StuckError: an image hangs; the process must end.
        UsageError: the output that shall be resumed was made differently, or of other inputs.
        OutputError: a sink cannot write.
        EyefulError: rows and inputs do not match, which is a bug of ours.
    """
    account = Account(ignored=source.ignored)
    started = time.perf_counter()
    try:
        with ExitStack() as stack:
            if output is None:
                _carry(classifier, source, [stack.enter_context(sink) for sink in sinks], account, stop, on_rows)
            else:
                stack.callback(output.close)
                rows = output.open(classifier)
                items = _behind_what_is_written(source.items, output, account, on_rows)
                if output.crashed:
                    items = tried_alone(items, output.in_flight(classifier, rows), classifier.loader)
                stack.enter_context(_recorded(classifier, output, account, started))
                opened = [stack.enter_context(sink) for sink in (rows, *sinks)]
                output.write_record(classifier, account, "running")
                _carry(classifier, replace(source, items=items), opened, account, stop, on_rows)
    except BrokenPipeError as error:
        raise ReaderGoneError from error
    except OSError as error:
        raise OutputError(f"cannot write the results: {error.strerror or error}") from error
    account.seconds = time.perf_counter() - started
    return account


@contextmanager
def _recorded(classifier: Streams, output: Output, account: Account, started: float) -> Iterator[None]:
    """Write in the record how the block ended. What still says "running" when it is resumed has crashed."""
    try:
        yield
    except StuckError:  # as good as a crash: the next run must try this image alone
        raise
    except BaseException as error:
        if not output.crashed:  # else the next run shall be as careful as this one
            stopped = isinstance(error, StoppedError | KeyboardInterrupt | BrokenPipeError)
            with suppress(OutputError):
                output.write_record(classifier, account, "stopped" if stopped else "failed")
        raise
    account.seconds = time.perf_counter() - started
    output.write_record(classifier, account, "complete")


def _carry(  # noqa: PLR0917 - the parts of one run
    classifier: Streams,
    source: Source,
    sinks: Sequence[Sink],
    account: Account,
    stop: Stop | None,
    on_rows: Callable[[int], None],
) -> None:
    """What the source gives, to every opened sink; every input must come out as its row, in order."""
    expected: deque[str] = deque()

    def counted() -> Iterator[Item]:
        for item in source.items:
            if stop is not None and stop.signal is not None:
                return
            account.inputs += 1
            expected.append(item.filename)
            yield item

    counting = Source(counted(), source.single, source.ignored)
    wants_thumbnails = any(sink.wants_thumbnails for sink in sinks)
    with closing(classifier.stream(counting, thumbnails=wants_thumbnails, waits=account.waits)) as stream:
        for prediction in stream:
            if prediction.filename != expected.popleft():
                raise EyefulError(
                    f"internal error: {printable(prediction.filename)} is out of order; please report"
                )
            account.add(prediction.error_kind, abstained=prediction.abstained)
            with account.waits.on("write"):
                for sink in sinks:
                    sink.append(prediction)
            on_rows(1)
    if account.rows != account.inputs or expected:
        raise EyefulError(f"internal error: {account.inputs} inputs gave {account.rows} rows; please report this")
    if stop is not None and stop.signal is not None:
        raise StoppedError(stop.signal)


def _behind_what_is_written(
    items: Iterator[Item], output: Output, account: Account, on_rows: Callable[[int], None]
) -> Iterator[Item]:
    """The items that have no row yet; the inputs must begin with those that have."""
    items = iter(items)
    for number, row in enumerate(output.written(), 1):
        item = next(items, None)
        if item is None or item.filename != row.filename:
            found = "there is no such input" if item is None else f"the input is {printable(item.filename)}"
            raise UsageError(
                f"{output.path} cannot be resumed, its inputs were others: row {number} is "
                f"{printable(row.filename)}, {found}"
            )
        account.inputs += 1
        account.resumed += 1
        account.add(row.error_kind, abstained=row.abstained)
        on_rows(1)
    return items
