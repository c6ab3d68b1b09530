"""Carry a run: every item through the classifier into every sink, and counted."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from itertools import chain, islice

from eyeful.errors import BrokenOutputError, DecodeTimeoutError, EyefulError, OutputError, StoppedError, UsageError
from eyeful.filenames import printable
from eyeful.isolate import isolate_suspects
from eyeful.journal import Journal
from eyeful.pipeline import SupportsStream
from eyeful.runs.output import Output
from eyeful.runs.parts import PartsOutput
from eyeful.runs.signals import SignalHandler
from eyeful.runs.summary import RunSummary
from eyeful.sinks import Sink
from eyeful.sources import Source
from eyeful.types import Item


def run(
    classifier: SupportsStream,
    source: Source,
    sinks: Sequence[Sink] = (),
    *,
    output: Output | PartsOutput | None = None,
    stop: SignalHandler | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
    journal: Journal | None = None,
) -> RunSummary:
    """Classify every item of a source and hand each row to every sink, in order.

    Args:
        classifier: what answers.
        source: what to classify; used up.
        sinks: where rows go; opened and closed here.
        output: the file or the parts of all rows. What it holds already is accounted for and not made again.
        stop: when a signal came, nothing more is begun.
        on_rows: called with the number of new rows, for progress.
        journal: is told of every row. Of a process that crashed, it says where to go on without an output.

    Raises:
        StoppedError: a signal came; what was in hand is written.
        BrokenOutputError: a pipe that rows went to was closed.
        DecodeTimeoutError: too many images hang; the process must end.
        UsageError: there are no inputs; or the output that shall be resumed was made differently, or of others.
        OutputError: a sink cannot write.
        EyefulError: rows and inputs do not match, which is a bug of ours.
    """
    summary = RunSummary(ignored=source.ignored)
    started = time.perf_counter()
    try:
        with ExitStack() as stack:
            if output is not None:
                stack.callback(output.close)
            source = replace(source, items=begun(source.items, stop))
            if journal is not None and journal.attempt and (output is None or journal["anew"]):
                source = replace(source, items=_after_crash(source.items, journal, classifier, summary))
            if output is None:
                opened = [stack.enter_context(sink) for sink in sinks]
                _carry(classifier, source, opened, summary, stop, on_rows, journal)
            else:
                rows, items = output.begin(classifier, source, summary, on_rows)
                stack.enter_context(recorded(output, summary, lambda: time.perf_counter() - started))
                opened = [stack.enter_context(sink) for sink in (rows, *sinks)]
                output.write_record(summary, "running")
                _carry(classifier, replace(source, items=items), opened, summary, stop, on_rows, journal)
    except BrokenPipeError as error:
        raise BrokenOutputError from error
    except OSError as error:
        raise OutputError(f"cannot write the results: {error.strerror or error}") from error
    summary.seconds = time.perf_counter() - started
    return summary


@contextmanager
def recorded(output: Output | PartsOutput, summary: RunSummary, seconds: Callable[[], float]) -> Iterator[None]:
    """Write in the record how the block ended. What still says "running" when it is resumed has crashed.

    Args:
        output: what has the record.
        summary: what there is by then.
        seconds: how long it took.

    Raises:
        OutputError: the record cannot be written.
    """
    try:
        yield
    except DecodeTimeoutError:  # as good as a crash: the next run must try this image alone
        raise
    except BaseException as error:
        if not output.crashed:  # else the next run shall be as careful as this one
            stopped = isinstance(error, StoppedError | KeyboardInterrupt | BrokenPipeError)
            with suppress(OutputError):
                output.write_record(summary, "stopped" if stopped else "failed")
        raise
    summary.seconds = seconds()
    output.write_record(summary, "complete")


def _carry(  # noqa: PLR0917 - the parts of one run
    classifier: SupportsStream,
    source: Source,
    sinks: Sequence[Sink],
    summary: RunSummary,
    stop: SignalHandler | None,
    on_rows: Callable[[int], None],
    journal: Journal | None,
) -> None:
    """What the source gives, to every opened sink; every input must come out as its row, in order."""
    expected: deque[str] = deque()

    def counted() -> Iterator[Item]:
        for item in source.items:
            if stop is not None and stop.signal is not None:
                return
            summary.inputs += 1
            expected.append(item.filename)
            yield item

    counting = replace(source, items=counted())
    wants_thumbnails = any(sink.wants_thumbnails for sink in sinks)
    with closing(classifier.stream(counting, thumbnails=wants_thumbnails, timer=summary.timer)) as stream:
        for prediction in stream:
            if prediction.filename != expected.popleft():
                raise EyefulError(
                    f"internal error: {printable(prediction.filename)} is out of order; please report"
                )
            summary.add(
                prediction.error_kind,
                abstained=prediction.unsure,
                grouped=prediction.grouped,
                none_of_these=prediction.none_of_these,
            )
            with summary.timer.on("write"):
                for sink in sinks:
                    sink.append(prediction)
            if journal is not None:
                summary.save(journal)
            on_rows(1)
    if summary.rows != summary.inputs or expected:
        raise EyefulError(f"internal error: {summary.inputs} inputs gave {summary.rows} rows; please report this")
    if stop is not None and stop.signal is not None:
        raise StoppedError(stop.signal)


def begun(items: Iterator[Item], stop: SignalHandler | None) -> Iterator[Item]:
    """The same items; the first is taken before anything is written, so that its error leaves nothing behind.

    Raises:
        UsageError: there is none, though something was named.
        StoppedError: a signal came before the first.
    """
    items = _readable(items)
    try:
        first = tuple(islice(items, 1))
    except UsageError:
        if stop is None or stop.signal is None:
            raise
        first = ()
    if not first and stop is not None and stop.signal is not None:
        raise StoppedError(stop.signal)
    return chain(first, items)


def _readable(items: Iterator[Item]) -> Iterator[Item]:
    """The same items; what keeps them from being read is told apart from what keeps rows from being written."""
    try:
        yield from items
    except OSError as error:
        raise UsageError(f"the inputs cannot be read to their end: {error.strerror or error}") from error


def _after_crash(
    items: Iterator[Item], journal: Journal, classifier: SupportsStream, summary: RunSummary
) -> Iterator[Item]:
    """What is left to do after another process crashed: the items that were in flight are tried alone."""
    items = iter(items)
    before = islice(items, journal["delivered"])
    if not journal["anew"]:
        summary.restore(journal)
        deque(before, maxlen=0)
    yield from before
    yield from isolate_suspects(items, classifier.max_in_flight, classifier.preprocessor)
