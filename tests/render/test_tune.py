"""Colours, sharpness and noise; the reference values come from the Deforum family's own code."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.render import tune

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "coherence_reference"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent")


def stored(name: str) -> np.ndarray:
    """A reference picture in the channel order it was written in, which the family treats as RGB."""
    picture = cv2.imread(str(DATA / f"{name}.png"))
    assert picture is not None
    return picture


def apart(ours: np.ndarray, name: str) -> int:
    """Most levels between our picture (0..1 or bytes) and the reference."""
    bytes_ = ours if ours.dtype == np.uint8 else tune.levels(ours)
    return int(np.abs(bytes_.astype(int) - stored(name).astype(int)).max())


def picture(seed: int = 1, height: int = 48, width: int = 64) -> np.ndarray:
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 2) * 2 - 0.5, 0, 1).astype(np.float32)


@needs_data
@pytest.mark.parametrize("space", ["LAB", "HSV", "RGB"])
def test_reference_colour_match(space: str) -> None:
    assert apart(tune.matched_levels(stored("frame"), stored("reference"), space.lower()), f"match_{space}") == 0


@needs_data
@pytest.mark.parametrize("kind", ["uniform", "perlin"])
@pytest.mark.parametrize("amount", [0.02, 0.065, 0.3])
def test_reference_noise(kind: str, amount: float) -> None:
    """The family cuts decimals off where we round: one level."""
    perlin = tune.Perlin(8, 8, 4, 0.5) if kind == "perlin" else None
    ours = tune.noised(tune.floats(stored("frame")), amount, 42, perlin)
    assert apart(ours, f"noise_{kind}_{amount}") <= 1


@needs_data
@pytest.mark.parametrize("amount", [0.1, 0.35])
def test_reference_unsharp_mask(amount: float) -> None:
    assert apart(tune.unsharp(tune.floats(stored("frame")), amount, 5, 1.0), f"unsharp_k5_s1.0_a{amount}_t0") <= 1


@needs_data
def test_reference_unsharp_mask_with_a_threshold_takes_darker_and_lighter_alike() -> None:
    """Defect of the family: its difference of bytes wraps, so that the threshold misses whatever gets darker."""
    frame = tune.floats(stored("frame"))
    ours = tune.levels(tune.unsharp(frame, 1.0, 3, 0.5, 8)).astype(int)
    theirs, before = stored("unsharp_k3_s0.5_a1.0_t8").astype(int), stored("frame").astype(int)
    differ = np.abs(ours - theirs) > 1
    assert 0 < differ.mean() < 0.5
    assert (ours[differ] == before[differ]).all()  # below the threshold: left alone
    assert (theirs[differ] < before[differ]).mean() > 0.9  # those the family let get darker; the rest lies at the edge


@needs_data
def test_reference_contrast_does_not_wrap() -> None:
    """Defect of the family: bright values times 1.1 begin again at black. Elsewhere the values are the same."""
    before, theirs = stored("frame").astype(int), stored("contrast_1.1_wraps").astype(int)
    ours = tune.levels(tune.floats(stored("frame")) * np.float32(1.1)).astype(int)
    whole = np.round(before * 1.1) <= 255
    assert (~whole).any()
    assert np.abs(ours - theirs)[whole].max() <= 1
    assert (ours[~whole] == 255).all()


def smooth(seed: int, gain: float, middle: tuple[float, float, float]) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((96, 128, 3)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 4) * gain + np.asarray(middle, np.float32), 0, 1)


def test_colours_that_are_led_have_the_mean_and_the_spread_of_the_sample() -> None:
    picture, sample = smooth(1, 1.0, (0.5, 0.4, 0.3)), tune.levels(smooth(2, 0.9, (0.4, 0.5, 0.5)))
    led, wanted = tune.led(picture, sample), tune.floats(sample)
    assert led.dtype == np.float32
    assert led.mean((0, 1)) == pytest.approx(wanted.mean((0, 1)), abs=0.005)
    assert np.cov(led.reshape(-1, 3).T) == pytest.approx(np.cov(wanted.reshape(-1, 3).T), abs=6e-4)
    half = tune.led(picture, sample, 0.5).mean((0, 1))
    assert half == pytest.approx((picture.mean((0, 1)) + wanted.mean((0, 1))) / 2, abs=0.005)
    assert np.array_equal(tune.led(picture, sample, 0), picture)


def test_a_dark_ground_stays_plain_where_colours_are_led() -> None:
    """Histograms would give it the sample's colours, pixel by pixel: speckle."""
    picture = np.full((96, 128, 3), (0.05, 0.05, 0.1), np.float32)
    picture[40:56, 50:80] = 0.9, 0.8, 0.3
    picture += np.random.default_rng(3).integers(-1, 2, picture.shape).astype(np.float32) / 255
    picture, sample = np.clip(picture, 0, 1), tune.levels(smooth(2, 1.0, (0.4, 0.5, 0.5)))
    ground = np.s_[:30]
    speckle = [
        made[ground].std((0, 1)).max() for made in (tune.led(picture, sample), tune.matched(picture, sample, "lab"))
    ]
    assert speckle[0] < 0.01 < 0.03 < speckle[1]


def test_what_is_flat_is_led_without_growing_noise() -> None:
    flat = np.full((32, 32, 3), 0.5, np.float32)
    led = tune.led(flat, tune.levels(smooth(2, 1.0, (0.4, 0.5, 0.5))))
    assert np.isfinite(led).all() and led.std((0, 1)).max() < 1e-5


def test_a_match_by_half_lies_between() -> None:
    a, b = picture(1), tune.levels(picture(2) * np.float32(0.5))
    half, whole = tune.matched(a, b, "rgb", 0.5), tune.matched(a, b, "rgb", 1.0)
    assert np.allclose(half, (a + whole) / 2, atol=1e-6)
    assert tune.matched(a, b, "none") is a


def test_noise_stays_where_the_mask_lets_it() -> None:
    a = picture()
    where = np.zeros(a.shape[:2], np.float32)
    where[:, :32] = 1
    noisy = tune.noised(a, 0.3, 7, None, where)
    assert np.array_equal(noisy[:, 32:], a[:, 32:])
    assert np.abs(noisy[:, :32] - a[:, :32]).mean() > 0.03
    assert np.array_equal(noisy, tune.noised(a, 0.3, 7, None, where))


@settings(max_examples=30, deadline=None)
@given(amount=st.floats(0, 5), kernel=st.integers(1, 31), sigma=st.floats(0, 10), threshold=st.floats(0, 255))
def test_an_unsharp_mask_stays_in_range(amount: float, kernel: int, sigma: float, threshold: float) -> None:
    sharp = tune.unsharp(picture(), amount, kernel, sigma, threshold)
    assert sharp.min() >= 0 and sharp.max() <= 1


def test_grey_has_no_colours() -> None:
    assert np.ptp(tune.grey(picture()), axis=2).max() < 1e-6
