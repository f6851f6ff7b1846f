"""Parseq's formulas as functions of a moment, read as Parseq reads them.

Every binary operator takes all to its right first (10-3-2 is 9), and `^` ranks with `*`. What would be a defect
elsewhere is the meaning of every document that was made with it.
"""

from __future__ import annotations

import json
import math
import re

from .functions import call
from .moment import FormulaError, Moment, Node, Value, number_of, text_of

MOST_TEXT, MOST_DEPTH = 20_000, 100
_TOKEN = re.compile(
    r'(?P<space>[ \t\r\n]+)|(?P<sign><=|>=|==|!=|&&|\|\||[<>(),=+\-*^/%:])|(?P<text>"(?:[^\n\\"]|\\["\\ntbfr])*")'
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?[fsb]?)|(?P<name>[a-zA-Z_][a-zA-Z_0-9]*)"
)
_LEVELS = (("and", "or"), (">", ">=", "<", "<=", "==", "!=", "&&", "||"), ("+", "-"), ("*", "/", "%", ":", "^"))
_ALL = {sign for level in _LEVELS for sign in level}
_CONSTANTS = {
    "PI": math.pi,
    "E": math.e,
    "SQRT2": math.sqrt(2),
    "SQRT1_2": math.sqrt(0.5),
    "LN2": math.log(2),
    "LN10": math.log(10),
    "LOG2E": 1 / math.log(2),
    "LOG10E": 1 / math.log(10),
}


def compile_formula(text: str) -> Node:
    """What `text` gives at a moment. FormulaError: where it cannot be read, or later why it cannot be worked out."""
    if len(text) > MOST_TEXT:
        raise FormulaError(f"longer than {MOST_TEXT} characters")
    reader = _Reader(_tokens(text))
    node = reader.expression()
    if reader.here[0] != "end":
        raise FormulaError(f"column {reader.here[2]}: {reader.here[1]!r} is not expected there")
    return node


Token = tuple[str, str, int]


def _tokens(text: str) -> list[Token]:
    """(kind, text, column from 1), without spaces, and an end."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise FormulaError(f"column {place + 1}: {text[place]!r} is not expected there")
        kind, word = str(match.lastgroup), match.group()
        if kind != "space":
            found.append(("sign" if word in ("and", "or") else kind, word, place + 1))
        place = match.end()
    return [*found, ("end", "the end", len(text) + 1)]


class _Reader:
    """Reads one formula from its tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0

    @property
    def here(self) -> Token:
        return self._tokens[self._at]

    def expression(self, level: int = 0) -> Node:
        if level == len(_LEVELS):
            return self._negation()
        left = self.expression(level + 1)
        sign = self.here[1]
        if self.here[0] != "sign" or sign not in _LEVELS[level]:
            return left
        self._at += 1
        self._deeper()
        right = self.expression(level)
        self._depth -= 1
        return _binary(sign, left, right)

    def _negation(self) -> Node:
        if self.here[1] != "-" or self.here[0] != "sign":
            return self._single()
        self._at += 1
        inner = self._single()

        def negative(moment: Moment) -> Value:
            value = inner(moment)
            return "-" + value if isinstance(value, str) else -value

        return negative

    def _single(self) -> Node:
        kind, word, column = self.here
        self._at += 1
        if kind == "number":
            return _number(word)
        if kind == "text":
            text: Value = json.loads(word)
            return lambda moment: text
        if word == "if" and kind == "name":
            return self._if()
        if kind == "name" and self.here[1] == "(":
            return self._call(word)
        if kind == "name" and word != "else":
            return _variable(word)
        if word == "(":
            return self._group()
        raise FormulaError(f"column {column}: expected a value, got {word!r}")

    def _group(self) -> Node:
        self._deeper()
        node = self.expression()
        self._depth -= 1
        self._expect(")")
        return node

    def _if(self) -> Node:
        """`if (a) b else c`. What stands in parentheses is the whole condition unless an operator goes on with it;
        a minus begins the next part."""
        self._deeper()
        condition = self._negation() if self._closed() else self.expression()
        then = self.expression()
        other: Node | None = None
        if self.here[:2] == ("name", "else"):
            self._at += 1
            other = self.expression()
        self._depth -= 1

        def chosen(moment: Moment) -> Value:
            if positive(condition(moment)):
                return then(moment)
            return other(moment) if other is not None else 0.0

        return chosen

    def _closed(self) -> bool:
        """Whether a group in parentheses is next, and no operator behind it but a minus."""
        if self.here[1] != "(":
            return False
        depth, place = 0, self._at
        while place < len(self._tokens) - 1:
            depth += {"(": 1, ")": -1}.get(self._tokens[place][1], 0)
            place += 1
            if depth == 0:
                break
        kind, word, _ = self._tokens[place]
        return kind != "sign" or word == "-" or word not in _ALL

    def _call(self, name: str) -> Node:
        self._at += 1
        self._deeper()
        plain: list[Node] = []
        named: dict[str, Node] = {}
        while self.here[1] != ")":
            word = self.here[1]
            if self.here[0] == "name" and self._tokens[self._at + 1][1] == "=":
                self._at += 2
                if word in named:
                    raise FormulaError(f"{name}: {word} is given twice")
                named[word] = self.expression()
            else:
                plain.append(self.expression())
            if self.here[1] != ",":
                break
            self._at += 1
        self._expect(")")
        self._depth -= 1
        if plain and named:
            raise FormulaError(f"{name}: its arguments either all have names or none")
        return call(name, plain, named)

    def _expect(self, word: str) -> None:
        if self.here[1] != word:
            raise FormulaError(f"column {self.here[2]}: expected {word!r}, got {self.here[1]!r}")
        self._at += 1

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise FormulaError(f"column {self.here[2]}: nested too deeply")


def _number(word: str) -> Node:
    unit = word[-1] if word[-1] in "fsb" else ""
    value = float(word.rstrip("fsb"))
    if unit == "s":
        return lambda moment: value * moment.document.fps
    if unit == "b":
        return lambda moment: value * moment.document.beat
    return lambda moment: value


def _variable(name: str) -> Node:
    if name in ("true", "false"):
        truth = float(name == "true")
        return lambda moment: truth
    if name in _CONSTANTS:
        return lambda moment: _CONSTANTS[name]
    if name in _VARIABLES:
        return _VARIABLES[name]

    def looked_up(moment: Moment) -> Value:
        if name in moment.variables:
            return moment.variables[name]
        if name in moment.document.series:
            return moment.document.series[name].at(moment.frame, moment.document.fps)
        raise FormulaError(f"there is no variable {name!r}")

    return looked_up


_VARIABLES: dict[str, Node] = {
    "L": lambda moment: moment.keyed.linear(moment.frame),
    "S": lambda moment: moment.value,
    "C": lambda moment: moment.keyed.spline(moment.frame),
    "P": lambda moment: moment.keyed.polynomial(moment.frame),
    "f": lambda moment: float(moment.frame),
    "k": lambda moment: float(moment.frame - moment.active),
    "b": lambda moment: moment.frame / moment.document.beat,
    "wb": lambda moment: float(math.floor(moment.frame / moment.document.beat)),
    "s": lambda moment: moment.frame / moment.document.fps,
    "fps": lambda moment: moment.document.fps,
    "bpm": lambda moment: moment.document.bpm,
    "cadence": lambda moment: float(moment.document.cadence),
    "last_frame": lambda moment: float(moment.document.last),
    "final_frame": lambda moment: float(moment.document.last),
    "active_keyframe": lambda moment: float(moment.active),
    "prev_keyframe": lambda moment: float(moment.active),
    "next_keyframe": lambda moment: float(moment.next_frame),
    "active_keyframe_value": lambda moment: moment.value,
    "prev_keyframe_value": lambda moment: moment.value,
    "next_keyframe_value": lambda moment: moment.next_value,
}


def positive(value: Value) -> bool:
    return number_of(value) > 0


def _binary(sign: str, left: Node, right: Node) -> Node:
    work = _SIGNS[sign]
    return lambda moment: work(left(moment), right(moment))


def _sum(a: Value, b: Value) -> Value:
    if isinstance(a, str) or isinstance(b, str):
        return text_of(a) + text_of(b)
    return a + b


def _ratio(a: Value, b: Value) -> Value:
    if not isinstance(b, str) and b == 0:
        raise FormulaError("divided by zero")
    below = number_of(b)
    return number_of(a) / below if below else math.nan


def _rest(a: Value, b: Value) -> Value:
    whole, part = number_of(a), number_of(b)
    return math.fmod(whole, part) if part and math.isfinite(whole) else math.nan


def _power(a: Value, b: Value) -> Value:
    try:
        found = number_of(a) ** number_of(b)
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return math.nan if isinstance(found, complex) else float(found)


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    return number_of(a) == number_of(b)


def _less(a: Value, b: Value) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a < b
    return number_of(a) < number_of(b)


_SIGNS = {
    "+": _sum,
    "-": lambda a, b: number_of(a) - number_of(b),
    "*": lambda a, b: number_of(a) * number_of(b),
    "/": _ratio,
    "%": _rest,
    "^": _power,
    ":": lambda a, b: f"({text_of(a)}:{text_of(b)})",
    "==": lambda a, b: float(_same(a, b)),
    "!=": lambda a, b: float(not _same(a, b)),
    "<": lambda a, b: float(_less(a, b)),
    "<=": lambda a, b: float(_less(a, b) or _same(a, b)),
    ">": lambda a, b: float(_less(b, a)),
    ">=": lambda a, b: float(_less(b, a) or _same(a, b)),
    "and": lambda a, b: float(positive(a) and positive(b)),
    "&&": lambda a, b: float(positive(a) and positive(b)),
    "or": lambda a, b: float(positive(a) or positive(b)),
    "||": lambda a, b: float(positive(a) or positive(b)),
}
