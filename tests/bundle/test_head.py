"""The head that was taught: its numbers, its logits, its file."""

from dataclasses import replace

import numpy as np
import pytest

from eyeful.bundle import TaughtHead
from eyeful.errors import BundleError, ModelError
from heads import head_of, in_turn

RANDOM = np.random.default_rng(0)
FEATURES = (RANDOM.normal(size=(40, 16)) + 3 * np.eye(4, 16)[in_turn(40)]).astype(np.float32)
HEAD = head_of(FEATURES, in_turn(40))


def test_logits_are_those_of_its_formula():
    logits = HEAD.logits(FEATURES)
    unit = FEATURES.astype(float) / np.linalg.norm(FEATURES.astype(float), axis=1, keepdims=True)
    own = unit @ HEAD.weight_KD.T + HEAD.bias_K
    none = own.max(1) + HEAD.slope * (HEAD.least_cosine - (unit @ HEAD.mean_KD.T).max(1))
    assert np.abs(logits - np.column_stack([own, none])).max() < 1e-4
    assert (logits[:, :4].argmax(1) == in_turn(40)).mean() > 0.9, "it was taught"


def test_none_of_these_is_the_best_exactly_where_an_image_is_less_like_every_label():
    nearest = (FEATURES / np.linalg.norm(FEATURES, axis=1, keepdims=True) @ HEAD.mean_KD.T).max(1)
    head = replace(HEAD, least_cosine=float(np.median(nearest)))
    assert ((head.logits(FEATURES).argmax(1) == 4) == (nearest < head.least_cosine)).all()


def test_length_does_not_matter_and_a_vector_of_zeros_is_like_nothing():
    assert np.allclose(HEAD.logits(7 * FEATURES), HEAD.logits(FEATURES), atol=1e-4)
    assert HEAD.logits(np.zeros(16, np.float32)).argmax() == 4


def test_its_file_holds_the_same_numbers(tmp_path):
    HEAD.write(tmp_path / "head.npz")
    found = TaughtHead.read(tmp_path / "head.npz")
    assert np.array_equal(found.logits(FEATURES), HEAD.logits(FEATURES))
    assert found.sha256 == HEAD.sha256
    assert replace(HEAD, slope=41.0).sha256 != HEAD.sha256


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a file of arrays"])
def test_a_damaged_file_is_refused(content, tmp_path):
    (tmp_path / "head.npz").write_bytes(content)
    with pytest.raises(BundleError, match="no head that eyeful has taught"):
        TaughtHead.read(tmp_path / "head.npz")


def test_shapes_that_do_not_fit_are_refused(tmp_path):
    replace(HEAD, mean_KD=HEAD.mean_KD[:2]).write(tmp_path / "head.npz")
    with pytest.raises(BundleError, match="its shapes do not fit"):
        TaughtHead.read(tmp_path / "head.npz")


@pytest.mark.parametrize(
    ("length", "says"), [(None, "has no vector of an image"), (8, "gives vectors of 8 numbers")]
)
def test_a_network_that_it_does_not_fit_is_refused(length, says):
    with pytest.raises(ModelError, match=says):
        HEAD.check_fits(length, "alexnet")
