"""The language of schedules and modulation: one expression of time, sound and knobs, compiled once, about 1 us a value.

>>> beat = compile_expr("1.01 + 0.05*kick")
>>> beat.evaluate({"kick": 1.0}, beat.memory())
1.06
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .base import INF, KNOWN, MAX_TEXT, NAN, Env, ExprError, Memory, Node, Scope, as_node
from .compat import compile_family
from .functions import FUNCTIONS, READER_DOCS, Function
from .keys import compile_native

__all__ = [
    "FUNCTIONS",
    "KNOWN",
    "READER_DOCS",
    "Compat",
    "Driver",
    "Env",
    "ExprError",
    "Expression",
    "Function",
    "compile_expr",
]

Compat = Literal["", "deforum"]
_TROUBLE = (ArithmeticError, ValueError, TypeError, LookupError, RecursionError)


class Driver(Protocol):
    """What moves a parameter: an Expression, or something that plays like one."""

    @property
    def text(self) -> str:
        """As it was written."""

    @property
    def names(self) -> frozenset[str]:
        """Every key of the env it reads."""

    def evaluate(self, env: Env, memory: Memory) -> float:
        """The value now; NaN where there is none. Never raises."""

    def memory(self) -> Memory:
        """Fresh memory for `evaluate`."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression or schedule. Immutable: what it remembers between values is in the list from `memory()`.

    names      every key of the env it reads, 'cc:21' and 'osc:/fader' included
    constant   its value when it needs no variable and no memory, else None
    warnings   readings that may surprise, one line each
    """

    text: str
    names: frozenset[str]
    constant: float | None
    warnings: tuple[str, ...]
    compat: Compat
    _node: Node = field(repr=False)
    _initial: tuple[float, ...] = field(repr=False)

    def evaluate(self, env: Env, memory: Memory) -> float:
        """The value in `env` (numbers by name; a missing one is 0). Never raises: a maths error or infinity is NaN.

        `memory` is a list from `memory()`, kept by the caller from one value to the next; `env["dt"]` is the seconds
        since the last one.
        """
        try:
            value = self._node(env, memory)
            return float(value) if -INF < value < INF else NAN
        except _TROUBLE:
            return NAN

    def raw(self, env: Env, memory: Memory) -> float:
        """As `evaluate`, but infinities stay, and so do the family's whole numbers (int) and truth values."""
        try:
            return self._node(env, memory)
        except _TROUBLE:
            return NAN

    def memory(self) -> Memory:
        """Fresh memory for the functions that have one (smooth, follow, decay, ...)."""
        return list(self._initial)


def compile_expr(text: str, *, compat: Compat = "", extra: Set[str] = frozenset()) -> Expression:
    """`text` compiled. `extra` are variables besides KNOWN; compat="deforum" reads as that family does, quirks and all.

    Raises ExprError (one line: column, what is wrong, near names) and nothing else.
    """
    if len(text) > MAX_TEXT:
        raise ExprError(f"longer than {MAX_TEXT} characters", text, MAX_TEXT + 1)
    scope = Scope(KNOWN | extra)
    try:
        operand = compile_family(text, scope) if compat else compile_native(text, scope)
    except RecursionError:
        raise ExprError("nested too deeply", text, 1) from None
    fixed = None if callable(operand) else float(operand)
    if fixed is not None and not -INF < fixed < INF:
        raise ExprError("the value is not a finite number", text, 1)
    return Expression(
        text, frozenset(scope.names), fixed, tuple(scope.warnings), compat, as_node(operand), tuple(scope.initial)
    )
