"""Moving pictures through their depth (units and direction: core.space).

A result's point is looked up where it came from: the camera's move is undone by a few rounds of "where I would have had
to be to arrive here". Deforum's own warp (`lens.compat`) is the first of these rounds with the depth of the arrival.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from liveanim.core import space
from liveanim.core.model import Matrix
from liveanim.core.space import Lens

from .grids import Border, at_rest
from .warp import Sampling, read_at, warp

ROUNDS = 3
_COARSE = 2  # the way of a point changes slowly: it is found for one pixel in so many, in both directions

Plane = NDArray[np.float32]


def fly(
    picture: NDArray,
    homography: Matrix,
    move: Matrix,
    distance: Plane,
    lens: Lens,
    border: Border = "reflect",
    sampling: Sampling = "bicubic",
) -> NDArray:
    """`picture` (height, width[, channels]) after `homography` and then `move`; `distance` (any size): core.space's z.

    Same shape and type. What was hidden before is stretched over from its surroundings.
    """
    if space.at_rest(move):
        return warp(picture, homography, border, sampling, lens.compat)
    height, width = picture.shape[:2]
    x, y = came_from(height, width, warp(distance, homography), move, lens)
    columns, rows = x * np.float32(height) + np.float32(width / 2), y * np.float32(height) + np.float32(height / 2)
    if not at_rest(homography):
        columns, rows = _undone(columns, rows, homography, (height, width), lens.compat)
    return read_at(picture, columns - np.float32(0.5), rows - np.float32(0.5), border, sampling)


def came_from(height: int, width: int, distance: Plane, move: Matrix, lens: Lens) -> tuple[Plane, Plane]:
    """For every pixel of a (height, width) result where it was before `move`, in picture heights from the centre."""
    coarse = 1 if lens.compat else _COARSE
    rows, columns = max(2, height // coarse), max(2, width // coarse)
    aspect = width / height
    x, y = _places(rows, columns, aspect)
    if distance.shape != (rows, columns):
        distance = np.asarray(cv2.resize(distance, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)
    dx, dy = space.displacement(x, y, distance, move, lens, aspect)
    for _ in range(0 if lens.compat else ROUNDS - 1):
        across = (x - dx) * np.float32(rows) + np.float32(columns / 2 - 0.5)
        down = (y - dy) * np.float32(rows) + np.float32(rows / 2 - 0.5)
        there = cv2.remap(distance, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        dx, dy = space.displacement(x - dx, y - dy, np.asarray(there, np.float32), move, lens, aspect)
    if (rows, columns) != (height, width):
        dx, dy = (np.asarray(cv2.resize(plane, (width, height)), np.float32) for plane in (dx, dy))
        x, y = _places(height, width, aspect)
    return x - dx, y - dy


def _places(rows: int, columns: int, aspect: float) -> tuple[Plane, Plane]:
    x = ((np.arange(columns) + 0.5) / columns - 0.5).astype(np.float32) * np.float32(aspect)
    y = ((np.arange(rows) + 0.5) / rows - 0.5).astype(np.float32)
    return np.broadcast_to(x, (rows, columns)), np.broadcast_to(y[:, None], (rows, columns))


def _undone(x: Plane, y: Plane, homography: Matrix, size: tuple[int, int], corners: bool) -> tuple[Plane, Plane]:
    """Where the points were before `homography` (pixels from the corner of the picture, like x and y)."""
    height, width = size
    half = 0.5 if corners else 0.0
    units = np.array([[1, 0, -width / 2 - half], [0, 1, -height / 2 - half], [0, 0, height]], np.float64) / height
    if abs(np.linalg.det(homography)) < 1e-12:
        return x, y
    b = (np.linalg.inv(units) @ np.linalg.inv(homography) @ units).astype(np.float32)
    w = b[2, 0] * x + b[2, 1] * y + b[2, 2]
    seen = w / (b[2, 2] or 1) > 1e-3
    w = np.where(seen, w, np.float32(1))
    u, v = (b[0, 0] * x + b[0, 1] * y + b[0, 2]) / w, (b[1, 0] * x + b[1, 1] * y + b[1, 2]) / w
    return np.where(seen, u, x), np.where(seen, v, y)


def equalised(depth: Plane, bins: int = 1024) -> Plane:
    """Depth of any scale -> its share of smaller values, 0..1: each distance as common as any other (Deforum's way)."""
    low, high = float(depth.min()), float(depth.max())
    if high - low < 1e-9:
        return np.full(depth.shape, 0.5, np.float32)
    even = (depth - low) / (high - low)
    counts = np.cumsum(np.histogram(even, bins, (0.0, 1.0))[0])
    return np.interp(even, np.arange(bins) / bins, counts / counts[-1]).astype(np.float32)
