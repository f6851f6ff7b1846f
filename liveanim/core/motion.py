"""The camera: rates per second -> homographies, and where a keyframe has travelled since it was made.

Homographies use the units of core.model: picture heights, origin at the centre, y down.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .model import Matrix

FOCAL = (
    1.0  # heights: the distance of the picture from the eye when it is tilted (a vertical field of view of 53 degrees)
)


def step_matrix(values: Mapping[str, float], dt: float, aspect: float) -> Matrix:
    """The camera's move over `dt` seconds, from `camera.*` values (units in core.params).

    Content is shifted first, then zoomed, rolled and tilted about the centre, as Deforum's 2D mode does it.
    `aspect` is width / height: camera.centre_x is a share of the width.
    """
    cx = (values["camera.centre_x"] - 0.5) * aspect
    cy = values["camera.centre_y"] - 0.5
    shift = _translate(values["camera.x"] * dt, values["camera.y"] * dt)
    turn = _zoom_roll(values["camera.zoom"] ** dt, math.radians(values["camera.angle"] * dt))
    tilt = _tilt(math.radians(values["camera.flip_x"] * dt), math.radians(values["camera.flip_y"] * dt))
    return _translate(cx, cy) @ tilt @ turn @ _translate(-cx, -cy) @ shift


def _translate(x: float, y: float) -> Matrix:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _zoom_roll(zoom: float, angle: float) -> Matrix:
    c, s = zoom * math.cos(angle), zoom * math.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def _tilt(about_x: float, about_y: float) -> Matrix:
    """The picture plane turned in space about its centre and seen from FOCAL in front of it."""
    if about_x == 0.0 and about_y == 0.0:
        return np.eye(3)
    cx, sx, cy, sy = math.cos(about_x), math.sin(about_x), math.cos(about_y), math.sin(about_y)
    # The third coordinate of a turned point, over FOCAL, is how much farther away it is seen.
    return np.array([[cy, 0.0, 0.0], [sx * sy, cx, 0.0], [-cx * sy / FOCAL, sx / FOCAL, 1.0]])


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
    """Where the camera has been, tick by tick: pose k maps what was seen at the first kept tick to time k."""

    times: tuple[float, ...] = ()
    poses: tuple[Matrix, ...] = ()

    def moved(self, now: float, step: Matrix) -> CameraPath:
        """The path with one more tick. A tick at the same time replaces the one before."""
        last = self.poses[-1] if self.poses else np.eye(3)
        pose = step @ last
        return CameraPath((*self.times, now), (*self.poses, pose / pose[2, 2]))

    def between(self, start: float, end: float) -> Matrix:
        """The homography from what was seen at `start` to `end` (clamped to the ticks kept)."""
        if start == end or not self.times:
            return np.eye(3)
        matrix: Matrix = self._pose(end) @ np.linalg.inv(self._pose(start))
        return matrix / matrix[2, 2]

    def since(self, oldest: float) -> CameraPath:
        """The path without the ticks before `oldest` (the last one at or before it stays), poses from there on."""
        first = max(0, bisect.bisect_right(self.times, oldest) - 1)
        if first == 0:
            return self
        back = np.linalg.inv(self.poses[first])
        return CameraPath(self.times[first:], tuple(pose @ back for pose in self.poses[first:]))

    def _pose(self, time: float) -> Matrix:
        return self.poses[max(0, bisect.bisect_right(self.times, time) - 1)]
