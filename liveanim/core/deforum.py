"""Looks of the Deforum family: schedules by frame, played on the clock of the show.

A look with `compat = "deforum"` has its expressions read by that family's rules; its [deforum] table holds the clock
(fps, frames, loop, size, bpm, seed) and the camera in the family's own units: degrees, pixels and factors a frame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import UserError, number_within, only_known
from .expr import Driver, Env, ExprError, Expression, Memory, compile_expr
from .params import METER

FPS = 15.0
MOST_FRAMES = 10_000_000
_SNAP = 1e-6  # frames: times are sums of rounded numbers
_MOST_AT_ONCE = 30  # frames that one tick may span


@dataclass(frozen=True, slots=True)
class FrameClock:
    """The frames that schedules were written for: `fps` a second, `frames` of them (0: no end), then again if `loop`.

    size  (width, height) in pixels that the family's pixels are of
    bpm   the tempo that `beat` counts by; 0: the show's own beat
    seed  what `s` is; below 0: the show's own seed
    """

    fps: float = FPS
    frames: int = 0
    loop: bool = True
    size: tuple[int, int] = (512, 512)
    bpm: float = 0.0
    seed: float = -1.0

    @property
    def seconds(self) -> float:
        """How long it takes; 0 when it has no end."""
        return self.frames / self.fps

    def wrapped(self, frame: int) -> int:
        """Frame number `frame` of the show as one of the look's."""
        return frame % self.frames if self.loop and self.frames > 0 else frame

    def env(self, env: Env, frame: int) -> Env:
        """The show's `env` as the family's schedules see it at whole frame `frame`."""
        there = {**env, "t": float(frame), "f": float(frame), "fps": self.fps, "max_f": float(max(0, self.frames - 1))}
        if self.seed >= 0:
            there |= {"s": self.seed, "seed": self.seed}
        if self.bpm > 0:
            beat = frame * self.bpm / (60.0 * self.fps)
            bar = beat / (env.get("meter") or METER)
            there |= {"bpm": self.bpm, "beat": beat, "bar": bar, "phase": beat % 1.0}
        return there


@dataclass(frozen=True, slots=True)
class Unit:
    """How a value of the family becomes one of the table of parameters.

    scale   factor; with `pixels` in sizes of a picture one pixel high
    moves   the value is a move made once a frame: it becomes one a second, and a tick takes its share of each frame
    grows   as `moves`, for factors: their logarithms are shared out
    """

    scale: float = 1.0
    moves: bool = False
    grows: bool = False
    pixels: bool = False

    def converted(self, value: float, clock: FrameClock) -> float:
        """NaN where there is no such value: a zoom of 0 or less."""
        if self.grows:
            return math.exp(min(700.0, clock.fps * math.log(value))) if value > 0 else math.nan
        scale = self.scale / clock.size[1] if self.pixels else self.scale
        return value * scale * (clock.fps if self.moves else 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """An expression of the family on its own clock: a driver of a parameter."""

    expression: Expression
    clock: FrameClock
    unit: Unit = Unit()

    @property
    def text(self) -> str:
        return self.expression.text

    @property
    def names(self) -> frozenset[str]:
        return self.expression.names

    def memory(self) -> Memory:
        return self.expression.memory()

    def evaluate(self, env: Env, memory: Memory) -> float:
        """The value at env["now"], in the parameter's unit; of a move the mean over the env["dt"] seconds before it.

        Frame n's value holds from its time on; its move is made on the way from frame n - 1 to n, as the family does.
        So where the camera goes does not depend on the rate of the show.
        """
        place = env.get("now", 0.0) * self.clock.fps
        if not (self.unit.moves or self.unit.grows):
            return self.unit.converted(self._at(math.floor(place + _SNAP), env, memory), self.clock)
        last = math.ceil(place - _SNAP)
        start = place - env.get("dt", 0.0) * self.clock.fps
        first = max(math.floor(start + _SNAP) + 1, last - _MOST_AT_ONCE)
        if first >= last or memory:
            return self.unit.converted(self._at(last, env, memory), self.clock)
        total = 0.0
        for frame in range(first, last + 1):
            share = min(place, frame) - max(start, frame - 1)
            value = self.unit.converted(self._at(frame, env, memory), self.clock)
            total += share * (math.log(max(value, 1e-30)) if self.unit.grows else value)
        mean = total / (place - max(start, first - 1))
        return math.exp(min(mean, 700.0)) if self.unit.grows else mean

    def _at(self, frame: int, env: Env, memory: Memory) -> float:
        return self.expression.evaluate(self.clock.env(env, self.clock.wrapped(max(0, frame))), memory)


_TURN, _GROW = Unit(moves=True), Unit(grows=True)
_PIXELS, _SPACE = Unit(moves=True, pixels=True), Unit(1 / 200, moves=True)
_FLIP = Unit(-1.0, moves=True)
FLIP: Mapping[str, tuple[str, Unit]] = {
    "perspective_flip_theta": ("camera.flip_z", _FLIP),
    "perspective_flip_phi": ("camera.flip_x", _FLIP),
    "perspective_flip_gamma": ("camera.flip_y", _FLIP),
}
CAMERA: Mapping[str, Mapping[str, tuple[str, Unit]]] = {
    "2D": {
        "zoom": ("camera.zoom", _GROW),
        "angle": ("camera.angle", _TURN),
        "translation_x": ("camera.x", _PIXELS),
        "translation_y": ("camera.y", _PIXELS),
        **FLIP,
    },
    "3D": {
        "translation_x": ("space.x", _SPACE),
        "translation_y": ("space.y", _SPACE),
        "translation_z": ("space.z", _SPACE),
        "rotation_3d_x": ("space.pitch", _TURN),
        "rotation_3d_y": ("space.yaw", _TURN),
        "rotation_3d_z": ("space.roll", _TURN),
        **FLIP,
    },
}
"""What the camera fields of a [deforum] table drive, by its mode. Signs and units: the family's own."""
_CLOCK = ("mode", "fps", "frames", "loop", "size", "bpm", "seed")


def family_from(
    table: Mapping[str, Any], size: tuple[int, int], where: str
) -> tuple[FrameClock, dict[str, Driver | float]]:
    """The clock and what drives the camera in a [deforum] table; `size` is (width, height) in pixels.

    UserError names the key and what was expected.
    """
    mode = table.get("mode", "2D")
    if mode not in CAMERA:
        raise UserError(f"{where}: mode: expected one of {', '.join(CAMERA)}, got {mode!r}")
    only_known(table, (*_CLOCK, *CAMERA[mode]), where)
    clock = FrameClock(
        fps=number_within(table.get("fps", FPS), 0.1, 1000.0, f"{where}: fps"),
        frames=int(number_within(table.get("frames", 0), 0, MOST_FRAMES, f"{where}: frames")),
        loop=table.get("loop", True) is not False,
        size=size,
        bpm=number_within(table.get("bpm", 0), 0, 1000.0, f"{where}: bpm"),
        seed=number_within(table.get("seed", -1), -1, 4294967295.0, f"{where}: seed"),
    )
    drivers: dict[str, Driver | float] = {}
    for key, (name, unit) in CAMERA[mode].items():
        if key in table:
            drivers[name] = family_driver(table[key], clock, f"{where}: {key}", unit)
    return clock, drivers


def family_driver(value: Any, clock: FrameClock, where: str, unit: Unit = Unit()) -> Driver | float:
    """What drives a parameter from a number or an expression of the family. UserError names `where` and the column."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = repr(value) if math.isfinite(value) else ""
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{where}: expected a number or a schedule in quotes, got {value!r}")
    try:
        expression = compile_expr(value, compat="deforum")
    except ExprError as error:
        raise UserError(f"{where}: {error}") from None
    if expression.constant is None:
        return Timed(expression, clock, unit)
    constant = unit.converted(expression.constant, clock)
    if not math.isfinite(constant):
        raise UserError(f"{where}: a zoom must be more than 0, got {value}")
    return constant
