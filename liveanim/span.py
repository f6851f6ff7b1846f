"""Which part of a performance is rendered, and sinks that sleep until it begins."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .core.cadence import SLACK
from .core.errors import UserError
from .core.model import Blend, Image
from .outputs.taps import Tap
from .show import Sink

LEAD = 2.0  # s painted before the part begins, so that trails, limiter and picture have settled


@dataclass(frozen=True, slots=True)
class Span:
    """Frames `first` up to (not with) `last` of the `whole` of a show at `fps` frames/s."""

    first: int
    last: int
    whole: int
    fps: float

    @property
    def begin(self) -> float:
        """Show time (s) of the first frame."""
        return self.first / self.fps

    @property
    def frames(self) -> int:
        return self.last - self.first

    @property
    def lead_in(self) -> float:
        """Show time (s) from which pictures are painted at the latest."""
        return max(0.0, self.begin - LEAD)


def frame_count(length: float | None, seconds: float | None, fps: float) -> int:
    """Frames of a render: the whole source (`length` s) or `seconds` of it. UserError when both are unknown."""
    lengths = [one for one in (length, seconds) if one is not None]
    if not lengths:
        raise UserError("this source does not say how long it is: add --seconds N")
    return max(1, math.ceil(min(lengths) * fps - SLACK))


def span_of(
    length: float | None, fps: float, *, begin: float = 0.0, end: float | None = None, seconds: float | None = None
) -> Span:
    """The frames from show time `begin` to `end` (s) of a source that ends at `length`.

    `seconds` after `begin` the whole show is over. UserError when nothing is left.
    """
    whole = frame_count(length, end if length is None and seconds is None else _after(begin, seconds), fps)
    first = round(begin * fps)
    last = whole if end is None else min(whole, math.ceil(end * fps - SLACK))
    if first >= last:
        limit = f"it ends at {whole / fps:g} s" if first >= whole else f"the end is at {end:g} s"
        raise UserError(f"nothing to render from {begin:g} s on: {limit}")
    return Span(first, last, whole, fps)


def _after(begin: float, seconds: float | None) -> float | None:
    return None if seconds is None else begin + seconds


class SinkFrom:
    """A sink that gets the frames from show time `begin` (s) on."""

    def __init__(self, sink: Sink, begin: float) -> None:
        self._sink, self._begin = sink, begin

    def write(self, blend: Blend, now: float) -> None:
        if now >= self._begin - SLACK:
            self._sink.write(blend, now)


class TapFrom:
    """A tap that gets the pictures from show time `begin` (s) on."""

    def __init__(self, tap: Tap, begin: float) -> None:
        self._tap, self._begin = tap, begin

    def picture(self, image: Image, now: float) -> None:
        if now >= self._begin - SLACK:
            self._tap.picture(image, now)

    def close(self) -> None:
        self._tap.close()
