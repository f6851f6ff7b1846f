"""What others are told of a show: how many frames it makes, and the hits since they last looked."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

HITS = ("onset", "kick", "snare", "hat")
"""The signals that are over within a frame or two."""
_OVER = 1.0  # s


class FrameRate:
    """Frames a second, over the last second of them."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    @property
    def last(self) -> float | None:
        """When the newest frame was (s); None before the first."""
        return self._times[-1] if self._times else None

    def frame(self, now: float) -> None:
        """There is a frame, at `now` (s)."""
        self._times.append(now)
        while len(self._times) > 2 and now - self._times[0] > _OVER:
            self._times.popleft()

    @property
    def fps(self) -> float:
        """0.0 before the second frame."""
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / max(1e-6, self._times[-1] - self._times[0])


class Peaks:
    """How high each hit was since the last look: who looks less often than frames are made misses none."""

    def __init__(self) -> None:
        self._held = dict.fromkeys(HITS, 0.0)

    def hold(self, signals: Mapping[str, float]) -> None:
        """A frame had these `signals` (0..1)."""
        for name, held in self._held.items():
            self._held[name] = max(held, signals.get(name, 0.0))

    def take(self) -> Mapping[str, float]:
        """All of them, and begin anew."""
        taken, self._held = self._held, dict.fromkeys(HITS, 0.0)
        return taken
