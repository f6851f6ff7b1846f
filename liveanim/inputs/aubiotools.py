"""aubio's detectors behind hop-by-hop calls (GPL-3, so a bundle that ships them is too)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import numpy as np

from .bands import Floats


def power_of_two(rate: int, seconds: float) -> int:
    """The power of two nearest to `seconds` in samples: aubio takes no other windows."""
    return int(2 ** round(math.log2(rate * seconds)))


def tones(pitch: float, note: float, confidence: float) -> Mapping[str, float]:
    """The three signals by name."""
    return MappingProxyType({"pitch": pitch, "note": note, "pitch_confidence": confidence})


NO_TONES = tones(0.0, 0.0, 0.0)


class Chunks:
    """Cuts a stream of hops into chunks of another size, so that each detector keeps its own best hop."""

    def __init__(self, size: int) -> None:
        self._chunk = np.zeros(size, dtype=np.float32)
        self._filled = 0

    def push(self, hop: Floats) -> Iterable[Floats]:
        """The chunks that `hop` completes; each is overwritten by the next."""
        if self._filled + len(hop) < len(self._chunk):
            self._chunk[self._filled : self._filled + len(hop)] = hop
            self._filled += len(hop)
            return ()
        return self._cut(hop)

    def _cut(self, hop: Floats) -> Iterator[Floats]:
        size, at = len(self._chunk), 0
        while at < len(hop):
            count = min(size - self._filled, len(hop) - at)
            self._chunk[self._filled : self._filled + count] = hop[at : at + count]
            self._filled += count
            at += count
            if self._filled == size:
                self._filled = 0
                yield self._chunk


class AubioOnset:
    """aubio's `hfc` at window 512, hop 128 (at 44.1 kHz): the best of its settings. Reports stream seconds."""

    def __init__(self, rate: int) -> None:
        import aubio

        self._hop = power_of_two(rate, 0.0029)
        self._onset = aubio.onset("hfc", self._hop * 4, self._hop, rate)
        self._chunks = Chunks(self._hop)

    def step(self, hop: Floats) -> list[float]:
        return [self._onset.get_last_s() for chunk in self._chunks.push(hop) if self._onset(chunk)[0] > 0]


class AubioTempo:
    """aubio.tempo at window 1024, hop 512 (at 44.1 kHz)."""

    def __init__(self, rate: int) -> None:
        import aubio

        hop = power_of_two(rate, 0.0116)
        self._tempo = aubio.tempo("default", hop * 2, hop, rate)
        self._chunks = Chunks(hop)
        self._rate, self._given = rate, 0  # samples so far, which is what it counts: it rests in long silence
        self.bpm = 0.0
        self.confidence = 0.0

    def step(self, hop: Floats, bands: Floats, chances: list[float], now: float) -> list[float]:
        """Beats heard in this hop, stream seconds (aubio works from the samples alone)."""
        self._given += len(hop)
        began = now - self._given / self._rate
        beats = [began + self._tempo.get_last_s() for chunk in self._chunks.push(hop) if self._tempo(chunk)[0] > 0]
        if beats:
            self.bpm = float(self._tempo.get_bpm())
            self.confidence = min(1.0, max(0.0, float(self._tempo.get_confidence()) * 2.0))
        return beats


class AubioPitch:
    """aubio's `yinfft` over 2048 samples (at 44.1 kHz), every 1024."""

    def __init__(self, rate: int) -> None:
        import aubio

        hop = power_of_two(rate, 0.0232)
        self._pitch = aubio.pitch("yinfft", hop * 2, hop, rate)
        self._pitch.set_unit("Hz")
        self._pitch.set_silence(-90.0)
        self._chunks = Chunks(hop)
        self._tones = NO_TONES

    def step(self, hop: Floats) -> Mapping[str, float]:
        """Takes a hop in -> pitch in Hz, the MIDI note it is, and how sure that is; 0 where there is none."""
        for chunk in self._chunks.push(hop):
            hz = float(self._pitch(chunk)[0])
            sure = float(self._pitch.get_confidence())
            known = 20.0 <= hz <= 5000.0
            note = 69.0 + 12.0 * math.log2(hz / 440.0) if known else 0.0
            self._tones = tones(hz, note, min(1.0, max(0.0, sure))) if known else NO_TONES
        return self._tones
