"""Keyframes that flicker and tremble come out even and still; what is meant to move moves on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from liveanim.core.model import Blend, Image, Keyframe, Layer, frozen_image
from liveanim.outputs.headless import Headless
from liveanim.outputs.settle import Settle, drift

from .pictures import centroid, dots, homography, smooth

Make = Callable[[tuple[int, int]], Headless]
SIZE = (160, 90)
SPOTS = [(0.1, 0.2), (-0.4, -0.1), (0.5, -0.25), (-0.15, 0.05), (0.3, 0.1)]


def moved(x: float, y: float) -> Image:
    return dots([(a + x, b + y) for a, b in SPOTS], SIZE, 0.06)


def walk(stage: Headless, images: list[Image], rate: float = 0.0, **values: float) -> list[Image]:
    """What is seen of keyframes one after the other, each faded in wholly; `rate`: the camera's way (heights) each."""
    keyframes = [Keyframe(n, float(n), image) for n, image in enumerate(images)]
    shown = []
    for n, keyframe in enumerate(keyframes):
        layers = [Layer(keyframe, 1.0, np.eye(3))]
        if n:
            layers.insert(0, Layer(keyframes[n - 1], 0.0, homography(x=rate)))
        stage.write(Blend(float(n), tuple(layers), {"vignette": 0.0, **values}), float(n))
        shown.append(stage.read())
    return shown


def spread(values: list[float]) -> float:
    return float(np.std(np.diff(values)))


def test_brightness_that_jumps_is_evened_out_and_a_slow_change_stays(stage: Make) -> None:
    rng = np.random.default_rng(1)
    slow = np.linspace(0.4, 0.8, 24)
    images = [
        frozen_image((smooth(SIZE) * level * 2.0 ** rng.uniform(-0.3, 0.3)).clip(0, 255).astype(np.uint8))
        for level in slow
    ]
    plain = [float(image.mean()) for image in walk(stage(SIZE), images)]
    even = [float(image.mean()) for image in walk(stage(SIZE), images, deflicker=1.0)]
    half = [float(image.mean()) for image in walk(stage(SIZE), images, deflicker=0.5)]
    assert spread(even[4:]) < 0.35 * spread(plain[4:]) and spread(even[4:]) < spread(half[4:]) < spread(plain[4:])
    assert np.mean(even[-6:]) > 1.4 * np.mean(even[:6]), "it still grows brighter"


def test_every_other_keyframe_darker_comes_out_alike(stage: Make) -> None:
    images = [frozen_image((smooth(SIZE) * (0.5 if n % 2 else 0.7)).astype(np.uint8)) for n in range(16)]
    even = [float(image.mean()) for image in walk(stage(SIZE), images, deflicker=1.0)][6:]
    assert max(even) - min(even) < 0.02 * max(even)


def test_trembling_is_held_still(stage: Make) -> None:
    rng = np.random.default_rng(3)
    images = [moved(*rng.uniform(-0.02, 0.02, 2)) for _ in range(20)]
    plain = [centroid(image) for image in walk(stage(SIZE), images)]
    still = [centroid(image) for image in walk(stage(SIZE), images, steady=1.0)]
    for axis in (0, 1):
        assert spread([at[axis] for at in still[3:]]) < 0.45 * spread([at[axis] for at in plain[3:]])


def test_what_drifts_goes_on_and_the_camera_is_no_drift(stage: Make) -> None:
    images = [moved(0.008 * n, 0.0) for n in range(12)]
    seen = [centroid(image)[0] for image in walk(stage(SIZE), images, steady=1.0)]
    assert seen[-1] - seen[4] == pytest.approx(0.008 * 7, abs=0.012)
    carried = [centroid(image)[0] for image in walk(stage(SIZE), images, rate=0.008, steady=1.0)]
    plain = [centroid(image)[0] for image in walk(stage(SIZE), images)]
    assert np.abs(np.subtract(carried, plain)).max() < 0.004


def test_another_picture_is_no_drift() -> None:
    rng = np.random.default_rng(0)
    one, other = (Keyframe(n, 0.0, frozen_image(rng.integers(0, 255, (90, 160, 3), np.uint8))) for n in range(2))
    assert drift(Layer(one, 1.0, np.eye(3)), Layer(other, 1.0, np.eye(3))) == (0.0, 0.0)
    flat = Keyframe(2, 0.0, frozen_image(np.zeros((90, 160, 3), np.uint8)))
    assert drift(Layer(one, 1.0, np.zeros((3, 3))), Layer(flat, 1.0, np.eye(3))) == (0.0, 0.0)


def test_off_it_looks_at_nothing_and_on_it_forgets() -> None:
    settle, layer = Settle(), (Layer(Keyframe(0, 0.0, smooth(SIZE)), 1.0, np.eye(3)),)
    assert settle.settled(layer, 0.0, 0.0) is layer and not settle._known
    for n in range(100):
        settle.settled((Layer(Keyframe(n, float(n), smooth(SIZE, n % 3)), 1.0, np.eye(3)),), 1.0, 1.0)
    assert len(settle._known) <= 12


def test_the_middle_of_three_frames_leaves_sparks_out(stage: Make) -> None:
    one = stage(SIZE)
    quiet, spark = smooth(SIZE), frozen_image(np.full((SIZE[1], SIZE[0], 3), 255, np.uint8))
    seen = []
    for n, image in enumerate([quiet, quiet, quiet, spark, quiet, spark, spark, quiet]):
        layer = Layer(Keyframe(n, n / 60, image), 1.0, np.eye(3))
        one.write(Blend(n / 60, (layer,), {"vignette": 0.0, "median": 1.0}), n / 60)
        seen.append(one.read())
    for n in (3, 4):
        assert np.abs(seen[n].astype(int) - quiet).max() <= 1, "a single spark is not seen"
    assert seen[6].min() >= 250, "two in a row are no spark"
