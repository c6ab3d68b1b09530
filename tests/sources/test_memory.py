"""What is in memory already: accepted shapes, and copies that its owner cannot change any more."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import numpy as np
import pytest
from PIL import Image

from eyeful.errors import ImageError, UsageError
from eyeful.images import open_item
from eyeful.sources import open_source
from helpers import fake_classifier, noise_image

HWC = np.asarray(noise_image(0, 8, 6))


def pixels(value) -> list[np.ndarray]:
    found = []
    for item in open_source(value).items:
        with open_item(item) as opened:
            found.append(np.array(opened.image))
    return found


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_arrays_of_one_three_and_four_channels(channels):
    array = np.dstack([HWC, np.full((6, 8), 255, np.uint8)])[..., :channels]
    expected = np.repeat(array, 3, 2) if channels == 1 else array[..., :3]
    assert np.array_equal(pixels(array)[0], expected)
    assert open_source(array).single
    batch = np.stack([array, 255 - array]) if channels < 4 else np.stack([array, array])
    assert [len(pixels(batch)), open_source(batch).single] == [2, False]
    assert np.array_equal(pixels(batch)[0], expected)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tensors_are_taken_as_chw(channels):
    torch = pytest.importorskip("torch")
    array = np.dstack([HWC, np.full((6, 8), 255, np.uint8)])[..., :channels]
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
    assert np.array_equal(pixels(tensor)[0], pixels(array)[0])
    assert open_source(tensor).single
    batch = torch.stack([tensor, tensor])
    assert [len(pixels(batch)), open_source(batch).single] == [2, False]
    assert [len(pixels([tensor, array]))] == [2]


def test_other_tensors_are_refused_with_the_call_that_converts_them():
    torch = pytest.importorskip("torch")
    for tensor, hint in (
        (torch.zeros(3, 8, 8), "(tensor * 255).round().to(torch.uint8)"),
        (torch.zeros(8, 9, 3, dtype=torch.uint8), "looks like HWC: pass tensor.permute(2, 0, 1)"),
        (torch.zeros(2, 8, 9, 3, dtype=torch.uint8), "looks like NHWC: pass tensor.permute(0, 3, 1, 2)"),
        (torch.zeros(8, 9, dtype=torch.uint8), "tensor[None]"),
    ):
        with pytest.raises(UsageError) as refused:
            open_source(tensor)
        assert hint in str(refused.value)


def test_what_its_owner_changes_or_closes_afterwards_does_not_matter(tmp_path):
    image = noise_image(0, 8, 6)
    image.save(tmp_path / "a.png")
    lazily = Image.open(tmp_path / "a.png")
    array, encoded, file = HWC.copy(), bytearray(png(image)), io.BytesIO(png(image))
    sources = [
        open_source(value) for value in (image, lazily, array, array[None], encoded, memoryview(encoded), file)
    ]
    image.paste(0, (0, 0, 8, 6))
    lazily.close()
    array[:] = 0
    encoded[:] = bytes(len(encoded))
    file.close()
    for source in sources:
        (item,) = source.items
        with open_item(item) as opened:
            assert np.array_equal(np.asarray(opened.image), HWC)


def test_a_copied_image_keeps_what_its_file_said(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    noise_image(0, 80, 60).save(tmp_path / "turned.jpg", exif=exif)
    frames = {"save_all": True, "append_images": [noise_image(1, 80, 60)]}
    noise_image(0, 80, 60).save(tmp_path / "moving.gif", **frames)
    for name, warning in (("turned.jpg", "exif_rotated"), ("moving.gif", "first_frame_of_n")):
        with Image.open(tmp_path / name) as image:
            (item,) = open_source(image).items
        with open_item(item) as mine, open_item(next(open_source(tmp_path / name).items)) as file:
            assert warning in mine.warnings
            assert mine.warnings == file.warnings
            assert mine.image.tobytes() == file.image.tobytes()


def test_anything_with_read(tmp_path):
    noise_image(0, 8, 6).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        assert np.array_equal(pixels(file)[0], HWC)
        (item,) = open_source(file).items
        assert item.filename == str(tmp_path / "a.png")
    written = io.BytesIO()
    noise_image(0, 8, 6).save(written, "PNG")  # its position is the end
    assert np.array_equal(pixels(written)[0], HWC)
    written.close()
    (row,) = fake_classifier().predict([written])
    assert row.error_kind == "unreadable"
    with pytest.raises(UsageError, match="'rb'"):
        open_source(io.StringIO("text"))


def test_an_image_that_cannot_be_decoded_is_a_row():
    cut = Image.open(io.BytesIO(png(noise_image(0, 80, 60))[:3000]))
    good = noise_image(1, 8, 6)
    assert [row.error_kind for row in fake_classifier().predict([cut, good])] == ["truncated", None]
    with pytest.raises(ImageError), open_item(next(open_source(cut).items)):
        pass


def test_arrays_of_names(tmp_path):
    noise_image(0, 8, 6).save(tmp_path / "a.png")
    for names in (np.array([str(tmp_path / "a.png")] * 2), np.array([tmp_path / "a.png"] * 2)):
        assert [row.error_kind for row in fake_classifier().predict(names)] == [None, None]


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_name_is_a_row(missing):
    row, good = fake_classifier().predict([missing, noise_image(1, 8, 6)])
    assert (row.error_kind, good.error_kind) == ("not_found", None)


def test_what_names_a_file_in_another_way(tmp_path):
    noise_image(0, 8, 6).save(tmp_path / "a.png")

    class Path(os.PathLike):
        def __fspath__(self):
            return str(tmp_path / "a.png")

    for name in (Path(), PurePosixPath(tmp_path / "a.png"), np.str_(tmp_path / "a.png")):
        assert fake_classifier().predict(name).ok


def test_one_image_that_many_threads_decode(tmp_path):
    noise_image(0, 900, 600).save(tmp_path / "a.png")
    expected = np.asarray(noise_image(0, 900, 600))
    for _ in range(5):
        image = Image.open(tmp_path / "a.png")
        with ThreadPoolExecutor(8) as threads:
            for (found,) in threads.map(pixels, [image] * 8):
                assert np.array_equal(found, expected)


def test_a_closed_image_is_said_to_be_closed(tmp_path):
    noise_image(0, 8, 6).save(tmp_path / "a.png")
    lazily = Image.open(tmp_path / "a.png")
    lazily.close()
    row = fake_classifier().predict(lazily)
    assert (row.error_kind, row.error[:21]) == ("unreadable", "it was closed before ")


def test_a_buffer_that_is_used_again_keeps_no_answer_from_its_frame():
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200)] * 20

    def frames():
        buffer = np.empty((9, 9, 3), np.uint8)
        for colour in colours:
            buffer[:] = colour
            yield buffer

    expected = ["red", "green", "blue"] * 20
    assert [row.label for row in fake_classifier().stream(frames())] == expected
    assert [row.label for row in fake_classifier().predict(frames())] == expected


def test_rows_keep_no_image_that_was_in_memory():
    for row in fake_classifier().predict(np.zeros((3, 9, 9, 3), np.uint8)):
        assert row.item is None
        assert row.logits is None


FLOATS = np.linspace(0, 1, 192, dtype=np.float32).reshape(8, 8, 3)


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (FLOATS, "(array * 255).round().astype('uint8')"),
        (FLOATS * 255, "pass array.round().astype('uint8')"),
        (FLOATS - 0.5, "before they were normalised"),
        (np.full((8, 8, 3), np.nan), "not finite"),
        (HWC.astype(np.int64), "pass array.astype('uint8')"),
        (HWC.astype(np.uint16) * 4, "WHITE is 1023 for 10 bits"),
        (HWC > 3, "pass array.astype('uint8') * 255"),
        (HWC * 1j, "does not hold pixels"),
        (np.array([b"a.png"]), "pass array.astype(str)"),
        (np.zeros((3, 8, 9), np.uint8), "looks like CHW: pass array.transpose(1, 2, 0)"),
        (np.zeros((2, 3, 8, 9), np.uint8), "looks like NCHW: pass array.transpose(0, 2, 3, 1)"),
        (np.zeros((5, 8, 9), np.uint8), "if it is NHW, pass array[..., None]"),
        (np.zeros((8, 9, 2), np.uint8), "gray with alpha, pass array[..., 0]"),
        (np.zeros(9, np.uint8), "pass array.tobytes()"),
        (np.zeros((0, 9, 3), np.uint8), "has no pixels"),
        (np.ma.masked_greater(HWC, 9), "pass array.filled(VALUE)"),
        (np.array([["a.png"]]), "pass it.ravel().tolist()"),
        (np.array("a.png"), "pass it.item()"),
        ({"a": "a.png"}, "pass list(it.values())"),
        ([HWC, FLOATS], "input 1: an array of float32"),
        (5, "int is not an input; pass a path"),
    ],
)
def test_what_is_no_image_is_refused_with_what_makes_one_of_it(value, advice):
    with pytest.raises(UsageError) as refused:
        fake_classifier().predict(value)
    assert advice in str(refused.value)
