"""The sound as it came, before any gain: how loud it is, and what to do about it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from .autogain import to_db
from .sources import Samples

SLOT_S, SLOTS = 0.1, 50  # advice is about the loudest of the last 5 s
WISHED_DB = -12.0  # where the loudest peaks should lie
QUIET_DB, HOT_DB, NOTHING_DB = -30.0, -0.5, -66.0
FULL = 0.999  # a sample of this size is at the end of the scale
FLAT = 3  # so many of them in a row are clipping
DC = 0.05
ONE_SIDED_DB = 40.0


@dataclass(frozen=True, slots=True)
class _Slot:
    peak: tuple[float, ...]  # by channel
    clipped: int
    mean: float


class LevelMeter:
    """A tap of the ears. Levels in dB full scale (0 is the loudest a sample can be, -120 nothing)."""

    def __init__(self) -> None:
        self._slots: deque[_Slot] = deque(maxlen=SLOTS)
        self._kept: list[Samples] = []
        self._count = 0

    def __call__(self, samples: Samples, rate: int, time: float) -> None:
        """The next (n, channels) samples."""
        self._kept.append(samples)
        self._count += len(samples)
        if self._count >= SLOT_S * rate:
            block = np.concatenate(self._kept)
            self._kept, self._count = [], 0
            peak = tuple(float(each) for each in np.abs(block).max(axis=0))
            self._slots.append(_Slot(peak, _runs(np.abs(block) >= FULL), float(block.mean())))

    @property
    def now_db(self) -> float:
        """The highest peak of the newest 0.1 s."""
        return to_db(max(self._slots[-1].peak)) if self._slots else -120.0

    @property
    def peak_db(self) -> float:
        """The highest peak of the last 5 s."""
        return to_db(max((max(slot.peak) for slot in self._slots), default=0.0))

    def advice(self) -> str:
        """What to turn or plug, in a few words; 'good level' when nothing."""
        if not self._slots:
            return "waiting for sound"
        peak = self.peak_db
        clipped = sum(slot.clipped for slot in self._slots)
        if clipped:
            return f"clipping ({clipped} times in 5 s): turn the input down"
        if abs(sum(slot.mean for slot in self._slots)) / len(self._slots) > DC:
            return "the sound lies off centre (DC): try another cable or input"
        if peak < NOTHING_DB:
            return "no sound: is this the right input, and is it turned up?"
        side = self._dead_side()
        if side is not None:
            return f"channel {side + 1} is silent: a cable? ('NAME:{2 - side}' listens to the other alone)"
        if peak < QUIET_DB:
            return f"too quiet: {math.floor(WISHED_DB - peak):+d} dB"
        if peak > HOT_DB:
            return f"hot: {math.ceil(WISHED_DB / 2 - peak):+d} dB for headroom"
        return "good level"

    def _dead_side(self) -> int | None:
        """Which of two channels is silent while the other sounds."""
        if len(self._slots[-1].peak) != 2:
            return None
        left, right = (to_db(max(slot.peak[side] for slot in self._slots)) for side in (0, 1))
        return None if abs(left - right) < ONE_SIDED_DB else int(right < left)


def _runs(full: np.ndarray) -> int:
    """How often FLAT or more samples in a row of one channel are at the end of the scale. full: (n, channels) bools."""
    if not full.any():
        return 0
    flat = full[: len(full) - FLAT + 1].copy()
    for step in range(1, FLAT):
        flat &= full[step : len(full) - FLAT + 1 + step]
    return int(np.count_nonzero(flat[0]) + np.count_nonzero(flat[1:] & ~flat[:-1]))
