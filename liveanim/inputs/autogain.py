"""Auto-gain, gate and envelopes: what turns levels into steady 0..1 signals."""

from __future__ import annotations

import math
from collections import deque

FLOOR_DB = -120.0


def to_db(amplitude: float) -> float:
    """Amplitude (1 = full scale) in dB, never below -120."""
    return 20.0 * math.log10(amplitude) if amplitude > 1e-6 else FLOOR_DB


class AutoGain:
    """The gain that brings the loudest of the last 2 s to full scale; capped, and held while there is silence.

    The peak is taken over whole beats (2 s), so the gain does not pump with the music; after a change of level it
    is steady within 3 s.
    """

    def __init__(self, hop_s: float, max_gain_db: float, gate_db: float) -> None:
        self._max, self._gate = max_gain_db, gate_db
        self._slot_hops = max(1, round(0.1 / hop_s))
        self._slots: deque[float] = deque([FLOOR_DB] * 20, maxlen=20)
        self._count = 0
        self._loudest = FLOOR_DB
        self._up, self._down = 1.0 - math.exp(-hop_s / 0.25), 1.0 - math.exp(-hop_s / 0.05)
        self._open = False
        self.gain_db = 0.0
        self._started = False

    @property
    def silent(self) -> bool:
        return not self._open

    def step(self, level_db: float) -> float:
        """One hop's level in dB -> gain in dB. The gate opens at the gate level and closes 6 dB below it."""
        self._open = level_db > (self._gate - 6.0 if self._open else self._gate)
        if not self._open:
            return self.gain_db
        self._loudest = max(self._loudest, level_db)
        self._count += 1
        if self._count >= self._slot_hops:
            self._slots.append(self._loudest)
            self._count, self._loudest = 0, FLOOR_DB
        target = min(self._max, -max(max(self._slots), self._loudest))
        if not self._started:
            self._started, self.gain_db = True, target
        self.gain_db += (target - self.gain_db) * (self._up if target > self.gain_db else self._down)
        return self.gain_db


class Envelope:
    """Attack and release (s) of a level: follows up within `attack`, down within `release`."""

    def __init__(self, hop_s: float, attack_s: float, release_s: float) -> None:
        self._up = 1.0 - math.exp(-hop_s / max(attack_s, 1e-4))
        self._down = 1.0 - math.exp(-hop_s / max(release_s, 1e-4))
        self.value = 0.0

    def step(self, level: float) -> float:
        self.value += (level - self.value) * (self._up if level > self.value else self._down)
        return self.value


class Impulse:
    """1 at an event, then an exponential fall with time constant `decay_s`."""

    def __init__(self, hop_s: float, decay_s: float) -> None:
        self._fall = math.exp(-hop_s / decay_s)
        self.value = 0.0

    def step(self, hit: bool, strength: float = 1.0) -> float:
        self.value = max(strength, self.value * self._fall) if hit else self.value * self._fall
        return self.value
