"""The preprocessing in Pillow equals TorchVision's and timm's transforms to the bit."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eyeful.images import crop_box, preprocess_warnings, resize_and_crop, resize_and_crop_fast
from eyeful.models.torchvision_import import import_timm, import_torchvision
from eyeful.preprocessing import InputOverrides, Preprocessing
from helpers import noise_image

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
sides = st.integers(2, 330)
interpolations = st.sampled_from(["bilinear", "bicubic"])


def preprocessing(size, scale, mode="center", interpolation="bilinear") -> Preprocessing:
    return Preprocessing((size, size), (scale, scale), interpolation, MEAN, STD, mode)


def torchvision_steps(interpolation: str, *steps: tuple):
    import_torchvision()
    from torchvision.transforms import InterpolationMode, v2

    made = []
    for name, size in steps:
        extra = {"interpolation": InterpolationMode(interpolation)} if name == "Resize" else {}
        made.append(getattr(v2, name)(size, **extra))
    return v2.Compose(made)


@given(sides, sides, st.integers(8, 160), st.integers(8, 200), interpolations, st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_center_is_torchvisions(width, height, size, scale, interpolation, seed):
    """Crop larger than the resized image included: `size` may exceed `scale`."""
    image = noise_image(seed, width, height)
    expected = torchvision_steps(interpolation, ("Resize", scale), ("CenterCrop", size))(image)
    found = resize_and_crop(image, preprocessing(size, scale, "center", interpolation))
    assert np.array_equal(found, np.asarray(expected))


@given(sides, sides, st.integers(8, 160), interpolations)
@settings(max_examples=80, deadline=None)
def test_squash_is_the_lessons_resize(width, height, size, interpolation):
    image = noise_image(0, width, height)
    expected = torchvision_steps(interpolation, ("Resize", (size, size)))(image)
    squashed = preprocessing(size, size + 20).with_options(crop_mode="squash", interpolation=interpolation)
    assert np.array_equal(resize_and_crop(image, squashed), np.asarray(expected))


@given(
    sides,
    sides,
    st.integers(8, 160),
    st.sampled_from([0.5, 0.875, 0.9, 0.965, 1.0]),
    st.sampled_from(["center", "squash", "border"]),
    interpolations,
)
@settings(max_examples=150, deadline=None)
def test_every_crop_mode_is_timms(width, height, size, crop_pct, mode, interpolation):
    import_timm()
    from timm.data.transforms_factory import transforms_imagenet_eval

    assume(max(width, height) < size * min(width, height))  # beyond, timm rounds a side to nothing
    image = noise_image(1, width, height)
    theirs = transforms_imagenet_eval(
        size, crop_pct=crop_pct, crop_mode=mode, interpolation=interpolation, mean=MEAN, normalize=False
    )(image)
    ours = preprocessing(size, size).with_options(crop_mode=mode, crop_pct=crop_pct, interpolation=interpolation)
    assert np.array_equal(resize_and_crop(image, ours), theirs.permute(1, 2, 0).numpy())


@given(sides, sides)
@settings(max_examples=40, deadline=None)
def test_a_size_that_is_not_square_is_timms(width, height):
    import_timm()
    from timm.data.transforms_factory import transforms_imagenet_eval

    image = noise_image(2, width, height)
    theirs = transforms_imagenet_eval((64, 96), crop_pct=0.9, interpolation="bicubic", mean=MEAN, normalize=False)
    ours = Preprocessing((64, 96), (71, 106), "bicubic", MEAN, STD)
    assert np.array_equal(resize_and_crop(image, ours), theirs(image).permute(1, 2, 0).numpy())


def test_an_image_of_the_right_size_is_not_resampled():
    image = noise_image(3, 64, 64)
    assert np.array_equal(resize_and_crop(image, preprocessing(64, 64)), np.asarray(image))


@pytest.mark.parametrize(
    ("size", "mode", "box"),
    [
        ((224, 448), "center", (112, 0, 336, 224)),
        ((448, 224), "center", (0, 112, 224, 336)),
        ((224, 448), "squash", (0, 0, 448, 224)),
        ((224, 448), "border", (0, 0, 448, 224)),
    ],
)
def test_crop_box_says_what_the_network_sees(size, mode, box):
    assert crop_box(size, preprocessing(224, 224, mode)) == pytest.approx(box, abs=1)


@pytest.mark.parametrize(
    ("size", "found"),
    [
        ((256, 256), []),
        ((256, 640), ["cropped_away:0.69"]),
        ((200, 200), ["upscaled"]),
        ((60, 60), ["upscaled", "low_resolution"]),
    ],
)
def test_preprocess_warnings_say_what_the_preprocessing_does(size, found):
    assert preprocess_warnings(size, preprocessing(224, 256)) == found


def test_a_crop_mode_set_by_hand_shows_the_whole_image_unless_crop_pct_is_given():
    center = preprocessing(224, 256)
    assert center.with_options(crop_mode="squash").scale_size == (224, 224)
    assert center.with_options(crop_mode="squash", crop_pct=0.875).scale_size == (256, 256)
    assert center.with_options(crop_mode="center").scale_size == (256, 256)
    assert center.with_overrides(InputOverrides.of(112)).scale_size == (128, 128)
    assert center.with_options() == center


@given(st.integers(40, 600), st.integers(40, 600), interpolations, st.sampled_from(["center", "squash", "border"]))
@settings(max_examples=60, deadline=None)
def test_the_fast_way_differs_by_a_level_here_and_there(width, height, interpolation, mode):
    image = noise_image(5, width, height)
    fast = preprocessing(64, 73).with_options(crop_mode=mode, interpolation=interpolation)
    found = resize_and_crop_fast(image, (height, width), fast).astype(int)
    difference = np.abs(found - resize_and_crop(image, fast))
    assert difference.mean() < 0.5
    assert np.quantile(difference, 0.95) <= 2
