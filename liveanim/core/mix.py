"""A mixture of looks that glides from one to another. Whatever it was, the way to the next begins there: no jumps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Key = tuple[str, str]
Weights = Mapping[Key, float]
_NONE = 1e-6


@dataclass(frozen=True, slots=True)
class Mix:
    """From the weights `before` to the weights `goal`, which sum to 1, over `length` seconds from `start`."""

    goal: Weights = field(default_factory=dict)
    before: Weights = field(default_factory=dict)
    start: float = 0.0
    length: float = 0.0

    def progress(self, now: float) -> float:
        """0..1: how far the way has been gone."""
        return 1.0 if self.length <= 0 else min(1.0, max(0.0, (now - self.start) / self.length))

    def at(self, now: float) -> dict[Key, float]:
        """The weights at `now`; only looks that count, summing to 1. The way is slow at both ends."""
        x = self.progress(now)
        if x >= 1.0:
            return {key: weight for key, weight in self.goal.items() if weight > _NONE}
        share = x * x * (3.0 - 2.0 * x)
        keys = dict.fromkeys([*self.before, *self.goal])
        mixed = {k: self.before.get(k, 0.0) * (1 - share) + self.goal.get(k, 0.0) * share for k in keys}
        return {key: weight for key, weight in mixed.items() if weight > _NONE}

    def to(self, goal: Weights, now: float, length: float) -> Mix:
        """The mix that sets out for `goal` at `now`."""
        return Mix(dict(goal), self.at(now), now, length)

    def follow(self, goal: Weights) -> Mix:
        """The same way, but to `goal`: for a goal that a hand moves while the way is under way."""
        return Mix(dict(goal), self.before, self.start, self.length)

    def renamed(self, names: Mapping[Key, Key]) -> Mix:
        """The same mix with some of its looks under other names."""
        goal, before = ({names.get(key, key): w for key, w in side.items()} for side in (self.goal, self.before))
        return Mix(goal, before, self.start, self.length)
