"""Colour tables in Adobe's .cube format, 1D and 3D: text -> numbers. (Cube LUT Specification 1.0)"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import UserError

LARGEST_1D, LARGEST_3D = 65536, 256
_MOST = 1e30
_WORDS = {"TITLE", "LUT_1D_SIZE", "LUT_3D_SIZE", "DOMAIN_MIN", "DOMAIN_MAX", "LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"}


@dataclass(frozen=True, slots=True)
class Cube:
    """table   1D: (n, 3); 3D: (n, n, n, 3), indexed [blue][green][red]; float32, values as in the file
    low, high   the colours (R, G, B) that the first and the last entries stand for"""

    table: NDArray[np.float32]
    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def is_3d(self) -> bool:
        return self.table.ndim == 4


def parse_cube(text: str, where: str) -> Cube:
    """The table in `text`; UserError names `where`, the line and what was expected."""
    settings: dict[str, tuple[int, list[str]]] = {}
    rows: list[list[float]] = []
    lines = text.lstrip("\ufeff").splitlines()
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0].upper() in _WORDS:
            settings[words[0].upper()] = number, words[1:]
            continue
        if not rows and (table := _only_rows(lines[number - 1 :])) is not None:
            return _made(settings, table, where)
        rows.append(_numbers(words, 3, f"{where}: line {number}"))
        if len(rows) > LARGEST_3D**3:
            raise UserError(f"{where}: line {number}: more than {LARGEST_3D}^3 rows")
    return _made(settings, np.array(rows, dtype=np.float32), where)


def _only_rows(lines: list[str]) -> NDArray[np.float32] | None:
    """(n, 3) of lines that hold nothing but rows, as nearly all tables end: a third of the time. None for others."""
    try:
        numbers = np.array(list(map(float, " ".join(lines).split())))
    except ValueError:
        return None
    good = len(numbers) == 3 * len(lines) and (np.abs(numbers) < _MOST).all()
    return numbers.reshape(-1, 3).astype(np.float32) if good else None


def _made(settings: dict[str, tuple[int, list[str]]], rows: NDArray[np.float32], where: str) -> Cube:
    size, three = _size(settings, where)
    wanted = size**3 if three else size
    if len(rows) != wanted:
        raise UserError(f"{where}: expected {wanted} rows of three numbers for a table of {size}, found {len(rows)}")
    low, high = _ends(settings, where)
    return Cube(rows.reshape(size, size, size, 3) if three else rows, low, high)


def _size(settings: dict[str, tuple[int, list[str]]], where: str) -> tuple[int, bool]:
    found = [name for name in ("LUT_1D_SIZE", "LUT_3D_SIZE") if name in settings]
    if len(found) != 1:
        raise UserError(f"{where}: expected one of LUT_1D_SIZE and LUT_3D_SIZE, found {' and '.join(found) or 'none'}")
    number, words = settings[found[0]]
    three = found[0] == "LUT_3D_SIZE"
    most = LARGEST_3D if three else LARGEST_1D
    if len(words) != 1 or not words[0].isdecimal() or not 2 <= int(words[0]) <= most:
        raise UserError(f"{where}: line {number}: {found[0]}: expected a whole number from 2 to {most}")
    return int(words[0]), three


def _ends(
    settings: dict[str, tuple[int, list[str]]], where: str
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    low, high = [0.0] * 3, [1.0] * 3
    for name in ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"):
        if name in settings:
            number, words = settings[name]
            ends = _numbers(words, 2, f"{where}: line {number}: {name}")
            low, high = [ends[0]] * 3, [ends[1]] * 3
    for name in ("DOMAIN_MIN", "DOMAIN_MAX"):
        if name in settings:
            number, words = settings[name]
            ends = _numbers(words, 3, f"{where}: line {number}: {name}")
            low, high = (ends, high) if name == "DOMAIN_MIN" else (low, ends)
    if any(b <= a for a, b in zip(low, high, strict=True)):
        raise UserError(f"{where}: the range of the table ends before it begins: {low} to {high}")
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _numbers(words: list[str], count: int, where: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(abs(number) < _MOST for number in numbers):
        raise UserError(f"{where}: expected {count} numbers, got {' '.join(words)[:40]!r}")
    return numbers
