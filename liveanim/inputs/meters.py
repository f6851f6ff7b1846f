"""Level signals: rms, bands, harmonic and percussive parts, flux, centroid, energy, silence. All 0..1."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from .autogain import AutoGain, Energy, Envelopes, Gate, to_db
from .bands import Floats, boxes

RANGE_DB = 36.0  # signals are 0 this far under the loudest of the last 2 s
MOST_BANDS = 8
BANDS = {"bass": (30.0, 160.0), "mid": (160.0, 2500.0), "high": (2500.0, 16000.0)}


class Split:
    """Streaming harmonic/percussive separation: medians over the last 90 ms against medians over neighbouring bands."""

    HISTORY, SPREAD = 15, 9

    def __init__(self, bands: int) -> None:
        self._history = np.zeros((self.HISTORY, bands), dtype=np.float32)
        self._at = 0
        self._edged = np.zeros(bands + self.SPREAD - 1, dtype=np.float32)
        self._neighbours = np.lib.stride_tricks.sliding_window_view(self._edged, self.SPREAD)
        self._levels = (0.0, 0.0)

    def step(self, magnitudes: Floats) -> tuple[float, float]:
        """(bands,) magnitudes -> amplitudes of the harmonic and the percussive part. Works every second hop."""
        self._history[self._at % self.HISTORY] = magnitudes
        self._at += 1
        if self._at % 2:
            return self._levels
        half = self.SPREAD // 2
        self._edged[half:-half] = magnitudes
        steady = np.partition(self._history, self.HISTORY // 2, axis=0)[self.HISTORY // 2]
        broad = np.partition(self._neighbours, half, axis=1)[:, half]
        steady, broad = steady * steady, broad * broad
        power = magnitudes * magnitudes
        whole = float(power.sum())
        harmonic = float(np.dot(power, steady / (steady + broad + np.float32(1e-14))))
        self._levels = math.sqrt(max(0.0, harmonic)), math.sqrt(max(0.0, whole - harmonic))
        return self._levels


class Meters:
    """Every level signal of one hop, auto-gained, gated, with attack and release."""

    def __init__(
        self, hop_s: float, size: int, rate: int, bands: Mapping[str, tuple[float, float]], gain: tuple[float, float]
    ) -> None:
        """`bands`: user bands (Hz) by name; `gain`: the gate level and the largest gain, dB."""
        limits = {**BANDS, **dict(list(bands.items())[:MOST_BANDS])}
        self._names = ["rms", "harmonic", "percussive", *limits]
        self._bank = boxes(list(limits.values()), size, rate)
        self._freqs = (np.arange(size // 2 + 1) * rate / size).astype(np.float32)
        self._gate = Gate(hop_s, gain[0])
        self._gains = AutoGain(len(self._names), hop_s, gain[1])
        self._split = Split(50)
        self._energy = Energy(hop_s)
        self._levels = np.zeros(len(self._names))
        self._envelopes: Envelopes
        self._flux_fall = math.exp(-hop_s / 5.0)
        self._flux_peak = 1e-3
        self.set_envelope(hop_s, 0.005, 0.12)

    def set_envelope(self, hop_s: float, attack_s: float, release_s: float) -> None:
        self._envelopes = Envelopes(len(self._names), hop_s, attack_s, release_s)

    def step(self, rms: float, spectrum: Floats, magnitudes: Floats, flux: float) -> dict[str, float]:
        """rms of the hop, (bins,) spectrum, (50,) log-spaced magnitudes, mean growth -> signals by name."""
        power = spectrum * spectrum
        levels = self._levels
        levels[0] = rms
        levels[1:3] = self._split.step(magnitudes)
        levels[3:] = np.sqrt(self._bank @ power)
        heard = self._gate.step(to_db(rms))
        levels_db = 20.0 * np.log10(np.maximum(levels, 1e-6))
        shown = 1.0 + (levels_db + self._gains.step(levels_db, heard)) / RANGE_DB
        values = np.minimum(np.maximum(shown, 0.0), 1.0) if heard else np.zeros(len(levels))
        out = dict(zip(self._names, self._envelopes.step(values).tolist(), strict=True))
        self._flux_peak = max(flux, self._flux_peak * self._flux_fall, 1e-3)
        out["flux"] = flux / self._flux_peak if heard else 0.0
        out["centroid"] = self._centroid(power) if heard else 0.0
        out["energy"] = self._energy.step(rms, heard)
        out["silence"] = 0.0 if heard else 1.0
        return out

    def _centroid(self, power: Floats) -> float:
        """The spectrum's balance point on a scale of octaves: 0 at 100 Hz, 1 at 12.8 kHz."""
        total = float(power.sum())
        hz = float(np.dot(power, self._freqs)) / total if total > 1e-16 else 0.0
        return min(1.0, math.log2(hz / 100.0) / 7.0) if hz > 100.0 else 0.0
