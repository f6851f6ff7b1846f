"""Fitting the picture to what it is thrown at: a part of it, mirrored and turned as the projector hangs, the corners of
a keystone, soft edges between projectors. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .errors import UserError
from .model import Matrix

Point = tuple[float, float]
CORNERS = ("top left", "top right", "bottom right", "bottom left")
EDGES = ("left", "right", "top", "bottom")
AT_REST: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
WHOLE = (0.0, 0.0, 1.0, 1.0)
WIDEST_EDGE = 0.5
NARROWEST = 0.05  # part of a picture, of its width or height
_FURTHEST = 1.5  # a corner may lie that far outside
_SMALLEST = 1e-3
QUARTER = 90  # degrees


@dataclass(frozen=True, slots=True)
class Mapping:
    """What is said of corners and edges holds for the screen as it is seen: mirrored and turned back by the projector.

    part     what of the picture the screen shows: left, top, right, bottom, 0..1 over it, y down
    corners  where the corners of that lie on the screen (CORNERS' order), 0..1 over it, y down
    edges    how wide it fades at each side (EDGES' order), share of its width or height, 0..0.5
    gamma    of the projectors: two fades that overlap give even light, 1..4
    mirror   left and right are exchanged
    turn     then all of it is turned by so many degrees clockwise: 0, 90, 180 or 270
    """

    corners: tuple[Point, ...] = AT_REST
    edges: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    gamma: float = 2.2
    part: tuple[float, float, float, float] = WHOLE
    mirror: bool = False
    turn: int = 0

    @property
    def plain(self) -> bool:
        """Whether the picture is shown as it is."""
        return self.upright and self.corners == AT_REST and not any(self.edges) and self.part == WHOLE

    @property
    def upright(self) -> bool:
        """Whether what is shown is neither mirrored nor turned."""
        return not (self.mirror or self.turn)

    def way(self) -> Matrix:
        """(2, 2): direction on the window -> on the screen as it is seen, x right, y down; for 90 and 270 degrees the
        one's width is the other's height."""
        angle = math.radians(self.turn)
        c, s = round(math.cos(angle)), round(math.sin(angle))
        turned_back = np.array([[c, s], [-s, c]], dtype=float)
        return np.diag([-1.0 if self.mirror else 1.0, 1.0]) @ turned_back

    def room(self, window: tuple[int, int]) -> tuple[int, int]:
        """(width, height) of the screen as it is seen, from those of the window."""
        return window if self.turn % (2 * QUARTER) == 0 else (window[1], window[0])

    def shown(self, size: tuple[int, int]) -> tuple[float, float]:
        """(width, height) of the part, from those of the picture."""
        left, top, right, bottom = self.part
        return size[0] * (right - left), size[1] * (bottom - top)

    def onto(self, window: tuple[int, int], size: tuple[int, int]) -> Matrix:
        """(3, 3): point of the window (0..1, y down) -> point of the part (0..1, y down), before the division; the
        window and the picture by their (width, height). The part is letterboxed before it is fitted."""
        room, part = self.room(window), self.shown(size)
        scale = min(room[0] / part[0], room[1] / part[1])
        x, y = (side * scale / whole for side, whole in zip(part, room, strict=True))
        fit = np.array([[1 / x, 0, 0.5 - 0.5 / x], [0, 1 / y, 0.5 - 0.5 / y], [0, 0, 1.0]])
        seen = np.eye(3)
        seen[:2, :2] = self.way()
        seen[:2, 2] = 0.5 - self.way() @ [0.5, 0.5]
        return self.matrix() @ fit @ seen

    def matrix(self) -> Matrix:
        """(3, 3): point of the screen (0..1, y down) -> point of the part (0..1, y down), before the division."""
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = self.corners
        # Heckbert, Fundamentals of Texture Mapping (1989), 2.2.2: the unit square onto a quadrilateral.
        dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
        dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
        below = dx1 * dy2 - dx2 * dy1
        g, h = (sx * dy2 - dx2 * sy) / below, (dx1 * sy - sx * dy1) / below
        square = [[x1 - x0 + g * x1, x3 - x0 + h * x3, x0], [y1 - y0 + g * y1, y3 - y0 + h * y3, y0], [g, h, 1.0]]
        inverse: Matrix = np.linalg.inv(np.array(square))
        return inverse

    def moved(self, corner: int, dx: float, dy: float) -> Mapping:
        """With one corner moved; unchanged where the picture would fold over."""
        x, y = self.corners[corner]
        corners = [*self.corners]
        corners[corner] = (x + dx, y + dy)
        return replace(self, corners=tuple(corners)) if _convex(corners) else self

    def widened(self, edge: int, by: float) -> Mapping:
        """With one edge's fade made wider (or narrower)."""
        edges = [*self.edges]
        edges[edge] = round(min(WIDEST_EDGE, max(0.0, edges[edge] + by)), 6)
        return replace(self, edges=(edges[0], edges[1], edges[2], edges[3]))

    def cut(self, edge: int, by: float) -> Mapping:
        """With one side (EDGES' order) of the part moved by a share of the picture, right or down."""
        left, top, right, bottom = self.part
        sides = [left, right, top, bottom]
        low = 0.0 if edge % 2 == 0 else sides[edge - 1] + NARROWEST
        high = 1.0 if edge % 2 else sides[edge + 1] - NARROWEST
        sides[edge] = round(min(high, max(low, sides[edge] + by)), 6)
        return replace(self, part=(sides[0], sides[2], sides[1], sides[3]))

    def mirrored(self) -> Mapping:
        """With left and right exchanged, or back again."""
        return replace(self, mirror=not self.mirror)

    def turned(self) -> Mapping:
        """Turned on by a quarter."""
        return replace(self, turn=(self.turn + QUARTER) % 360)

    def afresh(self) -> Mapping:
        """The whole picture, corners and edges at rest; what the projector is, and how it hangs, stays."""
        return replace(self, corners=AT_REST, edges=(0.0, 0.0, 0.0, 0.0), part=WHOLE)


def in_the_middle(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int, int, int]:
    """(x, y, width, height) of a picture of `size` in the middle of `room` (width, height), as large as fits."""
    scale = min(room[0] / size[0], room[1] / size[1])
    width, height = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    return (room[0] - width) // 2, (room[1] - height) // 2, width, height


def _convex(corners: list[Point]) -> bool:
    if any(not -_FURTHEST < value < 1 + _FURTHEST for point in corners for value in point):
        return False
    for i in range(4):
        (ax, ay), (bx, by), (cx, cy) = (corners[(i + k) % 4] for k in range(3))
        if (bx - ax) * (cy - by) - (by - ay) * (cx - bx) < _SMALLEST:
            return False
    return True


def mapping_from(data: Table[str, Any], where: str) -> Mapping:
    """The mapping in a table of Mapping's fields; UserError names the key and what was expected."""
    corners, edges, gamma = data.get("corners", AT_REST), data.get("edges", (0.0,) * 4), data.get("gamma", 2.2)
    part = data.get("part", WHOLE)
    good = isinstance(corners, (list, tuple)) and len(corners) == 4 and all(_numbers(point, 2) for point in corners)
    points = [(float(x), float(y)) for x, y in corners] if good else []
    if not good or not _convex(points):
        raise UserError(f"{where}: corners: expected [x, y] of {', '.join(CORNERS)}, 0 to 1, going round clockwise")
    if not _numbers(edges, 4) or not all(0 <= edge <= WIDEST_EDGE for edge in edges):
        raise UserError(f"{where}: edges: expected four shares ({', '.join(EDGES)}) from 0 to {WIDEST_EDGE}")
    if not _numbers([gamma], 1) or not 1 <= gamma <= 4:
        raise UserError(f"{where}: gamma: expected a number from 1 to 4")
    good = _numbers(part, 4) and all(0 <= side <= 1 for side in part)
    if not good or min(part[2] - part[0], part[3] - part[1]) < NARROWEST - 1e-6:
        raise UserError(f"{where}: part: expected [left, top, right, bottom], 0 to 1, at least {NARROWEST} apart")
    mirror, turn = data.get("mirror", False), data.get("turn", 0)
    if not isinstance(mirror, bool):
        raise UserError(f"{where}: mirror: expected true or false")
    if isinstance(turn, bool) or turn not in range(0, 360, QUARTER):
        raise UserError(f"{where}: turn: expected 0, 90, 180 or 270")
    left, right, top, bottom = (float(edge) for edge in edges)
    x0, y0, x1, y1 = (float(side) for side in part)
    return Mapping(tuple(points), (left, right, top, bottom), float(gamma), (x0, y0, x1, y1), mirror, int(turn))


def _numbers(values: Any, count: int) -> bool:
    return (
        isinstance(values, (list, tuple))
        and len(values) == count
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in values)
    )
