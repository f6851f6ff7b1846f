"""How much may the picture flash: counts flashes of what was shown, and says how much of the next picture may show.

The rules are those of WCAG 2.3.1 and ITU-R BT.1702, counted as broadcasters' analysers do. A transition is a change of
relative luminance by a tenth of the range whose darker end is below 0.8, or of saturated red, over a quarter of the
picture. Two opposing transitions are a flash, and at most three flashes may be seen within any second.

Pictures arrive as small grids: (height, width, 3), mean linear-light R, G, B per cell, 0..1. Times are show seconds;
nothing depends on the frame rate. Two judges must agree: one follows every cell by itself (it sees halves of a picture
that alternate), the other the sum of what changes from frame to frame (it sees flashes that wander about).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float32]
_Values = NDArray[np.float32]  # (2, cells): relative luminance, saturated red

MOST_FLASHES = 3
MOST_TRANSITIONS = 2 * MOST_FLASHES
"""Opposing transitions that any second may hold."""
# The limits are a little stricter than the guideline's own (0.1, 20/320, 0.8, 25 %, 1 s): other analysers lay another
# grid over the picture. The window stays below three beats at 174 BPM, which must come through. Only the area of a run
# is the guideline's: another would part runs where an analyser joins them.
_STEP = np.array([[0.097], [0.06]], dtype=np.float32)
_DARK = np.array([[0.82], [np.inf]], dtype=np.float32)
_AREA = 0.24
_RUN_AREA = 0.25
_WINDOW = 1.025  # s
# After a picture had to be held back, flashes come evenly: three in quick succession and then none look broken.
_GAP = 1.0 / MOST_TRANSITIONS
_CALM = 1.0  # s
# How fast a picture that is held back may still follow: luminance per second.
_SLEW = 0.3
_LONGEST_STEP = 0.1  # s
_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_HALVINGS = 6


@dataclass(frozen=True, slots=True)
class _Cells:
    """Each cell's turning points. way: -1, 0, 1; low, high: since the last turn; turns: (7, 2, cells) times, s."""

    low: _Values
    high: _Values
    way: NDArray[np.int8]
    turns: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Run:
    """Change of the whole picture in one direction, for one of the two values."""

    change: float = 0.0
    darkest: float = 1.0
    counted: bool = False
    times: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything known after one picture."""

    time: float
    values: _Values
    cells: _Cells
    runs: tuple[_Run, _Run]


def red_and_light(picture: Grid) -> _Values:
    """(2, cells): relative luminance, and how much saturated red there is (0..1; 0 where red is below 70 % of RGB)."""
    flat = picture.reshape(-1, 3)
    rest = flat[:, 1] + flat[:, 2]
    total = flat[:, 0] + rest
    # The guideline's edge is at 0.8; a ramp up to it keeps a picture that hovers there from counting as a flash.
    share = np.clip((flat[:, 0] / np.maximum(total, 1e-6) - 0.7) * 10.0, 0.0, 1.0)
    return np.stack([flat @ _LUMA, np.maximum(flat[:, 0] - rest, 0.0) * share])


@dataclass(frozen=True, slots=True)
class _Next:
    """What a picture would do: where cells turn by it, and what becomes of the runs."""

    values: _Values
    time: float
    up: NDArray[np.bool_]
    turned: NDArray[np.bool_]
    runs: tuple[_Run, _Run]


class FlashBudget:
    """The flashes of one screen. `weight` asks, `show` tells; the picture told need not be the one asked about."""

    def __init__(self) -> None:
        self._seen: _Seen | None = None
        self._asked: tuple[Grid, _Next] | None = None
        self._held_at = -np.inf

    def weight(self, picture: Grid, now: float) -> float:
        """Share of `picture` (0..1) that may be mixed, as light, into the picture last shown. 1: show it as it is."""
        seen = self._seen
        if seen is None:
            return 1.0
        following = _next(seen, red_and_light(picture), now)
        self._asked = picture, following
        if not _allowed(seen, following, paced=False):
            self._held_at = now
        elif not self.holding(now) or _allowed(seen, following, paced=True):
            return 1.0
        return _share(seen, following.values, now)

    def show(self, picture: Grid, now: float) -> None:
        """`picture` is on the screen from `now` on."""
        asked, self._asked = self._asked, None
        if self._seen is None:
            self._seen = _first(red_and_light(picture), now)
        elif asked is not None and asked[0] is picture and asked[1].time == now:
            self._seen = _after(self._seen, asked[1])
        else:
            self._seen = _after(self._seen, _next(self._seen, red_and_light(picture), now))

    def transitions(self, now: float) -> int:
        """Opposing transitions within the second before `now`: the worse of light and red, of both judges."""
        if self._seen is None:
            return 0
        # Row -k holds the times of the cells' k-th last turns, so the rows that are recent count the turns.
        wide = (self._seen.cells.turns > now - _WINDOW).mean(axis=2) >= _AREA
        return max(int(wide.sum(axis=0).max()), *(_count(run.times, now) for run in self._seen.runs))

    def spent(self, now: float) -> bool:
        """Whether the next picture may have to be held back, so that this one is needed again."""
        if self._seen is None or self.holding(now):
            return self._seen is not None
        full = (self._seen.cells.turns[1] > now - _WINDOW).mean(axis=1) >= _AREA
        return bool(full.any()) or any(_count(run.times, now) >= MOST_TRANSITIONS for run in self._seen.runs)

    def holding(self, now: float) -> bool:
        """Whether pictures were held back within the last second."""
        return now - self._held_at < _CALM


def _first(values: _Values, now: float) -> _Seen:
    turns = np.full((MOST_TRANSITIONS + 1, *values.shape), -np.inf)
    return _Seen(now, values, _Cells(values, values, np.zeros(values.shape, np.int8), turns), (_Run(), _Run()))


def _next(seen: _Seen, values: _Values, now: float) -> _Next:
    """What `values` at `now` would do. A cell turns when it has risen or fallen by a whole step since its last turn."""
    cells = seen.cells
    up = (cells.way != 1) & (values - cells.low >= _STEP) & (cells.low < _DARK)
    down = (cells.way != -1) & (cells.high - values >= _STEP) & (values < _DARK)
    light, red = (_extended(run, values[i], seen.values[i], i, now) for i, run in enumerate(seen.runs))
    return _Next(values, now, up, up | down, (light, red))


def _allowed(seen: _Seen, following: _Next, paced: bool) -> bool:
    """Whether the budget has room for it. For the values last seen it always has."""
    now, turned = following.time, following.turned
    if turned.any():
        turns = seen.cells.turns
        over = (turned & (turns[1] > now - _WINDOW)) | (turns[0] > now - _WINDOW)
        if paced:
            over |= turned & (turns[-1] > now - _GAP)
        if bool(np.any((over.mean(axis=1) >= _AREA) & (turned & over).any(axis=1))):
            return False
    return all(
        run.times == old.times or _in_time(run.times, now, paced)
        for run, old in zip(following.runs, seen.runs, strict=True)
    )


def _in_time(times: tuple[float, ...], now: float, paced: bool) -> bool:
    """Whether a transition at `now`, the last of `times`, keeps to the budget."""
    if paced and len(times) > 1 and times[-2] > now - _GAP:
        return False
    return _count(times, now) <= MOST_TRANSITIONS


def _count(times: tuple[float, ...], now: float) -> int:
    return sum(time > now - _WINDOW for time in times)


def _share(seen: _Seen, values: _Values, now: float) -> float:
    """How far the picture may follow without a transition, and no faster than the slew."""
    change = values - seen.values
    dt = min(max(now - seen.time, 0.0), _LONGEST_STEP)
    share = min(1.0, _SLEW * dt / max(float(np.abs(change).mean(axis=1).max()), 1e-6))
    for _ in range(_HALVINGS):
        # Red is no linear measure of the light, but close to one over steps as small as these.
        if _allowed(seen, _next(seen, seen.values + np.float32(share) * change, now), paced=True):
            return share
        share /= 2
    return 0.0


def _after(seen: _Seen, following: _Next) -> _Seen:
    values, now, turned, cells = following.values, following.time, following.turned, seen.cells
    low, high = np.minimum(cells.low, values), np.maximum(cells.high, values)
    way, turns = cells.way, cells.turns
    where = np.flatnonzero(turned)
    if where.size:
        way = np.where(turned, np.where(following.up, np.int8(1), np.int8(-1)), way)
        low, high = np.where(turned, values, low), np.where(turned, values, high)
        turns = turns.copy()
        flat = turns.reshape(len(turns), -1)
        flat[:-1, where] = flat[1:, where]
        flat[-1, where] = now
    light, red = (
        replace(run, times=tuple(time for time in run.times if time > now - _WINDOW)) for run in following.runs
    )
    return _Seen(now, values, _Cells(low, high, way, turns), (light, red))


def _extended(run: _Run, values: _Values, before: _Values, kind: int, now: float) -> _Run:
    """`run` after one more picture, where `values` followed `before`."""
    change = values - before
    step, part = 0.0, None
    for side in (change > 0, change < 0):
        count = int(np.count_nonzero(side))
        if count >= _RUN_AREA * change.size and abs(mean := float(change[side].sum()) / count) > abs(step):
            step, part = mean, side
    if part is None:
        return run
    darkest = float(np.minimum(before[part], values[part]).mean())
    same = step * run.change > 0
    if same:
        step, darkest = run.change + step, min(run.darkest, darkest)
    counted = run.counted and same
    if not counted and abs(step) >= float(_STEP[kind, 0]) and darkest < float(_DARK[kind, 0]):
        return _Run(step, darkest, True, (*run.times, now))
    return _Run(step, darkest, counted, run.times)
