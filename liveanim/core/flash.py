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
_Values = NDArray[np.float32]  # (3, cells): relative luminance, saturated red with a soft edge, and with a hard one

MOST_FLASHES = 3
MOST_TRANSITIONS = 2 * MOST_FLASHES
"""Opposing transitions that any second may hold."""
_CELLS, _RUNS = [0, 1], [0, 2]  # which values the judges follow
# The limits are a little stricter than the guideline's own (0.1, 20/320, 0.8, 25 %, 1 s): other analysers lay another
# grid over the picture. The window stays below three beats at 174 BPM, which must come through. Only the area of a run
# is the guideline's: another would part runs where an analyser joins them.
_STEP = np.array([[0.097], [0.06]], dtype=np.float32)
_DARK = np.array([[0.82], [np.inf]], dtype=np.float32)
_AREA = 0.24
_RUN_AREA = 0.25
_WINDOW = 1.025  # s
_LATER = 1.1  # times the step: up to there a transition that goes on slowly is dated anew
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
    """Each cell's turning points, of light and of soft red. way: -1, 0, 1; low, high: since the last turn; start: where
    it turned; turns: (7, 2, cells) times, s."""

    low: _Values
    high: _Values
    start: _Values
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
    picture: Grid
    values: _Values
    cells: _Cells
    runs: tuple[_Run, _Run]


def red_and_light(picture: Grid) -> _Values:
    """(3, cells): relative luminance, and how much saturated red there is (0..1).

    Red is saturated where it is 80 % of R + G + B. The cells are followed with a ramp up to that from 70 % on, so that
    one that hovers there does not turn by a hair; the runs with the guideline's edge, or they would part elsewhere.
    """
    flat = picture.reshape(-1, 3)
    rest = flat[:, 1] + flat[:, 2]
    share = flat[:, 0] / np.maximum(flat[:, 0] + rest, 1e-6)
    red = np.maximum(flat[:, 0] - rest, 0.0)
    return np.stack([flat @ _LUMA, red * np.clip((share - 0.7) * 10.0, 0.0, 1.0), red * (share >= 0.8)])


@dataclass(frozen=True, slots=True)
class _Next:
    """What a picture would do: where cells turn by it (`late`: have turned for an analyser with a larger step only
    now), and what becomes of the runs."""

    picture: Grid
    values: _Values
    time: float
    up: NDArray[np.bool_]
    turned: NDArray[np.bool_]
    late: NDArray[np.bool_]
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
        following = _next(seen, picture, now)
        self._asked = picture, following
        if not _allowed(seen, following, paced=False):
            self._held_at = now
        elif not self.holding(now) or _allowed(seen, following, paced=True):
            return 1.0
        return _share(seen, following, now)

    def show(self, picture: Grid, now: float) -> None:
        """`picture` is on the screen from `now` on."""
        asked, self._asked = self._asked, None
        if self._seen is None:
            self._seen = _first(picture, now)
        elif asked is not None and asked[0] is picture and asked[1].time == now:
            self._seen = _after(self._seen, asked[1])
        else:
            self._seen = _after(self._seen, _next(self._seen, picture, now))

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


def _first(picture: Grid, now: float) -> _Seen:
    values = red_and_light(picture)
    cells = values[_CELLS]
    turns = np.full((MOST_TRANSITIONS + 1, *cells.shape), -np.inf)
    still = np.zeros(cells.shape, np.int8)
    return _Seen(now, picture, values, _Cells(cells, cells, cells, still, turns), (_Run(), _Run()))


def _next(seen: _Seen, picture: Grid, now: float) -> _Next:
    """What `picture` at `now` would do. A cell turns when it rises or falls by a whole step after its last turn."""
    values = red_and_light(picture)
    cells, each = seen.cells, values[_CELLS]
    up = (cells.way != 1) & (each - cells.low >= _STEP) & (cells.low < _DARK)
    down = (cells.way != -1) & (cells.high - each >= _STEP) & (each < _DARK)
    start, near = cells.start, _STEP * np.float32(_LATER)
    late = (cells.way == 1) & ~down & (each > cells.high) & (cells.high - start < near)
    late |= (cells.way == -1) & ~up & (each < cells.low) & (start - cells.low < near)
    rows = zip(seen.runs, values[_RUNS], seen.values[_RUNS], strict=True)
    light, red = (_extended(run, row, before, i, now) for i, (run, row, before) in enumerate(rows))
    return _Next(picture, values, now, up, up | down, late, (light, red))


def _allowed(seen: _Seen, following: _Next, paced: bool) -> bool:
    """Whether the budget has room for it. For the values last seen it always has."""
    now, turned = following.time, following.turned
    dated = turned | following.late
    if dated.any():
        turns = seen.cells.turns
        over = (turned & (turns[1] > now - _WINDOW)) | (turns[0] > now - _WINDOW)
        if paced:
            over |= turned & (turns[-1] > now - _GAP)
        if bool(np.any((over.mean(axis=1) >= _AREA) & (dated & over).any(axis=1))):
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


def _share(seen: _Seen, following: _Next, now: float) -> float:
    """How far the picture may follow without a transition, and no faster than the slew."""
    far = np.abs(following.values - seen.values)[_CELLS].mean(axis=1).max()
    dt = min(max(now - seen.time, 0.0), _LONGEST_STEP)
    share = min(1.0, _SLEW * dt / max(float(far), 1e-6))
    for _ in range(_HALVINGS):
        mixed = seen.picture + np.float32(share) * (following.picture - seen.picture)
        if _allowed(seen, _next(seen, mixed, now), paced=True):
            return share
        share /= 2
    return 0.0


def _after(seen: _Seen, following: _Next) -> _Seen:
    values, now, turned, cells = following.values, following.time, following.turned, seen.cells
    each = values[_CELLS]
    low, high = np.minimum(cells.low, each), np.maximum(cells.high, each)
    start, way, turns = cells.start, cells.way, cells.turns
    where, late = np.flatnonzero(turned), np.flatnonzero(following.late)
    if where.size or late.size:
        start = np.where(turned, np.where(following.up, cells.low, cells.high), start)
        way = np.where(turned, np.where(following.up, np.int8(1), np.int8(-1)), way)
        low, high = np.where(turned, each, low), np.where(turned, each, high)
        turns = turns.copy()
        flat = turns.reshape(len(turns), -1)
        flat[:-1, where] = flat[1:, where]
        flat[-1, where] = now
        flat[-1, late] = now
    light, red = (
        replace(run, times=tuple(time for time in run.times if time > now - _WINDOW)) for run in following.runs
    )
    return _Seen(now, following.picture, values, _Cells(low, high, start, way, turns), (light, red))


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
    if counted and abs(run.change) < float(_STEP[kind, 0]) * _LATER:
        # An analyser with a larger step sees the same transition only now.
        return _Run(step, darkest, True, (*run.times[:-1], now))
    return _Run(step, darkest, counted, run.times)
