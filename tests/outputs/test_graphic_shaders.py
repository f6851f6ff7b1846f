"""The shipped shaders that draw with the picture's light: bands, ridges, shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from liveanim.core.model import Chain, Image
from liveanim.isf import library
from liveanim.outputs.headless import Headless

from .pictures import flat, still

SIZE = 128, 72
SHADERS = {path.stem: str(path) for path in library.shipped()}
Draw = Callable[..., NDArray[np.float64]]


@pytest.fixture
def drawn(stage: Callable[..., Headless]) -> Draw:
    """(height, width) 0..1: how light `picture` is after the filter called `name` with `values`."""

    def draw(name: str, picture: Image, **values: float) -> NDArray[np.float64]:
        named = {f"isf.{name}.{key}": value for key, value in values.items()}
        blend = replace(still(picture), stage={"vignette": 0.0}, chain=Chain(filters=(SHADERS[name],)), values=named)
        place = stage(SIZE)  # another one each time: nothing flashes
        place.write(blend, 0.0)
        return np.asarray(place.read().mean(axis=2) / 255)

    return draw


def rises(row: NDArray[np.float64]) -> int:
    """How often it becomes light."""
    return int((np.diff((row > 0.25).astype(int)) > 0).sum())


def test_contours_are_bands_of_light(drawn: Draw) -> None:
    ramp = np.repeat(np.linspace(0, 1, SIZE[0])[None, :, None] ** 2 * 255, SIZE[1], axis=0)
    picture = np.repeat(ramp, 3, axis=2).round().astype(np.uint8)
    row = {bands: drawn("contours", picture, bands=bands, smoothing=0.0)[36] for bands in (1.0, 4.0, 8.0)}
    assert [rises(each) for each in row.values()] == [1, 4, 8]
    assert ((row[4.0] > 0.1) & (row[4.0] < 0.9)).mean() < 0.2  # their edges are sharp
    moved = drawn("contours", picture, bands=4.0, smoothing=0.0, phase=0.5)[36]
    turned = drawn("contours", picture, bands=4.0, smoothing=0.0, invert=1.0)[36]
    assert np.abs(moved - (1 - row[4.0])).mean() < 0.1 and np.abs(turned - (1 - row[4.0])).max() < 0.02
    assert np.abs(drawn("contours", picture, amount=0.0) - ramp[..., 0] / 255).max() < 0.01


def test_light_lifts_ridges_and_they_hide_what_lies_behind(drawn: Draw) -> None:
    picture = flat((0, 0, 0), SIZE).copy()
    picture[:, 64:] = 255
    plain = {"lines": 12.0, "margin": 0.0, "drive": 0.0, "width": 0.05}
    level = drawn("ridges", picture, height=0.0, **plain)
    assert rises(level[:, 20]) == rises(level[:, 100]) == 13  # the nearest, and twelve behind it
    high = drawn("ridges", picture, height=0.4, **plain)
    assert np.array_equal(high[:, :50], level[:, :50])
    top = [int(np.argmax(high[:, column] > 0.25)) for column in (20, 100)]
    assert top[0] - top[1] == pytest.approx(0.2 * SIZE[1], abs=2)  # half of `height`
    front = int(np.flatnonzero(high[:, 100] > 0.25).max())  # the nearest line: nothing shows below it
    assert SIZE[1] * (1 - 0.06 - 0.2) == pytest.approx(front, abs=2)
    far = drawn("ridges", picture, height=0.0, tilt=1.0, **plain)
    gaps = np.diff(np.flatnonzero(far[20:, 20] > 0.25))
    assert gaps[-1] > 3 * gaps[gaps > 1][0]  # near ones lie further apart


def test_a_shape_is_cut_out_of_black(drawn: Draw) -> None:
    white = flat((255, 255, 255), SIZE)
    small, large = (drawn("shape", white, sides=12.0, size=size, glow=0.0) for size in (0.3, 0.6))
    assert small[36, 64] == large[36, 64] == 1 and small[0, 0] == large[0, 0] == 0
    for shown, size in ((small, 0.3), (large, 0.6)):
        assert shown.sum() == pytest.approx(np.pi * (size * SIZE[1] / 2) ** 2, rel=0.03)
    hole = drawn("shape", white, sides=12.0, size=0.6, glow=0.0, invert=1.0)
    assert np.abs(hole - (1 - large)).max() < 0.01
    ring = drawn("shape", white, sides=12.0, size=0.6, glow=0.0, hollow=0.5)
    assert ring[36, 64] == 0 and ring.sum() == pytest.approx(0.75 * large.sum(), rel=0.15)
    rows = drawn("shape", white, sides=4.0, size=0.5, glow=0.0, field=4.0)
    assert rises(rows[36 // 4]) == 7 and rises(rows[:, 64 - 9]) == 4


def test_a_quiet_spectrum_draws_rings_and_no_disc_in_their_middle(stage: Callable[..., Headless]) -> None:
    fft = np.zeros(256, np.float32)
    fft[:6] = 0.25, 0.2, 0.15, 0.1, 0.05, 0.02
    wave = (0.1 * np.sin(np.arange(512) / 9)).astype(np.float32)
    place = stage((320, 180))
    plain = replace(still(flat((90, 90, 90), (320, 180))), stage={"vignette": 0.0}, fft=fft, wave=wave)
    for n in range(20):  # it follows the sound
        place.write(replace(plain, time=n / 30, chain=Chain(filters=(SHADERS["spectrum_warp"],))), n / 30)
    light = place.read().mean(axis=2)
    assert np.abs(light[90, 159:162] - 90).max() < 6 and light[80:100, 150:170].min() > 72
    assert light.std() > 1
