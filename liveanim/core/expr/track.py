"""A schedule of the Deforum family, played: what each frame gives, and how frames without a value are filled in."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .base import INF, NAN, Env, Memory, Operand, Scope
from .keys import moved

_SEARCH = 2000
_SEARCH_LIVE = 50
"""Frames looked at for the nearest one with a value; fewer where the expression hears the room."""
_FRAME_NAMES = frozenset(("t", "max_f", "s"))

Point = tuple[float, float]
"""A frame and its value."""


@dataclass(frozen=True, slots=True)
class Row:
    """One key: the frame (a number or a node of max_f and s) and what it gives from there.

    A plain number in `value` runs to the next key; a node plays. `constant` is the number it always gives, if it does.
    """

    frame: Operand
    value: Operand
    constant: float | None = None


class Track:
    """The keys of one schedule. Deterministic: what it keeps is only what it has already worked out."""

    __slots__ = ("_for", "_fresh", "_gap", "_places", "_pure", "_rows", "_values")

    def __init__(self, rows: Sequence[Row], scope: Scope) -> None:
        self._rows = tuple(rows)
        self._fresh = tuple(scope.initial)
        self._pure = scope.names <= _FRAME_NAMES
        self._for: tuple[float, float] | None = None
        self._places: list[int] = []
        self._values: list[Operand] = []
        self._gap: tuple[Point, Point] | None = None

    def play(self, env: Env, memory: Memory) -> float:
        """The value at frame env["t"]; a frame between two frames is in proportion."""
        bounds = (env.get("max_f", 0.0), env.get("s", 0.0))
        if bounds != self._for:
            self._place_keys(bounds, env)
        places, x = self._places, env.get("t", 0.0)
        if not places or x != x:
            return NAN
        index = bisect_right(places, x) - 1
        if index >= 0:
            value = self._values[index]
            if callable(value):
                result = value(env, memory)
                if result == result:
                    return result
            elif index == len(places) - 1 or places[index] == x:
                return value
        return self._fill(x, index, env)

    def _place_keys(self, bounds: tuple[float, float], env: Env) -> None:
        """Sorts the keys; those outside 0..max_f are left out (all are kept while max_f is not known)."""
        limit = bounds[0] if bounds[0] > 0 else INF
        found: dict[int, Operand] = {}
        for row in self._rows:
            frame = row.frame(env, []) if callable(row.frame) else row.frame
            if -1.0 < frame < limit + 1.0 and frame < INF:
                found[int(frame)] = row.value
        self._places = sorted(found)
        self._values = [found[place] for place in self._places]
        self._for, self._gap = bounds, None

    def _fill(self, x: float, index: int, env: Env) -> float:
        """The straight line through the nearest values on both sides; the nearer one alone at the ends."""
        gap = self._gap
        if gap is None or not gap[0][0] < x < gap[1][0]:
            gap = (self._left(x, index, env), self._right(x, index, env))
            self._gap = gap if self._pure else None
        (a, start), (b, end) = gap
        if a == -INF:
            return end
        if b == INF:
            return start
        return start + (end - start) * ((x - a) / (b - a))

    def _left(self, x: float, index: int, env: Env) -> Point:
        frame = math.ceil(x) - 1
        steps = self._steps()
        while index >= 0:
            value = self._values[index]
            if not callable(value):
                return self._places[index], value
            found = self._first(value, range(frame, self._places[index] - 1, -1), env, steps)
            if found:
                return found
            frame = self._places[index] - 1
            index -= 1
        return -INF, NAN

    def _right(self, x: float, index: int, env: Env) -> Point:
        frame = math.floor(x) + 1
        steps = self._steps()
        while index < len(self._places):
            value = self._values[index] if index >= 0 else self._values[0]
            after = self._places[index + 1] if index + 1 < len(self._places) else self._end()
            if callable(value) and index >= 0:
                found = self._first(value, range(frame, after), env, steps)
                if found:
                    return found
            elif not callable(value) and index >= 0 and self._places[index] >= x:
                return self._places[index], value
            frame = after
            index += 1
        return INF, NAN

    def _end(self) -> int:
        limit = self._for[0] if self._for else 0.0
        return int(limit) + 1 if limit > 0 else 1 << 62

    def _steps(self) -> Iterator[int]:
        return iter(range(_SEARCH if self._pure else _SEARCH_LIVE))

    def _first(self, value: Operand, frames: range, env: Env, steps: Iterator[int]) -> Point | None:
        """The first of `frames` at which `value` is a number."""
        for frame, _ in zip(frames, steps, strict=False):
            result = value(at_frame(env, frame), list(self._fresh)) if callable(value) else value
            if result == result:
                return frame, result
        return None


def at_frame(env: Env, frame: float) -> Env:
    """`env` as it is at `frame`: the clocks move, the live signals stay."""
    return {**moved(env, (frame - env.get("t", 0.0)) / (env.get("fps") or 24.0)), "t": frame, "f": frame}
