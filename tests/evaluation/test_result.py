"""An evaluation as a whole: its JSON, what is counted where, its sentences, and its memory."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from eyeful.evaluation.confusions import Confusion
from eyeful.evaluation.judged import Judged
from eyeful.evaluation.result import Unmatched, evaluation_of
from eyeful.evaluation.summary import confusion_sentences
from eyeful.types import Group, Labels, Score
from judging import judged_of, labels_of, probs_of

LABELS = labels_of(3)
ASKED = {"model": "a model", "provenance": {"threshold": 0.123456789012}, "truth": "folders"}
KEYS = (
    "format model provenance truth images scored errors unmatched top1 topk nll brier ece bins risk_coverage "
    "answered classes confusions none_of_these distance suspicious groups against outsiders seconds images_per_second"
)


def some(number=60, *, plain=False, topk=5, seed=0):
    rng = np.random.default_rng(seed)
    logits, right = rng.normal(0, 2, (number, 3)), rng.integers(0, 3, number)
    logits[np.arange(number), right] += 2
    return judged_of(probs_of(logits), right[:, None], LABELS, topk, plain=plain)


def error(name="broken.jpg"):
    return Judged(name, right=(0,), error_kind="truncated", error="cut off")


def test_json_has_every_key_in_order_and_survives():
    found = evaluation_of(
        some(),
        LABELS,
        **ASKED,
        sure=0.8,
        steps=lambda a, b: abs(a - b),
        against=("other", some(seed=1)),
        outsiders=some(seed=2),
        unmatched=[Unmatched("dgo", 3, "dog")],
        seconds=2.0,
        images_per_second=30.0,
    ).to_dict()
    assert list(found) == KEYS.split()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found["top1"]) == ["right", "of", "share", "low", "high"]
    assert list(found["topk"]) == ["k", "right", "of", "share", "low", "high"]
    assert list(found["bins"][0]) == ["low", "high", "images", "prob", "right"]
    assert list(found["risk_coverage"][0]) == ["prob", "answered", "share", "wrong"]
    assert list(found["classes"][0]) == ["label", "wnid", "images", "top1"]
    assert list(found["confusions"][0]) == ["label", "answer", "images", "examples"]
    assert list(found["distance"]["counts"]) == ["1", "2"]
    assert list(found["groups"]) == ["sure", "answered", "right", "of", "labels_alone"]
    assert " ".join(found["against"]) == ("model images both_right only_this only_other both_wrong p_value top1")
    assert list(found["outsiders"]) == ["images", "none_of_these", "answered_at", "labels", "auroc"]
    assert found["unmatched"] == [{"name": "dgo", "images": 3, "nearest": "dog"}]
    assert found["provenance"] == ASKED["provenance"]


def test_order_does_not_matter():
    judged = [*some(500), error(), replace(error("b.jpg"), error_kind="empty"), replace(some(1)[0], right=())]

    def found(order):
        images = [judged[n] for n in order]
        asked = {**ASKED, "sure": 0.8, "steps": lambda a, b: abs(a - b)}
        return evaluation_of(
            images, LABELS, **asked, against=("other", some(400, seed=1)), outsiders=images
        ).to_dict()

    first = found(range(len(judged)))
    for seed in range(3):
        assert found(np.random.default_rng(seed).permutation(len(judged))) == first


def test_errors_and_images_without_a_truth_are_counted_and_not_scored():
    judged = some(20)
    without = [replace(one, right=(), filename=f"{n}.png") for n, one in enumerate(judged[:4])]
    found = evaluation_of([*judged, error(), *without, error("b.jpg")], LABELS, **ASKED)
    alone = evaluation_of(judged, LABELS, **ASKED)
    assert (found.images, found.scored, dict(found.errors)) == (26, 20, {"truncated": 2})
    assert found.top1 == alone.top1
    assert found.bins == alone.bins
    assert found.nll == alone.nll


def test_plain_rows_give_what_can_be_known_of_them():
    full, plain = (evaluation_of(some(plain=plain, topk=2), LABELS, **ASKED) for plain in (False, True))
    assert plain.top1 == full.top1
    assert plain.ece == full.ece
    assert plain.risk_coverage == full.risk_coverage
    assert (plain.nll, plain.brier) == (None, None)
    assert plain.topk.k == 2, "whether a right label is third is not known"
    assert plain.topk.right == sum(one.rank <= 2 for one in some())
    assert full.topk.k == 3, "there are no more labels"
    assert any("not known" in sentence for sentence in plain.summary())


def test_groups_beside_labels_alone():
    dog, cat = Group("dog", None, 0.9, 2), Group("cat", None, 0.9, 2)
    top = lambda prob: (Score(0, None, "label 0", prob, 0.0),)  # noqa: E731
    judged = [
        Judged("a", (0,), top(0.9), rank=1, group=dog, group_right=True),
        Judged("b", (1,), top(0.5), group=dog, group_right=True),
        Judged("c", (1,), top(0.8), group=cat, group_right=False),
        Judged("d", (0,), top(0.2), rank=1),
    ]
    groups = evaluation_of(judged, LABELS, **ASKED, sure=0.8).groups
    assert (groups.answered, groups.right, groups.of) == (3, 2, 4)
    assert (groups.labels_alone.answered, groups.labels_alone.right) == (2, 1)
    assert evaluation_of(judged, LABELS, **ASKED).groups is None


def test_of_nothing_nothing_is_claimed():
    found = evaluation_of([error()], LABELS, **ASKED, sure=0.8, against=("other", []), outsiders=[])
    assert (found.top1.share, found.top1.low, found.top1.high) == (None, 0, 1)
    assert (found.nll, found.brier, found.ece, found.risk_coverage, found.classes) == (None, None, None, (), ())
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.summary() == [
        "No image is scored: of none are both an answer and a right label known.",
        "other scored none of the same images.",
        "Not scored: 1 image without an answer (1 damaged or cut off).",
    ]


def test_names_of_files_that_are_not_utf_8_are_as_in_rows():
    top = (Score(1, None, "label 1", 0.99, 0.0), Score(0, None, "label 0", 0.001, 0.0))
    found = evaluation_of([Judged("\udcff.jpg", (0,), top, rank=2, right_prob=0.001)], LABELS, **ASKED)
    written = found.to_dict()
    assert written["suspicious"][0]["filename"] == "\\xff.jpg"
    assert written["confusions"][0]["examples"] == ["\\xff.jpg"]
    assert found.suspicious[0].filename == "\udcff.jpg"
    "".join(found.summary()).encode()


def test_summary_of_the_photographs(photographs):
    logits, right, names, labels = photographs
    judged = judged_of(probs_of(logits), right[:, None], labels, filenames=names)
    found = evaluation_of(judged, labels, **ASKED, images_per_second=12.3)
    text = str(found)
    assert f"{found.top1.right} of 250 images, between" in text
    assert found.top1.share > 0.75
    assert "Its probabilities are too low" in text
    assert "No label has 5 images, so none is judged alone." in text
    assert text.endswith("12 images/s.")
    assert found._repr_html_().count("<li>") == len(found.summary())


@pytest.mark.parametrize(
    ("ours", "other", "said"),
    [
        ([1] * 20 + [0] * 2, [0] * 20 + [1] * 2, "this model is better by more than chance (p = 0.00012)"),
        ([0] * 40, [1] * 40, "other is better by more than chance (p < 0.0001)"),
        ([1, 1, 0], [0, 1, 1], "that may be chance (p = 1)"),
        ([1] * 6 + [0] * 2, [0] * 6 + [1] * 2, "that may be chance (p = 0.29)"),
    ],
)
def test_summary_says_which_model_is_better_only_where_that_is_known(ours, other, said):
    def images(rights):
        return judged_of(
            np.array([[0.9, 0.1, 0] if one else [0.1, 0.9, 0] for one in rights]), [(0,)] * len(rights), LABELS
        )

    found = evaluation_of(images(ours), LABELS, **ASKED, against=("other", images(other)))
    assert said in str(found)


def test_summary_of_probabilities_that_fit():
    rng = np.random.default_rng(0)
    best = rng.uniform(0.5, 1, 500)
    right = np.where(rng.random(500) < best, 0, 1)
    judged = judged_of(np.stack([best, 1 - best], 1), right[:, None], labels_of(2))
    assert "Its probabilities fit, as far as 500 images can show" in str(evaluation_of(judged, LABELS, **ASKED))
    higher = judged_of(np.stack([best + 0.1, 0.9 - best], 1).clip(0, 1), right[:, None], labels_of(2))
    assert "Its probabilities are too high" in str(evaluation_of(higher, LABELS, **ASKED))


def test_summary_of_probabilities_that_are_wrong_both_ways():
    best = np.repeat([0.55, 0.95], 200)
    right = np.where(np.arange(400) % 4 < np.repeat([4, 2], 200), 0, 1)
    judged = judged_of(np.stack([best, 1 - best], 1), right[:, None], labels_of(2))
    assert "too high for some answers and too low for others" in str(evaluation_of(judged, LABELS, **ASKED))


def test_rounding_never_says_all_or_none():
    judged = some(3000)
    almost = [replace(one, rank=2 if n == 0 else 1) for n, one in enumerate(judged)]
    assert str(evaluation_of(almost, LABELS, **ASKED)).startswith(">99.9% right: 2,999 of 3,000 images")
    every = [replace(one, rank=1) for one in judged[:4]]
    assert str(evaluation_of(every, LABELS, **ASKED)).startswith(
        "100% right: 4 of 4 images, between 51.0% and 100%"
    )


def test_names_in_sentences_cannot_move_a_terminals_cursor():
    judged = [
        Judged("a\x1b[2J.jpg", (0,), (Score(1, None, "label 1", 0.99, 0.0), Score(0, None, "", 0.0, 0.0)), rank=2)
    ]
    labels = Labels(("zero\x1b[2J", "one", "two"), (None,) * 3)
    found = evaluation_of(judged, labels, **ASKED, unmatched=[Unmatched("x\x1b[2J", 1, None)])
    assert "\x1b" not in str(found)


def test_many_images_take_little_memory():
    """150,000 images from a generator: the process grows by less than 150 bytes an image."""
    script = """
import json, resource
from eyeful.evaluation.judged import Judged
from eyeful.evaluation.result import evaluation_of
from eyeful.types import Labels, Score
labels = Labels(tuple(map(str, range(1000))), (None,) * 1000)
def images(number):
    for n in range(number):
        top = (Score(n * 7 % 1000, None, "", (n * 37 % 1000) / 1000, 0.0),)
        right = n % 1000 if n % 5 else n * 7 % 1000
        yield Judged(f"{n}.jpg", (right,), top, rank=1 if right == top[0].index else None, right_prob=0.5, brier=0.1)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
asked = dict(model="m", provenance={}, truth="folders")
evaluation_of(images(20_000), labels, **asked)
before = peak()
found = evaluation_of(images(150_000), labels, **asked)
print(json.dumps([found.scored, peak() - before]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    scored, grown = json.loads(done.stdout)
    assert scored == 150_000
    assert grown < 150 * scored


def test_answers_that_are_not_unsure_are_counted():
    judged = some()
    assert evaluation_of(judged, LABELS, **ASKED).answered is None
    lowest = sorted(one.top[0].prob for one in judged)[20]
    found = evaluation_of([replace(one, abstained=one.top[0].prob < lowest) for one in judged], LABELS, **ASKED)
    sure = [one for one in judged if one.top[0].prob >= lowest]
    assert (found.answered.of, found.answered.right) == (40, sum(one.rank == 1 for one in sure))
    assert found.answered.right < 40
    (said,) = [one for one in found.summary() if "unsure" in one]
    assert said.startswith("Labels that are not said to be unsure: 66.7% of 60 images, ")
    none = evaluation_of([replace(one, abstained=True) for one in judged], LABELS, **ASKED)
    assert "Labels that are not said to be unsure: none of 60 images." in none.summary()
    assert none.to_dict()["answered"]["share"] is None


@pytest.mark.parametrize(
    ("times", "said"), [(2, "Most frequent mistakes: a called b (2)"), (1, "Some mistakes: ")]
)
def test_mistakes_are_frequent_only_where_they_are(times, said):
    wrong = (Confusion("a", "b", times, ()), *(Confusion(f"{n}", "b", 1, ()) for n in range(4)))
    (sentence,) = confusion_sentences(wrong, None)
    assert sentence.startswith(said)
    assert sentence.endswith("1 called b (1)." if times > 1 else "1 called b.")


def test_one_image_is_spoken_of_as_one():
    labels = labels_of(2)
    found = evaluation_of(
        judged_of(probs_of(np.array([[1.0, 0.0]])), [[0]], labels), labels, model="m", provenance={}, truth="names"
    )
    assert any(one.startswith("1 image is too few to say whether") for one in found.summary())
