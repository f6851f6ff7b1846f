import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.render import warp as w

SIZES = ((64, 96), (48, 40))


def shift(dx: float, dy: float) -> np.ndarray:
    return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1]], np.float64)


def smooth_picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32) * 255
    return cv2.GaussianBlur(noise, (0, 0), 2.0)


def test_a_shift_by_one_tenth_of_the_height_moves_content_right_and_down() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[10, 20] = 255
    moved = w.warp(picture, shift(0.1, 0.2))
    assert moved[18, 24].min() == 255
    assert moved.sum() == picture.sum()


def test_a_zoom_keeps_the_centre_and_grows_about_it() -> None:
    picture = np.zeros((41, 61), np.float32)
    picture[20, 30] = 1
    picture[20, 40] = 1
    grown = w.warp(picture, np.diag([2.0, 2.0, 1.0]))
    assert grown[20, 30] == pytest.approx(1)
    assert grown[20, 50] == pytest.approx(1)


def test_a_quarter_turn_of_a_square_picture_is_exact() -> None:
    picture = smooth_picture(32, 32)
    turned = w.warp(picture, np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]], np.float64))
    assert np.allclose(turned, np.rot90(picture), atol=0.05)


def test_at_rest_the_very_picture_comes_back() -> None:
    picture = smooth_picture(32, 40)
    assert w.warp(picture, np.eye(3) * 3.0) is picture
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None]
    assert w.warp_tensor(tensor, np.eye(3)) is tensor


@pytest.mark.parametrize("border", ["reflect", "replicate", "wrap"])
@settings(max_examples=25, deadline=None)
@given(
    zoom=st.floats(0.5, 2),
    angle=st.floats(-3.2, 3.2),
    dx=st.floats(-1, 1),
    dy=st.floats(-1, 1),
    tilt=st.floats(-0.3, 0.3),
    size=st.sampled_from(SIZES),
)
def test_opencv_and_torch_give_the_same_picture(
    border: w.Border, zoom: float, angle: float, dx: float, dy: float, tilt: float, size: tuple[int, int]
) -> None:
    c, s = np.cos(angle) * zoom, np.sin(angle) * zoom
    homography = np.array([[c, -s, dx], [s, c, dy], [tilt, -tilt / 2, 1]])
    picture = smooth_picture(*size)
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None]
    by_torch = w.warp_tensor(tensor, homography, border)[0].permute(1, 2, 0).numpy()
    by_opencv = w.warp(picture, homography, border)
    assert np.abs(by_torch - by_opencv).mean() < 0.2
    assert np.abs(by_torch - by_opencv).max() < 4


@pytest.mark.parametrize("bad", [np.zeros((3, 3)), np.full((3, 3), np.nan), np.diag([1.0, 1.0, 0.0])])
def test_a_homography_without_inverse_leaves_the_picture(bad: np.ndarray) -> None:
    picture = smooth_picture(32, 40)
    assert np.allclose(w.warp(picture, bad), picture, atol=1e-3)


def test_a_horizon_inside_the_picture_gives_finite_colours() -> None:
    tilted = np.array([[1, 0, 0], [0, 1, 0], [0, 3.0, 1]], np.float64)
    moved = w.warp(smooth_picture(48, 64), tilted)
    assert np.isfinite(moved).all()


def test_zooming_out_reflects_instead_of_smearing() -> None:
    picture = np.tile(np.linspace(0, 1, 64, dtype=np.float32)[None], (64, 1))
    reflected = w.warp(picture, np.diag([0.5, 0.5, 1.0]))
    assert reflected[32, 4] > reflected[32, 14]
    smeared = w.warp(picture, np.diag([0.5, 0.5, 1.0]), "replicate")
    assert smeared[32, 4] == pytest.approx(smeared[32, 10], abs=1e-6)


def test_fit_crops_to_the_new_shape_and_keeps_the_middle() -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[:, 30:50] = 200
    fitted = w.fit(picture, (64, 64))
    assert fitted.shape == (64, 64, 3)
    assert fitted[32, 32].min() == 200
    assert fitted[32, 4].max() == 0
    assert w.fit(fitted, (64, 64)) is fitted
