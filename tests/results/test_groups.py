"""Groups: the most specific node that holds enough, on distinct labels, for whatever labels a model has."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eyeful.errors import UsageError
from eyeful.models.labels import imagenet_labels
from eyeful.results import hierarchy_for, hierarchy_of, softmax
from eyeful.results.wordnet import wordnet
from eyeful.types import Group, Labels

LABELS = imagenet_labels()
IMAGENET = hierarchy_of(LABELS)
ENTITY, DOG, PIANO = "n00001740", "n02084071", "n03928116"


def probs_of(**shares):
    """Probabilities in ImageNet's order; what is left is spread over all."""
    probs = np.zeros(1000, np.float32)
    for name, share in shares.items():
        probs[LABELS.names.index(name.replace("_", " "))] = share
    return probs + np.float32((1 - sum(shares.values())) / 1000)


@st.composite
def distributions(draw):
    """Probabilities of 1,000 labels with a few that stand out, mostly near each other in the tree."""
    seed, sharpness = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([1, 3, 6, 12]))
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1, 1000)
    centre = draw(st.integers(0, 999))
    near = (centre + random.integers(-12, 13, 6)) % 1000
    logits[near] += sharpness * random.random(6)
    logits[centre] += sharpness
    return softmax(logits.astype(np.float32))


@given(distributions(), st.floats(0.5, 1), st.floats(0.5, 1))
def test_a_group_holds_enough_and_grows_with_what_is_asked(probs, one, other):
    less, more = (IMAGENET.group(probs, sure) for sure in sorted((one, other)))
    if more is not None:
        assert less is not None
        assert less.prob <= more.prob
        assert less.labels <= more.labels
        assert more.prob >= max(one, other)
    if less is not None:
        assert min(one, other) <= less.prob <= 1
        assert IMAGENET.holds(less, int(probs.argmax())) or less.prob + probs.max() <= 1 + 1e-6


@given(distributions(), st.floats(0.5, 1))
def test_it_is_what_a_search_over_sets_finds(probs, sure):
    """The same by plain sets: every named node that holds enough, fewest labels first, then the most probable."""
    found = IMAGENET.group(probs, sure)
    held = {wnid: IMAGENET.members(wnid) for wnid in wordnet().names}
    sums = {wnid: sum(float(probs[index]) for index in indices) for wnid, indices in held.items()}
    enough = [wnid for wnid in sums if sums[wnid] >= sure and len(held[wnid]) > 1]
    if probs.max() >= sure:
        best = int(probs.argmax())
        assert found == Group(LABELS.names[best], LABELS.wnids[best], float(probs[best]), 1)
    elif not enough:
        assert found is None
    else:
        fewest = min(len(held[wnid]) for wnid in enough)
        assert found.labels == fewest
        assert found.prob == pytest.approx(max(sums[wnid] for wnid in enough if len(held[wnid]) == fewest))


@given(distributions())
def test_the_root_sums_to_one_and_no_node_counts_a_label_twice(probs):
    assert len(IMAGENET.members(ENTITY)) == 1000
    assert probs[list(IMAGENET.members(ENTITY))].sum() == pytest.approx(1, abs=1e-5)
    for wnid in wordnet().parents:
        indices = IMAGENET.members(wnid)
        assert len(set(indices)) == len(indices) > 0


def test_a_label_below_two_parents_counts_once():
    """A piano is a stringed, a percussion and a keyboard instrument: of all instruments it is one."""
    probs = probs_of(grand_piano=0.45, upright=0.4)
    assert IMAGENET.group(probs, 0.8).name == "piano"
    probs = probs_of(grand_piano=0.5, sax=0.4)
    instruments = IMAGENET.group(probs, 0.85)
    assert instruments.name == "musical instrument"
    assert instruments.prob == pytest.approx(0.9 + 0.1 * instruments.labels / 1000, abs=1e-3)
    assert set(IMAGENET.members(PIANO)) < set(IMAGENET.members("n03800933"))


@pytest.mark.parametrize(
    ("shares", "name"),
    [
        ({"Labrador_retriever": 0.9}, "Labrador retriever"),
        ({"Labrador_retriever": 0.5, "golden_retriever": 0.4}, "retriever"),
        ({"Labrador_retriever": 0.5, "pug": 0.4}, "dog"),
        ({"Labrador_retriever": 0.5, "tabby": 0.4}, "dog or cat"),
        ({"Labrador_retriever": 0.5, "lion": 0.4}, "mammal"),
        ({"Labrador_retriever": 0.5, "ostrich": 0.4}, "animal"),
        ({"minivan": 0.5, "cab": 0.4}, "car"),
        ({"minivan": 0.5, "mountain_bike": 0.4}, "wheeled vehicle"),
        ({"beer_bottle": 0.5, "carton": 0.4}, "container"),
        ({"mountain_tent": 0.5, "orange": 0.4}, None),
        ({"candle": 0.5, "wig": 0.4}, None),
    ],
)
def test_what_people_would_say(shares, name):
    found = IMAGENET.group(probs_of(**shares), 0.85)
    assert (found and found.name) == name


def test_nodes_that_may_be_answers():
    assert len({wnid for _, wnid, _ in IMAGENET.names}) == len(IMAGENET.names) > 300
    sizes = [size for _, _, size in IMAGENET.names]
    assert sizes == sorted(sizes)
    assert sizes[0] == 2
    assert all(size == len(IMAGENET.members(wnid)) for _, wnid, size in IMAGENET.names)
    held = [IMAGENET.members(wnid) for _, wnid, _ in IMAGENET.names]
    assert len(set(held)) == len(held)


def test_a_name_stands_for_all_that_have_it():
    dogs = IMAGENET.members("dog")
    assert dogs == IMAGENET.members("DOG") == IMAGENET.members(DOG)
    assert len(dogs) == 118
    assert IMAGENET.members("canine") == IMAGENET.members("dog-like animal")
    assert IMAGENET.members("cardigan") == tuple(
        index for index, name in enumerate(LABELS.names) if name.lower() == "cardigan"
    )
    assert len(IMAGENET.members("cardigan")) == 2, "a dog and a garment"
    assert IMAGENET.members("instrumentality") == IMAGENET.members("unicorn") == ()
    assert len(IMAGENET.members("n03575240")) > 300, "an id is meant, whatever its node is called"


def test_a_label_s_own_name_goes_before_a_node_s():
    (brass,) = IMAGENET.members("brass")
    assert LABELS.names[brass] == "brass"
    assert len(IMAGENET.members("brass instrument")) == 3


def test_groups_hold_labels():
    dog = IMAGENET.group(probs_of(pug=0.5, chow=0.4), 0.85)
    pug = IMAGENET.group(probs_of(pug=0.9), 0.85)
    indices = {name: LABELS.names.index(name) for name in ("pug", "chow", "tabby")}
    assert {name: IMAGENET.holds(dog, index) for name, index in indices.items()} == {
        "pug": True,
        "chow": True,
        "tabby": False,
    }
    assert [name for name, index in indices.items() if IMAGENET.holds(pug, index)] == ["pug"]


def test_steps():
    index = LABELS.names.index
    assert IMAGENET.steps(index("pug"), index("pug")) == 0
    assert IMAGENET.steps(index("golden retriever"), index("Labrador retriever")) == 1
    assert IMAGENET.steps(index("golden retriever"), index("English setter")) == 2
    assert IMAGENET.steps(index("goldfish"), index("tench")) == 1
    assert IMAGENET.steps(index("golden retriever"), index("teapot")) > 8


def test_labels_of_ones_own():
    """Some labels are inner nodes, one is a leaf, one is unknown to the tree, one has no id, two have the same."""
    names = ("dog", "tabby", "heron", "unicorn", "something", "tench", "a tench too")
    wnids = (DOG, "n02123045", "n02008041", "n99999999", None, "n01440764", "n01440764")
    hierarchy = hierarchy_of(Labels(names, wnids))
    assert hierarchy.group(np.array([0.5, 0.4, 0.1, 0, 0, 0, 0], np.float32), 0.85).name == "mammal"
    assert hierarchy.group(np.array([0.5, 0.1, 0.4, 0, 0, 0, 0], np.float32), 0.85).name == "animal"
    assert hierarchy.group(np.array([0, 0, 0, 0, 0, 0.5, 0.5], np.float32), 0.85).name == "fish"
    assert hierarchy.group(np.array([0, 0, 0, 0.45, 0.45, 0.1, 0], np.float32), 0.85) is None
    alone = hierarchy.group(np.array([0, 0, 0, 0, 0.9, 0.1, 0], np.float32), 0.85)
    assert alone == Group("something", None, pytest.approx(0.9), 1)
    assert hierarchy.holds(alone, 4)
    assert not hierarchy.holds(alone, 3)
    assert hierarchy.members("n99999999") == (3,)
    assert hierarchy.members("something") == (4,)
    assert hierarchy.members("n01440764") == (5, 6)
    assert hierarchy.members("dog") == (0,)
    assert hierarchy.steps(0, 4) is hierarchy.steps(3, 0) is None
    assert hierarchy.steps(5, 6) == 0


def test_names_that_are_there_twice():
    twice = Labels(("crane", "crane"), ("n02012849", "n03126707"))
    hierarchy = hierarchy_of(twice)
    assert hierarchy.members("crane") == (0, 1)
    assert hierarchy.group(np.array([0.5, 0.5], np.float32), 0.8) is None, (
        "a bird and a machine are nothing together"
    )
    bird = hierarchy.group(np.array([0.9, 0.1], np.float32), 0.8)
    assert bird.wnid == "n02012849"
    assert hierarchy.holds(bird, 0)
    assert not hierarchy.holds(bird, 1)


def test_labels_of_which_none_is_known():
    for wnids in ((None, None), (None, "n99999999")):
        with pytest.raises(UsageError, match="none of the model's 2 labels has a WordNet id"):
            hierarchy_of(Labels(("a", "b"), wnids))


def test_labels_that_share_nothing():
    hierarchy = hierarchy_of(Labels(("tabby", "b"), ("n02123045", None)))
    assert hierarchy.names == ()
    assert hierarchy.group(np.array([0.5, 0.5], np.float32), 0.8) is None
    assert hierarchy.group(np.array([0.1, 0.9], np.float32), 0.8).name == "b"


@pytest.mark.parametrize("activation", ["sigmoid", "none"])
def test_probabilities_that_cannot_be_added_up(activation):
    with pytest.raises(UsageError, match=f"shares of one whole, and with the activation {activation}"):
        hierarchy_for(LABELS, activation)
    assert hierarchy_for(LABELS, "softmax") is IMAGENET


@pytest.mark.slow
def test_the_labelled_photographs(photos, lite0):
    """With `--sure 0.8` three in four are answered, and hardly one wrongly."""
    files = sorted((photos / "labelled").iterdir())
    answered = right = alone = 0
    for prediction in lite0.with_options(sure=0.8).stream(files):  # not closed: the engine is lite0's
        truth = LABELS.wnids.index(re.match(r"n\d+", Path(prediction.filename).name).group())
        if prediction.group is not None:
            answered += 1
            right += IMAGENET.holds(prediction.group, truth)
        alone += prediction.prob >= 0.8
    assert answered >= 0.75 * len(files)
    assert right >= 0.975 * answered
    assert alone < 0.6 * len(files)
