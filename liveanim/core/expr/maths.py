"""The arithmetic of expressions on floats: IEEE results (NaN, infinities), never an exception, all bounded in time."""

from __future__ import annotations

import math
from collections.abc import Callable

from .base import INF, NAN

_BIG = float(1 << 63)


PARTIAL: dict[Callable[[float], float], Callable[[float], float]] = {}
"""The plain function under each one made by `total`: nodes try it first."""


def total(function: Callable[[float], float]) -> Callable[[float], float]:
    """`function` made total: NaN where it is not defined, infinity where it overflows."""

    def safe(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return NAN
        except OverflowError:
            return INF

    PARTIAL[safe] = function
    return safe


def divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0 or a != a:
            return NAN
        return math.copysign(INF, a) * math.copysign(1.0, b)
    except OverflowError:
        return NAN


def modulo(a: float, b: float) -> float:
    """Remainder with the sign of `b`: -1 % 4 is 3, so that phases run on through zero."""
    try:
        return a % b
    except ZeroDivisionError:
        return NAN


def floor_divide(a: float, b: float) -> float:
    return floor(divide(a, b))


def fmod(a: float, b: float) -> float:
    """Remainder with the sign of `a`."""
    try:
        return math.fmod(a, b)
    except ValueError:
        return NAN


def power(a: float, b: float) -> float:
    """a**b on floats; a negative number to a fractional power is NaN."""
    try:
        return math.pow(a, b)
    except OverflowError:
        return -INF if a < 0 and math.fmod(b, 2) != 0 else INF
    except ValueError:
        return INF if a == 0 else NAN


def log(x: float) -> float:
    if x > 0:
        return math.log(x)
    return -INF if x == 0 else NAN


def log2(x: float) -> float:
    return log(x) / math.log(2) if not 0 < x < INF else math.log2(x)


def log10(x: float) -> float:
    return log(x) if not 0 < x < INF else math.log10(x)


def log1p(x: float) -> float:
    if x > -1:
        return math.log1p(x)
    return -INF if x == -1 else NAN


def sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INF, x)


def arctanh(x: float) -> float:
    if -1 < x < 1:
        return math.atanh(x)
    return math.copysign(INF, x) if x in (-1, 1) else NAN


def floor(x: float) -> float:
    return float(math.floor(x)) if -_BIG < x < _BIG else x


def ceil(x: float) -> float:
    return float(math.ceil(x)) if -_BIG < x < _BIG else x


def nearest(x: float) -> float:
    """The nearest whole number; halves go up."""
    return floor(x + 0.5)


def truncate(x: float) -> float:
    return float(int(x)) if -_BIG < x < _BIG else x


def fract(x: float) -> float:
    """The part after the point: fract(-0.25) is 0.75."""
    return x - floor(x) if -INF < x < INF else NAN


def sign(x: float) -> float:
    return float((x > 0) - (x < 0)) if x == x else NAN


def bits(x: float) -> int:
    """`x` cut to a whole number of 63 bits. ValueError for NaN and infinities."""
    if not -_BIG < x < _BIG:
        raise ValueError
    return int(x)


def bitwise(function: Callable[[int, int], int]) -> Callable[[float, float], float]:
    def safe(a: float, b: float) -> float:
        try:
            return float(function(bits(a), bits(b)))
        except ValueError:
            return NAN

    return safe


def shift_left(a: int, b: int) -> int:
    """a << b kept to 63 bits. ValueError for a shift outside 0..62."""
    if not 0 <= b <= 62:
        raise ValueError
    return (a << b) & ((1 << 63) - 1) if a >= 0 else -((-a << b) & ((1 << 63) - 1))


def shift_right(a: int, b: int) -> int:
    if b < 0:
        raise ValueError
    return a >> min(b, 63)


def invert(x: float) -> float:
    try:
        return float(~bits(x))
    except ValueError:
        return NAN


def clamp(x: float, low: float, high: float) -> float:
    return low if x < low else high if x > high else x


def lerp(a: float, b: float, x: float) -> float:
    """a at x = 0, b at x = 1; x outside 0..1 goes on."""
    return a + (b - a) * x


def remap(x: float, a: float, b: float, c: float, d: float) -> float:
    """x from the range a..b to the range c..d."""
    return c + (d - c) * divide(x - a, b - a)


def step(edge: float, x: float) -> float:
    return 1.0 if x >= edge else 0.0


def smoothstep(low: float, high: float, x: float) -> float:
    """0 below `low`, 1 above `high`, an S between."""
    if low == high:
        return step(low, x)
    u = clamp((x - low) / (high - low), 0.0, 1.0)
    return u * u * (3.0 - 2.0 * u)


def saw(x: float) -> float:
    return fract(x)


def tri(x: float) -> float:
    u = fract(x)
    return 1.0 - abs(2.0 * u - 1.0)


def square(x: float, duty: float = 0.5) -> float:
    u = fract(x)
    return NAN if u != u else 1.0 if u < duty else 0.0


def pulse(x: float, sharpness: float = 8.0) -> float:
    """A spike of height 1 at every whole x, |cos(pi x)| to the power `sharpness`."""
    u = fract(x)
    return power(abs(math.cos(math.pi * u)), sharpness) if u == u else NAN


def _hash(n: int, seed: int) -> float:
    """0..1 from a whole number and a seed, the same on every machine."""
    h = (n * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03 + 0x8CB92BA72F3D8DD7) & 0xFFFFFFFFFFFFFFFF
    h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return ((h ^ (h >> 31)) >> 11) / float(1 << 53)


def rand(x: float, seed: float = 0.0) -> float:
    """0..1, the same for the same floor(x) and seed: rand(beat) is a new number on every beat."""
    try:
        return _hash(math.floor(bits(x) if x >= 0 else floor(x)), bits(seed))
    except (ValueError, OverflowError):
        return NAN


def noise(x: float, seed: float = 0.0) -> float:
    """-1..1, wandering smoothly: a new random value at every whole x and a smooth way between."""
    try:
        whole, kind = math.floor(x), bits(seed)
    except (ValueError, OverflowError):
        return NAN
    a, b = _hash(whole, kind), _hash(whole + 1, kind)
    u = x - whole
    return 2.0 * (a + (b - a) * u * u * u * (u * (6.0 * u - 15.0) + 10.0)) - 1.0


# -- easings: 0..1 -> 0..1, each given as its 'in' form ----------------------------------------------------------------


_BOUNCES = ((1.0, 0.0, 0.0), (2.0, 1.5, 0.75), (2.5, 2.25, 0.9375), (3.0, 2.625, 0.984375))
"""Each arc of a bounce: where it ends, its middle (both in 2.75ths of the way) and its lowest point."""


def _bounce_out(u: float) -> float:
    _, middle, low = next((arc for arc in _BOUNCES if u < arc[0] / 2.75), _BOUNCES[-1])
    return 7.5625 * (u - middle / 2.75) ** 2 + low


def _elastic_in(u: float) -> float:
    if u in (0.0, 1.0):
        return u
    return -(2.0 ** (10.0 * u - 10.0)) * math.sin((10.0 * u - 10.75) * math.tau / 3.0)


_EASE_IN: dict[str, Callable[[float], float]] = {
    "sine": lambda u: 1.0 - math.cos(u * math.pi / 2.0),
    "quad": lambda u: u * u,
    "cubic": lambda u: u**3,
    "quart": lambda u: u**4,
    "quint": lambda u: u**5,
    "expo": lambda u: 2.0 ** (10.0 * u - 10.0) if u > 0.0 else 0.0,
    "circ": lambda u: 1.0 - math.sqrt(1.0 - u * u),
    "back": lambda u: 2.70158 * u**3 - 1.70158 * u * u,
    "elastic": _elastic_in,
    "bounce": lambda u: 1.0 - _bounce_out(1.0 - u),
}


def _eased(ease_in: Callable[[float], float], way: str) -> Callable[[float], float]:
    def eased(x: float) -> float:
        if x != x:
            return NAN
        u = clamp(x, 0.0, 1.0)
        if way == "in":
            return ease_in(u)
        if way == "out":
            return 1.0 - ease_in(1.0 - u)
        return ease_in(2.0 * u) / 2.0 if u < 0.5 else 1.0 - ease_in(2.0 - 2.0 * u) / 2.0

    return eased


EASINGS: dict[str, Callable[[float], float]] = {
    f"ease_{way}_{name}": _eased(ease_in, way) for name, ease_in in _EASE_IN.items() for way in ("in", "out", "in_out")
}
