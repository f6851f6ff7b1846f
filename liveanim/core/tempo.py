"""The one beat clock of a show: a continuous beat count from tracked, tapped or received beats."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

from .model import Features

Source = Literal["free", "tracked", "tapped", "midi", "link"]

BEATS_PER_BAR = 4
MIN_BPM, MAX_BPM = 30.0, 300.0
FREE_BPM = 120.0
TAP_TIMEOUT = 2.5  # s after which a tap starts a new series
MAX_SLEW = (
    0.5  # share by which the phase may run faster or slower while it corrects itself: it never stands or jumps back
)


@dataclass(frozen=True, slots=True)
class Beat:
    """The beat at one instant: `beat` counts up continuously, `phase` is 0..1 within it, `bar` counts bars of 4."""

    beat: float
    bar: float
    phase: float
    bpm: float
    confidence: float
    source: Source

    @property
    def bar_phase(self) -> float:
        """0..1 within the bar."""
        return self.bar % 1.0


class BeatClock:
    """Beat phase for everyone: follows beats, coasts through breaks, never runs backwards.

    Owned by the show's thread; every method takes show time in seconds. Before any tempo is known it runs at 120 BPM
    with confidence 0.
    """

    def __init__(self) -> None:
        self._time = 0.0
        self._beat = 0.0
        self._bpm = FREE_BPM
        self._owed = 0.0  # beats still to be caught up with (+) or given back (-)
        self._confidence = 0.0
        self._source: Source = "free"
        self._locked = False
        self._scale = 1.0
        self._taps: deque[float] = deque(maxlen=8)

    @property
    def locked(self) -> bool:
        return self._locked

    def at(self, now: float) -> Beat:
        """The beat at show time `now`. Asking for an earlier time than before gives the newest answer again."""
        self._advance(now)
        bar = self._beat / BEATS_PER_BAR
        return Beat(self._beat, bar, self._beat % 1.0, self._bpm, self._confidence, self._source)

    def beat_in(self, now: float, ms: float) -> float:
        """The beat count expected `ms` milliseconds after `now`."""
        self._advance(now)
        ahead = max(0.0, ms) / 1000.0 * self._bpm / 60.0
        return self._beat + ahead + self._caught_up(ahead)

    def observe(self, features: Features) -> None:
        """Follow the tracked beats of one hop; ignored while locked or while taps are fresh."""
        if self._locked or self._source in ("midi", "link"):
            return
        if features.bpm > 0 and self._source != "tapped":
            self._bpm = min(MAX_BPM, max(MIN_BPM, features.bpm * self._scale))
            self._confidence, self._source = features.confidence, "tracked"
        if features.bpm > 0:
            for beat in features.beats:
                self._align(beat, features.time)

    def tap(self, now: float) -> None:
        """One tap of the tempo: the second and later ones set the tempo, each one sets the phase."""
        if self._taps and now - self._taps[-1] > TAP_TIMEOUT:
            self._taps.clear()
        self._taps.append(now)
        self._advance(now)
        if len(self._taps) >= 2:
            taps = list(self._taps)
            self._bpm = min(MAX_BPM, max(MIN_BPM, 60.0 * (len(taps) - 1) / max(1e-3, taps[-1] - taps[0])))
            self._confidence, self._source = 1.0, "tapped"
        self._align(now, now, whole=True)

    def nudge(self, beats: float) -> None:
        """Push the phase by a share of a beat (positive: earlier beats)."""
        self._owed += beats

    def resync(self, now: float) -> None:
        """This instant is the first beat of a bar."""
        self._advance(now)
        self._beat = math.ceil(self._beat / BEATS_PER_BAR - 1e-9) * BEATS_PER_BAR
        self._owed = 0.0

    def scale(self, factor: float) -> None:
        """2 doubles, 0.5 halves the tempo, now and for what is tracked from now on."""
        self._scale = min(4.0, max(0.25, self._scale * factor))
        self._bpm = min(MAX_BPM, max(MIN_BPM, self._bpm * factor))

    def lock(self, on: bool) -> None:
        """Locked: tempo and phase go on as they are, whatever is heard."""
        self._locked = on

    def set_bpm(self, bpm: float, now: float) -> None:
        """Set the tempo; the phase goes on from where it is."""
        self._advance(now)
        self._bpm = min(MAX_BPM, max(MIN_BPM, bpm))
        self._source, self._confidence = "tapped", 1.0

    def release(self) -> None:
        """Give up a tapped or set tempo: follow what is tracked again."""
        self._source = "free"
        self._taps.clear()

    def _advance(self, now: float) -> None:
        if now <= self._time:
            return
        run = (now - self._time) * self._bpm / 60.0
        paid = self._caught_up(run)
        self._beat += run + paid
        self._owed -= paid
        self._time = now

    def _caught_up(self, run: float) -> float:
        """How much of the owed phase is paid back while the clock runs on by `run` beats."""
        return min(MAX_SLEW * run, max(-MAX_SLEW * run, self._owed))

    def _align(self, beat_time: float, now: float, whole: bool = False) -> None:
        """A beat was at `beat_time`: owe the difference to the nearest whole beat (half of it for a tracked one)."""
        self._advance(now)
        there = self._beat - (now - beat_time) * self._bpm / 60.0
        error = round(there) - there
        self._owed = error if whole else 0.5 * error
