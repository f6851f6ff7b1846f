"""Framing and filter banks of the analyser: pure arrays, no state but the ring of newest samples."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MAX_AMPLITUDE = 1000.0  # samples beyond this are a broken driver, not music; they are zeroed like NaN


def hop_for(rate: int) -> int:
    """Samples per hop: 256 at 44.1 and 48 kHz, scaled to about 5.8 ms (5.3 to 6.0) at any rate."""
    grain = max(1, int(32 * 2.0 ** math.floor(math.log2(rate / 32000))))
    return max(grain, round(rate * 256 / 46000 / grain) * grain)


def newest_window(size: int, fall: int) -> Floats:
    """A window of `size` samples rising slowly and falling within the newest `fall`: an attack shows at once."""
    rise = np.sin(0.5 * np.pi * (np.arange(size - fall) + 0.5) / (size - fall)) ** 2
    drop = np.cos(0.5 * np.pi * (np.arange(fall) + 0.5) / fall) ** 2
    window = np.concatenate([rise, drop])
    return (window / window.sum()).astype(np.float32)


def band_edges(low: float, high: float, per_octave: int) -> NDArray[np.float64]:
    """Centre frequencies (Hz) from `low` up to `high`, `per_octave` to the octave."""
    count = math.floor(math.log2(high / low) * per_octave) + 1
    return low * 2.0 ** (np.arange(count) / per_octave)


def triangles(centres: NDArray[np.float64], size: int, rate: int) -> Floats:
    """(bands, size // 2 + 1) triangular filters between neighbouring centres, each summing to 1 (0 above Nyquist)."""
    freqs = np.arange(size // 2 + 1) * rate / size
    bank = np.zeros((len(centres) - 2, len(freqs)), dtype=np.float32)
    for i, (low, mid, high) in enumerate(zip(centres, centres[1:], centres[2:], strict=False)):
        if high >= rate / 2:
            break
        rise, fall = (freqs - low) / (mid - low), (high - freqs) / (high - mid)
        row = np.clip(np.minimum(rise, fall), 0, None)
        if not row.any():  # narrower than a bin: the nearest bin stands for it
            row[round(mid * size / rate)] = 1.0
        bank[i] = row / row.sum()
    return bank


def boxes(limits: list[tuple[float, float]], size: int, rate: int) -> Floats:
    """(bands, size // 2 + 1) of 0/1: which bins lie within each (low, high) Hz; at least one bin a band."""
    freqs = np.arange(size // 2 + 1) * rate / size
    bank = np.zeros((len(limits), len(freqs)), dtype=np.float32)
    for i, (low, high) in enumerate(limits):
        bank[i] = (freqs >= low) & (freqs < high)
        if not bank[i].any():
            bank[i, min(len(freqs) - 1, round(0.5 * (low + high) * size / rate))] = 1.0
    return bank


def clean(samples: NDArray[np.floating]) -> Floats:
    """`samples` flat and float32, with NaN, infinities and absurd values as 0: a copy only where something changes."""
    with np.errstate(invalid="ignore", over="ignore"):
        out = samples.astype(np.float32, copy=False).reshape(-1)
        power = float(out.dot(out))
    if power < 0.5 * MAX_AMPLITUDE**2:  # then none of them can be
        return out
    good = np.abs(out) <= MAX_AMPLITUDE
    return out if good.all() else np.where(good, out, np.float32(0.0))


class Spectrum:
    """Magnitudes of windowed samples (OpenCV's transform: half the cost of numpy's for so few of them)."""

    def __init__(self, window: Floats) -> None:
        """`window`: an even number of factors."""
        size = len(window)
        self._window = window
        self._windowed, self._packed = np.zeros((2, 1, size), dtype=np.float32)
        self._samples, self._row = self._windowed[0], self._packed[0]
        self._pairs = self._row[1:-1].view(np.complex64)  # before and after them the two that are real
        self._out = np.zeros(size // 2 + 1, dtype=np.float32)
        self._inner = self._out[1:-1]

    def __call__(self, samples: Floats) -> Floats:
        """(size,) samples -> (size // 2 + 1,) magnitudes; the array is reused by the next call."""
        np.multiply(samples, self._window, self._samples)
        cv2.dft(self._windowed, self._packed)
        np.abs(self._pairs, self._inner)
        self._out[0], self._out[-1] = abs(self._row.item(0)), abs(self._row.item(-1))
        return self._out


class Bank:
    """A bank of filters (rows) in two halves, each without the columns that it does not use."""

    def __init__(self, rows: Floats) -> None:
        half = len(rows) // 2
        self._out = np.zeros(len(rows), dtype=np.float32)
        self._parts = []
        for part, out in ((rows[:half], self._out[:half]), (rows[half:], self._out[half:])):
            used = np.flatnonzero(part.any(axis=0))
            columns = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 1)
            self._parts.append((np.ascontiguousarray(part[:, columns]), columns, out))

    def __call__(self, spectrum: Floats) -> Floats:
        """(bins,) -> (rows,); the array is reused by the next call."""
        for part, columns, out in self._parts:
            part.dot(spectrum[columns], out)
        return self._out


class Ring:
    """The newest `size` samples, always contiguous (a double-length buffer that is moved back when it is full)."""

    def __init__(self, size: int, hop: int) -> None:
        self._size = size
        self._buffer = np.zeros(size + 64 * hop, dtype=np.float32)
        self._end = size

    def push(self, hop: Floats) -> Floats:
        """Append one hop; returns a view of the newest `size` samples (valid until the next push)."""
        n = len(hop)
        if self._end + n > len(self._buffer):
            self._buffer[: self._size] = self._buffer[self._end - self._size : self._end]
            self._end = self._size
        self._buffer[self._end : self._end + n] = hop
        self._end += n
        return self.newest(self._size)

    def newest(self, count: int) -> Floats:
        return self._buffer[self._end - count : self._end]
