"""Puts what comes at any times on an even line: pictures on the frames of a video, sound on the samples of a file.

Frame n of a video belongs to n / fps, sample k of its sound to k / rate.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

# Show times are sums of floats: a picture meant for frame n may come out a hair after n / fps.
_TOLERANCE = 1e-6


def exact_rate(fps: float) -> Fraction:
    """`fps` as the fraction meant by it: 29.97 is 30000/1001, 30 is 30."""
    for candidate in (Fraction(fps).limit_denominator(1), Fraction(round(fps * 1.001) * 1000, 1001)):
        if abs(float(candidate) - fps) < 0.004:
            return candidate
    return Fraction(fps).limit_denominator(1001)


def frames_before(seconds: float, fps: float) -> int:
    """How many frames begin before `seconds` (frame 0 at 0): those a picture of that time comes too late for."""
    return max(0, math.ceil(seconds * fps - _TOLERANCE * fps))


class Pacer:
    """Counts out frames at `fps`: frame n shows the newest picture at or before n / fps after the first one.

    >>> pacer = Pacer(fps=10)
    >>> [pacer.due(t) for t in (5.0, 5.1, 5.15, 5.4)]  # how often the picture before each is shown
    [0, 1, 1, 2]
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self.frames = 0
        self._start: float | None = None

    @property
    def start(self) -> float | None:
        """Show time (s) of frame 0; None before the first picture."""
        return self._start

    def due(self, time: float) -> int:
        """A picture for show time `time` (s) is here: how many frames the one before it fills. 0 for the first."""
        if self._start is None:
            self._start = time
        fresh = max(0, frames_before(time - self._start, self.fps) - self.frames)
        self.frames += fresh
        return fresh

    def last(self) -> int:
        """No more pictures: how many frames the last one fills: one, so that it is seen (0 when there was none)."""
        if self._start is None:
            return 0
        self.frames += 1
        return 1


_FAR = 0.25  # s: sound this far from its place has had a gap, or began before the picture
_NEAR = 0.005  # s: within this nothing is done
_STRETCH = 0.001  # share of a block by which it is made longer or shorter: two hundredths of a semitone


class SoundLine:
    """Lays blocks of sound on an even line of samples: sample k belongs to show time `start` + k / rate.

    A sound card's clock drifts from the show's; blocks are stretched by a few samples to follow it, which nobody hears.
    Where a gap was, there is silence.
    """

    def __init__(self, start: float = 0.0) -> None:
        self.start = start
        self.seconds = 0.0  # laid so far

    def lay(self, samples: Samples, rate: int, time: float | None = None) -> Samples:
        """What to append for `samples` ((n,) or (n, channels) at `rate` Hz), whose first one belongs to show `time`.

        None: they follow what was laid before. What belongs before the start is left out.
        """
        if time is not None and len(samples):
            samples = self._placed(samples, rate, time - self.start - self.seconds)
        self.seconds += len(samples) / rate
        return samples

    def silence(self, seconds: float, rate: int) -> Samples:
        """(n,) zeros to append."""
        return self.lay(np.zeros(max(0, round(seconds * rate)), dtype=np.float32), rate)

    def _placed(self, samples: Samples, rate: int, ahead: float) -> Samples:
        off = round(ahead * rate)
        if self.seconds == 0.0 or abs(ahead) >= _FAR:
            gap = np.zeros((max(0, off), *samples.shape[1:]), dtype=np.float32)
            return np.concatenate([gap, samples[min(len(samples), max(0, -off)) :]])
        if abs(ahead) <= _NEAR:
            return samples
        most = max(1, int(len(samples) * _STRETCH))
        return stretched(samples, len(samples) + max(-most, min(most, off)))


def stretched(samples: Samples, count: int) -> Samples:
    """`samples` ((n,) or (n, channels)) as `count` samples over the same time, along straight lines between them."""
    if count < 1 or len(samples) < 2:
        return samples[:count]
    places = np.linspace(0.0, len(samples) - 1.0, count)
    before = np.minimum(places.astype(np.int64), len(samples) - 2)
    share = (places - before).astype(np.float32).reshape(-1, *[1] * (samples.ndim - 1))
    line: Samples = samples[before] * (1 - share) + samples[before + 1] * share
    return line
