"""How far a piece of music has gone by its sound: weights that rise fast on hits and rest in silence (0..1).

Giffusion's and stable-diffusion-videos' schedules, from their published formulas; the analysis is librosa's (short-time
spectra of 2048 samples, 128 Slaney mel bands, median-filter separation). Signals are mono at RATE.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Part = Literal["both", "percussive", "harmonic"]
Reduce = Literal["max", "mean", "median"]
RATE = 22050
WINDOW, MELS, KERNEL, HOP = 2048, 128, 31, 512
_TINY = float(np.finfo(np.float32).tiny)
_LONGEST = 1200  # s of music


def load(path: Path) -> Floats:
    """The sound of a file, mono at RATE, at most twenty minutes. UserError where it cannot be read."""
    import av

    from .audiofile import FileSupply

    supply = FileSupply(path)
    turn = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    pieces: list[Floats] = []
    try:
        left = round(min(supply.duration or _LONGEST, _LONGEST) * supply.rate)
        while left > 0:
            block = supply.take(min(left, supply.rate))
            left -= len(block)
            mono = np.ascontiguousarray(block.mean(axis=1, dtype=np.float32)[None])
            frame = av.AudioFrame.from_ndarray(mono, "flt", "mono")
            frame.sample_rate = supply.rate
            pieces += [part.to_ndarray()[0].astype(np.float64) for part in turn.resample(frame)]
        pieces += [part.to_ndarray()[0].astype(np.float64) for part in turn.resample(None)]
    finally:
        supply.close()
    return np.concatenate(pieces)


def spectra(sound: Floats, hop: int) -> NDArray[np.complex128]:
    """(WINDOW / 2 + 1, frames): Hann windows every `hop` samples, the first about sample 0."""
    padded = np.pad(sound, WINDOW // 2)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return np.fft.rfft(sliding_window_view(padded, WINDOW)[::hop] * hann, axis=1).T


def sounded(bins: NDArray[np.complex128], hop: int, length: int) -> Floats:
    """The sound of `spectra`: windows overlapped and added."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    pieces = np.fft.irfft(bins.T, WINDOW, axis=1) * hann
    total = WINDOW + hop * (len(pieces) - 1)
    sound, weight = np.zeros(total), np.zeros(total)
    for n, piece in enumerate(pieces):
        sound[n * hop : n * hop + WINDOW] += piece
        weight[n * hop : n * hop + WINDOW] += hann**2
    sound = np.where(weight > _TINY, sound / np.maximum(weight, _TINY), sound)[WINDOW // 2 :]
    return np.pad(sound, (0, max(0, length - len(sound))))[:length]


def separated(bins: NDArray[np.complex128], part: Part) -> NDArray[np.complex128]:
    """What of the spectra is percussive (steady over frequency) or harmonic (steady over time)."""
    if part == "both":
        return bins
    size = np.abs(bins)
    harmonic, percussive = _median(size), _median(size.T).T
    wanted, other = (harmonic, percussive) if part == "harmonic" else (percussive, harmonic)
    largest = np.maximum(wanted, other)
    silent = largest < _TINY
    largest = np.where(silent, 1.0, largest)
    a, b = (wanted / largest) ** 2, (other / largest) ** 2
    mask = np.where(silent, 0.5, a / np.where(silent, 1.0, a + b))
    return bins * mask


def _median(rows: Floats) -> Floats:
    padded = np.pad(rows, ((0, 0), (KERNEL // 2, KERNEL // 2)), mode="symmetric")
    return np.array([np.median(sliding_window_view(row, KERNEL), axis=1) for row in padded])


def mel_filters(rate: int = RATE) -> Floats:
    """(MELS, WINDOW / 2 + 1): triangles of equal area on Slaney's mel scale, 0 to half the rate."""

    def mel(hertz: Floats) -> Floats:
        return np.where(hertz < 1000, hertz * 3 / 200, 15 + np.log(np.maximum(hertz, 1) / 1000) * 27 / np.log(6.4))

    def hertz(mels: Floats) -> Floats:
        return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))

    corners = hertz(np.linspace(0, float(mel(np.array(rate / 2))), MELS + 2))
    bins = np.linspace(0, rate / 2, WINDOW // 2 + 1)
    widths = np.diff(corners)
    away = corners[:, None] - bins
    rise, fall = -away[:-2] / widths[:-1, None], away[2:] / widths[1:, None]
    return np.maximum(0, np.minimum(rise, fall)) * (2 / (corners[2:] - corners[:-2]))[:, None]


def mel_power(sound: Floats, hop: int) -> Floats:
    """(MELS, frames)."""
    filters: Floats = mel_filters() @ np.abs(spectra(sound, hop)) ** 2
    return filters


def part_of(sound: Floats, part: Part) -> Floats:
    """The percussive or harmonic part of a sound."""
    return sound if part == "both" else sounded(separated(spectra(sound, HOP), part), HOP, len(sound))


def weights(sound: Floats, frames: int, fps: float, reduce: Reduce = "max") -> Floats:
    """(frames,) of one segment between two key frames: how far the way from the first to the second has gone."""
    power = mel_power(sound, max(1, int(RATE // fps)))
    level = np.median(power, axis=0) if reduce == "median" else getattr(power, reduce)(axis=0)
    gone = np.cumsum(level / max(float(level.max()), _TINY))
    return stretched(gone / max(float(gone[-1]), _TINY), frames)


def stretched(gone: Floats, frames: int) -> Floats:
    """`gone` read at `frames` places, evenly."""
    return np.interp(np.linspace(0, len(gone), frames), np.linspace(0, len(gone), len(gone)), gone)
