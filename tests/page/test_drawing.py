"""Arrays in, pixels out."""

import numpy as np

from eyeful.page.drawing import MOST_MAPS, feature_grid, overlay_heatmap, vector_image


def test_a_grid_holds_so_many_maps_however_small_they_are():
    maps_CHW = np.random.default_rng(0).normal(size=(100, 3, 5)).astype(np.float32)
    maps_CHW[7] = 2.0  # nothing varies in it
    sheet = feature_grid(maps_CHW)
    assert sheet.dtype == np.uint8
    assert max(sheet.shape) >= 480
    assert feature_grid(maps_CHW[:1]).shape[0] <= sheet.shape[1]
    assert len(maps_CHW) > MOST_MAPS


def test_a_strip_is_dark_where_the_vector_is_large():
    squares = vector_image(np.arange(100, dtype=np.float32))
    assert squares.shape == (16, 512)
    assert squares[0, 0] == 255
    assert squares[8, 8 * 35] == 0
    assert vector_image(np.ones(3, np.float32)).min() == 255


def test_heat_is_warm_where_the_map_is_high_and_dim_outside():
    image_HWC = np.full((2, 3, 3), 200, np.uint8)
    cam_HW = np.array([[0, 1, np.nan], [0, 1, np.nan]], np.float32)
    cold, warm, outside = overlay_heatmap(image_HWC, cam_HW)[0].astype(int)
    assert cold.tolist() == [200, 200, 200]
    assert warm[0] > warm[1] > warm[2]
    assert outside.max() < 100
