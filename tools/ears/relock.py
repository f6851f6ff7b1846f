"""Music with a hole in it, and music that jumps to another tempo: how soon is the beat found again?"""

from __future__ import annotations

import mir_eval
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Floats = NDArray[np.float32]
Times = NDArray[np.float64]

BREAK_BEATS = 8
FASTER = (9, 8)  # 12.5 % up
LEAST_BEATS = 24
NEVER = float("inf")


def with_break(sound: Floats, beats: Times, rate: int) -> tuple[Floats, int]:
    """Eight beats of silence from the middle on, the music going on underneath; the number of the beat after them."""
    first = len(beats) // 2
    out = sound.copy()
    out[round((beats[first] - 0.02) * rate) : round((beats[first + BREAK_BEATS] - 0.02) * rate)] = 0.0
    return out, first + BREAK_BEATS


def with_step(sound: Floats, beats: Times, rate: int) -> tuple[Floats, Times, int]:
    """From the middle beat on 12.5 % faster; the beats of that, and the number of the first faster one."""
    first = len(beats) // 2
    cut = round((beats[first] - 0.02) * rate)
    faster = resample_poly(sound[cut:], FASTER[1], FASTER[0])
    moved = cut / rate + (beats[first:] - cut / rate) * FASTER[1] / FASTER[0]
    return np.concatenate([sound[:cut], faster]).astype(np.float32), np.concatenate([beats[:first], moved]), first


def hits(beats: Times, found: Times) -> NDArray[np.bool_]:
    """Which beats were found, to 70 ms."""
    hit = np.zeros(len(beats), dtype=bool)
    if len(found):
        hit[[i for i, _ in mir_eval.util.match_events(beats, np.sort(found), 0.07)]] = True
    return hit


def beats_missed(beats: Times, found: Times, first: int) -> float:
    """How many beats from number `first` on went by before two in a row were hit."""
    hit = hits(beats, found)[first:]
    return next((float(k) for k in range(len(hit) - 1) if hit[k : k + 2].all()), NEVER)


def lock_time(beats: Times, found: Times, first: int = 0, run: int = 4) -> float:
    """Seconds from beat `first` until `run` beats in a row have been hit; infinite when that never happens."""
    hit = hits(beats, found)
    for k in range(first, len(beats) - run + 1):
        if hit[k : k + run].all():
            return float(beats[k + run - 1] - beats[first])
    return NEVER
