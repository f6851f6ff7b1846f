"""Which frame of a video is to be seen: a position that runs on, forward or back, at a pace that may change. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .params import Values

SLACK = 1e-6  # frames: times are sums of rounded numbers


@dataclass(frozen=True, slots=True)
class Reel:
    """`position`: frames of the video since its first; `time`: show time it belongs to, None before the first."""

    position: float = 0.0
    time: float | None = None

    def at(self, now: float, values: Mapping[str, float], fps: float) -> Reel:
        """The reel at show time `now`; it runs at `video.rate` frames a second, at 0 at the video's own `fps`."""
        rate = Values(values)["video.rate"] or fps
        dt = 0.0 if self.time is None else now - self.time
        return Reel(self.position + rate * dt, now)

    def frame(self, values: Mapping[str, float], count: int) -> int:
        """The number (from 0) of the frame to show of a video of `count` frames; begins again at its end.

        Only every `video.every`th of the frames from `video.first` to `video.last` (-1: the end) is shown.
        """
        read = Values(values)
        last_of_all = max(0, count - 1)
        first = min(int(read["video.first"]), last_of_all)
        last = last_of_all if read["video.last"] < 0 else min(max(first, int(read["video.last"])), last_of_all)
        every = max(1, int(read["video.every"]))
        step = math.floor((self.position + SLACK) / every)
        return first + every * (step % ((last - first) // every + 1))
