"""What web clients may do to a show: JSON in, checked control events out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType

from ...core.actions import OPEN, Action
from ...core.errors import UserError, near
from ...core.expr import ExprError, compile_expr
from ...core.model import ControlEvent
from ...core.params import PARAMS, Table
from ...core.quantise import bare
from .. import oscnames
from ..asked import Asked, Frame, Names, no_frame
from ..oscnames import Book, Refused

SOURCE = "web"
_KNOB = ("add", "scale", "expr")


class BadEvent(UserError):
    """A control that is not applied. `column` (from 1): where an expression goes wrong, 0 elsewhere."""

    def __init__(self, message: str, column: int = 0) -> None:
        self.column = column
        super().__init__(message)


class Vocabulary:
    """What can be said to a show with these parameters and addresses; `presets` gives the names there are now, `frame`
    the newest display frame."""

    def __init__(
        self, table: Table = PARAMS, book: Book | None = None, presets: Names = tuple, frame: Frame = no_frame
    ) -> None:
        rows = (book or Book(table)).addresses.values()
        self.table, self._asked = table, Asked(table, presets, frame)
        self._texts = {row.target for row in rows if row.kind == "text"}
        self.actions: Mapping[str, Action] = MappingProxyType({f"do.{name}": row for name, row in OPEN.items()})
        """By event target."""

    def event(self, target: object, value: object, time: float, names: Set[str] = frozenset()) -> ControlEvent:
        """What a client means by `target` and `value` (see ControlEvent), at show time `time`. Raises BadEvent.

        `names` are variables of expressions besides the ones that every show has.
        """
        if not isinstance(target, str):
            raise BadEvent(f"target: expected a text such as 'camera.zoom', got {_shown(target)}")
        try:
            event = ControlEvent(time, target, self._value(bare(target), value, names), SOURCE)
            self._asked.check(event)
        except Refused as error:
            raise BadEvent(f"{target[:80]}: {error}{error.hint()}") from None
        return event

    def check(self, target: str) -> None:
        """Raises BadEvent where nothing goes by the name `target`; what it is given is not looked at."""
        self._check(bare(target))

    def _check(self, target: str) -> None:
        kind, _, name = target.partition(".")
        known = (*self.table, *self._texts, *self.actions)
        if target not in known and not (kind in _KNOB and name in self.table):
            raise BadEvent(f"unknown target {_shown(target)}{near(target[:80], known)}")

    def _value(self, target: str, value: object, names: Set[str]) -> float | str | None:
        if target in self.actions:
            return self._of_action(target, value)
        if target in self._texts:
            return _text(value)
        if target in self.table:
            if value is None or value == "toggle":
                return None if value is None else "toggle"
            row = self.table[target]
            word = row.chosen(value) if isinstance(value, str) else None
            return row.clamp(_number(value, row.choices)) if word is None else word
        self._check(target)
        return _expression(value, names) if target.startswith("expr.") else _number(value)

    def _of_action(self, target: str, value: object) -> float | str | None:
        row = self.actions[target]
        if row.takes == "nothing":
            return None
        if row.takes == "number":
            return row.clamp(_number(value))
        if row.takes in ("text", "wish"):
            return None if value is None else _text(value)
        return _text(value) if isinstance(value, str) else _number(value)


def _expression(value: object, names: Set[str]) -> str | None:
    if value is None or value == "":
        return None
    text = _text(value)
    try:
        compile_expr(text, extra=names)
    except ExprError as error:
        raise BadEvent(error.reason, error.column) from None
    return text


def _number(value: object, choices: Sequence[str] = ()) -> float:
    try:
        if isinstance(value, int | float):
            return oscnames.number(float(value))
    except OverflowError:
        pass
    words = f" or one of {', '.join(choices)}" if choices else ""
    raise BadEvent(f"expected a number{words}, got {_shown(value)}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadEvent(f"expected a text, got {_shown(value)}")
    if len(value) > oscnames.MOST_TEXT:
        raise BadEvent(f"expected a text of at most {oscnames.MOST_TEXT} characters, got {len(value)}")
    return "".join(char if char.isprintable() else " " for char in value)


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:40]
