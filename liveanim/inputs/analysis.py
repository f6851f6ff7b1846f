"""Sound in, features out: one `Features` per hop of about 5.8 ms, the same however the stream is cut into blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.model import Features, frozen_map
from .autogain import AutoGain, Envelope, Impulse, to_db
from .bands import Floats, Ring, band_edges, boxes, clean, hop_for, newest_window, triangles
from .onsets import Growth, Picker

RANGE_DB = 36.0  # signals are 0 this far under the loudest
EVENT_GATE_DB = -96.0  # under this there is nothing to hear, whatever the gain
DRUM_BANDS = {"kick": (30.0, 120.0), "snare": (180.0, 3000.0), "hat": (7000.0, 16000.0)}


@dataclass(frozen=True, slots=True)
class AnalyserConfig:
    """What a performer may choose. Frequencies in Hz, times in s, levels in dB full scale.

    bands    user-defined bands by signal name, at most 8 are used
    attack, release    of rms and of every band
    decay    of onset, kick, snare and hat after their impulse
    gate_db  input below this counts as silence: levels are 0 and the auto-gain holds
    """

    onset: Literal["own", "aubio"] = "own"
    tempo: Literal["own", "aubio"] = "own"
    pitch: bool = True
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    attack: float = 0.005
    release: float = 0.12
    decay: float = 0.18
    gate_db: float = -66.0
    max_gain_db: float = 60.0


class BandMeters:
    """rms and every band as 0..1 signals: auto-gain, gate, attack and release, each on its own."""

    def __init__(self, hop_s: float, size: int, rate: int, config: AnalyserConfig) -> None:
        limits = {"bass": (30.0, 160.0), "mid": (160.0, 2500.0), "high": (2500.0, 16000.0)}
        limits.update(list(config.bands.items())[:8])
        self._names = ["rms", *limits]
        self._bank = boxes(list(limits.values()), size, rate)
        self._gains = [AutoGain(hop_s, config.max_gain_db, config.gate_db) for _ in self._names]
        self._envelopes = [Envelope(hop_s, config.attack, config.release) for _ in self._names]
        self._energy = Envelope(hop_s, 4.0, 4.0)
        self.silent = True

    def step(self, rms: float, power: Floats) -> dict[str, float]:
        """rms of the hop and (size // 2 + 1,) power of the spectrum -> signals by name."""
        levels = [rms, *np.sqrt(self._bank @ power).tolist()]
        out: dict[str, float] = {}
        for name, level, gain, envelope in zip(self._names, levels, self._gains, self._envelopes, strict=True):
            db = to_db(level)
            gained = db + gain.step(db)
            value = 0.0 if gain.silent else min(1.0, max(0.0, 1.0 + gained / RANGE_DB))
            out[name] = envelope.step(value)
        self.silent = self._gains[0].silent
        out["silence"] = 1.0 if self.silent else 0.0
        out["energy"] = self._energy.step(out["rms"])
        return out


class Analyser:
    """The ears: `feed` samples of any number, get one `Features` per full hop, times in stream seconds.

    Never raises on bad samples: NaN, infinities and absurd values count as 0.
    """

    def __init__(self, rate: int, config: AnalyserConfig | None = None) -> None:
        self.rate, self.config = rate, config or AnalyserConfig()
        self.hop = hop_for(rate)
        self.hop_s = self.hop / rate
        size = self.hop * 4
        self._window = newest_window(size, self.hop // 4)
        self._ring = Ring(self.hop * 8, self.hop)
        self._kept = np.zeros(0, dtype=np.float32)
        self._hops = 0
        self._size = size
        self._bank = triangles(band_edges(40.0, 16000.0, 6), size, rate)
        self._freqs = (np.arange(size // 2 + 1) * rate / size).astype(np.float32)
        self._meters = BandMeters(self.hop_s, size, rate, self.config)
        self._growth = Growth(len(self._bank), self.hop_s)
        self._picker = Picker(self.hop_s, floor=0.04, share=0.05)
        self._drum_rows = self._rows_of(DRUM_BANDS)
        self._drum_pickers = {name: Picker(self.hop_s, floor=0.25, share=0.35) for name in DRUM_BANDS}
        self._impulses = {name: Impulse(self.hop_s, self.config.decay) for name in ("onset", *DRUM_BANDS)}
        self._flux_peak = 1e-3
        self._onset_count = 0
        self._last_onset = -math.inf
        self._make_aubio()

    def _make_aubio(self) -> None:
        from .aubiotools import AubioOnset, AubioPitch, AubioTempo

        self._aubio_onset = AubioOnset(self.rate) if self.config.onset == "aubio" else None
        self._tempo = AubioTempo(self.rate)
        self._pitch = AubioPitch(self.rate) if self.config.pitch else None

    def _rows_of(self, limits: Mapping[str, tuple[float, float]]) -> dict[str, NDArray[np.intp]]:
        centres = band_edges(40.0, 16000.0, 6)[1:-1]
        return {name: np.flatnonzero((centres >= low) & (centres < high)) for name, (low, high) in limits.items()}

    @property
    def time(self) -> float:
        """Stream seconds analysed so far."""
        return self._hops * self.hop_s

    def waveform(self, count: int) -> Floats:
        """The newest `count` samples (at most 8 hops), -1..1, for meters and shaders."""
        return self._ring.newest(min(count, self.hop * 8)).copy()

    def spectrum(self, count: int) -> Floats:
        """(count,) magnitudes of the newest window, 0..1 over 72 dB, linear in frequency up to half the rate."""
        size = self.hop * 8
        bins = np.abs(np.fft.rfft(self._ring.newest(size) * np.hanning(size))) * (4.0 / size)
        db = 20.0 * np.log10(np.maximum(bins, 1e-6))
        at = np.linspace(0, len(bins) - 1, count)
        return np.clip(np.interp(at, np.arange(len(bins)), db) / 72.0 + 1.0, 0.0, 1.0).astype(np.float32)

    def feed(self, mono: NDArray[np.floating]) -> list[Features]:
        """Take in samples (n,) -1..1; returns the features of every hop they complete, in order."""
        data = clean(mono)
        if len(self._kept):
            data = np.concatenate([self._kept, data])
        whole = len(data) // self.hop * self.hop
        self._kept = data[whole:].copy()
        return [self._step(data[i : i + self.hop]) for i in range(0, whole, self.hop)]

    def _step(self, hop: Floats) -> Features:
        newest = self._ring.push(hop)[-self._size :]
        self._hops += 1
        now = self.time
        spectrum = np.abs(np.fft.rfft(newest * self._window)).astype(np.float32)
        power = spectrum * spectrum
        loud = np.abs(hop)
        rms = float(np.sqrt(np.mean(hop * hop)))
        values = self._meters.step(rms, power)
        # A signal that sits on its rails (DC, a square wave) is a fault, not music.
        audible = to_db(rms) > EVENT_GATE_DB and float(loud.min()) < 0.98 * float(loud.max())
        growth = self._growth.step(self._bank @ spectrum)
        novelty = float(growth.mean())
        hit = self._picker.step(novelty) and audible
        onsets = self._onsets(hop, hit, now)
        drums = {
            name: self._drum_pickers[name].step(float(growth[rows].mean()) if len(rows) else 0.0) and audible
            for name, rows in self._drum_rows.items()
        }
        self._flux_peak = max(novelty, self._flux_peak * math.exp(-self.hop_s / 5.0), 1e-3)
        values["flux"] = novelty / self._flux_peak
        values.update(self._marks(onsets, drums, now))
        values.update(self._tones(hop, power))
        heard = self._tempo.step(hop)
        beats = tuple(heard) if audible else ()
        return Features(
            time=now,
            values=frozen_map(values),
            onsets=onsets,
            kicks=(now - self.hop_s / 2,) if drums["kick"] else (),
            snares=(now - self.hop_s / 2,) if drums["snare"] else (),
            hats=(now - self.hop_s / 2,) if drums["hat"] else (),
            beats=beats,
            bpm=self._tempo.bpm,
            confidence=self._tempo.confidence,
        )

    def _onsets(self, hop: Floats, hit: bool, now: float) -> tuple[float, ...]:
        if self._aubio_onset is not None:
            return tuple(self._aubio_onset.step(hop))
        return (now - self.hop_s / 2,) if hit else ()

    def _marks(self, onsets: tuple[float, ...], drums: Mapping[str, bool], now: float) -> dict[str, float]:
        if onsets:
            self._onset_count += len(onsets)
            self._last_onset = onsets[-1]
        hits = {"onset": bool(onsets), **drums}
        out = {name: impulse.step(hits[name]) for name, impulse in self._impulses.items()}
        out["onset_count"] = float(self._onset_count)
        out["time_since_onset"] = min(3600.0, now - self._last_onset)
        return out

    def _tones(self, hop: Floats, power: Floats) -> dict[str, float]:
        total = float(power.sum())
        hz = float(power @ self._freqs) / total if total > 1e-12 else 0.0
        centroid = min(1.0, max(0.0, math.log2(hz / 100.0) / 7.0)) if hz > 100.0 else 0.0
        out = {"centroid": centroid, "pitch": 0.0, "note": 0.0, "pitch_confidence": 0.0}
        out["harmonic"], out["percussive"] = 0.0, 0.0
        if self._pitch is not None:
            self._pitch.step(hop)
            out["pitch"], out["pitch_confidence"] = self._pitch.hz, self._pitch.confidence
            out["note"] = 69.0 + 12.0 * math.log2(self._pitch.hz / 440.0) if self._pitch.hz > 0 else 0.0
        return out
