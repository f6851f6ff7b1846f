"""Auto-gain, gate and envelopes: what turns levels into steady 0..1 signals."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence

QUIETEST, QUIETEST_DB = 1e-6, -120.0
SLOT_S, SLOTS = 0.1, 20  # the loudest of the last 2 s: longer than a beat, so the gain does not pump
GATE_HYSTERESIS_DB = 6.0
GATE_HOLD_S = 0.4  # a gap between two hits is not silence


def to_db(amplitude: float) -> float:
    """Amplitude (1 = full scale) in dB, never below -120."""
    return 20.0 * math.log10(amplitude) if amplitude > QUIETEST else QUIETEST_DB


class Gate:
    """Open while there is something to hear: opens at once, closes after 0.4 s under the level less 6 dB."""

    def __init__(self, hop_s: float, gate_db: float) -> None:
        self.move(gate_db)
        self._hold = max(1, round(GATE_HOLD_S / hop_s))
        self._quiet = self._hold
        self.open = False

    def move(self, gate_db: float) -> None:
        """Open above `gate_db` from now on."""
        self._open_db, self._close_db = gate_db, gate_db - GATE_HYSTERESIS_DB

    def step(self, level_db: float) -> bool:
        if level_db > self._open_db or (self.open and level_db > self._close_db):
            self._quiet = 0
        elif self.open:
            self._quiet += 1
        self.open = self._quiet < self._hold
        return self.open


class AutoGain:
    """The gain (dB) that brings the loudest of a signal's last 2 s to full scale: capped, and held in silence.

    Steady within 3 s of a change of level.
    """

    def __init__(self, hop_s: float, max_gain_db: float) -> None:
        self._max = max_gain_db
        self._slot_hops = max(1, round(SLOT_S / hop_s))
        self._slots: deque[float] = deque([QUIETEST_DB] * SLOTS, maxlen=SLOTS)
        self._hops = 0
        self._slot, self._peak = QUIETEST_DB, QUIETEST_DB
        self._up, self._down = 1.0 - math.exp(-hop_s / 0.2), 1.0 - math.exp(-hop_s / 0.05)
        self.gain_db = 0.0
        self._started = False

    def step(self, level_db: float, most_db: float) -> float:
        """One hop's level -> the gain, which also stays under `most_db`. Not to be called in silence."""
        if level_db > self._slot:
            self._slot = level_db
            if level_db > self._peak:
                self._peak = level_db
        self._hops += 1
        if self._hops >= self._slot_hops:
            self._slots.append(self._slot)
            self._hops, self._slot = 0, QUIETEST_DB
            self._peak = max(self._slots)
        most_db = most_db if most_db < self._max else self._max
        error = (most_db if self._peak < -most_db else -self._peak) - self.gain_db
        if not self._started:
            self._started, self.gain_db, error = True, self.gain_db + error, 0.0
        self.gain_db += error * (self._up if error > 0 else self._down)
        return self.gain_db


class Envelope:
    """Attack and release of a level: it follows up within the one and down within the other."""

    def __init__(self, hop_s: float) -> None:
        self._hop_s, self.value = hop_s, 0.0
        self.shape(0.0, 0.0)

    def shape(self, attack_s: float, release_s: float) -> None:
        """Seconds in which two thirds of the way are done."""
        self._up = 1.0 - math.exp(-self._hop_s / max(attack_s, 1e-4))
        self._down = 1.0 - math.exp(-self._hop_s / max(release_s, 1e-4))

    def step(self, level: float) -> float:
        self.value += (level - self.value) * (self._up if level > self.value else self._down)
        return self.value


class Impulses:
    """Of each name 1 at its event, then an exponential fall with time constant `decay_s`."""

    def __init__(self, names: Sequence[str], hop_s: float, decay_s: float) -> None:
        self._hop_s = hop_s
        self._values = dict.fromkeys(names, 0.0)
        self.shape(decay_s)

    def shape(self, decay_s: float) -> None:
        self._fall = math.exp(-self._hop_s / max(decay_s, 1e-4))

    def step(self, events: Mapping[str, object]) -> Mapping[str, float]:
        """What has an event in this hop, by name (true) -> every value; not to be changed, but it may be kept."""
        fall = self._fall
        self._values = {name: 1.0 if events.get(name) else value * fall for name, value in self._values.items()}
        return self._values


class Energy:
    """How loud the last `seconds` were against the loudest of the last minute or so, 0..1 over 24 dB."""

    def __init__(self, hop_s: float, seconds: float) -> None:
        self._follow = 1.0 - math.exp(-hop_s / seconds)
        self._fall_db = 0.2 * hop_s
        self._power = 0.0
        self._loudest_db = -120.0

    def step(self, rms: float, heard: bool) -> float:
        self._power += (rms * rms - self._power) * self._follow
        db = 10.0 * math.log10(max(self._power, QUIETEST**2))
        if heard:
            fallen = self._loudest_db - self._fall_db
            self._loudest_db = db if db > fallen else fallen
        return min(1.0, max(0.0, 1.0 + (db - self._loudest_db) / 24.0)) if self._loudest_db > -119.0 else 0.0
