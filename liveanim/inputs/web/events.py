"""What web clients may do to a show: JSON in, checked control events out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from ...core.errors import UserError, near
from ...core.expr import ExprError, compile_expr
from ...core.model import ControlEvent
from ...core.params import PARAMS
from .. import oscnames
from ..oscnames import ADDRESSES, Address, Refused

SOURCE = "web"
TEXTS = {row.target for row in ADDRESSES.values() if row.kind == "text"}
ACTIONS: Mapping[str, Address] = {row.target: row for row in ADDRESSES.values() if row.target.startswith("do.")}
"""What may be done besides turning knobs and writing, by event target. Ending the show is not among it."""
_KNOB = ("", "add", "scale", "expr")


class BadEvent(UserError):
    """A control that is not applied. `column` (from 1): where an expression goes wrong, 0 elsewhere."""

    def __init__(self, message: str, column: int = 0) -> None:
        self.column = column
        super().__init__(message)


def event_from(
    target: object, value: object, time: float, presets: Sequence[str] = (), names: Set[str] = frozenset()
) -> ControlEvent:
    """The event that a client means by `target` and `value` (see ControlEvent), at show time `time`. Raises BadEvent.

    presets: names that may be asked for; names: variables of expressions besides the ones every show has.
    """
    if not isinstance(target, str):
        raise BadEvent(f"target: expected a text such as 'camera.zoom', got {_shown(target)}")
    try:
        if target in TEXTS:
            return ControlEvent(time, target, _text(value), SOURCE)
        if target in ACTIONS:
            return _action(ACTIONS[target], value, time, presets)
        return _turned(target, value, time, names)
    except Refused as error:
        raise BadEvent(f"{target}: {error}") from None


def _turned(target: str, value: object, time: float, names: Set[str]) -> ControlEvent:
    kind, _, rest = target.partition(".")
    if target in PARAMS:
        kind, rest = "", target
    if kind not in _KNOB or rest not in PARAMS:
        known = (*PARAMS, *TEXTS, *ACTIONS)
        raise BadEvent(f"unknown target {_shown(target)}{near(target[:80], known)}")
    if kind == "expr":
        return ControlEvent(time, target, _expression(value, names), SOURCE)
    if kind:
        return ControlEvent(time, target, _number(value), SOURCE)
    if value is None or value == "toggle":
        return ControlEvent(time, target, None if value is None else "toggle", SOURCE)
    return ControlEvent(time, target, PARAMS[rest].clamp(_number(value)), SOURCE)


def _action(row: Address, value: object, time: float, presets: Sequence[str]) -> ControlEvent:
    if row.kind == "trigger":
        return ControlEvent(time, row.target, None, SOURCE)
    if row.kind == "number":
        low, high = oscnames.LIMITS.get(row.target, (-1e9, 1e9))
        return ControlEvent(time, row.target, min(high, max(low, _number(value))), SOURCE)
    which = _text(value) if isinstance(value, str) else _number(value)
    if row.kind == "preset":
        oscnames.check_preset(which, presets)
    return ControlEvent(time, row.target, which, SOURCE)


def _expression(value: object, names: Set[str]) -> str | None:
    if value is None or value == "":
        return None
    text = _text(value)
    try:
        compile_expr(text, extra=names)
    except ExprError as error:
        raise BadEvent(error.reason, error.column) from None
    return text


def _number(value: object) -> float:
    if isinstance(value, int | float):
        try:
            return oscnames.number(float(value))
        except OverflowError:
            pass
    raise BadEvent(f"expected a number, got {_shown(value)}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadEvent(f"expected a text, got {_shown(value)}")
    if len(value) > oscnames.MOST_TEXT:
        raise BadEvent(f"expected a text of at most {oscnames.MOST_TEXT} characters, got {len(value)}")
    return "".join(char if char.isprintable() else " " for char in value)


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:40]
