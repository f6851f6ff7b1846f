"""From probabilities to events, and the sub-hop moment of an attack."""

from __future__ import annotations

import numpy as np

from .bands import Floats

GAP_S = 0.033  # attacks closer than this are one
REARM = 0.6  # share of the threshold that a probability must fall below before the next event


class Picker:
    """An event where a probability rises over the threshold; not again before it has fallen."""

    def __init__(self, threshold: float, hop_s: float) -> None:
        self._threshold, self._low = threshold, threshold * REARM
        self._gap = max(1, round(GAP_S / hop_s))
        self._since = self._gap
        self._armed = True

    def step(self, probability: float) -> bool:
        """True in the hop in which an event begins."""
        self._since += 1
        if self._armed:
            if probability > self._threshold and self._since >= self._gap:
                self._since, self._armed = 0, False
                return True
        elif probability < self._low:
            self._armed = True
        return False


def attack_age(newest: Floats, hop: int) -> float:
    """How many samples ago the steepest rise began, within the newest two hops of `newest` (of three or more)."""
    grain = hop // 8
    edges = np.diff(newest[-3 * hop - 1 :])
    energy = np.square(edges).reshape(-1, grain).sum(axis=1) + 1e-18
    before = 0.5 * (energy[6:-2] + energy[7:-1])
    rise = np.log((energy[8:] + 0.02 * energy.max()) / (before + 0.02 * energy.max()))
    return float((len(rise) - int(rise.argmax())) * grain)
