"""Test pictures and blends for the stage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from liveanim.core.model import Blend, Image, Keyframe, Layer, Matrix, frozen_image


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (64, 36)) -> Image:
    """One colour, `size` (width, height)."""
    return frozen_image(np.full((size[1], size[0], 3), colour, dtype=np.uint8))


def smooth(size: tuple[int, int] = (320, 180), seed: int = 0) -> Image:
    """Soft coloured waves: nothing finer than a tenth of the height, so that every good filter agrees on it."""
    rng = np.random.default_rng(seed)
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    x, y = (x + 0.5 - width / 2) / height, (y + 0.5 - height / 2) / height
    channels = []
    for _ in range(3):
        fx, fy, at = rng.uniform(-2.5, 2.5), rng.uniform(-2.5, 2.5), rng.uniform(0, 6.28)
        channels.append(127 + 100 * np.sin(2 * np.pi * (fx * x + fy * y) + at))
    return frozen_image(np.stack(channels, axis=-1).round().astype(np.uint8))


def dots(points: list[tuple[float, float]], size: tuple[int, int], radius: float = 0.03) -> Image:
    """White discs on black at `points` (units of height, centre origin, y down)."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    x, y = (x + 0.5 - width / 2) / height, (y + 0.5 - height / 2) / height
    light = np.zeros((height, width))
    for px, py in points:
        light = np.maximum(light, np.clip((radius - np.hypot(x - px, y - py)) * height + 0.5, 0, 1))
    return frozen_image(np.repeat((light * 255).round().astype(np.uint8)[..., None], 3, axis=2))


def centroid(image: Image) -> tuple[float, float]:
    """Centre of light in units of height, centre origin, y down."""
    light = image.astype(np.float64).mean(axis=2)
    height, width = light.shape
    y, x = np.mgrid[0:height, 0:width]
    total = light.sum()
    return float(((x + 0.5 - width / 2) / height * light).sum() / total), float(
        ((y + 0.5 - height / 2) / height * light).sum() / total
    )


def homography(zoom: float = 1.0, roll: float = 0.0, x: float = 0.0, y: float = 0.0) -> Matrix:
    """Zoom, roll (radians, clockwise on screen) and shift (units of height)."""
    c, s = zoom * np.cos(roll), zoom * np.sin(roll)
    return np.array([[c, -s, x], [s, c, y], [0.0, 0.0, 1.0]])


def keyframe(image: Image, index: int = 0) -> Keyframe:
    return Keyframe(index, 0.0, image)


def still(image: Image, seen: Matrix | None = None, time: float = 0.0, **stage: float) -> Blend:
    """A blend of one keyframe, without the default vignette unless asked for."""
    layer = Layer(keyframe(image), 1.0, np.eye(3) if seen is None else seen)
    return Blend(time, (layer,), {"vignette": 0.0, **stage})


def mixed(parts: list[tuple[Image, float]], stage: Mapping[str, float] | None = None) -> Blend:
    """A blend of several keyframes at rest, with their weights."""
    layers = tuple(Layer(keyframe(image, i), weight, np.eye(3)) for i, (image, weight) in enumerate(parts))
    return Blend(0.0, layers, {"vignette": 0.0, **(stage or {})})
