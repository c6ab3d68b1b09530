"""What a command that is carried by a supervised process says of itself: see `cli.supervisor`."""

from eyeful.journal import Journal

journal: Journal | None = None
"""Of this process, if it is supervised."""


def goes_on(inputs: list[str], *, anew: bool) -> bool:
    """Tell the journal what this process goes through; whether another did so before it, and crashed.

    Args:
        inputs: as the user named them.
        anew: all of them are gone through again after a crash.
    """
    from eyeful.sources import is_repeatable

    if journal is None:
        return False
    journal["repeatable"], journal["anew"] = all(map(is_repeatable, inputs)), anew
    return journal.attempt > 0


def mark_ended() -> None:
    """Say that this process ends by our own code, before it does."""
    if journal is not None:
        journal["ended"] = 1
