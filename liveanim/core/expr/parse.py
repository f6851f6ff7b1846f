"""Text -> nodes in one pass: a small precedence-climbing parser. A Dialect says what operators and names mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn, Protocol

from .base import MAX_DEPTH, MAX_EXPRESSION, MAX_NUMBER, ExprError, Operand

_TOKEN = re.compile(
    r"\s*([A-Za-z_]\w*"
    r"|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
    r"|\*\*|//|<<|>>|<=|>=|==|!=|\"[^\"]*\"|'[^']*'|\S)",
    re.ASCII,
)
_NUMBER_START = frozenset("0123456789.")
_UNITS = frozenset("f s b beat beats bar bars".split())  # of keys
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_LEVELS = (
    (("or",), 1),
    (("and",), 2),
    (_COMPARISONS, 4),
    (("|",), 5),
    (("^",), 6),
    (("&",), 7),
    (("<<", ">>"), 8),
    (("+", "-"), 9),
    (("*", "/", "//", "%"), 10),
)
_LEVEL = {symbol: level for symbols, level in _LEVELS for symbol in symbols}
_BINDING = _LEVEL | {"(": 99, "**": 99}
"""How firmly the token after a name or number takes it."""
_LEVEL_NOT = 3
_LEVEL_COMPARE = 4


_QUOTES = "\"'"
_HINTS = {
    ")": "')' closes nothing",
    ",": "',' belongs between keys or the arguments of a function; a decimal point is '.'",
    ".": "'.' does not belong here: names have no parts such as t.real",
    "=": "'=' is not an operator; compare with '=='",
    ";": "';' is not used; keys are separated by ','",
    ":": "':' belongs after a key, as in 30: (1.05)",
    "?": "'?' is not an operator; write where(condition, a, b)",
    "if": "'if' is not an operator; write where(condition, a, b)",
    "!": "'!' is not an operator; write not",
    "[": "brackets are ( )",
    "{": "brackets are ( )",
    "\uff1a": "that is not the ':' of the keyboard",
    "\uff0c": "that is not the ',' of the keyboard",
    "\u201c": "that is not a plain quote; keys need none",
    "\u201d": "that is not a plain quote; keys need none",
    "\u2212": "that is not the '-' of the keyboard",
    "\u2013": "that is not the '-' of the keyboard",
    "\u00d7": "multiply with '*'",
    '"': "the quote is never closed",
    "'": "the quote is never closed",
}
"""What people write instead, and what to write."""
_DOUBLED = {"&": "'&&' is not an operator; write and", "|": "'||' is not an operator; write or"}


class Reject(Exception):
    """Raised by a dialect for something it does not take; the parser adds the place."""


class Dialect(Protocol):
    """What the symbols mean. Every method may raise Reject."""

    def number(self, text: str) -> Operand: ...
    def name(self, text: str) -> Operand: ...
    def call(self, name: str, arguments: Sequence[Operand | str]) -> Operand: ...
    def unary(self, symbol: str, operand: Operand) -> Operand: ...
    def power(self, base: Operand, exponent: Operand) -> Operand: ...
    def chain(self, symbols: Sequence[str], operands: Sequence[Operand]) -> Operand:
        """operands[0] symbols[0] operands[1] ..., left to right; all symbols of one precedence level."""
        ...

    def compare(self, symbols: Sequence[str], operands: Sequence[Operand]) -> Operand: ...
    def logic(self, symbol: str, operands: Sequence[Operand]) -> Operand: ...


class Parser:
    """One parse of `text[start:end]`; columns of errors count in the whole `text`."""

    __slots__ = ("_at", "_atoms", "_depth", "_dialect", "_end", "_start", "_text", "_tokens")

    def __init__(self, text: str, dialect: Dialect, start: int = 0, end: int | None = None) -> None:
        self._text, self._dialect = text, dialect
        self._start, self._end = start, len(text) if end is None else end
        self._at = self._depth = 0
        self._tokens: list[str] = []
        self._atoms: dict[str, Operand] = {}

    def parse(self) -> Operand:
        """The whole piece as one operand. ExprError when it is not an expression."""
        piece = self._text[self._start : self._end]
        if len(piece) > MAX_EXPRESSION:
            raise ExprError(f"expression longer than {MAX_EXPRESSION} characters", self._text, self._start + 1)
        self._tokens = _TOKEN.findall(piece)
        self._tokens.append("")
        try:
            value = self._expression(1)
            if self._tokens[self._at]:
                self._fail_leftover()
        except Reject as problem:
            self._fail(str(problem), self._at - 1)
        return value

    # -- errors ------------------------------------------------------------------------------------------------------

    def _fail(self, reason: str, token: int) -> NoReturn:
        column = self._end
        for number, match in enumerate(_TOKEN.finditer(self._text[: self._end], self._start)):
            if number == token:
                column = match.start(1)
                break
        raise ExprError(reason, self._text, column + 1)

    def _fail_leftover(self) -> NoReturn:
        token, before = self._tokens[self._at], self._tokens[self._at - 1]
        after = self._tokens[self._at + 1] or self._text[self._end : self._end + 1]
        if token in _UNITS and before[0] in _NUMBER_START and after == ":":
            reason = f"expected a key in frames, found {before + token!r}"  # units are read before, where there are any
        elif (token != ":" and ":" in self._tokens[self._at :]) or self._text[self._end : self._end + 1] == ":":
            reason = f"expected ',' before the next key, found {token!r}"
        elif token in _HINTS:
            reason = _HINTS[token]
        elif token[0] in _NUMBER_START or before == token == "(":
            reason = f"expected an operator before {token!r}"
        elif token[0].isalpha() or token in ("_", "("):
            whole = "(...)" if token == "(" else token
            join = f"write {before}*{whole}" if before[0] in _NUMBER_START else "an operator such as * is missing"
            reason = f"expected an operator before {token!r}; {join}"
        else:
            reason = f"unexpected {token!r}"
        self._fail(reason, self._at)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("nested too deeply", self._at)

    # -- grammar -----------------------------------------------------------------------------------------------------

    def _expression(self, floor: int) -> Operand:
        tokens = self._tokens
        known = self._atoms.get(tokens[self._at])
        if known is not None and tokens[self._at + 1] not in ("(", "**"):
            self._at += 1
            left = known
        else:
            left = self._unary()
        while (level := _LEVEL.get(tokens[self._at], 0)) >= floor:
            left = self._level(left, level)
        return left

    def _level(self, left: Operand, level: int) -> Operand:
        """The rest of a run of operators of one level after `left`."""
        self._deeper()
        tokens, atoms = self._tokens, self._atoms
        symbols, operands = [], [left]
        while _LEVEL.get(symbol := tokens[self._at]) == level:
            symbols.append(symbol)
            known = atoms.get(tokens[self._at + 1])
            if known is not None and _BINDING.get(tokens[self._at + 2], 0) <= level:
                self._at += 2
                operands.append(known)
            else:
                self._at += 1
                operands.append(self._expression(level + 1))
        self._depth -= 1
        if level > _LEVEL_COMPARE:
            return self._dialect.chain(symbols, operands)
        if level == _LEVEL_COMPARE:
            return self._dialect.compare(symbols, operands)
        return self._dialect.logic(symbols[0], operands)

    def _unary(self) -> Operand:
        token = self._tokens[self._at]
        if token not in ("-", "+", "~", "not"):
            return self._power()
        self._deeper()
        self._at += 1
        operand = self._expression(_LEVEL_NOT + 1) if token == "not" else self._unary()
        self._depth -= 1
        return self._dialect.unary(token, operand)

    def _power(self) -> Operand:
        base = self._atom()
        if self._tokens[self._at] != "**":
            return base
        self._deeper()
        self._at += 1
        exponent = self._unary()
        self._depth -= 1
        return self._dialect.power(base, exponent)

    def _atom(self) -> Operand:
        token = self._tokens[self._at]
        self._at += 1
        if token == "(":
            return self._bracket()
        first = token[:1]
        if first in _NUMBER_START and token != "." and first:
            value = self._atoms[token] = self._number(token)
            return value
        if not (first.isalpha() or first == "_") or not token.isascii() or token in _LEVEL:
            self._at -= 1
            self._fail_atom(token)
        if self._tokens[self._at] == "(":
            return self._call(token)
        value = self._atoms[token] = self._dialect.name(token)
        return value

    def _number(self, token: str) -> Operand:
        if len(token) > MAX_NUMBER:
            self._fail(f"number longer than {MAX_NUMBER} characters", self._at - 1)
        return self._dialect.number(token)

    def _fail_atom(self, token: str) -> NoReturn:
        before = self._tokens[self._at - 1] if self._at else ""
        if not token:
            reason = "expected a number, a name or '(' but the expression ends here"
        elif len(token) > 1 and token[0] in _QUOTES:
            reason = 'text in quotes is only for osc("/address")'
        elif token == before and token in _DOUBLED:
            reason = _DOUBLED[token]
        else:
            hint = _HINTS.get(token) if token not in (",", ")") else ""
            reason = f"expected a number, a name or '(' but found {token!r}{f': {hint}' if hint else ''}"
        self._fail(reason, self._at)

    def _bracket(self) -> Operand:
        opened = self._at - 1
        self._deeper()
        value = self._expression(1)
        self._depth -= 1
        self._close(opened)
        return value

    def _close(self, opened: int) -> None:
        token = self._tokens[self._at]
        if token == ")":
            self._at += 1
        elif not token:
            self._fail("'(' is never closed", opened)
        else:
            self._fail_leftover()

    def _call(self, name: str) -> Operand:
        opened = self._at
        self._at += 1
        self._deeper()
        arguments: list[Operand | str] = []
        while self._tokens[self._at] != ")":
            token = self._tokens[self._at]
            if token[:1] in ('"', "'") and len(token) > 1:
                self._at += 1
                arguments.append(token[1:-1])
            else:
                arguments.append(self._expression(1))
            if self._tokens[self._at] != ",":
                break
            self._at += 1
        self._depth -= 1
        self._close(opened)
        try:
            return self._dialect.call(name, arguments)
        except Reject as problem:
            self._fail(str(problem), opened - 1)
