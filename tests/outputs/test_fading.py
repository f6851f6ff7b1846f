"""Fades between keyframes are as sharp as they are."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from liveanim.core.blend import Fade, arrive, layers, shares
from liveanim.core.model import Blend, Image, Keyframe, Matrix, frozen_image
from liveanim.core.motion import CameraPath
from liveanim.core.travel import Travel
from liveanim.outputs.headless import Headless

Make = Callable[..., Headless]
SIZE = 320, 180


def in_pixels(size: tuple[int, int]) -> Matrix:
    """Points in picture heights about the centre -> pixels."""
    width, height = size
    return np.array([[height, 0.0, width / 2 - 0.5], [0.0, height, height / 2 - 0.5], [0.0, 0.0, 1.0]])


def detailed(seed: int = 0, shift: tuple[float, float] = (0.0, 0.0)) -> Image:
    """Drawn shapes with edges and texture, moved by `shift` pixels."""
    rng = np.random.default_rng(seed)
    picture = np.full((180 + 80, 320 + 80, 3), 60, np.uint8)
    for _ in range(160):
        centre = int(rng.integers(0, 400)), int(rng.integers(0, 260))
        colour = [int(level) for level in rng.integers(20, 236, 3)]
        axes = int(rng.integers(4, 22)), int(rng.integers(3, 12))
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    move = np.array([[1.0, 0.0, shift[0] - 40], [0.0, 1.0, shift[1] - 40]])
    return frozen_image(np.asarray(cv2.warpAffine(picture, move, SIZE, flags=cv2.INTER_CUBIC), np.uint8))


def sharpness(image: Image) -> float:
    """Mean steepness of the inner picture."""
    grey = image.astype(np.float64).mean(axis=2)[15:-15, 15:-15]
    gy, gx = np.gradient(grey)
    return float(np.hypot(gx, gy).mean())


def zoomed(image: Image, zoom: float) -> Image:
    """`image` as a painter would have it after the camera went on by `zoom`."""
    matrix = in_pixels(SIZE) @ np.diag([zoom, zoom, 1.0]) @ np.linalg.inv(in_pixels(SIZE))
    return frozen_image(np.asarray(cv2.warpPerspective(image, matrix, SIZE, flags=cv2.INTER_LANCZOS4), np.uint8))


def test_on_a_steady_zoom_frames_between_keyframes_are_as_sharp_as_they_are(stage: Make) -> None:
    """Keyframes every 0.2 s of a zoom by 1.3 a second: what fades was carried by the camera, so nothing ghosts."""
    one, first, rate, fade, path = stage(SIZE), detailed(), 1.3, Fade(), CameraPath()
    between, at_keyframes = [], []
    for n in range(25):
        now = n / 30
        path = path.moved(now, np.diag([rate ** (1 / 30), rate ** (1 / 30), 1.0]) if n else np.eye(3))
        if n % 6 == 0:
            painted = zoomed(first, rate**now)
            at_keyframes.append(sharpness(painted))
            fade = arrive(fade, Keyframe(n, now, painted), now, 0.2, 0.5)
        one.write(Blend(now, layers(shares(fade, now, 0.5), now, Travel(path)), {"vignette": 0.0}), now)
        if n > 6 and n % 6:
            between.append(sharpness(one.read()))
    assert np.mean(between) >= 0.85 * np.mean(at_keyframes)
