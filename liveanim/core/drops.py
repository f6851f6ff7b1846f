"""Drops: the bass comes back after a break."""

from __future__ import annotations

import math

FAST, SLOW = 0.15, 12.0  # s: how quickly the present and the usual level of the bass are followed
GONE, BACK = 0.45, 0.8  # of the usual level: below it the bass is gone, above it is back
BREAK = 2.0  # s that the bass must be gone
ARMED = 3.0  # s within which it must be back in full: a slow swell is no drop
LEAST = 0.12  # of full scale: the usual level of music with a bass in it


class Drops:
    """Give it the bass (0..1, by no gain that follows it) of every frame; it says when a drop comes."""

    def __init__(self) -> None:
        self._now = self._usual = 0.0
        self._gone = 0.0  # s that the bass has been away
        self._armed = 0.0  # s left for it to come back

    def step(self, bass: float, dt: float) -> bool:
        """True in the frame in which a drop comes."""
        if dt <= 0 or not math.isfinite(bass):
            return False
        self._now += (bass - self._now) * (1.0 - math.exp(-dt / FAST))
        away = self._now < GONE * self._usual
        if not away and self._gone < BREAK:
            # During a break the usual level stays what it was.
            self._usual += (self._now - self._usual) * (1.0 - math.exp(-dt / SLOW))
            self._usual = max(self._usual, 0.0)
        self._gone = self._gone + dt if away else self._gone
        if away:
            self._armed = ARMED if self._gone >= BREAK and self._usual > LEAST else 0.0
            return False
        if self._armed > 0 and self._now > BACK * self._usual:
            self._gone = self._armed = 0.0
            return True
        self._armed -= dt
        if self._armed <= 0:
            self._gone = 0.0
        return False
