"""The dialect of liveanim's own expressions: everything is a float, maths errors are NaN."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import ClassVar

from . import maths
from .base import CONSTANTS, Env, Memory, Operand, Scope, as_node, unknown
from .functions import ALIASES, FUNCTION_NAMES, FUNCTIONS, READERS, Function, count_words
from .nodes import Maker, Number, add, apply, call_node, divide, multiply, power, run_through, subtract
from .parse import Reject

_LONG = 6
"""Runs of more operators than this become a loop, so that a sum of a thousand terms does not nest."""
_BINARY: dict[str, Number] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": maths.divide,
    "//": maths.floor_divide,
    "%": maths.modulo,
    "|": maths.bitwise(operator.or_),
    "^": maths.bitwise(operator.xor),
    "&": maths.bitwise(operator.and_),
    "<<": maths.bitwise(maths.shift_left),
    ">>": maths.bitwise(maths.shift_right),
}
_MAKERS: dict[str, Maker] = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def _not(x: float) -> float:
    return 0.0 if x else 1.0


_UNARY: dict[str, Callable[[float], float]] = {"-": operator.neg, "~": maths.invert, "not": _not}


def check_count(name: str, row: Function, arguments: Sequence[Operand | str]) -> list[Operand]:
    """`arguments` when they fit `row`. Reject for a wrong number or for text."""
    operands = [a for a in arguments if not isinstance(a, str)]
    if len(operands) != len(arguments):
        raise Reject(f"{name} takes no text in quotes; that is for osc")
    if not row.low <= len(operands) <= row.high:
        raise Reject(count_words(row))
    return operands


class Native:
    """liveanim's own reading; see parse.Dialect."""

    __slots__ = ("_scope",)
    operators: ClassVar[dict[str, Number]] = _BINARY
    makers: ClassVar[dict[str, Maker]] = _MAKERS
    signs: ClassVar[dict[str, Callable[[float], float]]] = _UNARY

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def number(self, text: str) -> Operand:
        value = float(text.replace("_", ""))
        if value == maths.INF:
            raise Reject("number too large")
        return value

    def name(self, text: str) -> Operand:
        if text in self._scope.allowed:
            return self._scope.read(text)
        if text in CONSTANTS:
            return CONSTANTS[text]
        if text in FUNCTION_NAMES:
            raise Reject(f"{text!r} is a function: write {text}(...)")
        raise Reject(unknown("name", text, self._scope.allowed | set(CONSTANTS)))

    def call(self, name: str, arguments: Sequence[Operand | str]) -> Operand:
        if name in READERS:
            return READERS[name](self._scope, arguments)
        row = FUNCTIONS.get(ALIASES.get(name, name))
        if row is None:
            if name in self._scope.allowed or name in CONSTANTS:
                raise Reject(f"{name!r} is not a function")
            if name == "if":
                raise Reject("there is no if: write where(condition, a, b)")
            raise Reject(unknown("function", name, FUNCTION_NAMES))
        operands = check_count(name, row, arguments)
        if row.pure is not None:
            if not any(callable(a) for a in operands):
                return _defined(row.pure(*operands), f"{name} is not defined there")
            return call_node(row.pure, [as_node(a) for a in operands])
        assert row.build is not None
        return row.build(self._scope, [as_node(a) for a in operands])

    def unary(self, symbol: str, operand: Operand) -> Operand:
        if symbol == "+":
            return operand
        function = self.signs[symbol]
        return call_node(function, [operand]) if callable(operand) else function(operand)

    def power(self, base: Operand, exponent: Operand) -> Operand:
        if callable(base) or callable(exponent):
            return self.makers["**"](base, exponent)
        return _defined(maths.power(base, exponent), "a negative number has no fractional power")

    def chain(self, symbols: Sequence[str], operands: Sequence[Operand]) -> Operand:
        if "^" in symbols:
            self._scope.warn("^ is exclusive or on whole numbers, as in Deforum; a power is written **")
        if len(symbols) > _LONG:
            return self._long(symbols, operands)
        value = operands[0]
        for index, symbol in enumerate(symbols, 1):
            value = self.two(symbol, value, operands[index])
        return value

    def two(self, symbol: str, a: Operand, b: Operand) -> Operand:
        """`a symbol b`, worked out at once when both are numbers."""
        if callable(a) or callable(b):
            maker = self.makers.get(symbol)
            return maker(a, b) if maker else apply(self.operators[symbol], a, b)
        if symbol in ("/", "//", "%") and b == 0:
            raise Reject("division by zero")
        return self.operators[symbol](a, b)

    def _long(self, symbols: Sequence[str], operands: Sequence[Operand]) -> Operand:
        if not any(callable(operand) for operand in operands):
            value = operands[0]
            for symbol, operand in zip(symbols, operands[1:], strict=True):
                value = self.two(symbol, value, operand)
            return value
        nodes = [as_node(operand) for operand in operands]
        return run_through([self.operators[symbol] for symbol in symbols], nodes[0], nodes[1:])

    def compare(self, symbols: Sequence[str], operands: Sequence[Operand]) -> Operand:
        nodes = [as_node(operand) for operand in operands]
        first, rest = nodes[0], tuple(zip((_COMPARE[s] for s in symbols), nodes[1:], strict=True))
        if len(rest) == 1:
            holds, second = rest[0]
            return lambda env, memory: holds(first(env, memory), second(env, memory))

        def compare(env: Env, memory: Memory) -> float:
            left = first(env, memory)
            for holds, node in rest:
                right = node(env, memory)
                if not holds(left, right):
                    return False
                left = right
            return True

        return compare

    def logic(self, symbol: str, operands: Sequence[Operand]) -> Operand:
        nodes = tuple(as_node(operand) for operand in operands)
        test = all if symbol == "and" else any

        def logic(env: Env, memory: Memory) -> float:
            return 1.0 if test([node(env, memory) != 0 for node in nodes]) else 0.0

        return logic


def _defined(value: float, reason: str) -> float:
    if value != value:
        raise Reject(reason)
    return value
