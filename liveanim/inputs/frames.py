"""The newest sound as two small arrays for meters and shaders: what an oscilloscope and an analyser would show."""

from __future__ import annotations

import numpy as np

from ..core.model import FFT, SILENT_FFT, SILENT_WAVE, WAVE
from .bands import Floats

WAVE_GAIN = 0.4  # by the auto-gain the loudest hop has an rms of 1; its peaks lie two to three times higher
ONES = np.ones(WAVE, dtype=np.float32)
MINUS_ONES = -ONES
TOP_HZ = 22050.0  # what lies higher is not shown, so that a picture looks alike with every card


class Frames:
    """`wave` and `fft` of `Features`, made anew in every step; the arrays are read-only."""

    def __init__(self, rate: int, size: int) -> None:
        """`size`: samples that a spectrum is made of."""
        self._stride = max(1, round(rate / 48000))
        bins = round(min(TOP_HZ, rate / 2) * size / rate)
        self._starts = 1 + np.arange(FFT) * bins // FFT
        self._end = 1 + bins
        self._pairs = bins == 2 * FFT
        self.wave, self.fft = SILENT_WAVE, SILENT_FFT

    def step(self, newest: Floats, spectrum: Floats, gain: float) -> None:
        """The newest samples, (bins,) magnitudes of which a full-scale sine makes 0.5, and the gain to show them by."""
        if gain == 0.0:
            self.wave, self.fft = SILENT_WAVE, SILENT_FFT
            return
        wave = newest[-WAVE * self._stride :: self._stride] * np.float32(gain * WAVE_GAIN)
        count = len(wave)  # at low rates there are fewer samples than WAVE
        np.minimum(np.maximum(wave, MINUS_ONES[:count], out=wave), ONES[:count], out=wave)
        fft = self._greatest(spectrum)
        fft *= np.float32(2.0 * gain)
        np.minimum(fft, ONES[:FFT], out=fft)
        wave.flags.writeable = fft.flags.writeable = False
        self.wave, self.fft = wave, fft

    def _greatest(self, spectrum: Floats) -> Floats:
        """(FFT,) the greatest of the bins that each value stands for."""
        if self._pairs:
            return np.maximum(spectrum[1 : self._end : 2], spectrum[2 : self._end : 2])
        return np.maximum.reduceat(spectrum[: self._end], self._starts)
