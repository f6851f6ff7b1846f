"""Sizes of ISF's buffers: arithmetic with $WIDTH, $HEIGHT and inputs, in whole pixels."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

LARGEST = 8192  # pixels along a side
MOST_TEXT = 500
_TWO: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: lambda a, b: float(a**b) if abs(b) <= 16 else math.nan,
}
_CALLS: dict[str, Callable[..., float]] = {
    **{"floor": math.floor, "ceil": math.ceil, "round": round, "abs": abs, "sqrt": math.sqrt},
    **{"min": min, "max": max, "fmod": math.fmod, "pow": lambda a, b: _TWO[ast.Pow](a, b), "log2": math.log2},
}


def pixels(text: str, names: Mapping[str, float], fallback: int) -> int:
    """The value of `text` with `names` (without the $), 1..8192; `fallback` where it cannot be worked out."""
    if not text or len(text) > MOST_TEXT:
        return fallback
    try:
        value = _value(ast.parse(re.sub(r"\$(\w+)", r"\1", text).replace("^", "**").strip(), mode="eval").body, names)
        return min(LARGEST, max(1, math.floor(value)))
    except (SyntaxError, ValueError, TypeError, ArithmeticError, KeyError, RecursionError, MemoryError):
        return fallback


def _value(node: ast.AST, names: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name):
        return float(names[node.id])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand, names)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        return _TWO[type(node.op)](_value(node.left, names), _value(node.right, names))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        arguments: list[Any] = [_value(argument, names) for argument in node.args]
        return float(_CALLS[node.func.id.lower()](*arguments))
    raise ValueError("not arithmetic")
