"""What the words behind an option must look like. Errors become one line that names the option."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def _check(good: bool, message: str) -> None:
    if not good:
        raise argparse.ArgumentTypeError(message)


def size(option: str) -> Callable[[str], tuple[int, int]]:
    """A parser of '512x288' -> (512, 288) for `option`. UserError says the nearest valid size."""

    def parsed(text: str) -> tuple[int, int]:
        from .core.preset import parse_size

        return parse_size(text if len(text) < 20 else text[:20] + "...", option)

    return parsed


def number(low: float, high: float, unit: str = "") -> Callable[[str], float]:
    """A parser for a number from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        _check(low <= value <= high, f"{text!r} is not a number from {low:g} to {high:g} {unit}".rstrip())
        return value

    return read


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser for a whole number from `low` to `high`."""

    def read(text: str) -> int:
        _check(text.strip().removeprefix("-").isdecimal(), f"{text!r} is not a whole number")
        value = int(text)
        _check(low <= value <= high, f"{text} is not from {low} to {high}")
        return value

    return read


def target(text: str) -> tuple[str, int]:
    """'host:9000' -> (host, 9000)."""
    from .inputs.oscout import parse_target

    return _parsed(parse_target, text)


def universe(text: str) -> tuple[str, int]:
    """'artnet:0' -> ('artnet', 0)."""
    from .core.dmx import parse_universe

    return _parsed(parse_universe, text)


def _parsed(parse: Callable[[str], T], text: str) -> T:
    """What `parse` makes of `text`; its own words where it refuses, for argparse would say other ones."""
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
