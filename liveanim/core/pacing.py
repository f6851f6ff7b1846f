"""Which frame of a constant-rate video shows which picture. Pictures come at any times; frame n belongs to n / fps."""

from __future__ import annotations

import math
from fractions import Fraction

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


def placed(count: int, rate: int, ahead: float, exactly: bool = False) -> tuple[int, int]:
    """How to lay `count` samples that belong `ahead` seconds after the end of what has been laid (< 0: before it).

    (silence, kept): samples of silence to put first, and how many of the newest samples to keep. A clock that drifts is
    followed by one sample a block, which nobody hears; a gap is filled or cut at once, and so is all if `exactly`.
    """
    off = round(ahead * rate)
    if exactly or abs(ahead) >= _FAR:
        return max(0, off), max(0, count + min(0, off))
    if abs(ahead) <= _NEAR or not count:
        return 0, count
    return (1, count) if off > 0 else (0, count - 1)
