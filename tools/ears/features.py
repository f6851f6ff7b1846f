"""The analyser's own log bands for whole tracks at once, and targets on its hop grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from liveanim.inputs.bands import hop_for, newest_window
from liveanim.inputs.earnet import (
    BANDS,
    BEAT_BANDS,
    BEAT_LAG,
    COMPRESSION,
    LAG,
    LEVEL_FALL_S,
    LEVEL_FLOOR,
    ear_bank,
)

from .arrange import CLASSES, Truth
from .samples import RATE, Audio

HOP = hop_for(RATE)
HOP_S = HOP / RATE
LEAST_S = 0.0015  # an attack this young is not yet in the window
DRUM_DELAY = 2  # hops


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
    """(hops, classes) of 0/1 and the same of weights: 0 where nobody can say, or a little early or late is as good.

    An onset is wanted at once; a drum class two hops later, when more of the drum has been heard.
    """
    want = np.zeros((count, len(CLASSES)), dtype=np.uint8)
    weight = np.ones_like(want)
    for k, name in enumerate(CLASSES):
        delay = 0 if name == "onset" else DRUM_DELAY
        for frame in frame_of(truth.unsure[name]):
            weight[max(0, frame - 2) : frame + 6 + delay, k] = 0
        sure = frame_of(truth.hits[name])
        for frame in sure:
            weight[max(0, frame - 1) : frame + 4 + delay, k] = 0
        for frame in sure + delay:
            want[max(0, frame) : frame + 2, k] = 1
            weight[max(0, frame) : frame + 2, k] = 1
    return want, weight


def hit_inputs(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """(hops, 50) log bands -> (hops, 100) levels and growth, as the analyser's LogBands gives them."""
    past = np.concatenate([np.repeat(bands[:1], LAG, axis=0), bands[:-LAG]])
    highest = past.copy()
    highest[:, 1:] = np.maximum(highest[:, 1:], past[:, :-1])
    highest[:, :-1] = np.maximum(highest[:, :-1], past[:, 1:])
    return np.concatenate([bands, np.maximum(bands - highest, 0)], axis=1)


def beat_inputs(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """(hops, 50) log bands -> (hops // 2, 75), as the analyser's BeatNetwork makes them."""
    count = len(bands) // 2
    levels = bands[: 2 * count].reshape(count, 2, BEAT_BANDS, 2).mean(axis=(1, 3))
    growth = hit_inputs(bands)[: 2 * count, BANDS:].reshape(count, 2, BEAT_BANDS, 2).max(axis=(1, 3))
    past = np.concatenate([np.repeat(levels[:1], BEAT_LAG, axis=0), levels[:-BEAT_LAG]])
    return np.concatenate([levels, growth, np.maximum(levels - past, 0)], axis=1)


def beat_targets(truth: Truth, count: int) -> NDArray[np.uint8]:
    """(count,) at half the hop rate: 1 in the frames of each beat, with the tempo folded into 62..205 BPM."""
    beats = np.array(truth.beats)
    bpm = 60.0 / float(np.median(np.diff(beats)))
    if bpm > 205:
        beats = beats[::2]
    elif bpm < 62:
        beats = np.sort(np.concatenate([beats, 0.5 * (beats[1:] + beats[:-1])]))
    frames = frame_of(beats.tolist()) // 2
    want = np.zeros(count + 1, dtype=np.uint8)
    frames = frames[(frames >= 0) & (frames < count)]
    want[frames] = want[frames + 1] = 1
    return want[:count]
