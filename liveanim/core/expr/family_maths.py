"""The arithmetic of Deforum's expressions: whole numbers stay whole (64 bits, wrapping), truth values stay such.

This is what numexpr 2.14 does with the family's integer variables; measured with it, not copied from it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from . import maths
from .base import NAN, Env, Memory, Node, Operand
from .nodes import Number, apply

_LOW, _HIGH, _SPAN = -(1 << 63), 1 << 63, 1 << 64


def wrap(n: int) -> int:
    """`n` as a 64-bit integer keeps it."""
    return n if _LOW <= n < _HIGH else (n - _LOW) % _SPAN + _LOW


def add(a: float, b: float) -> float:
    if isinstance(a, bool) and isinstance(b, bool):
        return a or b
    total = a + b
    return wrap(total) if isinstance(total, int) else total


def subtract(a: float, b: float) -> float:
    left = a - b
    return wrap(left) if isinstance(left, int) else left


def multiply(a: float, b: float) -> float:
    if isinstance(a, bool) and isinstance(b, bool):
        return a and b
    product = a * b
    return wrap(product) if isinstance(product, int) else product


def modulo(a: float, b: float) -> float:
    if b == 0:
        return 0 if isinstance(a, int) and isinstance(b, int) else NAN
    if isinstance(a, int) and isinstance(b, int):
        return a % b
    return a - maths.floor(maths.divide(a, b)) * b


def power(a: float, b: float) -> float:
    if isinstance(a, int) and isinstance(b, int) and 0 <= b < _HIGH:
        return wrap(pow(a, b)) if b < 3 else wrap(pow(a, b, _SPAN))
    return maths.power(a, b)


def _whole(x: float) -> int:
    return x if isinstance(x, int) else maths.bits(x)


def bitwise(function: Callable[[int, int], int]) -> Callable[[float, float], float]:
    def safe(a: float, b: float) -> float:
        try:
            return wrap(function(_whole(a), _whole(b)))
        except ValueError:
            return NAN

    return safe


def _shift_left(a: int, b: int) -> int:
    return a << (b & 63)


def _shift_right(a: int, b: int) -> int:
    return a >> (b & 63)


def invert(x: float) -> float:
    if isinstance(x, bool):
        return not x
    try:
        return wrap(~_whole(x))
    except ValueError:
        return NAN


# -- nodes: a result that is a float needs no further look; nearly every one is ----------------------------------------


def _both(plain: Number, exact: Number, a: Node, b: Node) -> Node:
    def done(env: Env, memory: Memory) -> float:
        x, y = a(env, memory), b(env, memory)
        value = plain(x, y)
        return value if value.__class__ is float else exact(x, y)

    return done


def make_add(a: Operand, b: Operand) -> Node:
    if callable(a) and callable(b):
        return _both(operator.add, add, a, b)
    x, number = (a, b) if callable(a) else (b, a)
    assert callable(x) and not callable(number)

    def added(env: Env, memory: Memory) -> float:
        value = x(env, memory) + number
        return value if value.__class__ is float else add(value, 0)

    return added


def make_subtract(a: Operand, b: Operand) -> Node:
    if callable(a) and callable(b):
        return _both(operator.sub, subtract, a, b)
    if not callable(a):
        return apply(subtract, a, b)
    assert not callable(b)

    def subtracted(env: Env, memory: Memory) -> float:
        value = a(env, memory) - b
        return value if value.__class__ is float else subtract(value, 0)

    return subtracted


def make_multiply(a: Operand, b: Operand) -> Node:
    if callable(a) and callable(b):
        return _both(operator.mul, multiply, a, b)
    x, number = (a, b) if callable(a) else (b, a)
    assert callable(x) and not callable(number)

    def multiplied(env: Env, memory: Memory) -> float:
        value = x(env, memory) * number
        return value if value.__class__ is float else add(value, 0)

    return multiplied


def make_power(a: Operand, b: Operand) -> Node:
    if not callable(a) or callable(b):
        return apply(power, a, b)

    def raised(env: Env, memory: Memory) -> float:
        x = a(env, memory)
        if x.__class__ is float:
            try:
                return math.pow(x, b)
            except (ValueError, OverflowError):
                return maths.power(x, b)
        return power(x, b)

    return raised


OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": maths.divide,
    "//": maths.divide,
    "%": modulo,
    "|": bitwise(operator.or_),
    "^": bitwise(operator.xor),
    "&": bitwise(operator.and_),
    "<<": bitwise(_shift_left),
    ">>": bitwise(_shift_right),
}
