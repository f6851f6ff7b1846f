"""The camera: rates per second -> homographies, and where a keyframe has travelled since it was made.

Homographies use the units of core.model: picture heights, origin at the centre, y down.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .model import Matrix


def step_matrix(values: Mapping[str, float], dt: float, aspect: float, pixel: float = 0.0) -> Matrix:
    """The camera's move over `dt` seconds, from `camera.*` values (units in core.params).

    Content is shifted first, then zoomed, rolled and tilted about the centre, as Deforum's 2D mode does it.
    `aspect` is width / height: camera.centre_x is a share of the width. With camera.warp 'compat' the tilt is Deforum's
    own, and like there it makes the shift go away; `pixel` (heights) only matters to that.
    """
    cx = (values["camera.centre_x"] - 0.5) * aspect
    cy = values["camera.centre_y"] - 0.5
    shift = _translate(values["camera.x"] * dt, values["camera.y"] * dt)
    turn = _zoom_roll(values["camera.zoom"] ** dt, math.radians(values["camera.angle"] * dt))
    turn = _translate(cx, cy) @ turn @ _translate(-cx, -cy)
    angles = [math.radians(values[f"camera.flip_{axis}"] * dt) for axis in "xyz"]
    if not any(angles):
        return turn @ shift
    fov = math.radians(values["camera.flip_fov"])
    if values["camera.warp"] > 0.5:
        return _compat_flip([-angle for angle in angles], fov, aspect, pixel) @ turn
    tilt = _tilt(angles, 0.5 / math.tan(fov / 2))
    return _translate(cx, cy) @ tilt @ _translate(-cx, -cy) @ turn @ shift


def _translate(x: float, y: float) -> Matrix:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _zoom_roll(zoom: float, angle: float) -> Matrix:
    c, s = zoom * math.cos(angle), zoom * math.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def _tilt(angles: Sequence[float], focal: float) -> Matrix:
    """The picture plane rolled, then turned in space about its centre, and seen from `focal` heights in front of it."""
    cx, sx, cy, sy = math.cos(angles[0]), math.sin(angles[0]), math.cos(angles[1]), math.sin(angles[1])
    # The third coordinate of a turned point, over the focal distance, is how much farther away it is seen.
    tilt = np.array([[cy, 0.0, 0.0], [sx * sy, cx, 0.0], [-cx * sy / focal, sx / focal, 1.0]])
    return tilt @ _zoom_roll(1.0, angles[2])


def _compat_flip(angles: Sequence[float], fov: float, aspect: float, pixel: float) -> Matrix:
    """Deforum's perspective flip: phi, gamma, theta = `angles`, its field of view over the picture's diagonal.

    It turns about a point that lies off the centre by half of what a square around the picture is larger than it.
    """
    diagonal = math.hypot(aspect, 1.0)
    side = diagonal / math.cos(fov / 2)
    distance = diagonal / (2 * math.sin(fov / 2))
    (cx, sx), (cy, sy), (cz, sz) = ((math.cos(angle), math.sin(angle)) for angle in angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    turned = (about_x @ about_y @ about_z)[:, :2]
    seen = np.zeros((3, 3))
    seen[:2, :2] = turned[:2] * distance
    seen[2, :2] = -turned[2]
    seen[2, 2] = distance + pixel
    x, y = (side - aspect) / 2, (side - 1) / 2
    return _translate(x, y) @ seen @ _translate(-x, -y)


def partial(matrix: Matrix, share: float) -> Matrix:
    """`share` of the way that `matrix` goes: so many such parts one after the other make the whole.

    Exact for shifts, zooms and rolls; a homography that is none of them (a tilt) goes straight.
    """
    if share == 1.0:
        return matrix
    whole = matrix / matrix[2, 2]
    if np.abs(whole[2, :2]).max() > 1e-12 or abs(whole[0, 0] - whole[1, 1]) + abs(whole[0, 1] + whole[1, 0]) > 1e-12:
        straight: Matrix = np.eye(3) + share * (whole - np.eye(3))
        return straight
    turn, shift = complex(whole[0, 0], whole[1, 0]), complex(whole[0, 2], whole[1, 2])
    turned = turn**share if turn else 0j
    way = shift * (share if abs(turn - 1) < 1e-9 else (turned - 1) / (turn - 1))
    return np.array([[turned.real, -turned.imag, way.real], [turned.imag, turned.real, way.imag], [0.0, 0.0, 1.0]])


def move(matrix: Matrix, points: Matrix) -> Matrix:
    """`points` (n, 2) carried by `matrix`."""
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    moved: Matrix = homogeneous[:, :2] / homogeneous[:, 2:]
    return moved


@dataclass(frozen=True, slots=True)
class CameraPath:
    """Where the camera has been, tick by tick: pose k maps what was seen at the first kept tick to time k.

    order   size of the matrices: 3 for homographies, 4 for moves in space (core.space)
    """

    times: tuple[float, ...] = ()
    poses: tuple[Matrix, ...] = ()
    order: int = 3

    def moved(self, now: float, step: Matrix) -> CameraPath:
        """The path with one more tick. A tick at the same time replaces the one before."""
        last = self.poses[-1] if self.poses else np.eye(self.order)
        pose = step @ last
        return CameraPath((*self.times, now), (*self.poses, pose / pose[-1, -1]), self.order)

    def between(self, start: float, end: float) -> Matrix:
        """The matrix from what was seen at `start` to `end` (clamped to the ticks kept)."""
        if start == end or not self.times:
            return np.eye(self.order)
        matrix: Matrix = self._pose(end) @ np.linalg.inv(self._pose(start))
        return matrix / matrix[-1, -1]

    def since(self, oldest: float) -> CameraPath:
        """The path without the ticks before `oldest` (the last one at or before it stays), poses from there on."""
        first = max(0, bisect.bisect_right(self.times, oldest) - 1)
        if first == 0:
            return self
        back = np.linalg.inv(self.poses[first])
        return CameraPath(self.times[first:], tuple(pose @ back for pose in self.poses[first:]), self.order)

    def _pose(self, time: float) -> Matrix:
        return self.poses[max(0, bisect.bisect_right(self.times, time) - 1)]
