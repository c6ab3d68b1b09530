"""Hard labels, mistakes, their distance, and truths that look wrong."""

from collections import Counter

import numpy as np
import pytest

from eyeful.evaluation.confusions import (
    classes_of,
    confusions_of,
    distance_of,
    suspicious_of,
    truth_names,
)
from eyeful.evaluation.judged import Judged
from eyeful.evaluation.outcomes import EXAMPLES, SUSPICIOUS, outcomes_of
from eyeful.types import Labels, Score
from judging import judged_of, labels_of, probs_of

LABELS = Labels(("tench", "hen", "crane", "crane"), ("n01440764", "n01514859", "n02012849", "n03126707"))


def answers(*pairs, prob=0.9):
    """(right labels, answer) -> images, the first the surest."""
    rows = [np.eye(4)[answer] * (prob - 0.001 * n) + 0.01 for n, (_, answer) in enumerate(pairs)]
    return judged_of(np.array(rows), [right for right, _ in pairs], LABELS)


def test_classes_from_five_images_worst_first():
    pairs = [((0,), 0)] * 3 + [((0,), 1)] * 3 + [((1,), 1)] * 5 + [((2,), 0)] * 4
    found = outcomes_of(answers(*pairs))
    classes = classes_of(found, LABELS, truth_names(found, LABELS, {}))
    assert [(one.label, one.wnid, one.images, one.top1.right) for one in classes] == [
        ("tench", "n01440764", 6, 3),
        ("hen", "n01514859", 5, 5),
    ]
    assert (classes[0].top1.of, classes[0].top1.share) == (6, 0.5)


def test_any_of_several_right_labels_counts_and_they_have_one_name():
    found = outcomes_of(answers(*[((3, 2), 2)] * 3, *[((2, 3), 3)] * 3, *[((0, 1, 2), 3)] * 5))
    assert found.right.sum() == 6
    classes = classes_of(found, LABELS, truth_names(found, LABELS, {(0, 1, 2): "animal"}))
    assert [(one.label, one.wnid, one.top1.right, one.images) for one in classes] == [
        ("animal", None, 0, 5),
        ("crane", None, 6, 6),
    ]
    assert truth_names(found, LABELS, {}) == ["crane", "tench or hen or crane"]
    many = outcomes_of(judged_of(np.full((1, 9), 1 / 9), [tuple(range(9))], labels_of(9)))
    assert truth_names(many, labels_of(9), {}) == ["label 0 or label 1 or 7 more"]


def test_confusions_are_counted_most_first_with_the_surest_images():
    pairs = [((0,), 1)] * 12 + [((1,), 0)] * 2 + [((2,), 0)] * 2 + [((0,), 0)] * 20
    found = outcomes_of(answers(*pairs))
    first, *rest = confusions_of(found, LABELS, truth_names(found, LABELS, {}))
    assert (first.label, first.answer, first.images) == ("tench", "hen", 12)
    assert first.examples == tuple(f"{n}.jpg" for n in range(EXAMPLES))
    assert [(one.label, one.answer, one.images) for one in rest] == [("crane", "tench", 2), ("hen", "tench", 2)]


def test_confusions_of_random_answers_are_those_of_a_count():
    rng = np.random.default_rng(0)
    probs, right = probs_of(rng.normal(0, 1, (3000, 7))), rng.integers(0, 7, 3000)
    labels = labels_of(7)
    found = outcomes_of(judged_of(probs, right[:, None], labels))
    expected = Counter((int(a), int(b)) for a, b in zip(right, probs.argmax(1), strict=True) if a != b)
    confusions = confusions_of(found, labels, truth_names(found, labels, {}))
    assert {(one.label, one.answer): one.images for one in confusions} == {
        (labels.names[a], labels.names[b]): n for (a, b), n in expected.items()
    }
    assert [one.images for one in confusions] == sorted(expected.values(), reverse=True)


def test_distance_is_to_the_nearest_right_label_and_of_wrong_answers_only():
    steps = {(0, 1): 4, (2, 1): 2, (0, 3): None, (1, 3): 7}
    found = outcomes_of(answers(((0, 2), 1), ((0,), 1), ((0,), 3), ((1,), 3), ((1,), 1)))
    distance = distance_of(found, lambda a, b: steps[a, b])
    assert distance.counts == {2: 1, 4: 1, 7: 1}
    assert distance.mean == pytest.approx(13 / 3)
    assert distance_of(outcomes_of(answers(((0,), 3))), lambda a, b: steps[a, b]) is None
    assert distance_of(outcomes_of(answers(((0,), 0))), lambda a, b: steps[a, b]) is None


def test_only_sure_answers_that_leave_the_truth_nothing_are_suspicious():
    def one(name, prob, right_prob):
        top = (Score(1, None, "hen", prob, 0.0), Score(0, None, "tench", right_prob, 0.0))
        return Judged(name, (0,), top, rank=2, right_prob=right_prob)

    judged = [one("a", 0.6, 0.001), one("b", 0.99, 0.001), one("c", 0.99, 0.02), one("d", 0.4, 0.001)]
    found = outcomes_of(judged)
    suspicious = suspicious_of(found, LABELS, truth_names(found, LABELS, {}))
    assert [(s.filename, s.label, s.answer, s.prob) for s in suspicious] == [
        ("b", "tench", "hen", 0.99),
        ("a", "tench", "hen", 0.6),
    ]


@pytest.mark.parametrize(("last", "suspected"), [(0.001, 1), (0.02, 0)])
def test_a_row_without_the_right_label_says_how_much_it_can_have_at_most(last, suspected):
    top = (Score(1, None, "hen", 0.9, 0.0), Score(2, None, "crane", last, 0.0))
    assert len(outcomes_of([Judged("a", (0,), top)]).suspicious) == suspected
    assert not outcomes_of([Judged("a", (0,), top[:1])]).suspicious


def test_planted_wrong_truths_are_found(photographs):
    """20 of the 250 photographs get another's label: most of those that the model knows surely are named."""
    logits, right, names, labels = photographs
    planted = np.random.default_rng(0).permutation(250)[:20]
    wrong = right.copy()
    wrong[planted] = np.roll(right[planted], 1)
    probs = probs_of(logits)
    found = outcomes_of(judged_of(probs, wrong[:, None], labels, filenames=names))
    suspicious = {one.filename for one in suspicious_of(found, labels, truth_names(found, labels, {}))}
    sure = {names[n] for n in planted if probs[n].argmax() == right[n] and probs[n].max() >= 0.5}
    assert len(sure) >= 8
    assert sure <= suspicious
    before = outcomes_of(judged_of(probs, right[:, None], labels, filenames=names)).suspicious
    assert len(before) <= 15


def test_order_does_not_matter():
    rng = np.random.default_rng(3)
    probs, right = probs_of(rng.normal(0, 3, (2000, 5))), rng.integers(0, 5, 2000)
    labels = labels_of(5)
    judged = judged_of(probs, right[:, None], labels)

    def everything(images):
        found = outcomes_of(images)
        names = truth_names(found, labels, {})
        return (
            classes_of(found, labels, names),
            confusions_of(found, labels, names),
            suspicious_of(found, labels, names),
            distance_of(found, lambda a, b: abs(a - b)),
        )

    first = everything(judged)
    assert len(first[2]) == SUSPICIOUS
    for _ in range(3):
        assert everything([judged[n] for n in rng.permutation(2000)]) == first
