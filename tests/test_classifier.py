"""The one path: order, errors in their place, laziness, and equal answers from every kind of input."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import eyeful
from eyeful.errors import ImageError, UsageError
from eyeful.predictor import PredictorSpec
from helpers import FakeEngine, noise_image
from helpers import fake_classifier as classifier


def colour(name: str) -> Image.Image:
    return Image.new("RGB", (9, 9), name)


def test_one_input_gives_one_prediction_and_several_a_list():
    clf = classifier()
    assert clf.predict(colour("blue")).label == "blue"
    assert [p.label for p in clf.predict([colour("blue"), colour("red")])] == ["blue", "red"]
    assert clf.predict([]) == []


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_rows_keep_the_order_of_inputs_and_bad_ones_their_place(workers, batch_size):
    names = [("red", "lime", "blue", None)[n % 4] for n in range(41)]
    inputs = [colour(name) if name else b"no image" * 9 for name in names]
    rows = classifier(workers=workers, batch_size=batch_size).predict(inputs)
    expected = [{"red": "red", "lime": "green", "blue": "blue", None: None}[name] for name in names]
    assert [row.label for row in rows] == expected
    assert {row.error_kind for row in rows if row.label is None} == {"unidentified"}


def test_a_folder_of_bad_files_still_streams():
    stream = classifier(batch_size=2).stream(b"bad" * 20 for _ in range(10_000))
    assert next(stream).error_kind == "unidentified"
    stream.close()


def test_streaming_is_lazy_and_joins_its_threads_when_it_is_left():
    taken, before = [], set(threading.enumerate())

    def endless():
        while True:
            taken.append(1)
            yield colour("red")

    stream = classifier(workers=2, batch_size=4).stream(endless())
    assert next(stream).label == "red"
    assert len(taken) < 60
    stream.close()
    begun = set(threading.enumerate()) - before
    assert not [thread for thread in begun if thread.name.startswith("eyeful-decode")]


def test_any_k_is_clamped_to_the_number_of_classes():
    clf = classifier(topk=99)
    assert len(clf.predict(colour("red")).top) == 3
    assert [score.label for score in clf.predict(colour("red"), topk=1).top] == ["red"]


def test_below_min_prob_an_answer_is_unsure():
    clf = classifier(min_prob=0.5)
    assert not clf.predict(colour("red")).abstained
    unsure = clf.predict(colour("#808080"))
    assert unsure.abstained
    assert unsure.answer == "unsure (red?)"
    assert unsure.ok


def test_an_answer_that_is_not_finite_is_an_error_and_its_batch_mates_are_answered():
    clf = classifier(FakeEngine(poison=7))
    bad, good = clf.predict([Image.new("RGB", (9, 9), (7, 7, 7)), colour("blue")])
    assert bad.error_kind == "nonfinite"
    assert good.label == "blue"


def test_half_precision_that_overflows_is_computed_again_in_fp32():
    clf = classifier(FakeEngine(poison=7, precision="bf16"), open_fp32=FakeEngine)
    assert clf.predict(Image.new("RGB", (9, 9), (7, 7, 7))).ok
    clf = classifier(FakeEngine(poison=7, precision="bf16"), open_fp32=lambda: FakeEngine(poison=7))
    assert clf.predict(Image.new("RGB", (9, 9), (7, 7, 7))).error_kind == "nonfinite"


def test_threads_that_need_fp32_at_once_open_one_engine():
    opened = []

    def open_fp32():
        time.sleep(0.1)
        opened.append(FakeEngine())
        return opened[-1]

    clf = classifier(FakeEngine(poison=7, precision="bf16"), open_fp32=open_fp32)
    with ThreadPoolExecutor(4) as threads:
        assert all(p.ok for p in threads.map(clf.predict, [Image.new("RGB", (9, 9), (7, 7, 7))] * 4))
    assert len(opened) == 1


def test_logits():
    clf = classifier()
    assert clf.logits(colour("red")).shape == (3,)
    assert clf.logits([colour("red")] * 2).shape == (2, 3)
    assert clf.logits([]).shape == (0, 3)
    with pytest.raises(ImageError, match=r"nowhere\.jpg: no such file"):
        clf.logits(["nowhere.jpg"])


@pytest.mark.parametrize(
    "settings", [{"topk": 0}, {"min_prob": 2}, {"batch_size": -1}, {"batch_size": 5000}, {"workers": -1}]
)
def test_settings_outside_their_range(settings):
    with pytest.raises(UsageError):
        PredictorSpec(**settings)


def test_every_kind_of_input_gives_the_same_answer(lite0, tmp_path):
    image = noise_image(4)
    path = tmp_path / "image.png"
    image.save(path)
    (tmp_path / "list.txt").write_text(str(path))
    from_path = lite0.logits(path)
    for same in (str(path), path.read_bytes(), image, np.asarray(image)):
        assert np.array_equal(lite0.logits(same), from_path)
    for same in (tmp_path / "list.txt", f"{tmp_path}/*.png", [path], np.asarray(image)[None]):
        assert np.array_equal(lite0.logits(same)[0], from_path)


def test_what_a_classifier_says_of_itself(lite0):
    assert (lite0.engine, lite0.device, lite0.precision) == ("openvino", "cpu", "fp32")
    assert lite0.labels[281] == "tabby"
    assert lite0.provenance["weights"]["sha256"].startswith("57934424")
    assert lite0.provenance["preprocessing"]["interpolation"] == "bicubic"
    assert "1000 labels" in repr(lite0)


def test_a_prediction_shows_itself_in_a_notebook(lite0):
    shown = lite0.predict(noise_image(1))._repr_html_()
    assert shown.count("<tr>") == 6
    assert "<b>nowhere&lt;.jpg</b>" in lite0.predict("nowhere<.jpg")._repr_html_()


def test_public_names():
    assert set(eyeful.__all__) <= set(dir(eyeful))
    assert eyeful.load.__name__ == "load"
    with pytest.raises(AttributeError, match="nothing"):
        _ = eyeful.nothing
