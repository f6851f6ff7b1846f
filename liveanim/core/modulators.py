"""Modulators of a look: waves, envelopes and sequences with a name, for every expression of the look to use.

A preset writes them in its [modulators] table, one line each; the key that comes first says the kind:

    sway  = { lfo = "sine", beats = 8 }                                 # or hertz = 0.2; phase = 0.25
    swell = { follow = "bass", attack = 0.02, release = 0.5 }           # s
    pluck = { adsr = [0.01, 0.15, 0.4, 0.6], trigger = "snare" }        # s, s, level, s
    grab  = { hold = "rand(beat)", trigger = "kick" }
    riff  = { steps = [1, 0, 0.5, 0.25], beats = 0.5, glide = 0.1 }     # glide: share of a step
    power = { macro = 1, smooth = 0.3 }                                 # s

`low` and `high` are the ends of its way, 0 and 1 when they are left out.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from .errors import UserError, near, only_known
from .expr import KNOWN, ExprError, Expression, Memory, compile_expr
from .expr.base import CONSTANTS, SHARED_NAMES
from .expr.functions import FUNCTION_NAMES
from .expr.maths import fract, noise, rand

SHAPES = ("sine", "tri", "saw", "square", "random", "smooth")
MOST, MOST_STEPS = 32, 64
FASTEST = 1e6  # turns a second or a beat: a wave without an end to its speed has no place
PRESSED = 0.5  # a trigger is on above this
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,23}")
_LFO_NAMES = {f"lfo{n}" for n in range(1, 9)}  # read 0 until a preset gives them a meaning
_TAKEN = (KNOWN - _LFO_NAMES - SHARED_NAMES) | set(CONSTANTS) | FUNCTION_NAMES
_KEYS: dict[str, tuple[str, ...]] = {
    "lfo": ("hertz", "beats", "phase", "duty"),
    "follow": ("attack", "release"),
    "adsr": ("trigger",),
    "hold": ("trigger",),
    "steps": ("beats", "glide", "phase"),
    "macro": ("smooth",),
}
STANDARD: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "tension": {"follow": "rms > 0 and kick + bass_energy < 0.45", "attack": 3, "release": 0.3},
        "drop": {"adsr": [0.01, 2, 0, 0], "trigger": "tension > 0.4 and max(kick, bass_energy) > 0.5"},
    }
)
"""What all looks have without writing it, and go on with when another comes; one of their own of that name is taken
instead.

tension   grows while the bass is away: 0.6 after three seconds, 0.9 after seven
drop      1 when it is back after two seconds or more, with the first kick; 0 two seconds later
"""
_NEEDED = {"adsr": ("trigger",), "hold": ("trigger",), "steps": ("beats",)}


@dataclass(frozen=True, slots=True, eq=False)
class Modulator:
    """One modulator. `inputs`: what it works with, by key; `low`, `high`: the ends of its way.

    `steps` are those of a sequence, or the four numbers of an ADSR; `shape` is that of an LFO.
    """

    name: str
    kind: str
    inputs: Mapping[str, Expression | float]
    shape: str = ""
    steps: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 1.0

    @property
    def seed(self) -> float:
        """So that two random waves differ, and are the same at the next show."""
        return float(zlib.crc32(self.name.encode()) % 65536)


def modulators_from(table: Any, where: str) -> tuple[Modulator, ...]:
    """The modulators of a [modulators] table, in its order; each may use those above it.

    UserError names the modulator and what was expected.
    """
    if not isinstance(table, Mapping) or len(table) > MOST:
        raise UserError(f"{where}: expected a table [modulators] of at most {MOST}")
    made: list[Modulator] = []
    for name, row in table.items():
        made.append(_modulator(name, row, frozenset(one.name for one in made), f"{where}: [modulators] {name}"))
    return tuple(made)


def standard() -> tuple[Modulator, ...]:
    """Those of STANDARD."""
    return modulators_from(STANDARD, "of all looks")


def _modulator(name: str, row: Any, known: frozenset[str], where: str) -> Modulator:
    if not _NAME.fullmatch(name):
        raise UserError(f"{where}: a name is of up to 24 small letters, digits and _, and begins with a letter")
    if name in _TAKEN:
        raise UserError(f"{where}: {name!r} has a meaning already; choose another name")
    if not isinstance(row, Mapping):
        raise UserError(f'{where}: expected a table such as {{ lfo = "sine", beats = 8 }}, got {row!r}')
    kinds = [key for key in row if key in _KEYS]
    if len(kinds) != 1:
        raise UserError(f"{where}: expected one of {', '.join(_KEYS)}")
    kind = kinds[0]
    only_known(row, (kind, *_KEYS[kind], "low", "high"), where)
    for key in _NEEDED.get(kind, ()):
        if key not in row:
            raise UserError(f"{where}: {key} is missing")
    if kind == "lfo" and ("hertz" in row) == ("beats" in row):
        raise UserError(f"{where}: expected either hertz or beats")
    inputs = {key: _input(row[key], known, f"{where}: {key}") for key in _KEYS[kind] if key in row}
    shape, steps = "", tuple[float, ...]()
    if kind in ("follow", "hold"):
        inputs[kind] = _input(row[kind], known, f"{where}: {kind}")
    elif kind == "lfo":
        shape = _shape(row[kind], where)
    elif kind == "macro":
        inputs[kind] = _input(f"m{_macro(row[kind], where)}", known, where)
    else:
        steps = _steps(row[kind], kind, where)
    low, high = (_number(row.get(key, end), f"{where}: {key}") for key, end in (("low", 0.0), ("high", 1.0)))
    return Modulator(name, kind, inputs, shape, steps, low, high)


def _input(value: Any, known: frozenset[str], where: str) -> Expression | float:
    if isinstance(value, str):
        try:
            made = compile_expr(value, extra=known)
        except ExprError as error:
            raise UserError(f"{where}: {error}") from None
        return made if made.constant is None else made.constant
    return _number(value, where)


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise UserError(f"{where}: expected a number, got {value!r}")
    return float(value)


def _shape(value: Any, where: str) -> str:
    if value not in SHAPES:
        raise UserError(f"{where}: lfo: expected one of {', '.join(SHAPES)}, got {value!r}{near(str(value), SHAPES)}")
    return str(value)


def _macro(value: Any, where: str) -> int:
    if type(value) is not int or not 1 <= value <= 8:
        raise UserError(f"{where}: macro: expected the number of a macro from 1 to 8, got {value!r}")
    return value


def _steps(value: Any, kind: str, where: str) -> tuple[float, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= MOST_STEPS:
        raise UserError(f"{where}: {kind}: expected a list of 1 to {MOST_STEPS} numbers")
    steps = tuple(_number(one, f"{where}: {kind}") for one in value)
    if kind == "adsr" and (len(steps) != 4 or min(steps) < 0 or steps[2] > 1):
        raise UserError(f"{where}: adsr: expected [attack s, decay s, sustain 0..1, release s]")
    return steps


class _Player:
    """One modulator at work: what it remembers between two frames."""

    def __init__(self, row: Modulator) -> None:
        self._row = row
        self._memory: dict[str, Memory] = {k: v.memory() for k, v in row.inputs.items() if isinstance(v, Expression)}
        self._turns = 0.0  # of a wave whose speed changes
        self._before: float | None = None  # the beat of the last frame
        self._level: float | None = None  # of an envelope, or what is held
        self._gate, self._phase = False, "rest"
        self._play: Callable[[Mapping[str, float]], float] = {
            "lfo": self._lfo,
            "follow": self._follow,
            "adsr": self._adsr,
            "hold": self._hold,
            "steps": self._steps,
            "macro": self._follow,
        }[row.kind]

    def next(self, env: Mapping[str, float]) -> float:
        """The place on its way, usually 0..1, at the next frame."""
        return self._play(env)

    def _input(self, key: str, env: Mapping[str, float], default: float = 0.0) -> float:
        value = self._row.inputs.get(key, default)
        if isinstance(value, Expression):
            value = value.evaluate(env, self._memory[key])
        return value if math.isfinite(value) else default

    def _cycles(self, env: Mapping[str, float]) -> float:
        """Turns since the start: straight from the clock; added up where the speed changes, so that nothing jumps."""
        beats = "beats" in self._row.inputs
        key, clock = ("beats", "beat") if beats else ("hertz", "t")
        rate, now = self._input(key, env, 1.0), env.get(clock, 0.0)
        speed = (1.0 / rate if rate else 0.0) if beats else rate
        speed = min(FASTEST, max(-FASTEST, speed))
        if not isinstance(self._row.inputs[key], Expression):
            return now * speed + self._input("phase", env)
        passed = 0.0 if self._before is None else now - self._before
        self._before = now
        self._turns += passed * speed
        return self._turns + self._input("phase", env)

    def _lfo(self, env: Mapping[str, float]) -> float:
        turns, shape = self._cycles(env), self._row.shape
        u = fract(turns)
        if shape == "sine":
            return 0.5 - 0.5 * math.cos(math.tau * u)
        if shape == "tri":
            return 1.0 - abs(2.0 * u - 1.0)
        if shape == "saw":
            return u
        if shape == "square":
            return 1.0 if u < self._input("duty", env, 0.5) else 0.0
        seed = self._row.seed + env.get("seed", 0.0)
        return rand(turns, seed) if shape == "random" else 0.5 + 0.5 * noise(turns, seed)

    def _follow(self, env: Mapping[str, float]) -> float:
        target = self._input(self._row.kind, env)
        level = target if self._level is None else self._level
        smooth = self._input("smooth", env)
        seconds = self._input("attack" if target > level else "release", env, smooth)
        share = 1.0 if seconds <= 0 else 1.0 - math.exp(-max(0.0, env.get("dt", 0.0)) / seconds)
        self._level = level + (target - level) * share
        return self._level

    def _pressed(self, env: Mapping[str, float]) -> bool:
        """Whether the trigger has gone on just now."""
        before, self._gate = self._gate, self._input("trigger", env) > PRESSED
        return self._gate and not before

    def _adsr(self, env: Mapping[str, float]) -> float:
        """Attack and decay always run to their end: a drum's trigger is shorter than they are."""
        attack, decay, sustain, release = self._row.steps
        level, left = self._level or 0.0, max(0.0, env.get("dt", 0.0))
        if self._pressed(env):
            self._phase = "attack"
        if self._phase == "attack":
            level, left = _towards(level, 1.0, left, attack, 1.0)
            if level >= 1.0:
                self._phase = "decay"
        if self._phase == "decay":
            level, left = _towards(level, sustain, left, decay, 1.0 - sustain)
            if level <= sustain:
                self._phase = "sustain"
        if self._phase == "sustain" and not self._gate:
            self._phase = "release"
        if self._phase == "release":
            level, left = _towards(level, 0.0, left, release, sustain)
        self._level = level
        return level

    def _hold(self, env: Mapping[str, float]) -> float:
        value = self._input("hold", env)
        if self._pressed(env) or self._level is None:
            self._level = value
        return self._level

    def _steps(self, env: Mapping[str, float]) -> float:
        turns, steps = self._cycles(env), self._row.steps
        number = math.floor(turns)
        here, before = steps[number % len(steps)], steps[(number - 1) % len(steps)]
        glide, into = self._input("glide", env), turns - number
        return here if into >= glide else before + (here - before) * into / glide


def _towards(level: float, goal: float, dt: float, seconds: float, way: float) -> tuple[float, float]:
    """`level` moved to `goal` for `dt` s, at a speed that covers `way` in `seconds`; and what is left of dt."""
    if seconds <= 0 or way <= 0:
        return goal, dt
    needed = abs(goal - level) * seconds / way
    if needed <= dt:
        return goal, dt - needed
    return level + math.copysign(way * dt / seconds, goal - level), 0.0


class Bank:
    """The modulators of one look at work. Owned by whoever evaluates the look's expressions."""

    def __init__(self, rows: Sequence[Modulator]) -> None:
        self._players = [(row, _Player(row)) for row in rows]

    def advance(self, env: MutableMapping[str, float]) -> dict[str, float]:
        """Each one's place 0..1 in this frame; its value goes into `env` under its name. Call once a frame."""
        places = {}
        for row, player in self._players:
            place = player.next(env)
            if not math.isfinite(place):
                place = 0.0
            env[row.name] = row.low + (row.high - row.low) * place
            places[row.name] = min(1.0, max(0.0, place))
        return places
