"""What every part of the expression language shares: the node, the error, the names and the bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from ..errors import UserError, near

Env = Mapping[str, float]
Memory = list[float]
Node = Callable[[Env, Memory], float]
"""A compiled piece of an expression: env and memory in, a number out (NaN for a maths error, never an exception)."""
Operand = float | Node
"""A node, or the number it always gives."""

MAX_TEXT = 500_000
"""Characters of a whole schedule: real files hold 170,000 (6,000 keys)."""
MAX_EXPRESSION = 20_000
"""Characters of one expression, between two keys."""
MAX_KEYS = 20_000
MAX_DEPTH = 120
"""Nesting, counted in brackets, operator levels and calls: keeps evaluation far from Python's recursion limit."""
MAX_NUMBER = 40
"""Characters of one number."""

NAN = math.nan
INF = math.inf

CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "True": 1.0, "False": 0.0}
TIME_NAMES = frozenset("t f s fps max_f seed beat bar phase bpm meter now dt".split())
SIGNAL_NAMES = frozenset(
    "rms bass mid high onset kick snare hat flux centroid pitch note harmonic percussive silence energy bass_energy "
    "onset_count time_since_onset pitch_confidence confidence band1 band2 band3 band4 band5 band6 band7 band8".split()
)
CONTROL_NAMES = frozenset(["knob", *(f"m{n}" for n in range(1, 9)), *(f"lfo{n}" for n in range(1, 9))])
SHARED_NAMES = frozenset(["tension", "drop"])
"""Worked out from the signals once for all looks (`modulators.STANDARD`)."""
KNOWN = TIME_NAMES | SIGNAL_NAMES | CONTROL_NAMES | SHARED_NAMES
"""The variables that may be used without declaring them in `extra`."""


class ExprError(UserError):
    """An expression that cannot be read: `column` (from 1) is where, `reason` the message without place and excerpt."""

    def __init__(self, reason: str, text: str, column: int) -> None:
        self.reason = reason
        self.column = max(1, column)
        super().__init__(f"column {self.column}: {reason} in {excerpt(text, self.column)}")


def excerpt(text: str, column: int, width: int = 60) -> str:
    """At most `width` characters of `text` about `column`, on one line, quoted."""
    start = max(0, min(column - 1 - width // 2, len(text) - width))
    part = text[start : start + width]
    shown = " ".join(part.split())
    return f"'{'…' if start else ''}{shown}{'…' if start + width < len(text) else ''}'"


class Scope:
    """What one compilation has learned: the names that are allowed and used, the memory needed, the warnings."""

    __slots__ = ("allowed", "initial", "names", "readers", "warnings")

    def __init__(self, allowed: frozenset[str]) -> None:
        self.allowed = allowed
        self.names: set[str] = set()
        self.readers: dict[str, Node] = {}
        self.initial: list[float] = []
        self.warnings: list[str] = []

    def read(self, name: str) -> Node:
        """A node that reads `name` from the env; a name that is not there reads 0."""
        node = self.readers.get(name)
        if node is None:
            self.names.add(name)
            node = self.readers[name] = reader(name)
        return node

    def slot(self, initial: float) -> int:
        """The place of one more number of memory, which starts as `initial`."""
        self.initial.append(initial)
        return len(self.initial) - 1

    def warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)


def reader(name: str) -> Node:
    """A node that reads `name` from the env, 0 when it is not there."""

    def read(env: Env, memory: Memory) -> float:
        try:
            return env[name]
        except KeyError:
            return 0.0

    return read


def constant(value: float) -> Node:
    """A node that always gives `value`."""
    return lambda env, memory: value


def as_node(operand: Operand) -> Node:
    return constant(operand) if isinstance(operand, (int, float)) else operand


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """'unknown WHAT NAME (did you mean: ...?)'."""
    return f"unknown {what} {name!r}{near(name, known)}"
