"""Schedules as the Deforum family reads them: the same values from the same text, and a warning for each misreading.

The rules are the family's (commas split first, then colons; brackets do not matter to plain numbers; only plain numbers
run to the next key; an expression plays every frame; missing values are filled in from both sides).
"""

from __future__ import annotations

import re

from .base import INF, MAX_KEYS, ExprError, Operand, Scope, as_node
from .family import FAMILY_NAMES, Family
from .keys import Part, Values, split
from .parse import Parser
from .track import Row, Track

_PLAIN = re.compile(r"[+-]?\d*\.?\d+", re.ASCII)
_BRACKETS = str.maketrans("", "", "()\"'")
_LONGHAND = re.compile(r"[+-]?(\d+\.|\d*\.?\d+[eE][+-]?\d+|\s+[+-]?\d*\.?\d+\s*|[+-]?\d*\.?\d+\s+)", re.ASCII)
_FRACTIONAL_POWER = re.compile(r"\*\*\s*\(?\s*(\d*\.\d+)")


def compile_family(text: str, scope: Scope) -> Operand:
    """The operand of an expression or schedule in the family's reading."""
    scope.allowed |= FAMILY_NAMES
    if ":" not in text:
        operand = Parser(text, Family(scope)).parse()
        scope.warn("no 'frame:' before the expression; the family refuses that, here it plays from frame 0")
        return operand
    parts = _split(text, scope)
    if len(parts) > MAX_KEYS:
        raise ExprError(f"more than {MAX_KEYS} keys", text, parts[MAX_KEYS].start + 1)
    values = Values(text, Family(scope))
    rows = [_row(text, part, scope, values) for part in parts]
    return _schedule(rows, scope)


def _split(text: str, scope: Scope) -> list[Part]:
    parts, start = [], 0
    for piece in text.split(","):
        end = start + len(piece)
        parts.append(Part(start, text.find(":", start, end), end))
        start = end + 1
    if not text[parts[-1].start :].strip():
        raise ExprError("the family refuses a ',' at the end of a schedule: remove it", text, parts[-1].start)
    if all(part.colon >= 0 for part in parts):
        return parts
    parts = split(text)
    for part in parts:
        if part.colon < 0:
            column = part.end - len(text[part.start : part.end].lstrip())
            raise ExprError("expected 'frame: value'", text, column + 1)
    scope.warn("a ',' inside brackets: only Deforum Studio and liveanim read that")
    return parts


def _frame(text: str, part: Part, scope: Scope) -> Operand:
    written = text[part.start : part.colon]
    bare = written.translate(_BRACKETS).strip()
    if _PLAIN.fullmatch(bare):
        if "." in bare or len(bare) > 18:
            raise ExprError("a frame key is a whole number", text, part.start + written.index(bare[0]) + 1)
        return int(bare)
    opened = len(written) - len(written.lstrip(" \t\r\n\"'"))
    closed = len(written.rstrip(" \t\r\n\"'"))
    inner = Scope(frozenset(("max_f", "s")))
    place = Parser(text, Family(inner), part.start + opened, max(part.start + closed, part.start + opened)).parse()
    for name in inner.names:
        scope.read(name)
    if callable(place):
        return place
    if not -INF < place < INF:
        raise ExprError("a frame key must be a finite number", text, part.start + opened + 1)
    return int(place)


def _row(text: str, part: Part, scope: Scope, values: Values) -> Row:
    frame = _frame(text, part, scope)
    start, end = part.colon + 1, text.find(":", part.colon + 1, part.end)
    if end < 0:
        end = part.end
    else:
        scope.warn(f"'{text[part.start : part.end].strip()[:60]}': the family drops everything after the second ':'")
    written = text[start:end].strip()
    bare = written.replace("(", "").replace(")", "")
    if _PLAIN.fullmatch(bare) and len(bare) < 40:
        if written.strip("()") != bare:
            scope.warn(f"{written[:60]!r} is read as {bare} (brackets are dropped from plain numbers)")
        elif written.count("(") != written.count(")"):
            scope.warn(f"{written[:60]!r} has a bracket too few or too many; read as {bare}")
        return Row(frame, float(bare), float(bare))
    operand = values.operand(start, end)
    _warn_value(written, bare, operand, scope)
    return Row(frame, as_node(operand), None if callable(operand) else float(operand))


def _warn_value(written: str, bare: str, operand: Operand, scope: Scope) -> None:
    if not callable(operand) and _LONGHAND.fullmatch(bare):
        scope.warn(f"{written[:60]!r} holds until the next key: only numbers such as 5, -0.3 or .5 run to the next")
    for power in _FRACTIONAL_POWER.findall(written):
        if float(power) != int(float(power)):
            scope.warn(
                f"** {power}: where the base is negative there is no value, the family draws a straight line there"
            )


def _schedule(rows: list[Row], scope: Scope) -> Operand:
    if not any(row.frame == 0 for row in rows if not callable(row.frame)):
        scope.warn("no key for frame 0: A1111 refuses that; the first key's value is used before it")
    fixed = [row.frame for row in rows if not callable(row.frame)]
    if len(set(fixed)) < len(fixed):
        scope.warn("two keys for one frame: the later one wins")
    if any(not callable(frame) and frame < 0 for frame in fixed):
        scope.warn("a key before frame 0 is ignored")
    if len(rows) == 1 and rows[0].constant is not None and rows[0].frame == 0:
        return rows[0].constant
    for name in ("t", "max_f"):
        scope.read(name)
    return Track(rows, scope).play
