"""The arithmetic of Deforum's expressions: whole numbers stay whole (64 bits, wrapping), truth values stay such.

This is what numexpr 2.14 does with the family's integer variables; measured with it, not copied from it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from . import maths
from .base import NAN

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
    return a % b


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
