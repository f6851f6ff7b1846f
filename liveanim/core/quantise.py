"""Events that wait for the next beat or bar."""

from __future__ import annotations

import math
from dataclasses import replace

from .actions import ACTIONS
from .model import ControlEvent
from .tempo import BEATS_PER_BAR

PREFIXES = {"beat": 1, "bar": BEATS_PER_BAR}
"""First word of a target that waits: beats to the next line it waits for."""
STEPS = (0, 1, BEATS_PER_BAR, 4 * BEATS_PER_BAR)
"""What `play.quantise` counts: beats between two lines; 0: nothing waits."""
QUANTISED = frozenset(f"do.{row.name}" for row in ACTIONS.values() if row.waits)
"""What `play.quantise` holds for."""
GRACE = 0.1  # beats: whoever is this much late meant the line that has just passed
MOST = 64


class Waiting:
    """Owned by the show. Of two events for the same target only the newer one waits."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ControlEvent]] = []

    def put(self, event: ControlEvent, beat: float, unit: int) -> bool:
        """Keep `event`, that came at `beat`, for the next line of `unit` beats; False when it is to be done at once."""
        if unit <= 0 or beat % unit < GRACE:
            return False
        self._rows = [row for row in self._rows if row[1].target != event.target][-MOST + 1 :]
        self._rows.append((math.floor(beat / unit) * unit + unit, event))
        return True

    def due(self, beat: float) -> list[ControlEvent]:
        """What is to be done by `beat`, in the order it came."""
        ready = [event for line, event in self._rows if line <= beat + 1e-6]
        if ready:
            self._rows = [row for row in self._rows if row[0] > beat + 1e-6]
        return ready

    def lines(self) -> tuple[str, ...]:
        """What waits, for the HUD: 'do.scene storm'."""
        return tuple(f"{e.target} {'' if e.value is None else e.value}".rstrip() for _, e in self._rows)


def bare(target: str) -> str:
    """`target` without the beat or bar that it waits for."""
    word, dot, rest = target.partition(".")
    return rest if dot and word in PREFIXES else target


def unwrapped(event: ControlEvent) -> tuple[ControlEvent, int]:
    """'bar.do.scene' -> the event for 'do.scene', and the 4 beats whose line it waits for; 0: it does not wait."""
    word, _, rest = event.target.partition(".")
    return (replace(event, target=rest), PREFIXES[word]) if word in PREFIXES and rest else (event, 0)
