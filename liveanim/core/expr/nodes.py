"""Nodes that compute: each maker takes operands and gives a closure. Constants are built in: half the speed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from . import maths
from .base import Env, Memory, Node, Operand, as_node

Number = Callable[[float, float], float]
Maker = Callable[[Operand, Operand], Node]


def add(a: Operand, b: Operand) -> Node:
    if not callable(a):
        left, right = a, as_node(b)
        return lambda env, memory: left + right(env, memory)
    if not callable(b):
        return lambda env, memory: a(env, memory) + b
    return lambda env, memory: a(env, memory) + b(env, memory)


def subtract(a: Operand, b: Operand) -> Node:
    if not callable(a):
        left, right = a, as_node(b)
        return lambda env, memory: left - right(env, memory)
    if not callable(b):
        return lambda env, memory: a(env, memory) - b
    return lambda env, memory: a(env, memory) - b(env, memory)


def multiply(a: Operand, b: Operand) -> Node:
    if not callable(a):
        left, right = a, as_node(b)
        return lambda env, memory: left * right(env, memory)
    if not callable(b):
        return lambda env, memory: a(env, memory) * b
    return lambda env, memory: a(env, memory) * b(env, memory)


def divide(a: Operand, b: Operand) -> Node:
    if not callable(b) and b != 0:
        left, right = as_node(a), b
        return lambda env, memory: left(env, memory) / right
    return apply(maths.divide, a, b)


def power(a: Operand, b: Operand) -> Node:
    if callable(b):
        return apply(maths.power, a, b)
    base, total, raw = as_node(a), maths.power, math.pow

    def raised(env: Env, memory: Memory) -> float:
        x = base(env, memory)
        try:
            return raw(x, b)
        except (ValueError, OverflowError):
            return total(x, b)

    return raised


def apply(function: Number, a: Operand, b: Operand) -> Node:
    """A node that gives `function` the values of `a` and `b`."""
    if not callable(a):
        left, right = a, as_node(b)
        return lambda env, memory: function(left, right(env, memory))
    if not callable(b):
        return lambda env, memory: function(a(env, memory), b)
    return lambda env, memory: function(a(env, memory), b(env, memory))


def run_through(functions: Sequence[Number], first: Node, rest: Sequence[Node]) -> Node:
    """A node that starts from `first` and takes each function of what there is and the next of `rest`."""
    pairs = tuple(zip(functions, rest, strict=True))

    def run(env: Env, memory: Memory) -> float:
        value = first(env, memory)
        for function, node in pairs:
            value = function(value, node(env, memory))
        return value

    return run


def call_node(function: Callable[..., float], arguments: Sequence[Node]) -> Node:
    """A node that gives `function` the values of `arguments`."""
    if len(arguments) == 1:
        return _call_one(function, arguments[0])
    if len(arguments) == 2:
        x, y = arguments
        return lambda env, memory: function(x(env, memory), y(env, memory))
    if len(arguments) == 3:
        x, y, z = arguments
        return lambda env, memory: function(x(env, memory), y(env, memory), z(env, memory))
    nodes = tuple(arguments)
    return lambda env, memory: function(*[node(env, memory) for node in nodes])


def _call_one(function: Callable[[float], float], x: Node) -> Node:
    raw = maths.PARTIAL.get(function)
    if raw is None:
        return lambda env, memory: function(x(env, memory))

    def called(env: Env, memory: Memory) -> float:
        value = x(env, memory)
        try:
            return raw(value)
        except (ValueError, OverflowError):
            return function(value)

    return called
