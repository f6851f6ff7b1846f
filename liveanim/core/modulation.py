"""The current value of every parameter: its expression, or the knob that has taken over from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .expr import Driver, Expression, Memory, compile_expr
from .params import PARAMS, ParamSpec, Table, defaults, spec

TOGGLE = "toggle"


@dataclass(slots=True)
class _Row:
    """One parameter at work: what drives it, what the knob says, and where the value stands."""

    spec: ParamSpec
    expression: Driver | None
    base: float
    value: float
    memory: Memory = field(default_factory=list)
    knob: float | None = None
    holder: str = ""  # who holds the knob
    turned: float | None = None  # place 0..1 of a knob that is turned on bit by bit, finer than its whole numbers


class Panel:
    """Owned by the show. A touched knob takes its parameter over until it is released; an expression that mentions
    `knob` keeps running and reads it instead. A value that is not a number leaves the last good one."""

    def __init__(self, expressions: Mapping[str, Driver | float] | None = None, table: Table = PARAMS) -> None:
        self._table = table
        self._rows: dict[str, _Row] = {}
        self._loaded: dict[str, Driver | float] = {}
        self._drivers: Mapping[str, str] = {}
        self.load(expressions or {})

    def load(self, expressions: Mapping[str, Driver | float]) -> None:
        """Take the values of a look: parameters it does not name get their default, all knobs are released.

        `out.*` and `macro.*` stay as they are: a change of look must not undo a blackout.
        """
        fresh = defaults(self._table)
        for name, row in self._table.items():
            if name in self._rows and row.group in ("out", "macro") and name not in expressions:
                continue
            self._loaded[name] = expressions.get(name, fresh[name])
            self._drive(row, self._loaded[name])
        self._drivers = {}

    def drive(self, name: str, text: str | None) -> None:
        """Run the expression `text` from now on, None or '': what the preset has; the knob is released.

        ExprError (a UserError) says the column; then the last good one goes on.
        """
        row = spec(name, self._table)
        driver: Driver | float = compile_expr(text) if text and text.strip() else self._loaded[name]
        if isinstance(driver, Expression) and driver.constant is not None:
            driver = driver.constant
        self._drive(row, driver)
        self._drivers = {}

    def _drive(self, row: ParamSpec, driver: Driver | float) -> None:
        base = self._rows[row.name].value if row.name in self._rows else row.default
        if isinstance(driver, (int, float)):
            self._rows[row.name] = _Row(row, None, row.limit(float(driver)), row.limit(float(driver)))
        else:
            self._rows[row.name] = _Row(row, driver, row.default, base, driver.memory())

    def turn(self, name: str, value: float | str | None, holder: str = "") -> None:
        """`holder`'s knob moved to `value` (own unit), was released (None) or toggled. UserError on an unknown name."""
        row = self._rows[spec(name, self._table).name]
        row.turned, row.holder = None, holder
        if value is None:
            row.knob = None
        elif value == TOGGLE:
            row.knob = row.spec.low if row.value > (row.spec.low + row.spec.high) / 2 else row.spec.high
        elif isinstance(value, str) and (chosen := row.spec.chosen(value)) is not None:
            row.knob = chosen
        elif isinstance(value, (int, float)) and math.isfinite(value):
            row.knob = row.spec.clamp(float(value))

    def move(self, name: str, add: float = 0.0, factor: float = 1.0, holder: str = "") -> None:
        """Turn `holder`'s knob on from where it (or the value) stands: its place 0..1 times `factor` plus `add`.

        UserError on an unknown name. Small turns of a parameter of whole numbers add up.
        """
        row = self._rows[spec(name, self._table).name]
        place = row.spec.to_unit(row.value if row.knob is None else row.knob)
        if row.turned is not None and row.knob is not None:
            place = row.turned
        place = place * factor + add
        if math.isfinite(place):
            row.turned = min(1.0, max(0.0, place))
            row.knob, row.holder = row.spec.from_unit(row.turned), holder

    def release(self) -> None:
        """Let go of every knob but blackout and freeze."""
        for row in self._rows.values():
            if row.spec.group != "out":
                row.knob = None

    def taken_over(self) -> tuple[str, ...]:
        """Names of the parameters a knob holds."""
        return tuple(self.knobs())

    def knobs(self) -> dict[str, float]:
        """Where the knobs stand that have taken over, by parameter."""
        return {name: row.knob for name, row in self._rows.items() if row.knob is not None}

    def holders(self) -> dict[str, str]:
        """Who holds the knobs that have taken over, by parameter."""
        return {name: row.holder for name, row in self._rows.items() if row.knob is not None}

    def drivers(self) -> Mapping[str, str]:
        """The text of every parameter's expression, or its number. The same mapping until one of them changes."""
        if not self._drivers:
            texts = {n: f"{r.base:.10g}" if r.expression is None else r.expression.text for n, r in self._rows.items()}
            self._drivers = MappingProxyType(texts)
        return self._drivers

    def evaluate(self, env: dict[str, float]) -> dict[str, float]:
        """Every parameter's value in `env` (signals, beat, t, dt ...). Values are clamped and finite."""
        for n in range(1, 9):
            env[f"m{n}"] = self._next(self._rows[f"macro.m{n}"], env)
        return {name: self._next(row, env) for name, row in self._rows.items()}

    def _next(self, row: _Row, env: dict[str, float]) -> float:
        if row.expression is not None and (row.knob is None or "knob" in row.expression.names):
            env["knob"] = row.value if row.knob is None else row.knob
            value = row.expression.evaluate(env, row.memory)
            if math.isfinite(value):
                row.value = row.spec.limit(value)
        elif row.knob is not None or row.expression is None:
            row.value = _follow(row, row.base if row.knob is None else row.knob, env["dt"])
        return row.value


def _follow(row: _Row, target: float, dt: float) -> float:
    if row.spec.smoothing <= 0 or row.value == target:
        return target
    value = target + (row.value - target) * math.exp(-dt / row.spec.smoothing)
    return target if abs(value - target) < 1e-4 * (row.spec.high - row.spec.low) else value
