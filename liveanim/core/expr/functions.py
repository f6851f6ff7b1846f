"""The table of functions. One row gives a name its arguments, its meaning and its line in the manual."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from . import maths
from .base import NAN, Env, Memory, Node, Operand, Scope, as_node
from .parse import Reject

MANY = 99


@dataclass(frozen=True, slots=True)
class Function:
    """A function of `low`..`high` arguments. `pure`: numbers to a number; else `build` makes the node itself."""

    name: str
    arguments: str
    low: int
    high: int
    doc: str
    pure: Callable[..., float] | None = None
    build: Callable[[Scope, Sequence[Node]], Node] | None = None


def _least(*values: float) -> float:
    return NAN if any(v != v for v in values) else min(values)


def _greatest(*values: float) -> float:
    return NAN if any(v != v for v in values) else max(values)


def _cosh(x: float) -> float:
    return math.cosh(x)


# -- functions with memory ---------------------------------------------------------------------------------------------


def _share(seconds: float, dt: float) -> float:
    """How much of the way is covered in `dt` when two thirds (1 - 1/e) take `seconds`."""
    if seconds <= 0:
        return 1.0
    return 1.0 - math.exp(-dt / seconds) if dt > 0 else 0.0


def _smooth(scope: Scope, arguments: Sequence[Node]) -> Node:
    """Follows arguments[0] in arguments[1] s upwards and arguments[2] s (or the same) downwards."""
    x, rise = arguments[0], arguments[1]
    fall = arguments[2] if len(arguments) > 2 else rise
    slot, dt = scope.slot(NAN), scope.read("dt")

    def smooth(env: Env, memory: Memory) -> float:
        target, held = x(env, memory), memory[slot]
        if target != target or target in (math.inf, -math.inf):
            return held
        if held == held:
            seconds = (rise if target > held else fall)(env, memory)
            target = held + (target - held) * _share(seconds, dt(env, memory))
        memory[slot] = target
        return target

    return smooth


def _decay(scope: Scope, arguments: Sequence[Node]) -> Node:
    trigger, seconds = arguments
    slot, dt = scope.slot(0.0), scope.read("dt")

    def decay(env: Env, memory: Memory) -> float:
        left = memory[slot] * (1.0 - _share(seconds(env, memory), dt(env, memory)))
        hit = trigger(env, memory)
        memory[slot] = level = hit if left < hit < math.inf else left
        return level

    return decay


def _integrate(scope: Scope, arguments: Sequence[Node]) -> Node:
    speed = arguments[0]
    slot, dt = scope.slot(0.0), scope.read("dt")

    def integrate(env: Env, memory: Memory) -> float:
        grown = memory[slot] + speed(env, memory) * max(0.0, dt(env, memory))
        if -1e15 < grown < 1e15:
            memory[slot] = grown
        return memory[slot]

    return integrate


_STILL = 0.1  # share of its pace that a journey keeps in silence
_USUAL = 0.15  # what signals are on average, before they have been heard


def _travel(scope: Scope, arguments: Sequence[Node]) -> Node:
    """Goes up by 1 in about arguments[1] s, fast while arguments[0] is high; the pace follows the signal's own mean."""
    signal, seconds = arguments
    way, mean, heard, dt = scope.slot(0.0), scope.slot(_USUAL), scope.slot(1.0), scope.read("dt")

    def travel(env: Env, memory: Memory) -> float:
        level, length, step = signal(env, memory), seconds(env, memory), max(0.0, dt(env, memory))
        if not (0 <= level < math.inf and 0 < length < math.inf):
            return memory[way]
        memory[heard] = min(memory[heard] + step, max(8.0, 2 * length))  # s that the mean is taken over: first few
        memory[mean] += (level - memory[mean]) * _share(memory[heard], step)
        pace = _STILL + (1 - _STILL) * level / max(memory[mean], 1e-3)
        memory[way] += min(step / length * pace, 0.5)
        return memory[way]

    return travel


def _rising(scope: Scope, trigger: Node) -> Callable[[Env, Memory], bool]:
    """Whether `trigger` has just gone above 0.5."""
    slot = scope.slot(0.0)

    def risen(env: Env, memory: Memory) -> bool:
        now, before = trigger(env, memory), memory[slot]
        memory[slot] = 1.0 if now > 0.5 else 0.0
        return now > 0.5 >= before

    return risen


def _count(scope: Scope, arguments: Sequence[Node]) -> Node:
    risen, slot = _rising(scope, arguments[0]), scope.slot(0.0)
    around = arguments[1] if len(arguments) > 1 else None

    def count(env: Env, memory: Memory) -> float:
        if risen(env, memory):
            memory[slot] += 1.0
        return maths.modulo(memory[slot], around(env, memory)) if around else memory[slot]

    return count


def _hold(scope: Scope, arguments: Sequence[Node]) -> Node:
    x, risen, slot = arguments[0], _rising(scope, arguments[1]), scope.slot(NAN)

    def hold(env: Env, memory: Memory) -> float:
        value = x(env, memory)
        if risen(env, memory) or memory[slot] != memory[slot]:
            memory[slot] = value
        return memory[slot]

    return hold


def _where(scope: Scope, arguments: Sequence[Node]) -> Node:
    condition, yes, no = arguments

    def where(env: Env, memory: Memory) -> float:
        a, b = yes(env, memory), no(env, memory)
        return a if condition(env, memory) else b

    return where


def _beat_in(scope: Scope, arguments: Sequence[Node]) -> Node:
    ahead, beat, bpm = arguments[0], scope.read("beat"), scope.read("bpm")

    def beat_in(env: Env, memory: Memory) -> float:
        return beat(env, memory) + ahead(env, memory) * bpm(env, memory) / 60000.0

    return beat_in


def _lfo(clock: str) -> Callable[[Scope, Sequence[Node]], Node]:
    def build(scope: Scope, arguments: Sequence[Node]) -> Node:
        rate, now = arguments[0], scope.read(clock)
        phase = arguments[1] if len(arguments) > 1 else as_node(0.0)
        beats = clock == "beat"

        def lfo(env: Env, memory: Memory) -> float:
            turns, speed = now(env, memory), rate(env, memory)
            turns = maths.divide(turns, speed) if beats else turns * speed
            u = maths.fract(turns + phase(env, memory))
            return 0.5 - 0.5 * math.cos(math.tau * u) if u == u else NAN

        return lfo

    return build


def _midi(name: str, scope: Scope, arguments: Sequence[Operand | str]) -> Operand:
    """The node that reads MIDI controller or pad arguments[0]. Reject unless it is a whole number 0..127."""
    number = arguments[0] if len(arguments) == 1 else None
    if not isinstance(number, (int, float)) or number != int(number) or not 0 <= number <= 127:
        raise Reject(f"{name} takes one whole number from 0 to 127, such as {name}(36)")
    return scope.read(f"{name}:{int(number)}")


def osc(scope: Scope, arguments: Sequence[Operand | str]) -> Operand:
    """The node that reads the last number sent to OSC address arguments[0]. Reject unless it is '/...' in quotes."""
    address = arguments[0] if len(arguments) == 1 else None
    if not isinstance(address, str) or not address.startswith("/"):
        raise Reject('osc takes an address in quotes that begins with a slash, such as osc("/fader/1")')
    return scope.read(f"osc:{address}")


F = Function
_ROWS = (
    F("sin", "x", 1, 1, "sine of an angle in radians", maths.total(math.sin)),
    F("cos", "x", 1, 1, "cosine", maths.total(math.cos)),
    F("tan", "x", 1, 1, "tangent", maths.total(math.tan)),
    F("arcsin", "x", 1, 1, "angle (radians) whose sine is x", maths.total(math.asin)),
    F("arccos", "x", 1, 1, "angle whose cosine is x", maths.total(math.acos)),
    F("arctan", "x", 1, 1, "angle whose tangent is x", maths.total(math.atan)),
    F("arctan2", "y, x", 2, 2, "angle of the point (x, y)", math.atan2),
    F("sinh", "x", 1, 1, "hyperbolic sine", maths.sinh),
    F("cosh", "x", 1, 1, "hyperbolic cosine", maths.total(_cosh)),
    F("tanh", "x", 1, 1, "hyperbolic tangent: squeezes anything into -1..1", maths.total(math.tanh)),
    F("arcsinh", "x", 1, 1, "inverse of sinh", maths.total(math.asinh)),
    F("arccosh", "x", 1, 1, "inverse of cosh", maths.total(math.acosh)),
    F("arctanh", "x", 1, 1, "inverse of tanh", maths.arctanh),
    F("sqrt", "x", 1, 1, "square root", maths.total(math.sqrt)),
    F("exp", "x", 1, 1, "e to the power x", maths.total(math.exp)),
    F("expm1", "x", 1, 1, "exp(x) - 1", maths.total(math.expm1)),
    F("log", "x", 1, 1, "natural logarithm", maths.log),
    F("log2", "x", 1, 1, "logarithm to base 2", maths.log2),
    F("log10", "x", 1, 1, "logarithm to base 10", maths.log10),
    F("log1p", "x", 1, 1, "log(1 + x)", maths.log1p),
    F("abs", "x", 1, 1, "x without its sign", abs),
    F("floor", "x", 1, 1, "whole number below", maths.floor),
    F("ceil", "x", 1, 1, "whole number above", maths.ceil),
    F("round", "x", 1, 1, "nearest whole number", maths.nearest),
    F("trunc", "x", 1, 1, "x cut to a whole number towards 0", maths.truncate),
    F("fract", "x", 1, 1, "what follows the point: 3.25 gives 0.25", maths.fract),
    F("sign", "x", 1, 1, "-1, 0 or 1", maths.sign),
    F("fmod", "a, b", 2, 2, "remainder with the sign of a", maths.fmod),
    F("mod", "a, b", 2, 2, "remainder with the sign of b, as a % b", maths.modulo),
    F("pow", "a, b", 2, 2, "a to the power b, as a ** b", maths.power),
    F("min", "a, b, ...", 1, MANY, "the smallest", _least),
    F("max", "a, b, ...", 1, MANY, "the largest", _greatest),
    F("clamp", "x, low, high", 3, 3, "x kept inside low..high", maths.clamp),
    F("lerp", "a, b, x", 3, 3, "from a (x = 0) to b (x = 1)", maths.lerp),
    F("remap", "x, a, b, c, d", 5, 5, "x from the range a..b to the range c..d", maths.remap),
    F("step", "edge, x", 2, 2, "1 when x has reached edge, else 0", maths.step),
    F("smoothstep", "low, high, x", 3, 3, "0 below low, 1 above high, a soft S between", maths.smoothstep),
    F("where", "condition, a, b", 3, 3, "a when the condition holds, else b", build=_where),
    F("saw", "x", 1, 1, "0..1 ramp, once for every whole x", maths.saw),
    F("tri", "x", 1, 1, "0..1..0 triangle, once for every whole x", maths.tri),
    F("square", "x[, duty]", 1, 2, "1 for the first `duty` (0.5) of every whole x, then 0", maths.square),
    F("pulse", "x[, sharpness]", 1, 2, "a spike of 1 at every whole x; sharpness 8, higher is narrower", maths.pulse),
    F("noise", "x[, seed]", 1, 2, "-1..1, wanders smoothly, a new value at every whole x", maths.noise),
    F("rand", "x[, seed]", 1, 2, "0..1, a new number for every whole x, held between", maths.rand),
    F("smooth", "x, seconds[, release]", 2, 3, "x without its jumps; `release` for the way down", build=_smooth),
    F("follow", "x, attack, release", 3, 3, "x with its own rise and fall time in seconds", build=_smooth),
    F("decay", "trigger, seconds", 2, 2, "jumps up with the trigger, then dies away", build=_decay),
    F("integrate", "speed", 1, 1, "adds speed every second: a position that moves with the sound", build=_integrate),
    F("travel", "signal, seconds", 2, 2, "1 more in about `seconds`, fast on hits, slow in silence", build=_travel),
    F("count", "trigger[, around]", 1, 2, "how often the trigger rose above 0.5, counted round `around`", build=_count),
    F("hold", "x, trigger", 2, 2, "x as it was when the trigger last rose above 0.5", build=_hold),
    F("lfo", "hertz[, phase]", 1, 2, "0..1..0 wave of time; phase 0..1", build=_lfo("t")),
    F("beat_in", "ms", 1, 1, "what `beat` will be so many milliseconds from now", build=_beat_in),
    F("lfo_beats", "beats[, phase]", 1, 2, "0..1..0 wave that takes that many beats", build=_lfo("beat")),
    *(F(name, "x", 1, 1, "0..1 to 0..1 along that curve", ease) for name, ease in maths.EASINGS.items()),
)
FUNCTIONS = {row.name: row for row in _ROWS}
ALIASES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "mix": "lerp", "int": "trunc"}
ALIASES |= {f"ease_{way}": f"ease_{way}_quad" for way in ("in", "out", "in_out")}
READERS: dict[str, Callable[[Scope, Sequence[Operand | str]], Operand]] = {
    "cc": partial(_midi, "cc"),
    "pad": partial(_midi, "pad"),
    "osc": osc,
}
READER_DOCS = (
    F("cc", "number", 1, 1, "last value of a MIDI controller, 0..1"),
    F("pad", "note", 1, 1, "how hard a MIDI note is hit, 0..1 while it is held"),
    F("osc", '"/address"', 1, 1, "last number sent to an OSC address"),
)
FUNCTION_NAMES = frozenset(FUNCTIONS) | frozenset(ALIASES) | frozenset(READERS)


def count_words(row: Function) -> str:
    """'clamp takes 3 arguments: clamp(x, low, high)'."""
    plural = "" if row.high == 1 else "s"
    number = "1 or more" if row.high == MANY else str(row.low) if row.low == row.high else f"{row.low} to {row.high}"
    return f"{row.name} takes {number} argument{plural}: {row.name}({row.arguments})"
