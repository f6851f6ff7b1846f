"""The dialect of the Deforum family: numexpr's operators on its variables, and ours where it would refuse.

`t` is the frame number. Deforum Studio's beat and event variables are worked out from t, fps, bpm and beat.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import ClassVar

from . import maths
from .base import NAN, Env, Memory, Node, Operand
from .family_maths import OPERATORS, invert, make_add, make_multiply, make_power, make_subtract, power
from .native import Native
from .nodes import Maker, Number, divide
from .parse import Reject

_SIGNS: dict[str, Callable[[float], float]] = {"-": operator.neg, "~": invert}
_MAKERS: dict[str, Maker] = {"+": make_add, "-": make_subtract, "*": make_multiply, "/": divide, "**": make_power}
_REDUCTIONS = ("min", "max", "sum", "prod")
EVENTS = frozenset(
    "events_passed events_to_go events_total progress_until_next_event frames_until_next_event beats_until_next_event "
    "seconds_until_next_event frames_since_prev_event beats_since_prev_event seconds_since_prev_event".split()
)
"""Read from the env: they come from Studio's setting `schedule_events`."""


def _fps(env: Env) -> float:
    return env.get("fps") or 24.0


def _beat_frames(env: Env) -> float:
    return _fps(env) * 60.0 / (env.get("bpm") or 120.0)


def _beat(env: Env) -> float:
    return env.get("beat", 0.0)


def _phase(env: Env) -> float:
    return maths.fract(_beat(env))


def _to_go(env: Env) -> float:
    return env.get("max_f", 0.0) - env.get("t", 0.0)


STUDIO: dict[str, Callable[[Env], float]] = {
    "f": lambda env: env.get("t", 0.0),
    "sec": lambda env: env.get("t", 0.0) / _fps(env),
    "whole_beat": lambda env: maths.floor(_beat(env)),
    "progress_until_beat": _phase,
    "frames_until_beat": lambda env: maths.truncate((1.0 - _phase(env)) * _beat_frames(env)),
    "frames_since_beat": lambda env: maths.truncate(_phase(env) * _beat_frames(env)),
    "second_until_beat": lambda env: (1.0 - _phase(env)) * _beat_frames(env) / _fps(env),
    "seconds_since_beat": lambda env: _phase(env) * _beat_frames(env) / _fps(env),
    "frames_to_go": _to_go,
    "beats_to_go": lambda env: _to_go(env) / _beat_frames(env),
    "seconds_to_go": lambda env: _to_go(env) / _fps(env),
}
FAMILY_NAMES = frozenset(STUDIO) | EVENTS | {"beat_offset_s", "beat_offset_f"}
_WHOLE = ("t", "max_f", "s")
_CLOCKS = ("t", "fps", "bpm", "beat", "max_f")


def _whole_reader(name: str) -> Node:
    """A node that gives whole values as whole numbers, as the family's own variables are."""

    def whole(env: Env, memory: Memory) -> float:
        try:
            value = env[name]
            number = int(value)
        except KeyError:
            return 0
        except (ValueError, OverflowError):
            return NAN
        return number if number == value else value

    return whole


def _studio(function: Callable[[Env], float]) -> Node:
    return lambda env, memory: function(env)


class Family(Native):
    """The family's reading; see parse.Dialect."""

    __slots__ = ()
    operators: ClassVar[dict[str, Number]] = OPERATORS
    makers: ClassVar[dict[str, Maker]] = _MAKERS
    signs: ClassVar[dict[str, Callable[[float], float]]] = _SIGNS

    def number(self, text: str) -> Operand:
        digits = text.replace("_", "")
        if not digits.isdigit():
            return super().number(text)
        if len(digits) > 18:
            raise Reject("number too large")
        return int(digits)

    def name(self, text: str) -> Operand:
        if text in ("True", "False"):
            return text == "True"
        if text == "i":
            raise Reject("'i' is not a variable (it only worked by accident): write t, the frame number")
        if text in STUDIO:
            self._scope.names.update(_CLOCKS)
            return _studio(STUDIO[text])
        if text in EVENTS:
            self._scope.warn(f"{text} comes from Deforum Studio's schedule_events; without such a list it is 0")
        if text in ("beats_since_prev_event", "seconds_since_prev_event"):
            self._scope.warn(f"{text} is what is left until the next event: the family's slip, kept")
        if text in _WHOLE:
            self._scope.read(text)
            return _whole_reader(text)
        return super().name(text)

    def call(self, name: str, arguments: Sequence[Operand | str]) -> Operand:
        if name in _REDUCTIONS and len(arguments) == 1 and not isinstance(arguments[0], str):
            return arguments[0]
        return super().call(name, arguments)

    def unary(self, symbol: str, operand: Operand) -> Operand:
        if symbol == "not":
            raise Reject("the family has no 'not': write (x == 0)")
        return super().unary(symbol, operand)

    def power(self, base: Operand, exponent: Operand) -> Operand:
        if callable(base) or callable(exponent):
            return self.makers["**"](base, exponent)
        if not isinstance(base, int) or not isinstance(exponent, int) or exponent < 0:
            return maths.power(base, exponent)
        if abs(maths.power(base, exponent)) >= 2.0**63:
            raise Reject("number too large")
        return power(base, exponent)

    def chain(self, symbols: Sequence[str], operands: Sequence[Operand]) -> Operand:
        if "//" in symbols:
            self._scope.warn("// divides without rounding in this family; write floor(a/b) for whole numbers")
        return super().chain(symbols, operands)

    def two(self, symbol: str, a: Operand, b: Operand) -> Operand:
        if symbol == "//" and not callable(a) and not callable(b) and b != 0:
            return a // b
        return super().two(symbol, a, b)

    def compare(self, symbols: Sequence[str], operands: Sequence[Operand]) -> Operand:
        if len(symbols) > 1:
            raise Reject("the family has no a < b < c: write (a < b) & (b < c)")
        return super().compare(symbols, operands)

    def logic(self, symbol: str, operands: Sequence[Operand]) -> Operand:
        raise Reject(
            f"the family has no {symbol!r}: write {'&' if symbol == 'and' else '|'} between bracketed comparisons"
        )
