"""Undo and redo of what is done by hand during a show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .loops import Gesture
from .preset import Preset

MOST = 200
SAME = 1.5  # s: turns of one knob that follow each other this closely are one edit
TOGETHER = 0.25  # s: what is moved within this time is one gesture


@dataclass(frozen=True, slots=True)
class State:
    """What an edit can change: the preset with its live edits, the scene that plays ('': none), the held knobs, the
    gestures that move some of them."""

    preset: Preset
    scene: str = ""
    knobs: Mapping[str, float] = field(default_factory=dict)
    holders: Mapping[str, str] = field(default_factory=dict)
    loops: Mapping[str, Gesture] = field(default_factory=dict)


class History:
    """States to go back and forward to. `version` counts every change, for whoever keeps a copy."""

    def __init__(self) -> None:
        self._past: list[State] = []
        self._future: list[State] = []
        self._targets: set[str] = set()  # of the newest edit
        self._begun = self._last = -SAME
        self.version = 0

    @property
    def undos(self) -> int:
        return len(self._past)

    @property
    def redos(self) -> int:
        return len(self._future)

    def will_change(self, target: str, state: State, now: float) -> None:
        """`target` is about to be edited at `now`, and `state` is how things stand."""
        self.version += 1
        self._future.clear()
        same = target in self._targets and now - self._last < SAME
        if not same and not (self._targets and now - self._begun < TOGETHER):
            self._past.append(state)
            del self._past[:-MOST]
            self._targets, self._begun = set(), now
        self._targets.add(target)
        self._last = now

    def undo(self, state: State) -> State | None:
        """The state before the newest edit, `state` being the present one; None when there is none."""
        return self._step(self._past, self._future, state)

    def redo(self, state: State) -> State | None:
        """The state that was last undone."""
        return self._step(self._future, self._past, state)

    def _step(self, taken: list[State], given: list[State], state: State) -> State | None:
        if not taken:
            return None
        given.append(state)
        self._targets.clear()
        self.version += 1
        return taken.pop()
