"""The camera in depth: rigid moves per second -> where each point of a picture is seen afterwards. Pure.

Points are (x right, y down, z away) with z 1 at the nearest parts of the picture; a move is a (4, 4) float64 matrix for
column vectors. Signs are Deforum's (reference values: its 3D warp): x moves the camera right (content left), y up
(content down), z forward; pitch sends content down, yaw left, roll counter-clockwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import Matrix
from .params import PARAMS

NEAREST = 0.05  # z below which a point is not brought any nearer
MOST_FORWARD = 0.75  # of the way to the nearest parts that one keyframe may be flown into


@dataclass(frozen=True, slots=True)
class Lens:
    """How points and pictures belong together.

    fov     degrees, vertical (Deforum: across and down alike)
    aspect  divides the horizontal scale; `compat` only
    relief  the farthest parts are at z = 1 + relief
    compat  Deforum's first-order warp: points lie on a grid that does not spread with depth, and are moved from where
            they arrive instead of where they come from
    """

    fov: float = 70.0
    aspect: float = 1.0
    relief: float = 1.0
    compat: bool = False

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Lens:
        """The lens that `space.*` and `camera.warp` say; defaults where they say nothing."""

        def value(name: str) -> float:
            return values.get(name, PARAMS[name].default)

        compat = value("camera.warp") > 0.5
        return cls(value("space.fov"), value("space.aspect"), value("space.relief"), compat)

    def scales(self, picture_aspect: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """(ray, focal): a picture point (heights) times `ray` is a space point at z 1; x / z times `focal` is seen."""
        k = 1.0 / math.tan(math.radians(self.fov) / 2)
        if not self.compat:
            return (2 / k, 2 / k), (k / 2, k / 2)
        return (2 / picture_aspect, 2.0), (k / self.aspect * picture_aspect / 2, k / 2)

    def z(self, nearness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Nearness 0 far .. 1 near -> distance 1 .. 1 + relief: even in 1/z, as depth models answer; compat: in z."""
        if self.compat:
            return (1 + np.float32(self.relief) * (1 - nearness)).astype(np.float32)
        far = np.float32(1 / (1 + self.relief))
        return (1 / (far + nearness * (1 - far))).astype(np.float32)


def step_move(values: Mapping[str, float], dt: float) -> Matrix:
    """The camera's move over `dt` seconds, from `space.*` values (units in core.params)."""
    names = ("x", "y", "z", "pitch", "yaw", "roll")
    x, y, z, pitch, yaw, roll = (values[f"space.{name}"] * dt for name in names)
    move = np.eye(4)
    if pitch or yaw or roll:
        move[:3, :3] = _turned(math.radians(pitch), math.radians(yaw), math.radians(roll))
    move[:3, 3] = (-x, y, -z)
    return move


def _turned(pitch: float, yaw: float, roll: float) -> Matrix:
    (a, b), (c, d), (e, f) = ((math.cos(angle), math.sin(angle)) for angle in (pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, a, b], [0, -b, a]])
    about_y = np.array([[c, 0, -d], [0, 1, 0], [d, 0, c]])
    about_z = np.array([[e, f, 0], [-f, e, 0], [0, 0, 1]])
    matrix: Matrix = about_z @ about_y @ about_x
    return matrix


def part(move: Matrix, share: float) -> Matrix:
    """`share` of the way that the rigid `move` goes: so many such parts one after the other make the whole."""
    if share == 1.0:
        return move
    rotation, shift = move[:3, :3], move[:3, 3]
    axis = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    sine, cosine = float(np.linalg.norm(axis)) / 2, (float(np.trace(rotation)) - 1) / 2
    angle = math.atan2(sine, cosine)
    way = np.eye(4)
    if sine < 1e-12:
        way[:3, 3] = share * shift
        return way
    x, y, z = axis / (2 * sine)
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])

    def turned(share: float) -> tuple[Matrix, Matrix]:
        """The turn, and what it makes of a shift that goes on meanwhile (Rodrigues)."""
        c, s = math.cos(share * angle), math.sin(share * angle)
        turn = np.eye(3) + s * across + (1 - c) * across @ across
        drift = share * np.eye(3) + (1 - c) / angle * across + (share - s / angle) * across @ across
        return turn, drift

    way[:3, :3], drift = turned(share)
    way[:3, 3] = drift @ np.linalg.solve(turned(1.0)[1], shift)
    return way


def at_rest(move: Matrix) -> bool:
    """True when `move` moves nothing (up to rounding)."""
    return bool(np.allclose(move, np.eye(4), rtol=0, atol=1e-9))


def bounded(move: Matrix) -> Matrix:
    """`move` that never flies through the nearest parts: a picture that comes late is only looked at more closely."""
    forward = -move[2, 3]
    if forward <= MOST_FORWARD / 2:
        return move
    half = MOST_FORWARD / 2
    eased = move.copy()
    eased[2, 3] = -(half + half * math.tanh((forward - half) / half))
    return eased


def displacement(
    x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32], move: Matrix, lens: Lens, aspect: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far the picture points (x, y) at distance z are seen to move (picture heights, right and down).

    `aspect` is the picture's width / height.
    """
    (ray_x, ray_y), (focal_x, focal_y) = lens.scales(aspect)
    spread = np.float32(1) if lens.compat else z
    px, py = x * np.float32(ray_x) * spread, y * np.float32(ray_y) * spread
    m = move.astype(np.float32)
    there = np.maximum(m[2, 0] * px + m[2, 1] * py + m[2, 2] * z + m[2, 3], np.float32(NEAREST))
    dx = np.float32(focal_x) * ((m[0, 0] * px + m[0, 1] * py + m[0, 2] * z + m[0, 3]) / there - px / z)
    dy = np.float32(focal_y) * ((m[1, 0] * px + m[1, 1] * py + m[1, 2] * z + m[1, 3]) / there - py / z)
    return dx.astype(np.float32), dy.astype(np.float32)


def level(move: Matrix, lens: Lens, aspect: float) -> Matrix:
    """The homography that shows a flat picture at its middle distance as `move` sees it, for whatever has no depth."""
    (ray_x, ray_y), (focal_x, focal_y) = lens.scales(aspect)
    middle = float(lens.z(np.full(1, 0.5, np.float32))[0])
    spread = 1.0 if lens.compat else middle
    lift = np.array([[ray_x * spread, 0, 0], [0, ray_y * spread, 0], [0, 0, middle]])
    plane = move[:3, :3] @ lift
    plane[:, 2] += move[:3, 3]
    seen: Matrix = np.diag([focal_x, focal_y, 1.0]) @ plane
    return seen / seen[2, 2] if abs(seen[2, 2]) > 1e-9 else np.eye(3)


@dataclass(frozen=True, slots=True)
class Range:
    """The range of a depth model's answers, followed slowly so that the picture's depth does not pump."""

    low: float
    high: float

    def toward(self, other: Range, dt: float, seconds: float = 3.0) -> Range:
        """This range `dt` seconds later, drawn toward `other` with time constant `seconds`."""
        share = 1 - math.exp(-max(0.0, dt) / seconds)
        return Range(self.low + share * (other.low - self.low), self.high + share * (other.high - self.high))
