"""Events that wait for the next beat or bar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .actions import ACTIONS
from .model import ControlEvent
from .tempo import Beat


@dataclass(frozen=True, slots=True)
class Lines:
    """What is waited for: every beat or bar whose number divides by `every`."""

    clock: Literal["beat", "bar"]
    every: int = 1


PREFIXES: Mapping[str, Lines] = {"beat": Lines("beat"), "bar": Lines("bar")}
"""First word of a target that waits, and what for."""
STEPS = (None, PREFIXES["beat"], PREFIXES["bar"], Lines("bar", 4))
"""What `play.quantise` stands for; None: nothing waits."""
QUANTISED = frozenset(f"do.{row.name}" for row in ACTIONS.values() if row.waits)
"""What `play.quantise` holds for."""
GRACE = 0.1  # beats: whoever is this much late meant the line that has just passed
MOST = 64


class Waiting:
    """Owned by the show. Of two events for the same target only the newer one waits."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, float, ControlEvent]] = []  # clock and number of the line that is waited for

    def put(self, event: ControlEvent, at: Beat, lines: Lines | None) -> bool:
        """Keep `event`, that came `at` a beat, for the next of `lines`; False when it is to be done at once."""
        if lines is None:
            return False
        now, beats = (at.beat, 1) if lines.clock == "beat" else (at.bar, at.meter)
        if now % lines.every * beats < GRACE:
            return False
        self._rows = [row for row in self._rows if row[2].target != event.target][-MOST + 1 :]
        self._rows.append((lines.clock, math.floor(now / lines.every) * lines.every + lines.every, event))
        return True

    def due(self, signals: Mapping[str, float]) -> list[ControlEvent]:
        """What is to be done by `beat` and `bar` of the signals, in the order it came."""
        ready = [row for row in self._rows if row[1] <= signals.get(row[0], 0.0) + 1e-6]
        if ready:
            self._rows = [row for row in self._rows if row not in ready]
        return [event for _, _, event in ready]

    def lines(self) -> tuple[str, ...]:
        """What waits, for the HUD: 'do.scene storm'."""
        return tuple(f"{e.target} {'' if e.value is None else e.value}".rstrip() for _, _, e in self._rows)


def bare(target: str) -> str:
    """`target` without the beat or bar that it waits for."""
    word, dot, rest = target.partition(".")
    return rest if dot and word in PREFIXES else target


def unwrapped(event: ControlEvent) -> tuple[ControlEvent, Lines | None]:
    """'bar.do.scene' -> the event for 'do.scene', and the lines of which it waits for one; None: it does not wait."""
    word, _, rest = event.target.partition(".")
    return (replace(event, target=rest), PREFIXES[word]) if word in PREFIXES and rest else (event, None)
