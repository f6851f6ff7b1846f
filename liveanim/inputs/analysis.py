"""Sound in, features out: one `Features` per hop of about 5.8 ms, the same however the stream is cut into blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.model import Features
from .aubiotools import NO_TONES
from .autogain import Impulses, to_db
from .bands import Bank, Floats, Ring, Spectrum, clean, hop_for, newest_window
from .beattrack import NetworkTempo
from .drums import CLASSES, LEAST_ONSET, RULES, DrumEars
from .earnet import BANDS, MEAN, HitNetwork, LogBands, ear_bank
from .frames import Frames
from .meters import Meters, Tuning
from .onsets import LIKELY, Doubt, Picker, attack_age

EVENT_GATE = 1e-8  # rms of a hop: under this there is nothing to hear, whatever the gain
RAIL = 0.98  # a hop whose every sample has nearly the same size is a fault, not music
ONSET_THRESHOLD = 0.45
MARKS = ("onset", *CLASSES)
AUDIBLE_DB = 50.0  # events this far under the loudest hop of the last minutes are the room, not the music
AUDIBLE_FALL_DB_S = 0.2
KEPT_HOPS = 8
BEGUN_S = 2.0  # until then nobody knows whether it is a room: every event is believed
COAST_S = 8.0  # beats go on this long through silence; then the tempo rests as it was
NOTHING_KEPT = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class AnalyserConfig:
    """What a performer may choose. Frequencies in Hz, times in s, levels in dB full scale.

    tuning   what may change during the show
    """

    onset: Literal["own", "aubio"] = "own"
    tempo: Literal["own", "aubio"] = "own"
    pitch: bool = True
    tuning: Tuning = field(default_factory=Tuning)
    max_gain_db: float = 60.0


class Tempo(Protocol):
    """What finds beats: our network and filter, or aubio."""

    bpm: float
    confidence: float

    def step(self, hop: Floats, bands: Floats, chances: list[float], now: float) -> list[float]:
        """One hop of samples, its (100,) levels and growth, (onset, kick, snare, hat) 0..1, its end (s) -> times (s) of
        beats found in it."""


class Analyser:
    """The ears: `feed` samples of any number, get one `Features` per full hop, times in stream seconds.

    Never raises on bad samples: NaN, infinities and absurd values count as 0.
    """

    def __init__(self, rate: int, config: AnalyserConfig | None = None) -> None:
        self.rate, self.config = rate, config or AnalyserConfig()
        self.hop = hop_for(rate)
        self.hop_s = self.hop / rate
        self._size = self.hop * 4
        self._ring = Ring(self.hop * KEPT_HOPS, self.hop)
        self._kept = NOTHING_KEPT
        self._hops = 0
        self._spectrum = Spectrum(newest_window(self._size, self.hop // 4))
        self._bank = Bank(ear_bank(rate))
        self._hits = HitNetwork()
        self._log_bands = LogBands(self.hop_s, self._hits.input)
        self._picker = Picker(ONSET_THRESHOLD, self.hop_s)
        self._doubt = Doubt(self.hop_s)
        self._drums = DrumEars(rate, self.hop)
        self._impulses = Impulses(MARKS, self.hop_s, self.config.tuning.decay)
        self._meters = Meters(rate, self.hop, self.config.tuning, self.config.max_gain_db)
        self._frames = Frames(rate, self._size)
        self._onset_count = 0
        self._opened = False  # whether there was ever more than silence
        self._loudest_db = -math.inf
        self._last_onset = self._heard = -math.inf
        self._make_parts()

    def _make_parts(self) -> None:
        from .aubiotools import AubioOnset, AubioPitch, AubioTempo

        config, rate = self.config, self.rate
        self._aubio_onset = AubioOnset(rate) if config.onset == "aubio" else None
        self._tempo: Tempo = AubioTempo(rate) if config.tempo == "aubio" else NetworkTempo(self.hop_s)
        self._pitch = AubioPitch(rate) if config.pitch else None

    @property
    def time(self) -> float:
        """Stream seconds analysed so far."""
        return self._hops * self.hop_s

    def tune(self, tuning: Tuning) -> None:
        """Listen so from the next hop on."""
        self._meters.tune(tuning)
        self._impulses.shape(tuning.decay)

    def feed(self, mono: NDArray[np.floating]) -> list[Features]:
        """Take in samples (n,) -1..1; returns the features of every hop they complete, in order."""
        data = clean(mono)
        if len(self._kept):
            data = np.concatenate([self._kept, data])
        whole = len(data) // self.hop * self.hop
        self._kept = data[whole:].copy() if whole < len(data) else NOTHING_KEPT
        return [self._step(data[i : i + self.hop]) for i in range(0, whole, self.hop)]

    def _step(self, hop: Floats) -> Features:
        newest = self._ring.push(hop)
        self._hops += 1
        now = self.time
        recent = newest[-self._size :]
        spectrum = self._spectrum(recent)
        magnitudes = self._bank(spectrum)
        bands = self._log_bands.step(magnitudes)
        chances = self._hits.step()
        rms = math.sqrt(float(hop.dot(hop)) / self.hop)
        audible = self._audible(rms) and not _on_rails(hop, rms)
        attack = chances[0] if audible else 0.0
        room = self._doubt.step(attack, float(bands[:BANDS].dot(MEAN)))
        least = (LIKELY if room and now > BEGUN_S else LEAST_ONSET) if audible else math.inf
        hit = self._picker.step(attack if attack > least else 0.0)
        onsets = self._onsets(hop, newest, hit, now) if audible else ()
        struck = self._drums.step(recent, magnitudes, bands, chances, least)
        drums = {name: (now - RULES[name].age_s,) for name in struck}
        levels = self._meters.step(rms, spectrum, magnitudes, float(bands[BANDS:].dot(MEAN)))
        self._opened = self._opened or (self._meters.heard and not room)
        # What begins faintly is followed from its beginning, but the room has no tempo to tell.
        begins = now < COAST_S
        self._heard = now if audible and not room and (self._meters.heard or begins) else self._heard
        followed = now - self._heard < COAST_S
        beats = self._tempo.step(hop, bands, chances, now) if followed or begins else ()
        values = {
            **levels,
            **self._impulses.step({"onset": onsets, **drums}),
            **self._counted(onsets, now),
            **(self._pitch.step(hop) if self._pitch is not None else NO_TONES),
        }
        if self._hops % 2:
            self._frames.step(newest, spectrum, self._meters.shown_gain)
        return Features(
            time=now,
            values=MappingProxyType(values),
            onsets=onsets,
            kicks=drums.get("kick", ()),
            snares=drums.get("snare", ()),
            hats=drums.get("hat", ()),
            beats=tuple(beats) if followed else (),
            bpm=self._tempo.bpm if self._opened else 0.0,
            confidence=self._tempo.confidence if self._opened else 0.0,
            wave=self._frames.wave,
            fft=self._frames.fft,
        )

    def _audible(self, rms: float) -> bool:
        level_db = to_db(rms)
        fallen = self._loudest_db - AUDIBLE_FALL_DB_S * self.hop_s
        self._loudest_db = level_db if level_db > fallen else fallen
        return rms > EVENT_GATE and level_db > self._loudest_db - AUDIBLE_DB

    def _onsets(self, hop: Floats, newest: Floats, hit: bool, now: float) -> tuple[float, ...]:
        if self._aubio_onset is not None:
            return tuple(self._aubio_onset.step(hop))
        return (now - attack_age(newest, self.hop) / self.rate,) if hit else ()

    def _counted(self, onsets: tuple[float, ...], now: float) -> dict[str, float]:
        """How many onsets there were, and how long ago the last."""
        if onsets:
            self._onset_count += len(onsets)
            self._last_onset = onsets[-1]
        return {"onset_count": float(self._onset_count), "time_since_onset": min(3600.0, now - self._last_onset)}


def _on_rails(hop: Floats, rms: float) -> bool:
    """Whether every sample has nearly the same size; three of them tell most music apart at once."""
    slack = (1.0 - RAIL) * rms
    for i in (0, len(hop) // 2, -1):
        if abs(abs(hop.item(i)) - rms) > slack:
            return False
    loud = np.abs(hop)
    return float(loud.min()) > RAIL * float(loud.max())
