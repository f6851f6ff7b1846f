"""One file on its way to a preset: what has been read of it, what was written, what became of each field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..core.deforum import CAMERA, FrameClock
from ..core.expr import ExprError, Expression, compile_expr
from ..core.params import spec
from ..core.schedule import values
from .fields import DEFAULTS
from .report import Kind, Line
from .toml import Value

LONG = 5000  # characters of a schedule from which keys that never play are left out
_SAMPLES = 200


class Job:
    """Reads `settings` field by field and writes tables of a preset. `own`: the file's names of renamed fields."""

    def __init__(self, settings: Mapping[str, Any], own: Mapping[str, str] | None = None) -> None:
        self.settings, self.own = dict(settings), dict(own or {})
        self.frames, self.fps, self.seed, self.height = 120, 15.0, 1.0, 512
        self.mode = self.mode_name = "2D"
        self.read: set[str] = set()
        self.tables: dict[str, dict[str, Value]] = {name: {} for name in ("", "deforum", "prompt", "picture", "camera")}
        self.lines: dict[str, Line] = {}
        self.lost: list[Line] = []
        self.warnings: list[str] = []

    def get(self, field: str) -> Any:
        """The field's value, or the family's default."""
        self.read.add(field)
        return self.settings.get(field, DEFAULTS.get(field))

    def put(self, name: str, value: Value) -> None:
        """Write 'group.key' of the preset."""
        group, _, key = name.rpartition(".")
        self.tables.setdefault(group, {})[key] = value

    def say(self, field: str, kind: Kind, note: str = "") -> None:
        """What became of `field`; only for fields that the file has, and only once."""
        if field in self.settings and field not in self.lines:
            self.lines[field] = Line(field, kind, note)

    def number(self, field: str, default: float) -> float:
        """The field as a number; `default` (and a line about it) where it is none."""
        value = self.get(field)
        try:
            found = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if math.isfinite(found):
            return found
        if field in self.settings and value is not None:
            self.say(field, "not", f"no number: {str(value)[:40]!r}; {default:g} is used")
        return default

    def schedule(self, field: str, target: str, kind: Kind = "exact", note: str = "") -> Expression | None:
        """The field's schedule as the driver of `target`; None (with a line that says why) where it cannot be read.

        `target` is a parameter, or 'deforum.FIELD' for the camera in the family's own units.
        """
        expression = self.compiled(field)
        if expression is None:
            return None
        cut = self.cut(expression, target)
        if target == "deforum.zoom" and expression.constant is not None and expression.constant <= 0:
            self.say(field, "not", "a zoom of 0 or less shows nothing")
            return None
        self.put(target, self.written(expression))
        misread = [f"as that family reads it: {warning}" for warning in expression.warnings]
        notes = "; ".join(part for part in (note, cut, *misread) if part)
        self.say(field, "near" if cut else kind, notes)
        return expression

    def compiled(self, field: str) -> Expression | None:
        """The field's schedule; None (with a line that says why) where it cannot be read."""
        value = self.get(field)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15:
            value = f"0:({value:.20f})" if "e" in repr(value) else f"0:({value!r})"
        if not isinstance(value, str):
            self.say(field, "not", f"neither a schedule nor a number: {str(value)[:40]!r}")
            return None
        try:
            return compile_expr(self.pruned(value), compat="deforum")
        except ExprError as error:
            self.say(field, "not", f"cannot be read: {error}")
            if field in self.settings:
                self.warnings.append(f"{self.own.get(field, field)} cannot be read and is left out: {error}")
            return None

    def pruned(self, text: str) -> str:
        """A long schedule without its keys after the last frame, which never play."""
        if len(text) < LONG or self.frames <= 0:
            return text
        parts = text.split(",")
        kept = [
            part for part in parts if not (key := part.partition(":")[0].strip()).isdecimal() or int(key) < self.frames
        ]
        return ",".join(kept) or text

    def written(self, expression: Expression) -> Value:
        return expression.text if expression.constant is None else expression.constant

    def sampled(self, expression: Expression) -> list[float]:
        """Values at up to 200 frames of the look, without those that are no numbers."""
        count = min(self.frames or 10_000, 10_000)
        frames = [float(f) for f in range(0, count, max(1, count // _SAMPLES))]
        line = values(expression, frames, fps=self.fps, seed=self.seed, max_f=max(0.0, self.frames - 1.0))
        return [float(value) for value in line if math.isfinite(value)]

    def cut(self, expression: Expression, target: str) -> str:
        """What is cut off its values by the range of the parameter; '' when nothing is."""
        name, group = target, target.partition(".")[0]
        found = [expression.constant] if expression.constant is not None else self.sampled(expression)
        if group == "deforum":
            name, unit = CAMERA[self.mode][target.partition(".")[2]]
            clock = FrameClock(self.fps, size=(self.height, self.height))
            found = [unit.converted(value, clock) for value in found]
        row = spec(name)
        low, high = row.reach or (row.low, row.high)
        outside = [value for value in found if not low - 1e-9 <= value <= high + 1e-9]
        return f"values beyond {low:g} .. {high:g} {row.unit}".rstrip() + " are cut" if outside else ""
