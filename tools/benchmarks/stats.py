"""Percentiles, frame intervals, and finding a click again in the brightness of outgoing frames. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

BASELINE_SECONDS = 0.4
"""The level before an event is the highest of so long before it."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` % of `values` do not exceed, interpolated linearly. NaN when there are none."""
    return float(np.percentile(np.asarray(values, dtype=np.float64), percent)) if len(values) else float("nan")


def median(values: Sequence[float]) -> float:
    return percentile(values, 50)


def spread(name: str, values: Sequence[float], unit: str) -> dict[str, float]:
    """{name_p50_unit, name_p95_unit} of `values`."""
    return {f"{name}_p50_{unit}": percentile(values, 50), f"{name}_p95_{unit}": percentile(values, 95)}


@dataclass(frozen=True, slots=True)
class Intervals:
    """Times between successive frames, in milliseconds. `rate`: frames per second over the whole run."""

    p50: float
    p99: float
    longest: float
    rate: float

    @classmethod
    def of(cls, times: Sequence[float]) -> Intervals:
        """From the times (s, ascending) of at least two frames."""
        gaps = [1e3 * (after - before) for before, after in pairwise(times)]
        rate = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else float("nan")
        return cls(percentile(gaps, 50), percentile(gaps, 99), max(gaps, default=float("nan")), rate)


@dataclass(frozen=True, slots=True)
class Rise:
    """When a rise in brightness was seen: seconds after its cause, and how many frames begun since then it took."""

    seconds: float
    frames: int


@dataclass(frozen=True, slots=True)
class Frames:
    """Display frames as numbers: show time at which each was begun, at which its picture was there, its mean level."""

    begun: Sequence[float]
    drawn: Sequence[float]
    levels: Sequence[float]


def rise_after(frames: Frames, cause: float, within: float, least: float, share: float = 0.5) -> Rise | None:
    """The first frame begun after show time `cause` that is `share` of the way from the levels before to the highest.

    within   seconds in which to look for the highest level
    least    levels by which it must be over all those before; else there was no rise: None
    """
    begun, drawn = np.asarray(frames.begun), np.asarray(frames.drawn)
    levels = np.asarray(frames.levels, dtype=np.float64)
    before = levels[(drawn > cause - BASELINE_SECONDS) & (begun < cause)]
    later = np.flatnonzero((begun >= cause) & (drawn <= cause + within))
    if not len(before) or not len(later):
        return None
    base, top = float(before.max()), float(levels[later].max())
    if top - base < least:
        return None
    count = int(np.argmax(levels[later] >= base + share * (top - base)))
    return Rise(float(drawn[later[count]]) - cause, count + 1)


def rises(frames: Frames, causes: Sequence[float], within: float, least: float, share: float = 0.5) -> list[Rise]:
    """`rise_after` of every cause that had one."""
    found = (rise_after(frames, cause, within, least, share) for cause in causes)
    return [rise for rise in found if rise is not None]
