"""The analyser's own log bands for whole tracks at once, and targets on its hop grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from liveanim.inputs.bands import hop_for, newest_window
from liveanim.inputs.earnet import COMPRESSION, LEVEL_FALL_S, LEVEL_FLOOR, ear_bank

from .arrange import CLASSES, Truth
from .samples import RATE, Audio

HOP = hop_for(RATE)
HOP_S = HOP / RATE
LEAST_S = 0.0015  # an attack this young is not yet in the window


def log_bands(sound: Audio) -> NDArray[np.float32]:
    """(hops, bands): exactly what the analyser computes hop by hop."""
    size = HOP * 4
    padded = np.concatenate([np.zeros(size - HOP, dtype=np.float32), sound])
    count = len(sound) // HOP
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::HOP][:count]
    bank, window = ear_bank(RATE).T, newest_window(size, HOP // 4)
    magnitudes = np.concatenate(
        [np.abs(np.fft.rfft(part * window)) @ bank for part in np.array_split(frames, max(1, count // 2048))]
    )
    level, levels, fall = 0.0, np.empty(count), float(np.exp(-HOP_S / LEVEL_FALL_S))
    for i, mean in enumerate(magnitudes.mean(axis=1).tolist()):
        level = max(mean, level * fall, LEVEL_FLOOR)
        levels[i] = level
    return np.log1p(magnitudes * (COMPRESSION / levels)[:, None]).astype(np.float32)


def frame_of(times: list[float]) -> NDArray[np.int64]:
    """The first hop in whose window each attack can be seen."""
    return np.ceil((np.array(times) + LEAST_S) / HOP_S).astype(np.int64) - 1


def targets(truth: Truth, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(hops, classes) of 0/1 and the same of weights: 0 where nobody can say."""
    want = np.zeros((count, len(CLASSES)), dtype=np.uint8)
    weight = np.ones_like(want)
    for k, name in enumerate(CLASSES):
        for frame in frame_of(truth.unsure[name]):
            weight[max(0, frame - 2) : frame + 6, k] = 0
        sure = frame_of(truth.hits[name])
        for frame in sure:
            weight[max(0, frame - 1) : frame + 4, k] = 0
        for frame in sure:
            want[max(0, frame) : frame + 2, k] = 1
            weight[max(0, frame) : frame + 2, k] = 1
    return want, weight


def beat_targets(truth: Truth, count: int) -> NDArray[np.uint8]:
    """(hops,) 1 in the two hops at each beat."""
    want = np.zeros(count, dtype=np.uint8)
    for frame in frame_of(truth.beats):
        want[max(0, frame) : frame + 2] = 1
    return want
