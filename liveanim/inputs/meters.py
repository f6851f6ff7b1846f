"""Level signals: rms, bands, harmonic and percussive parts, flux, centroid, energy, silence. All 0..1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .autogain import AutoGain, Energy, Envelope, Gate, to_db
from .bands import Floats, boxes

RANGE_DB = 36.0  # signals are 0 this far under the loudest of the last 2 s
MOST_BANDS = 8
MOST_OVER_WHOLE_DB = 24.0  # a band that holds next to nothing is not blown up to full scale
LEAST_FLUX = 1e-3
MEDIAN_EVERY = 2  # calls, each two hops apart
BANDS = {"bass": (30.0, 160.0), "mid": (160.0, 2500.0), "high": (2500.0, 16000.0)}


@dataclass(frozen=True, slots=True)
class Tuning:
    """How to listen; may change at any time.

    gate_db   input below this (dB full scale) is silence: levels are 0 and the auto-gain holds
    attack, release   of every level, s; decay: of onset, kick, snare and hat after their impulse, s
    bands     levels of one's own: (low, high) Hz by signal name
    """

    gate_db: float = -66.0
    attack: float = 0.005
    release: float = 0.12
    decay: float = 0.18
    bands: tuple[tuple[str, tuple[float, float]], ...] = ()


def tuning_of(values: Mapping[str, float]) -> Tuning:
    """What the `audio.*` parameters among `values` say. A band whose ends meet is off."""
    ends = {f"band{n}": (values[f"audio.band{n}_low"], values[f"audio.band{n}_high"]) for n in range(1, MOST_BANDS + 1)}
    return Tuning(
        values["audio.gate"],
        values["audio.attack"],
        values["audio.release"],
        values["audio.decay"],
        tuple((name, (low, high)) for name, (low, high) in ends.items() if low < high),
    )


class Split:
    """Streaming harmonic/percussive separation: what stays at its median of 90 ms, and what stands out of it."""

    HISTORY = 8

    def __init__(self, bands: int) -> None:
        self._history = np.zeros((self.HISTORY, bands), dtype=np.float32)
        self._at = 0
        self._steady = np.zeros(bands, dtype=np.float32)

    def step(self, magnitudes: Floats) -> tuple[float, float]:
        """(bands,) magnitudes -> amplitudes of the harmonic and the percussive part."""
        self._history[self._at % self.HISTORY] = magnitudes
        self._at += 1
        if self._at % MEDIAN_EVERY == 0:
            self._steady = np.partition(self._history, self.HISTORY // 2, axis=0)[self.HISTORY // 2]
        harmonic = np.minimum(magnitudes, self._steady)
        percussive = magnitudes - harmonic
        return math.sqrt(float(harmonic.dot(harmonic))), math.sqrt(float(percussive.dot(percussive)))


class Meters:
    """Every level signal of one hop, auto-gained, gated, with attack and release."""

    def __init__(self, rate: int, hop: int, tuning: Tuning, max_gain_db: float) -> None:
        self._hop_s, self._size, self._rate, self._max_gain_db = 2.0 * hop / rate, hop * 4, rate, max_gain_db
        freqs = np.arange(self._size // 2 + 1) * rate / self._size
        self._whole = np.array([np.ones_like(freqs), freqs], dtype=np.float32)
        self._gate = Gate(self._hop_s, tuning.gate_db)
        self._gains: dict[str, AutoGain] = {}
        self._envelopes: dict[str, Envelope] = {}
        self._split = Split(50)
        self._energy, self._weight = Energy(self._hop_s, 3.0), Energy(self._hop_s, 0.3)
        self._flux_fall = math.exp(-0.5 * self._hop_s / 5.0)
        self._flux_peak = LEAST_FLUX
        self._hops = 0
        self._power = 0.0
        self._levels: dict[str, float] = {}
        self.tune(tuning)

    def tune(self, tuning: Tuning) -> None:
        """Measure so from now on. What stays as it was keeps its gain."""
        limits = BANDS | dict(tuning.bands[:MOST_BANDS])
        self._bank = np.concatenate([boxes(list(limits.values()), self._size, self._rate), self._whole])
        self._gate.move(tuning.gate_db)
        names = ("rms", "harmonic", "percussive", *limits)
        self._gains = {name: self._gains.get(name) or AutoGain(self._hop_s, self._max_gain_db) for name in names}
        self._envelopes = {name: self._envelopes.get(name) or Envelope(self._hop_s) for name in names}
        for envelope in self._envelopes.values():
            envelope.shape(tuning.attack, tuning.release)
        self._channels = [(name, self._gains[name], self._envelopes[name]) for name in names]

    def step(self, rms: float, spectrum: Floats, magnitudes: Floats, flux: float) -> dict[str, float]:
        """rms of the hop, (bins,) spectrum, (50,) log-spaced magnitudes, mean growth -> signals by name.

        Flux is new in every hop, the levels in every other one: in those in which the beat network rests. The answer
        is changed by the next step.
        """
        self._hops += 1
        self._power += 0.5 * rms * rms
        if self._hops % 2:
            self._levels = self._measure(math.sqrt(self._power), spectrum, magnitudes)
            self._power = 0.0
        fallen = self._flux_peak * self._flux_fall
        self._flux_peak = flux if flux > fallen else fallen if fallen > LEAST_FLUX else LEAST_FLUX
        self._levels["flux"] = flux / self._flux_peak if self._gate.open else 0.0
        return self._levels

    @property
    def heard(self) -> bool:
        """Whether there was more than silence in the last step."""
        return self._gate.open

    @property
    def shown_gain(self) -> float:
        """The factor that puts the loudest of the last 2 s at full scale; 0 in silence."""
        return 10.0 ** (self._gains["rms"].gain_db / 20.0) if self._gate.open else 0.0

    def _measure(self, rms: float, spectrum: Floats, magnitudes: Floats) -> dict[str, float]:
        heard = self._gate.step(to_db(rms))
        *power, total, moment = self._bank.dot(spectrum * spectrum).tolist()
        bands = [math.sqrt(each) for each in power]  # those of BANDS first
        out = self._shown([rms, *self._split.step(magnitudes), *bands], heard)
        out["centroid"] = centroid(total, moment) if heard else 0.0
        out["energy"] = self._energy.step(rms, heard)
        out["bass_energy"] = self._weight.step(bands[0], heard)
        out["silence"] = 0.0 if heard else 1.0
        return out

    def _shown(self, levels: list[float], heard: bool) -> dict[str, float]:
        """Levels as signals. The whole comes first: no part gets more than 24 dB above its gain."""
        if not heard:
            return {name: envelope.step(0.0) for name, _, envelope in self._channels}
        out: dict[str, float] = {}
        dbs = [to_db(level) for level in levels]
        gained = dbs.copy()
        # Harmonic and percussive share a gain: their balance is the message.
        gained[1] = gained[2] = max(dbs[1:3])
        most_db = math.inf
        for (name, gain, envelope), db, loud in zip(self._channels, dbs, gained, strict=True):
            gain_db = gain.step(loud, most_db)
            value = 1.0 + (db + gain_db) / RANGE_DB
            out[name] = envelope.step(0.0 if value < 0.0 else value if value < 1.0 else 1.0)
            if name == "rms":
                most_db = gain_db + MOST_OVER_WHOLE_DB
        return out


def centroid(total: float, moment: float) -> float:
    """The balance point of a spectrum, of its power and that times Hz, in octaves: 0 at 100 Hz, 1 at 12.8 kHz."""
    hz = moment / total if total > 1e-16 else 0.0
    return min(1.0, math.log2(hz / 100.0) / 7.0) if hz > 100.0 else 0.0
