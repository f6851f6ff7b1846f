"""The state of a show as JSON: sections of plain numbers and texts, and what changed between two of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from ...core.model import Blend
from ...core.params import ParamSpec, Table
from ..readback import slots_of

MOST_HISTORY = 40  # texts that were played before

State = Mapping[str, Mapping[str, Any]]
"""Section -> key -> number, text, list or table. A key that went away is told as null."""


def state_of(blend: Blend, table: Table, peaks: Mapping[str, float], fps: float, history: Iterable[str] = ()) -> State:
    """`blend` for JSON. peaks: the highest hits lately, by name; fps: display frames a second."""
    status = {field.name: plain(getattr(blend.status, field.name)) for field in fields(blend.status)}
    for name in ("prompts", "negative", "taken_over"):
        del status[name]
    return {
        "values": {name: _value(table[name], value) for name, value in blend.values.items()},
        "knobs": {name: _value(table[name], value) for name, value in blend.knobs.items()},
        "holders": dict(blend.holders),
        "hints": {name: _rounded(place, 4) for name, place in blend.hints.items()},
        "modulators": {name: _rounded(place, 3) for name, place in blend.modulators.items()},
        "drivers": dict(blend.drivers),
        "prompts": {**slots_of(blend.status), "history": list(history)},
        "signals": {name: _rounded(value, 3) for name, value in {**blend.signals, **peaks}.items()},
        "status": {**status, **_shown(blend), "fps": round(fps, 1)},
    }


def _shown(blend: Blend) -> dict[str, bool | float]:
    return {"blackout": blend.blackout, "freeze": blend.freeze, "level": round(blend.level, 3)}


def difference(old: State, new: State) -> dict[str, dict[str, Any]]:
    """The sections and keys of `new` that are not as in `old`; a key that went away is None."""
    changes: dict[str, dict[str, Any]] = {}
    for section, rows in new.items():
        before = old.get(section, {})
        changed = {key: value for key, value in rows.items() if key not in before or before[key] != value}
        changed |= {key: None for key in before if key not in rows}
        if changed:
            changes[section] = changed
    return changes


def plain(value: Any) -> Any:
    """`value` of numbers, texts, tuples, mappings and dataclasses as JSON has it; what is not finite is None."""
    if isinstance(value, float):
        return _rounded(value, 4)
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | None) else str(value)


def _value(row: ParamSpec, value: float) -> float:
    return value if row.curve in ("step", "toggle") else round(value, 5)


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
