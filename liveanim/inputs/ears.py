"""Hears: an `AudioSource` in, one `Features` per analysis hop out, and the very samples to whoever records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.model import Features
from .meters import Tuning, tuning_of
from .sources import AudioSource, Samples

log = logging.getLogger(__name__)

Tap = Callable[[Samples, int, float], None]
"""Called in the loop's thread with the next (n, channels) samples, -1..1 (not to be written to), their rate, and the
show time of the first of them."""

PATIENCE = 0.25  # seconds a source may be late before silence stands in for it
_STEP = 0.1  # seconds by which sample times may be off before samples are dropped or silence put in
_SLEW = 0.01  # share of a time error that is corrected per read: slow, so that hops stay even
_LONGEST_SILENCE = 1.0  # seconds of silence analysed at a stretch; a longer gap is skipped


class FeatureMaker(Protocol):
    """What `analysis.Analyser` is to this module. Times of its features are seconds of samples fed."""

    def feed(self, mono: NDArray[np.float32]) -> list[Features]: ...
    def tune(self, tuning: Tuning) -> None: ...


class Switch(Protocol):
    """Chooses among inputs (switch.Switch)."""

    @property
    def inputs(self) -> tuple[str, ...]: ...
    def choose(self, name: str) -> None: ...


class Deaf:
    """An analyser that hears nothing: for sound that is only handed on."""

    def feed(self, mono: NDArray[np.float32]) -> list[Features]:
        return []

    def tune(self, tuning: Tuning) -> None:
        pass


class Ears:
    """Keeps the analyser supplied on an even grid of hops, whatever the source does.

    Sample k of the tap belongs to show time k / rate: where the source has nothing to say, silence stands in.
    Features carry show times. Gain (dB) is before the analysis; taps get the sound without it.
    """

    def __init__(self, source: AudioSource, analyser: FeatureMaker, switch: Switch | None = None) -> None:
        self._source, self._analyser, self._switch = source, analyser, switch
        self._gain = 1.0
        self._tuning = Tuning()
        self._taps: list[Tap] = []
        self._count = 0  # samples handed on: to the taps all of them
        self._shift = 0.0  # show time = sample time + shift; follows the drift of the device's clock
        self._analyser_shift = 0.0  # the same for what the analyser counts
        self._running = False  # False at first and after a gap: the next sample is then placed exactly

    @property
    def rate(self) -> int:
        """Samples per second of the source and of what taps get."""
        return self._source.rate

    @property
    def channels(self) -> int:
        return self._source.channels

    def add_tap(self, tap: Tap) -> None:
        """From now on give `tap` every sample."""
        self._taps.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        """Forget `tap`; does nothing when it is not there."""
        if tap in self._taps:
            self._taps.remove(tap)

    def tune(self, values: Mapping[str, float]) -> None:
        """Listen as the `audio.*` parameters among `values` say."""
        self.set_gain(values["audio.gain"])
        tuning = tuning_of(values)
        if tuning != self._tuning:
            self._tuning = tuning
            self._analyser.tune(tuning)

    def set_gain(self, db: float) -> None:
        """Gain before the analysis, -120..120 dB; anything else counts as 0."""
        self._gain = 10 ** (db / 20) if -120 <= db <= 120 else 1.0

    def status(self) -> str:
        return self._source.status()

    def choose(self, name: str) -> None:
        """Hear another input; without a switch the source stays."""
        if self._switch is not None:
            self._switch.choose(name)

    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs that can be chosen."""
        return () if self._switch is None else self._switch.inputs

    def close(self) -> None:
        self._source.close()

    def read(self, now: float) -> Sequence[Features]:
        """The features of every hop that is complete at show time `now`, in order."""
        samples = sanitised(self._source.read(now))
        features: list[Features] = []
        if len(samples):
            begin = self._source.heard - len(samples) / self.rate
            off = begin - self._position
            step = _STEP if self._running else 0.0
            self._running = True
            if off > step:
                features += self._hush(off)
            elif off < -step:
                samples = samples[min(len(samples), round(-off * self.rate)) :]
            elif abs(off) > 1e-6:
                self._slew(_SLEW * off)
            features += self._hear(samples)
        late = now - PATIENCE - self._position
        if late > 0:
            self._running = False
            features += self._hush(late)
        return features

    @property
    def _position(self) -> float:
        """Show time up to which sound has been handed on."""
        return self._count / self.rate + self._shift

    def _slew(self, seconds: float) -> None:
        self._shift += seconds
        self._analyser_shift += seconds

    def _hear(self, samples: Samples) -> list[Features]:
        if not len(samples):
            return []
        self._tell(samples)
        mono = samples.mean(axis=1, dtype=np.float32)
        return self._analyse(mono if self._gain == 1.0 else mono * np.float32(self._gain))

    def _hush(self, seconds: float) -> list[Features]:
        """Silence for so long: all of it to the taps, at most a second of it to the analyser."""
        count = round(seconds * self.rate)
        for start in range(0, count, self.rate):
            self._tell(np.zeros((min(self.rate, count - start), self.channels), dtype=np.float32))
        heard = min(count, round(_LONGEST_SILENCE * self.rate))
        self._analyser_shift += (count - heard) / self.rate
        return self._analyse(np.zeros(heard, dtype=np.float32))

    def _tell(self, samples: Samples) -> None:
        begin = self._position
        self._count += len(samples)
        for tap in list(self._taps):
            try:
                tap(samples, self.rate, begin)
            except (OSError, ValueError, RuntimeError) as error:
                # A recorder whose disk is full must not take the show down with it.
                self._taps.remove(tap)
                log.warning("recording of the sound ended: %s", error)

    def _analyse(self, mono: NDArray[np.float32]) -> list[Features]:
        shift = self._analyser_shift
        return [_shifted(features, shift) for features in self._analyser.feed(mono)]


def sanitised(samples: Samples) -> Samples:
    """`samples` itself, or a copy with NaN and infinities as 0: a broken driver must not silence the ears for good."""
    good = np.isfinite(samples)
    return samples if good.all() else np.where(good, samples, np.float32(0))


def _shifted(features: Features, shift: float) -> Features:
    if shift == 0.0:
        return features
    onsets, kicks, snares, hats, beats = (
        tuple(time + shift for time in times)
        for times in (features.onsets, features.kicks, features.snares, features.hats, features.beats)
    )
    return replace(
        features, time=features.time + shift, onsets=onsets, kicks=kicks, snares=snares, hats=hats, beats=beats
    )
