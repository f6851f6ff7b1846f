"""Random numbers as Parseq has them: seedrandom's (ARC4) and noisejs's (Perlin, simplex), number for number."""

from __future__ import annotations

import math
from collections.abc import Callable

_ORDER = bytes.fromhex(
    "97a0895b5a0f830dc95f6035c2e907e18c24671e458e086325f0150a17be0694f778ea4b001ac53e5efcdbcb75230b20"
    "39b12158ed953857ae147d88aba844af4aa547868b301ba64d929ee7536fe57a3cd385e6dc695c29372ef528f4668f36"
    "41193fa101d85049d14c84bbd05912a9c8c4878274bc9f56a4646dc6adba034034d9e2fa7c7b05ca2693767eff5255d4"
    "cfce3be32f103a11b6bd1c2adfb7aad577f898022c9aa346dd99659ba72bac09811627fd13626c6e4f71e0e8b2b97068"
    "daf661e4fb22f2c1eed2900cbfb3a2f1513391ebf90eef6b31c0d61fb5c76a9db854ccb07379322d7f0496fe8aeccd5d"
    "de72431d1848f38d80c34e42d73d9cb4"
)  # Perlin's own shuffle of 0..255
_SLOPES = ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (0, 1), (0, -1))
_WIDTH, _CHUNKS, _DIGITS = 256, 6, 2.0**52


def dice(seed: str) -> Callable[[], float]:
    """Numbers 0..1, one after the other: all 52 bits of them."""
    key, smear = [0] * min(len(seed), 256), 0
    for n, letter in enumerate(seed):
        place = n & 255
        smear ^= key[place] * 19
        key[place] = (smear + ord(letter)) & 255
    bytes_ = _arc4(key or [0])
    for _ in range(_WIDTH):
        bytes_()

    def number() -> float:
        whole = 0
        for _ in range(_CHUNKS):
            whole = whole * _WIDTH + bytes_()
        top, below, rest = float(whole), float(_WIDTH**_CHUNKS), 0
        while top < _DIGITS:
            top, below, rest = (top + rest) * _WIDTH, below * _WIDTH, bytes_()
        while top >= 2 * _DIGITS:
            top, below, rest = top / 2, below / 2, rest >> 1
        return (top + rest) / below

    return number


def _arc4(key: list[int]) -> Callable[[], int]:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + key[i % len(key)] + state[i]) & 255
        state[i], state[j] = state[j], state[i]
    place = [0, 0]

    def byte() -> int:
        i = (place[0] + 1) & 255
        j = (place[1] + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        place[0], place[1] = i, j
        return state[(state[i] + state[j]) & 255]

    return byte


class Noise:
    """Smooth noise in the plane, about -1..1."""

    def __init__(self, seed: float) -> None:
        if 0 < seed < 1:
            seed *= 65536
        whole = math.floor(seed) if math.isfinite(seed) else 0
        if whole < 256:
            whole |= whole << 8
        low, high = whole & 255, (whole >> 8) & 255
        once = [place ^ (low if n & 1 else high) for n, place in enumerate(_ORDER)]
        self._order = once + once

    def perlin(self, x: float, y: float) -> float:
        column, row = math.floor(x), math.floor(y)
        x, y = x - column, y - row
        column, row = column & 255, row & 255
        across = _fade(x)
        top = _mixed(self._dot(column, row, x, y), self._dot(column + 1, row, x - 1, y), across)
        bottom = _mixed(self._dot(column, row + 1, x, y - 1), self._dot(column + 1, row + 1, x - 1, y - 1), across)
        return _mixed(top, bottom, _fade(y))

    def simplex(self, x: float, y: float) -> float:
        back = (3 - math.sqrt(3)) / 6
        skew = (x + y) * 0.5 * (math.sqrt(3) - 1)
        column, row = math.floor(x + skew), math.floor(y + skew)
        x -= column - (column + row) * back
        y -= row - (column + row) * back
        right, down = (1, 0) if x > y else (0, 1)
        column, row = column & 255, row & 255
        corners = (
            (0, 0, x, y),
            (right, down, x - right + back, y - down + back),
            (1, 1, x - 1 + 2 * back, y - 1 + 2 * back),
        )
        total = 0.0
        for i, j, dx, dy in corners:
            near = 0.5 - dx * dx - dy * dy
            if near > 0:
                total += near**4 * self._dot(column + i, row + j, dx, dy)
        return 70 * total

    def _dot(self, column: int, row: int, x: float, y: float) -> float:
        slope = _SLOPES[self._order[(column + self._order[row]) & 511] % 12]
        return slope[0] * x + slope[1] * y


def _fade(t: float) -> float:
    return t * t * t * (t * (t * 6 - 15) + 10)


def _mixed(a: float, b: float, share: float) -> float:
    return (1 - share) * a + share * b
