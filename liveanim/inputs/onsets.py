"""From probabilities to events, and the sub-hop moment of an attack."""

from __future__ import annotations

import math

import numpy as np

from .bands import Floats

GAP_S = 0.033  # attacks closer than this are one
REARM = 0.6  # share of the threshold that a probability must fall below before the next event
SPAN_S, SPANS = 0.5, 6  # half a second's likeliest attack, and how many of these make up what is usual
NEVER, SURE, EVEN = 0.4, 0.85, 0.75
"""Noise and hum: what is likeliest in half a second is usually 0 to 0.8 likely, and the level moves by 0.5 to 0.7.
Music: 0.8 to 1, or it moves by 0.8 to 3 (measured on the annotated test music, noises of three colours, two hums)."""
LIKELY = 0.9  # how likely an attack must be in a room


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


class Doubt:
    """Whether what is heard may be but a room: its noise and hum are even, and the network is not sure of attacks."""

    def __init__(self, hop_s: float) -> None:
        self._hops = max(1, round(SPAN_S / hop_s))
        self._spans = 1
        self._usual = self._moves = 0.0
        self._begin()

    def _begin(self) -> None:
        self._left, self._best, self._low, self._high = self._hops, 0.0, math.inf, -math.inf

    def step(self, probability: float, level: float) -> bool:
        """How likely an attack begins now (0 where nothing sounds), and the mean log band -> whether it is a room."""
        self._best = probability if probability > self._best else self._best
        self._low = level if level < self._low else self._low
        self._high = level if level > self._high else self._high
        self._left -= 1
        if not self._left:
            self._spans = min(SPANS, self._spans + 1)
            self._usual += (self._best - self._usual) / self._spans
            self._moves += (self._high - self._low - self._moves) / self._spans
            self._begin()
        return self._usual < NEVER or (self._usual < SURE and self._moves < EVEN)


def attack_age(newest: Floats, hop: int) -> float:
    """How many samples ago the steepest rise began, within the newest two hops of `newest` (of three or more)."""
    grain = hop // 8
    edges = np.diff(newest[-3 * hop - 1 :])
    energy = np.square(edges).reshape(-1, grain).sum(axis=1) + 1e-18
    before = 0.5 * (energy[6:-2] + energy[7:-1])
    rise = np.log((energy[8:] + 0.02 * energy.max()) / (before + 0.02 * energy.max()))
    return float((len(rise) - int(rise.argmax())) * grain)
