"""Auto-gain, gate and envelopes for many signals at once: what turns levels into steady 0..1 signals."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

QUIETEST = 1e-6  # amplitude, -120 dB
SLOT_S, SLOTS = 0.1, 20  # the loudest of the last 2 s: longer than a beat, so the gain does not pump
EVERY = 4  # hops between two steps of the gain
GATE_HYSTERESIS_DB = 6.0
GATE_HOLD_S = 0.4  # a gap between two hits is not silence
MOST_OVER_FIRST_DB = 24.0  # a band that holds next to nothing is not blown up to full scale


def to_db(amplitude: float) -> float:
    """Amplitude (1 = full scale) in dB, never below -120."""
    return 20.0 * math.log10(max(amplitude, QUIETEST))


class Gate:
    """Open while there is something to hear: opens at once, closes after 0.4 s under the level less 6 dB."""

    def __init__(self, hop_s: float, gate_db: float) -> None:
        self._open_db, self._close_db = gate_db, gate_db - GATE_HYSTERESIS_DB
        self._hold = max(1, round(GATE_HOLD_S / hop_s))
        self._quiet = self._hold

    @property
    def open(self) -> bool:
        return self._quiet < self._hold

    def step(self, level_db: float) -> bool:
        if level_db > self._open_db or (self.open and level_db > self._close_db):
            self._quiet = 0
        elif self.open:
            self._quiet += 1
        return self.open


class AutoGain:
    """The gains (dB) that bring the loudest of each signal's last 2 s to full scale; capped, and held in silence.

    The first signal is the whole: no other gets more than 24 dB above its gain. Steady within 3 s of a change of level.
    """

    def __init__(self, count: int, hop_s: float, max_gain_db: float) -> None:
        self._max = max_gain_db
        self._slot_hops = max(1, round(SLOT_S / hop_s / EVERY)) * EVERY
        self._slots = np.full((SLOTS, count), -120.0)
        self._at = 0
        self._hops = 0
        self._up, self._down = 1.0 - math.exp(-EVERY * hop_s / 0.2), 1.0 - math.exp(-EVERY * hop_s / 0.05)
        self._peak = np.full(count, -120.0)
        self.gain_db = np.zeros(count)
        self._started = False

    def step(self, levels_db: Array, heard: bool) -> Array:
        """(count,) levels in dB -> (count,) gains in dB. Where nothing is `heard` the gains stay."""
        if not heard:
            return self.gain_db
        slot = self._slots[self._at]
        np.maximum(slot, levels_db, out=slot)
        np.maximum(self._peak, levels_db, out=self._peak)
        self._hops += 1
        if self._started and self._hops % EVERY:
            return self.gain_db
        if self._hops % self._slot_hops == 0:
            self._peak = self._slots.max(axis=0)
            self._at = (self._at + 1) % SLOTS
            self._slots[self._at] = -120.0
        target = np.minimum(-self._peak, min(self._max, -float(self._peak[0]) + MOST_OVER_FIRST_DB))
        if not self._started:
            self._started, self.gain_db = True, target
        error = target - self.gain_db
        self.gain_db = self.gain_db + error * np.where(error > 0, self._up, self._down)
        return self.gain_db


class Envelopes:
    """Attack and release (s) of many levels: each follows up within `attack`, down within `release`."""

    def __init__(self, count: int, hop_s: float, attack_s: float, release_s: float) -> None:
        self._up = 1.0 - math.exp(-hop_s / max(attack_s, 1e-4))
        self._down = 1.0 - math.exp(-hop_s / max(release_s, 1e-4))
        self.value = np.zeros(count)

    def step(self, levels: Array) -> Array:
        error = levels - self.value
        self.value = self.value + error * np.where(error > 0, self._up, self._down)
        return self.value


class Impulse:
    """1 at an event, then an exponential fall with time constant `decay_s`."""

    def __init__(self, hop_s: float, decay_s: float) -> None:
        self._fall = math.exp(-hop_s / max(decay_s, 1e-4))
        self.value = 0.0

    def step(self, hit: bool, strength: float = 1.0) -> float:
        self.value *= self._fall
        if hit:
            self.value = max(strength, self.value)
        return self.value


class Energy:
    """How loud the last 3 s were against the loudest of the last minute or so, 0..1 over 24 dB."""

    def __init__(self, hop_s: float) -> None:
        self._follow = 1.0 - math.exp(-hop_s / 3.0)
        self._fall_db = 0.2 * hop_s
        self._power = 0.0
        self._loudest_db = -120.0

    def step(self, rms: float, heard: bool) -> float:
        self._power += (rms * rms - self._power) * self._follow
        db = 10.0 * math.log10(max(self._power, QUIETEST**2))
        if heard:
            self._loudest_db = max(db, self._loudest_db - self._fall_db)
        return min(1.0, max(0.0, 1.0 + (db - self._loudest_db) / 24.0)) if self._loudest_db > -119.0 else 0.0
