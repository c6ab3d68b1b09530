"""Carry a run: every item through the classifier into every sink, and count."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing

from eyeful.errors import EyefulError, OutputError
from eyeful.pipeline import Classifier
from eyeful.runs.account import Account
from eyeful.sinks import Sink
from eyeful.sources import Source
from eyeful.types import Item, Prediction


def run(
    classifier: Classifier,
    source: Source,
    sinks: Sequence[Sink],
    on_row: Callable[[Prediction], None] = lambda _: None,
) -> Account:
    """Classify every item of a source and hand each row to every sink, in order.

    Args:
        classifier: what answers.
        source: what to classify; used up.
        sinks: where rows go; opened and closed here.
        on_row: called after each row, for progress.

    Raises:
        OutputError: a sink cannot write.
        EyefulError: rows and inputs do not match, which is a bug of ours.
    """
    account = Account(ignored=source.ignored)
    started = time.perf_counter()

    def counted() -> Iterator[Item]:
        for item in source.items:
            account.inputs += 1
            yield item

    counting = Source(counted(), source.single, source.ignored)
    wants_thumbnails = any(sink.wants_thumbnails for sink in sinks)
    try:
        with ExitStack() as stack:
            opened = [stack.enter_context(sink) for sink in sinks]
            rows = stack.enter_context(
                closing(classifier.stream(counting, thumbnails=wants_thumbnails, waits=account.waits))
            )
            for prediction in rows:
                account.add(prediction)
                with account.waits.on("write"):
                    for sink in opened:
                        sink.append(prediction)
                on_row(prediction)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write the results: {error.strerror or error}") from error
    account.seconds = time.perf_counter() - started
    if account.rows != account.inputs:
        raise EyefulError(f"internal error: {account.inputs} inputs gave {account.rows} rows; please report this")
    return account
