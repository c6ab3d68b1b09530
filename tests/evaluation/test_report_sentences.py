"""What a report says of numbers."""

import pytest

from eyeful.evaluation import report_sentences as words
from eyeful.evaluation.metrics import Answered, Bin


def bins(*known: tuple[int, float, float]) -> list[Bin]:
    """From (images, mean probability, share that is right)."""
    return [Bin(prob - 0.05, prob + 0.05, images, prob, right) for images, prob, right in known]


@pytest.mark.parametrize(
    ("ece", "known", "said"),
    [
        (0.2, bins((9, 0.5, 0.7)), "9 images are too few to say."),
        (0.1, bins((40, 0.5, 0.6)), "Yes, as far as 40 images can show."),
        (0.11, bins((250, 0.5, 0.61)), "Only as a rough guide."),
        (0.02, bins((90_000, 0.5, 0.52)), "Yes, closely."),
        (0.05, bins((90_000, 0.5, 0.55)), "Yes, roughly."),
        (0.1, bins((90_000, 0.5, 0.6)), "Only as a rough guide."),
        (0.2, bins((90_000, 0.5, 0.7)), "Not as they stand."),
        (1.0, bins((90_000, 1.0, 0.0)), "Not as they stand."),
    ],
)
def test_belief(ece, known, said):
    assert words.belief(ece, known) == said


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (bins((10, 0.5, 0.9)), "mostly too low"),
        (bins((10, 0.9, 0.5)), "mostly too high"),
        (bins((10, 0.5, 0.9), (10, 0.9, 0.5)), "about as often too low as too high"),
        ([], "about as often too low as too high"),
    ],
)
def test_leaning(known, said):
    assert words.leaning(known) == said


def test_the_bin_that_is_off_most_is_the_example():
    known = bins((4, 0.15, 1.0), (100, 0.55, 0.7), (10, 0.85, 0.1))
    assert words.example(known) == "Of its 100 answers with 50% to 60%, 70 are right: 70.0%."
    assert words.example(bins((10, 0.85, 0.1))) == "Of its 10 answers with 80% to 90%, 1 is right: 10.0%."
    assert words.example(bins((4, 0.15, 1.0))) == ""


def test_thresholds_go_from_all_answers_to_ever_fewer():
    points = [Answered(1 - n / 100, n, n / 100, 0) for n in range(1, 101)]
    assert [one.answered for one in words.thresholds(points)] == [100, 70, 50, 40, 30, 20, 10, 5, 1]
    assert words.thresholds(points[50:51]) == points[50:51]
    assert words.thresholds([]) == []
    assert words.when_sure(points) == points[19]
    assert words.when_sure(points[60:]) is None


def against(this: int, other: int, p: float) -> dict:
    return {"model": "b", "only_this": this, "only_other": other, "p_value": p}


@pytest.mark.parametrize(
    ("compared", "winner", "chance"),
    [
        (against(9, 9, 1.0), "No clear difference from b", "Each is right alone on as many images as the other."),
        (against(9, 5, 0.42), "No clear difference from b", "in 42 of 100 such comparisons (p = 0.42), too often"),
        (against(15, 4, 0.0192), "a is better", "in 2 of 100 such comparisons (p = 0.019)."),
        (against(4, 20, 0.0015), "b is better", "in fewer than 1 of 100 such comparisons (p = 0.0015)."),
        (against(4, 90, 1e-20), "b is better", "in fewer than 1 of 1,000 such comparisons (p < 0.0001)."),
    ],
)
def test_two_models(compared, winner, chance):
    assert words.winner(compared, "a") == winner
    assert chance in words.chance(compared)


@pytest.mark.parametrize(
    ("auroc", "how"), [(0.99, "well"), (0.9, "fairly well"), (0.7, "only a little"), (0.5, "not")]
)
def test_separation(auroc, how):
    assert f"tells them apart {how}:" in words.separation(auroc)


def test_where_the_labels_are_from():
    assert words.truth_words("folders") == "the names of the folders"
    assert words.truth_words("truth.csv") == "truth.csv"
