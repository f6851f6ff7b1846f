"""Schedules: 'key: value, key: value', with keys in frames, seconds, beats or bars."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ..params import METER
from .base import INF, MAX_DEPTH, MAX_KEYS, MAX_NUMBER, NAN, Env, ExprError, Memory, Node, Operand, Scope, as_node
from .native import Native
from .parse import Parser, Reject

_STRUCTURE = re.compile(r"[():,]|\"[^\"]*\"|'[^']*'")
_UNITS = {"": "f", "f": "f", "s": "t", "b": "beat", "beat": "beat", "beats": "beat", "bar": "bar", "bars": "bar"}
_KEY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*([A-Za-z]*)", re.ASCII)
_PLAIN = re.compile(r"\s*(\(*)\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*(\)*)\s*", re.ASCII)
_KEY_NAMES = frozenset("max_f s seed fps bpm".split())
_KEY_HINT = "a key is 30 (frames), 2.5s, 16b (beats), 4bar or computed from max_f, fps, bpm, seed"
_WHERE = "for one of two values write where(condition, a, b)"
_MAX_MOVING = 500


@dataclass(frozen=True, slots=True)
class Part:
    """One 'key: value' of a schedule, as places in the text. `colon` is -1 where there is none."""

    start: int
    colon: int
    end: int


def split(text: str) -> list[Part]:
    """The parts of `text` between commas outside brackets and quotes, each with its first colon."""
    parts, start, colon, depth = [], 0, -1, 0
    for match in _STRUCTURE.finditer(text):
        symbol = match.group()
        if symbol == "(":
            depth += 1
        elif symbol == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif symbol == ",":
            parts.append(Part(start, colon, match.start()))
            start, colon = match.end(), -1
        elif symbol == ":" and colon < 0:
            colon = match.start()
    parts.append(Part(start, colon, len(text)))
    return parts


@dataclass(frozen=True, slots=True)
class Key:
    """A key: `unit` is the env name it is compared with; `place` a number or a node of the show's constants."""

    unit: str
    place: Operand
    value: Operand


class Values:
    """Compiles the values of one schedule. Equal text is compiled once, and then shares its memory too."""

    __slots__ = ("_dialect", "_seen", "_text")

    def __init__(self, text: str, dialect: Native) -> None:
        self._text, self._dialect = text, dialect
        self._seen: dict[str, Operand] = {}

    def operand(self, start: int, end: int) -> Operand:
        written = self._text[start:end]
        operand = self._seen.get(written)
        if operand is None:
            operand = self._seen[written] = Parser(self._text, self._dialect, start, end).parse()
        return operand


def compile_native(text: str, scope: Scope) -> Operand:
    """The operand of an expression or a whole schedule in liveanim's own reading."""
    if ":" not in text:
        return Parser(text, Native(scope)).parse()
    parts = split(text)
    if len(parts) == 1 and parts[0].colon < 0:
        return Parser(text, Native(scope)).parse()
    if len(parts) > 1 and not text[parts[-1].start :].strip():
        parts.pop()
    if len(parts) > MAX_KEYS:
        raise ExprError(f"more than {MAX_KEYS} keys", text, parts[MAX_KEYS].start + 1)
    try:
        values = Values(text, Native(scope))
        return schedule([_key(text, part, scope, values) for part in parts], scope)
    except Reject as problem:
        raise ExprError(str(problem), text, 1) from None


def _key(text: str, part: Part, scope: Scope, values: Values) -> Key:
    if part.colon < 0:
        column = part.start + len(text[part.start : part.end]) - len(text[part.start : part.end].lstrip()) + 1
        raise ExprError("expected 'key: value', such as 30: (1.05), 2.5s: (1.05) or 16b: (1.05)", text, column)
    unit, place = _place(text, part, scope)
    written = text[part.colon + 1 : part.end]
    plain = _PLAIN.fullmatch(written)
    if plain and len(plain.group(2)) < MAX_NUMBER and len(plain.group(1)) == len(plain.group(3)) < MAX_DEPTH:
        return Key(unit, place, float(plain.group(2)))
    return Key(unit, place, values.operand(part.colon + 1, part.end))


def _place(text: str, part: Part, scope: Scope) -> tuple[str, Operand]:
    word = text[part.start : part.colon].strip()
    bare = word.strip("\"'() \t\r\n")
    match = _KEY.fullmatch(bare)
    if match and match.group(2).lower() in _UNITS and len(bare) < MAX_NUMBER:
        return _UNITS[match.group(2).lower()], float(match.group(1))
    if match:
        reason = f"unknown unit {match.group(2)!r}: a key is 30 (frames), 2.5s, 16b (beats) or 4bar"
        raise ExprError(reason, text, part.start + text[part.start : part.colon].index(bare) + 1)
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
    start = text.index(word, part.start) + quoted if word else part.colon
    inner = Scope(_KEY_NAMES)
    try:
        place = Parser(text, Native(inner), start, start + len(word) - 2 * quoted).parse()
    except ExprError as problem:
        hint = _WHERE if "?" in word else _KEY_HINT
        raise ExprError(f"{problem.reason}; {hint}", text, problem.column) from None
    if not callable(place) and not -INF < place < INF:
        raise ExprError("a key must be a finite number", text, start + 1)
    for name in inner.names:
        scope.read(name)
    return "f", place


def schedule(keys: Sequence[Key], scope: Scope) -> Operand:
    """The operand of a schedule. Numbers run straight to the next key; an expression plays until the next key."""
    if len(keys) == 1:
        return keys[0].value
    units = {key.unit for key in keys}
    for unit in units:
        scope.read(unit)
    if any(callable(key.value) for key in keys) or len(units) > 1:
        scope.names.update(("fps", "bpm", "meter"))
    if len(units) == 1 and not any(callable(key.place) for key in keys):
        return _fixed(keys, scope)
    return _moving(keys, scope)


def _fixed(keys: Sequence[Key], scope: Scope) -> Node:
    """Keys that are all numbers of one unit: sorted once, found by bisection. Of two at one place the later wins."""
    latest = {float(key.place): key for key in keys if not callable(key.place)}
    if len(latest) < len(keys):
        scope.warn("two keys at the same place: the later one wins")
    places = sorted(latest)
    values = [latest[place].value for place in places]
    unit, last = keys[0].unit, len(places) - 1
    now, fresh = scope.read(unit), tuple(scope.initial)

    def play(env: Env, memory: Memory) -> float:
        x = now(env, memory)
        index = bisect_right(places, x) - 1
        value = values[index if index > 0 else 0]
        if callable(value):
            return value(env, memory)
        if index < 0 or index == last:
            return value
        goal, a, b = values[index + 1], places[index], places[index + 1]
        if callable(goal):
            goal = goal(moved(env, seconds_until(unit, b, env)), list(fresh))
        return value + (goal - value) * ((x - a) / (b - a))

    return play


def _moving(keys: Sequence[Key], scope: Scope) -> Node:
    """Keys of several units, or at places such as max_f/2: how many seconds away each is, is worked out every time."""
    if len(keys) > _MAX_MOVING:
        raise Reject(f"more than {_MAX_MOVING} keys in several units or at computed places")
    rows = tuple((key.unit, as_node(key.place), key.value) for key in keys)
    fresh = tuple(scope.initial)

    def play(env: Env, memory: Memory) -> float:
        here, there = -INF, INF
        value: Operand = NAN
        goal: Operand = NAN
        for unit, place, operand in rows:
            away = seconds_until(unit, place(env, memory), env)
            if here <= away <= 0:
                here, value = away, operand
            elif 0 < away <= there:
                there, goal = away, operand
        if here == -INF:
            value, there = goal, INF
        if callable(value):
            return value(env, memory)
        if there == INF:
            return value
        if callable(goal):
            goal = goal(moved(env, there), list(fresh))
        return value + (goal - value) * (-here / (there - here))

    return play


def seconds_until(unit: str, place: float, env: Env) -> float:
    """Seconds from now until `place`, counted in `unit` (f, t, beat or bar). By default 24 fps, 120 bpm, METER."""
    away = place - env.get(unit, 0.0)
    if unit == "t":
        return away
    if unit == "f":
        return away / (env.get("fps") or 24.0)
    return away * 60.0 * (1 if unit == "beat" else env.get("meter") or METER) / (env.get("bpm") or 120.0)


def moved(env: Env, seconds: float) -> Env:
    """`env` as it will be in `seconds`: the clocks move on, the live signals stay."""
    later = dict(env)
    beats = seconds * (env.get("bpm") or 120.0) / 60.0
    later["t"] = env.get("t", 0.0) + seconds
    later["f"] = env.get("f", 0.0) + seconds * (env.get("fps") or 24.0)
    later["beat"] = beat = env.get("beat", 0.0) + beats
    later["bar"] = env.get("bar", 0.0) + beats / (env.get("meter") or METER)
    later["phase"] = beat % 1.0
    return later
