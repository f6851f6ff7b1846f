"""Prompts that follow one another: where a look is among them, and how much of each shows. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .deforum import FrameClock, Timed
from .errors import UserError
from .expr import Driver, Env, ExprError, Expression, Memory, compile_expr
from .schedule import key_frame

CUT = "cut"
MOST_KEYS = 5000
_KEY = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*(f|s|b|beats?|bars?)?\s*", re.IGNORECASE)
_CLOCKS = {"": "f", "f": "f", "s": "t", "b": "beat", "beat": "beat", "beats": "beat", "bar": "bar", "bars": "bar"}


@dataclass(frozen=True, slots=True)
class Journey:
    """Texts in their order. `curve` bends the way from one to the next (an expression of x, 0..1); None: hard cuts.

    loop    after the last text comes the first
    """

    texts: tuple[str, ...]
    curve: Expression | None = None
    loop: bool = False

    def at(self, position: float) -> tuple[tuple[str, float], ...]:
        """The texts that show at `position` (1.5: between the second and the third) with weights that sum to 1."""
        count = len(self.texts)
        place = position % count if self.loop else min(count - 1.0, max(0.0, position))
        here = min(count - 1, math.floor(place))
        share = self._share(place - here)
        there = (here + 1) % count if self.loop else min(here + 1, count - 1)
        if share <= 0 or self.texts[here] == self.texts[there]:
            return ((self.texts[here], 1.0),)
        if share >= 1:
            return ((self.texts[there], 1.0),)
        return (self.texts[here], 1.0 - share), (self.texts[there], share)

    def _share(self, x: float) -> float:
        if self.curve is None or x <= 0:
            return 0.0
        share = self.curve.evaluate({"x": x}, self.curve.memory())
        return min(1.0, max(0.0, share)) if share == share else x


@dataclass(frozen=True, slots=True, eq=False)
class Looped:
    """A driver whose clock `name` begins again after `length`."""

    driver: Driver
    name: str
    length: float

    @property
    def text(self) -> str:
        return self.driver.text

    @property
    def names(self) -> frozenset[str]:
        return self.driver.names

    def memory(self) -> Memory:
        return self.driver.memory()

    def evaluate(self, env: Env, memory: Memory) -> float:
        return self.driver.evaluate({**env, self.name: env.get(self.name, 0.0) % self.length}, memory)


def journey_from(
    prompt: Mapping[str, Any], clock: FrameClock | None, where: str
) -> tuple[Journey, Driver | float | None] | None:
    """The journey of a [prompt] table, and what moves it when the table has keys; None without `keys` and `path`.

    With a `clock` keys are the family's frames. UserError names the key and what was expected.
    """
    keys, path = prompt.get("keys"), prompt.get("path")
    if keys is None and path is None:
        return None
    if keys is not None and path is not None:
        raise UserError(f"{where}: it has keys and a path: one of them")
    curve = _curve(prompt.get("curve", "x"), f"{where}: curve")
    loop = prompt.get("loop", keys is None)
    if path is not None:
        texts = _texts(path, f"{where}: path")
        if not isinstance(loop, bool):
            raise UserError(f"{where}: loop: expected true or false, got {loop!r}")
        return Journey(texts, curve, loop), None
    if not isinstance(keys, Mapping) or not keys:
        raise UserError(f'{where}: keys: expected a table such as {{"0" = "a cat", "8b" = "a dog"}}, got {keys!r}')
    if clock is not None:
        return _of_frames(keys, curve, clock, f"{where}: keys")
    return _of_clocks(keys, curve, loop, where)


def _of_frames(
    keys: Mapping[str, Any], curve: Expression | None, clock: FrameClock, where: str
) -> tuple[Journey, Driver | float]:
    try:
        found = sorted({key_frame(key, max_f=clock.frames): text for key, text in keys.items()}.items())
    except ExprError as error:
        raise UserError(f"{where}: {error}") from None
    journey = Journey(_texts([text for _, text in found], where), curve)
    return journey, _driver([str(frame) for frame, _ in found], where, clock)


def _of_clocks(
    keys: Mapping[str, Any], curve: Expression | None, loop: Any, where: str
) -> tuple[Journey, Driver | float]:
    """Keys in the order of the file; `loop` is False or the key at which the first text is reached again."""
    places = list(keys)
    parsed = [_KEY.fullmatch(key) for key in places]
    numbers = [float(match[1]) for match in parsed if match]
    units = {(match[2] or "").lower() for match in parsed if match}
    if len(units) == 1 and len(numbers) == len(places) and numbers != sorted(set(numbers)):
        raise UserError(f"{where}: keys: each must be later than the one before: {', '.join(places)[:100]}")
    texts = _texts(list(keys.values()), f"{where}: keys")
    if loop is False:
        return Journey(texts, curve), _driver(places, f"{where}: keys", None)
    end = _KEY.fullmatch(loop) if isinstance(loop, str) else None
    if end is None:
        raise UserError(f'{where}: loop: expected the key where it begins again, such as "32b", got {loop!r}')
    name = _CLOCKS[(end[2] or "").lower()]
    if {_CLOCKS[unit] for unit in units} != {name} or len(numbers) < len(places) or float(end[1]) <= numbers[-1]:
        raise UserError(f"{where}: loop: expected a key after the last one and in the same unit, got {loop!r}")
    driver = _driver([*places, loop], f"{where}: keys", None)
    assert not isinstance(driver, float)
    return Journey(texts, curve, loop=True), Looped(driver, name, float(end[1]))


def _driver(places: Sequence[str], where: str, clock: FrameClock | None) -> Driver | float:
    """What gives n at key n and runs straight to n + 1 at the next one."""
    if len(places) == 1:
        return 0.0
    try:
        expression = compile_expr(", ".join(f"{place}: {n}" for n, place in enumerate(places)))
    except ExprError as error:
        raise UserError(f"{where}: {error}") from None
    return expression if clock is None else Timed(expression, clock)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MOST_KEYS:
        raise UserError(f"{where}: expected 1 to {MOST_KEYS} texts, got {str(value)[:60]}")
    for text in value:
        if not isinstance(text, str) or len(text) > 10_000:
            raise UserError(f"{where}: expected a text of at most 10000 characters, got {str(text)[:60]!r}")
    return tuple(value)


def _curve(value: Any, where: str) -> Expression | None:
    if value == CUT:
        return None
    if not isinstance(value, str):
        raise UserError(f'{where}: expected "cut" or an expression of x such as "ease_in_out_sine(x)", got {value!r}')
    try:
        return compile_expr(value, extra=frozenset("x"))
    except ExprError as error:
        raise UserError(f"{where}: {error}") from None
