"""Near copies, folds, and a head: each against what it says of itself."""

import numpy as np
import pytest

from eyeful.bundle.head import unit_vectors
from eyeful.evaluation.metrics import share_of
from eyeful.teaching.copies import groups_of
from eyeful.teaching.fit import fit
from eyeful.teaching.folds import folds_of
from eyeful.teaching.interval import cross_validated_share


def clusters(seed: int, images: int, labels: int, spread: float = 0.6, features: int = 64):
    """Unit vectors around a centre of each label."""
    random = np.random.default_rng(seed)
    label = np.arange(images) % labels
    centres = unit_vectors(random.normal(size=(labels, features)).astype(np.float32))
    noise = random.normal(size=(images, features)).astype(np.float32) / np.sqrt(features)
    return unit_vectors(centres[label] + spread * noise), label


def test_copies_are_in_one_group_and_what_is_alike_is_not():
    unit, label = clusters(0, 60, 3)
    random = np.random.default_rng(1)
    copies = unit_vectors(unit[:20] + random.normal(scale=0.01, size=(20, 64)).astype(np.float32))
    group = groups_of(np.concatenate([unit, copies]), np.concatenate([label, label[:20]]))
    assert group[:60].tolist() == list(range(60))
    assert group[60:].tolist() == list(range(20))


@pytest.mark.parametrize("scale", [1.0, 0.3, 0.1])
def test_the_nearer_the_labels_are_the_nearer_copies_must_be(scale):
    unit, label = clusters(0, 60, 3, spread=0.6)
    drawn = unit_vectors(np.concatenate([scale * unit, np.ones((60, 64), np.float32)], axis=1))
    assert len(np.unique(groups_of(drawn, label))) == 60


def test_no_group_holds_more_than_half_of_a_label_but_for_the_same_image():
    walk = np.stack([np.cos(np.arange(40) / 4), np.sin(np.arange(40) / 4), *np.zeros((62, 40))], axis=1)
    other = np.eye(64)[5] + np.random.default_rng(1).normal(scale=0.1, size=(20, 64))
    unit = unit_vectors(np.concatenate([walk, other]).astype(np.float32))
    label = np.array([0] * 40 + [1] * 20)
    assert np.bincount(groups_of(unit, label)[:40]).max() <= 20
    assert len(np.unique(groups_of(np.repeat(unit[[0, -1]], 10, axis=0), np.repeat([0, 1], 10)))) == 2


def test_copies_under_two_labels_are_in_one_group():
    unit, label = clusters(0, 30, 3)
    both = groups_of(np.concatenate([unit, unit[:1]]), np.concatenate([label, [2]]))
    assert both[30] == both[0]


@pytest.mark.parametrize("seed", range(20))
def test_folds_have_whole_groups_and_their_share_of_each_label(seed):
    random = np.random.default_rng(seed)
    images, labels = int(random.integers(20, 200)), int(random.integers(2, 5))
    label = np.concatenate([np.repeat(np.arange(labels), 5), random.integers(0, labels, images)])
    group = (
        np.arange(len(label))
        if seed % 2
        else np.unique(label * 1000 + random.integers(0, 9, len(label)), return_inverse=True)[1]
    )
    fold = folds_of(label, group)
    assert 2 <= fold.max() + 1 <= 10
    for one in np.unique(group):
        assert len(np.unique(fold[group == one])) == 1
    for place in range(labels):
        held = np.bincount(fold[label == place], minlength=fold.max() + 1)
        assert held.max() < (label == place).sum(), "every head knows the label"
        if seed % 2:
            assert held.max() - held.min() <= 1


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("features", [16, 64])
def test_a_head_is_scikit_learns_regression(labels, features):
    from sklearn.linear_model import LogisticRegression

    unit, label = clusters(2, 48, labels, features=features)
    fitted = fit(unit, label, np.arange(48))
    expected = LogisticRegression(C=30, class_weight="balanced", max_iter=5000, tol=1e-8).fit(
        unit.astype(np.float64), label
    )
    other, _ = clusters(3, 40, labels, features=features)
    prob = expected.predict_proba(other)
    found = fitted.head.logits(other)[:, :labels].astype(np.float64) * fitted.temperature
    found -= found.max(axis=1, keepdims=True)
    found = np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    assert np.abs(found - prob).max() < 1e-3
    for place in range(labels):
        mean = unit[label == place].mean(axis=0)
        assert np.allclose(fitted.head.mean_KD[place], mean / np.linalg.norm(mean), atol=1e-5)


def test_each_image_is_answered_by_a_head_that_did_not_know_it():
    """Labels that mean nothing are answered by chance, though a head that knew them would be right."""
    unit, label = clusters(4, 200, 2, spread=1.0, features=256)
    label = np.random.default_rng(5).permutation(label)
    fitted = fit(unit, label, np.arange(200))
    known = fitted.head.logits(unit)[:, :2].argmax(axis=1) == label
    unknown = fitted.logits_NK[:, :2].argmax(axis=1) == label
    assert known.mean() > 0.9
    assert unknown.mean() < 0.62


def test_near_copies_do_not_answer_each_other():
    unit, label = clusters(4, 100, 2, spread=1.0, features=256)
    label = np.random.default_rng(5).permutation(label)
    again = np.random.default_rng(6).permutation(100)
    twice, labels = np.concatenate([unit, unit[again]]), np.concatenate([label, label[again]])
    apart = fit(twice, labels, groups_of(twice, labels)).logits_NK[:, :2].argmax(axis=1) == labels
    mixed = fit(twice, labels, np.arange(200)).logits_NK[:, :2].argmax(axis=1) == labels
    assert mixed.mean() > 0.85
    assert apart.mean() < 0.65


def test_the_same_vectors_give_the_same_head_to_the_bit():
    unit, label = clusters(6, 90, 3)
    assert len({fit(unit, label, np.arange(90)).head.sha256 for _ in range(3)}) == 1


def test_what_falls_short_of_the_least_cosine_is_none_of_these():
    unit, label = clusters(7, 200, 4)
    fitted = fit(unit, label, np.arange(200))
    assert (fitted.logits_NK.argmax(axis=1) == 4).sum() == 10
    far = unit_vectors(np.random.default_rng(0).normal(size=(50, 64)).astype(np.float32))
    assert (fitted.head.logits(far).argmax(axis=1) == 4).mean() > 0.9


def test_the_interval_is_wider_than_wilsons_and_more_so_upwards():
    wilson, found = share_of(70, 100), cross_validated_share(70, 100, 5)
    assert (found.right, found.of, found.share) == (70, 100, 0.7)
    assert found.low < wilson.low < wilson.high < found.high
    assert found.high - wilson.high > wilson.low - found.low
    assert cross_validated_share(10, 10, 5).high == 1.0
    assert cross_validated_share(0, 0, 5).share is None


@pytest.mark.parametrize("labels", [2, 3, 4])
def test_every_head_knows_every_label_where_copies_lie_under_several(labels):
    """One image of each label is a copy of one of the next; each label's others are copies of each other."""
    label = np.repeat(np.arange(labels), 5)
    group = np.array([0 if place % 5 == 0 else 1 + place // 5 for place in range(5 * labels)])
    fold = folds_of(label, group)
    for one in range(fold.max() + 1):
        assert set(label[fold != one]) == set(range(labels))
    unit, _ = clusters(0, 5 * labels, labels)
    found = fit(unit, label, group)
    assert found.logits_NK.shape == (5 * labels, labels + 1)
    assert np.isfinite(found.logits_NK).all()


def test_groups_of_several_labels_are_dealt_so_that_every_head_knows_every_label():
    random = np.random.default_rng(0)
    seen = 0
    while seen < 500:
        labels = int(random.integers(2, 5))
        label = np.repeat(np.arange(labels), int(random.integers(5, 9)))
        group = np.unique(random.integers(0, random.integers(2, 12), len(label)), return_inverse=True)[1]
        if all(len(set(group[label == place])) > 1 for place in range(labels)):
            seen += 1
            fold = folds_of(label, group)
            assert all(set(label[fold != one]) == set(range(labels)) for one in range(fold.max() + 1))
