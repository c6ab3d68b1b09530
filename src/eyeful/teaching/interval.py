"""What cross-validation says of new images: an interval of their share that will be right."""

from __future__ import annotations

from dataclasses import replace

from eyeful.evaluation.metrics import Share, share_of, wilson


def cross_validated_share(right: int, of: int, folds: int) -> Share:
    """A share, with the interval in which that of as many new images lies in 9 of 10 cases or more.

    What was cross-validated varies, and so does what will come: two shares of n images differ from each other as
    one of n / 2 does from the true share, so this is Wilson's interval of half as many. And heads of folds know
    fewer images than the whole head: where errors fall as 1 / images, which is fast, it makes a folds-th part
    fewer, so the upper end is of that share. Wilson's interval of n is about the images that were cross-validated.

    Of 30 random halves of labelled photographs, grouped by WordNet in five ways, it held the other half's share 27
    to 30 times, and Wilson's interval 21 to 26 times.

    Args:
        right: the answers that are right.
        of: the images.
        folds: in which they were answered.
    """
    found = share_of(right, of)
    if found.share is None:
        return found
    low, _ = wilson(found.share, of / 2)
    _, high = wilson(found.share + (1 - found.share) / folds, of / 2)
    return replace(found, low=low, high=high)
