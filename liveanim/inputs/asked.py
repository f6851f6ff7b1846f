"""What is asked for by name, against what there is: presets, scenes, what expressions may name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence, Set
from contextlib import suppress

from ..core.errors import near
from ..core.expr import ExprError, compile_expr
from ..core.model import BESIDE, Blend, ControlEvent
from ..core.params import Table
from ..core.quantise import bare
from .oscnames import Refused, shown

Names = Callable[[], Sequence[str]]
Frame = Callable[[], Blend | None]


def no_frame() -> None:
    """The newest frame of a show that has not begun."""


class Asked:
    """Checks events one after the other. Only one thread may ask.

    table     the parameters of this show; presets: gives the names there are now
    frame     the newest display frame, None before the first
    """

    def __init__(self, table: Table, presets: Names, frame: Frame) -> None:
        self._table, self._presets, self._frame = table, presets, frame
        self._doing = -math.inf  # show time of the newest thing that is to be done

    def check(self, event: ControlEvent) -> None:
        """Raises Refused where there is nothing of that name."""
        target, frame = bare(event.target), self._frame()
        if target == "do.preset":
            check_preset(event.value, self._presets())
        elif frame is not None and self._settled(frame):
            if target == "do.scene":
                check_scene(event.value, frame.status.scenes)
            elif target.startswith("expr.") and isinstance(event.value, str) and event.value.strip():
                row = self._table.get(target.removeprefix("expr."))
                if row is None or row.chosen(event.value) is None:
                    check_expression(event.value, frame.modulators.keys())
        if target.startswith("do."):
            self._doing = max(self._doing, event.time)

    def _settled(self, frame: Blend) -> bool:
        """Whether the preset of `frame` still plays: with what was done since, another one may have come, and with it
        other scenes."""
        return frame.time >= self._doing and not any(line.startswith("do.preset") for line in frame.status.waiting)


def check_preset(which: float | str | None, names: Sequence[str]) -> None:
    """Whether there is a preset of that name or number (from 1), or one beside the one that plays. Raises Refused."""
    if which not in BESIDE and not _is_among(which, names):
        raise Refused("unknown preset", f"there is no preset {shown(which)}", lambda: near(str(which)[:80], names))


def check_scene(which: float | str | None, names: Sequence[str]) -> None:
    """Whether there is a scene of that name or number (from 1); 0 and None are the preset itself. Raises Refused."""
    name = f"{which:g}" if isinstance(which, float) else which
    if which and name not in names and not _is_among(which, names):
        reason = f"there is no scene {shown(which)}"
        raise Refused("unknown scene", reason, lambda: near(str(which)[:80], names))


def _is_among(which: float | str | None, names: Sequence[str]) -> bool:
    """Whether `which` is one of `names` or the number of one, from 1."""
    return which in names or (isinstance(which, float) and 1 <= which < len(names) + 1)


def check_expression(text: str, names: Set[str]) -> None:
    """Whether `text` can run, in a preset of Deforum's rules or in another; `names` are its variables besides those of
    every show. Raises Refused."""
    try:
        compile_expr(text, extra=names)
    except ExprError as error:
        with suppress(ExprError):
            compile_expr(text, compat="deforum")
            return
        raise Refused("bad expression", str(error)) from None
