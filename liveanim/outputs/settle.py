"""Keyframes that flicker and tremble, evened out: how bright each is drawn, and how far it is moved.

Decided once for every keyframe, when it is first seen, from those before it; nothing is drawn here, and where both
are off nothing is looked at.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import Image, Keyframe, Layer

_KEPT = 12  # keyframes that are remembered
_MEAN_OF = 6  # keyframes whose brightness is the measure of the next
_MOST_STOPS = 1.0  # brighter or darker than painted
_FOLLOW = 0.25  # share of a drift that is followed with every keyframe
_ROWS = 72  # pixels of the small pictures that are compared
_MOST_SHIFT = 0.06  # picture heights between two keyframes: what is more is another picture
_SURE = 0.08  # how clear the best match must be
_FLAT = 1e-6  # determinant of a picture seen edge on
_FLOOR = 4.0  # of 255: what is darker is not lifted
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found out about a keyframe: stops that it is too dark, its drift and what to take back (heights)."""

    keyframe: Keyframe
    stops: float
    path: tuple[float, float]
    back: tuple[float, float]


class Settle:
    """Of one stage. `deflicker` and `steady` 0..1: how much of the flicker, and of the trembling, is taken away."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._levels: deque[float] = deque(maxlen=_MEAN_OF)
        self._followed = (0.0, 0.0)

    def settled(self, layers: tuple[Layer, ...], deflicker: float, steady: float) -> tuple[Layer, ...]:
        """`layers` moved against their trembling. What they are to be multiplied with is then in `gain`."""
        if deflicker <= 0.0 and steady <= 0.0:
            self._known.clear()
            self._levels.clear()
            return layers
        for n, layer in enumerate(layers):
            if self._of(layer.keyframe) is None:
                self._meet(layer, layers[n - 1] if n else None, steady > 0.0)
        return tuple(self._moved(layer, steady) for layer in layers) if steady > 0.0 else layers

    def gain(self, keyframe: Keyframe, deflicker: float) -> float:
        """What the display values of `keyframe` are multiplied with."""
        known = self._of(keyframe) if deflicker > 0.0 else None
        return 1.0 if known is None else float(2.0 ** (deflicker * known.stops))

    def _of(self, keyframe: Keyframe) -> _Known | None:
        known = self._known.get(id(keyframe))
        return known if known is not None and known.keyframe is keyframe else None

    def _meet(self, layer: Layer, before: Layer | None, moving: bool) -> None:
        level = _level(layer.keyframe.image)
        self._levels.append(level)
        stops = float(np.clip(np.mean(self._levels) - level, -_MOST_STOPS, _MOST_STOPS))
        known = self._of(before.keyframe) if before is not None else None
        x, y = known.path if known is not None else self._followed
        if moving and before is not None:
            dx, dy = drift(before, layer)
            x, y = x + dx, y + dy
        slow = tuple(old + _FOLLOW * (new - old) for old, new in zip(self._followed, (x, y), strict=True))
        self._followed = slow[0], slow[1]
        self._known[id(layer.keyframe)] = _Known(layer.keyframe, stops, (x, y), (slow[0] - x, slow[1] - y))
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def _moved(self, layer: Layer, steady: float) -> Layer:
        known = self._of(layer.keyframe)
        if known is None or known.back == (0.0, 0.0):
            return layer
        shift = np.eye(3)
        shift[:2, 2] = np.clip(known.back, -_MOST_SHIFT, _MOST_SHIFT) * steady
        return replace(layer, homography=layer.homography @ shift)


def _level(image: Image) -> float:
    """How bright a keyframe is, in stops of display values."""
    return float(np.log2(max(float((image[::4, ::4].reshape(-1, 3) @ _LUMA).mean()), _FLOOR)))


def drift(before: Layer, layer: Layer) -> tuple[float, float]:
    """How far (x, y, picture heights) `layer` shows things from where the camera has carried them from `before`.

    (0, 0) where the two do not clearly show the same thing.
    """
    small, other = _small(layer.keyframe.image), _small(before.keyframe.image)
    tall, wide = small.shape
    if other.shape != small.shape:
        return 0.0, 0.0
    pixels = np.array([[tall, 0, (wide - 1) / 2], [0, tall, (tall - 1) / 2], [0, 0, 1.0]])
    ways = layer.homography, before.homography
    if not all(np.all(np.isfinite(way)) and abs(np.linalg.det(way)) > _FLAT for way in ways):
        return 0.0, 0.0
    carried = pixels @ np.linalg.inv(ways[0]) @ ways[1] @ np.linalg.inv(pixels)
    # Not mirrored: OpenCV folds points that lie far away back one border at a time, which may take for ever.
    seen = cv2.warpPerspective(other, carried, (wide, tall), borderMode=cv2.BORDER_REPLICATE)
    window = cv2.createHanningWindow((wide, tall), cv2.CV_32F)
    (dx, dy), sure = cv2.phaseCorrelate(np.asarray(seen, np.float32), small, window)
    x, y = dx / tall, dy / tall
    return (x, y) if sure >= _SURE and max(abs(x), abs(y)) <= _MOST_SHIFT else (0.0, 0.0)


def _small(image: Image) -> _Grey:
    height, width = image.shape[:2]
    size = max(8, round(_ROWS * width / height)), _ROWS
    return np.asarray(
        cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY), np.float32
    )
