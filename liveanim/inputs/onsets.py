"""Onsets from the log-spectrum as it grows, and the same picker for a single band (drums)."""

from __future__ import annotations

import numpy as np

from .bands import Floats


class Growth:
    """How much each band grew over 12 ms, log-compressed relative to a running level (so gain does not matter)."""

    def __init__(self, bands: int, hop_s: float, lag_s: float = 0.0116) -> None:
        self._lag = max(1, round(lag_s / hop_s))
        self._history = np.zeros((self._lag, bands), dtype=np.float32)
        self._padded = np.zeros(bands + 2, dtype=np.float32)
        self._level = 0.0
        self._fall = float(np.exp(-hop_s / 4.0))
        self._warming = 4 + self._lag

    def step(self, magnitudes: Floats) -> Floats:
        """(bands,) magnitudes of this hop -> (bands,) growth, >= 0; 0 until the first window is full."""
        self._level = max(float(magnitudes.mean()), self._level * self._fall, 1e-7)
        now = np.log1p(magnitudes * (20.0 / self._level))
        before = self._padded
        before[1:-1] = self._history[0]
        highest = np.maximum(np.maximum(before[:-2], before[2:]), before[1:-1])
        self._history[:-1] = self._history[1:]
        self._history[-1] = now
        if self._warming:
            self._warming -= 1
            return np.zeros_like(now)
        return np.maximum(now - highest, 0.0)


class Picker:
    """Turns a novelty curve into events: above twice the mean of the last 120 ms plus a share of a decaying peak."""

    def __init__(
        self, hop_s: float, floor: float, share: float = 0.2, gap_s: float = 0.045, fall_s: float = 0.4
    ) -> None:
        self._recent = np.zeros(max(4, round(0.12 / hop_s)), dtype=np.float64)
        self._at = 0
        self._peak = 0.0
        self._fall = float(np.exp(-hop_s / fall_s))
        self._floor, self._share = floor, share
        self._gap = max(1, round(gap_s / hop_s))
        self._since = self._gap
        self._last = 0.0

    def step(self, novelty: float) -> bool:
        """True in the hop an event starts in."""
        threshold = self._floor + 2.0 * float(self._recent.mean()) + self._share * self._peak
        hit = novelty > threshold and novelty > self._last and self._since >= self._gap
        self._since = 0 if hit else self._since + 1
        self._last = novelty
        self._recent[self._at] = novelty
        self._at = (self._at + 1) % len(self._recent)
        self._peak = max(novelty, self._peak * self._fall)
        return hit
