"""Causal beat tracking: every tempo and every place in the beat is weighed at once, frame by frame (a forward filter).

After Whiteley, Cemgil and Godsill's bar pointer and Krebs, Boeck and Widmer's state space for it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .bands import Floats
from .earnet import BeatNetwork

MIN_BPM, MAX_BPM = 55.0, 280.0
BEAT_SHARE = 16  # the first 1/16 of a beat is where an attack is expected
FLOOR, CEILING = 0.01, 0.98  # of the activation: nothing heard must not be proof against a beat (breaks)
TEMPER = 0.8  # what the network hears in one place is not independent of what it hears in the next
TEMPO_STIFFNESS = 140.0
OFF_BEAT = 0.3  # half-way to the next beat an attack is expected that much
USUAL_BPM, USUAL_SPREAD, USUAL_WEIGHT = 130.0, 0.7, 0.2  # octaves; log odds a second for the tempi that are common
BACKBEAT_WEIGHT = 3.0  # log odds a second for the tempo at which kick and snare take turns
BACKBEAT_S = 6.0
HIT, LEAST_HITS = 0.1, 0.1
EARLY = 0.1  # before a tempo is known, a peak of the activation over this counts as a beat
EARLY_GAP_S = 0.2
LEAST_BELIEF, LEAST_CHANGE = 1e-25, 1e-12
MEASURE_EVERY = 3  # frames
MOVE_EVERY = 64  # rows
LET_FALL = 1e-3  # as far as what is to be multiplied may be put off
SURE = 0.7  # belief in one tempo from which it counts as known
REPORT_DELAY_S = 0.006  # how much later than the attack its frame ends, on average


class NewestFirst:
    """The newest rows of a stream, newest first and without a gap in memory: nothing moves when another comes."""

    def __init__(self, rows: Floats) -> None:
        """`rows`: what counts as past at the beginning."""
        self._count = len(rows)
        self._buffer = np.empty((self._count + MOVE_EVERY, *rows.shape[1:]), dtype=np.float32)
        self._buffer[MOVE_EVERY:] = rows
        self._top = MOVE_EVERY
        self.rows = self._buffer[self._top :]

    def room(self) -> Floats:
        """A row more, still to be filled, in front of the others, the last of which is forgotten."""
        if self._top == 0:
            self._buffer[MOVE_EVERY:] = self._buffer[: self._count]
            self._top = MOVE_EVERY
        self._top -= 1
        self.rows = self._buffer[self._top : self._top + self._count]
        return self.rows


class Backbeat:
    """How far apart kicks and snares are: in most music with drums they take turns on the beat, which tells the tempo
    from its half and its double."""

    def __init__(self, longest: int, frame_s: float) -> None:
        """`longest`: frames."""
        self._kicks, self._snares = (NewestFirst(np.zeros(longest + 2, dtype=np.float32)) for _ in range(2))
        self._pairs = np.zeros(longest + 1, dtype=np.float32)
        self._fall = math.exp(-frame_s / BACKBEAT_S)
        self._fallen = 1.0  # what the pairs are still to be multiplied by
        self._kicked = self._snared = 0.0

    def step(self, kick: float, snare: float) -> None:
        """How likely each is hit in this frame, 0..1."""
        self._fallen *= self._fall
        self._kicked = self._kicked * self._fall + kick * kick
        self._snared = self._snared * self._fall + snare * snare
        if snare > HIT or kick > HIT:
            self._catch_up()
        if snare > HIT:
            self._pairs[1:] += np.float32(snare) * _widened(self._kicks.rows)
        if kick > HIT:
            self._pairs[1:] += np.float32(kick) * _widened(self._snares.rows)
        self._kicks.room()[0] = kick
        self._snares.room()[0] = snare

    def _catch_up(self) -> None:
        self._pairs *= np.float32(self._fallen)
        self._pairs += np.float32(1e-20)  # smaller numbers are slow
        self._fallen = 1.0

    def shares(self, shortest: int = 0) -> Floats:
        """(longest + 1 - shortest,) by frames apart: how much of all that was hit lies so far from its counterpart."""
        if self._fallen < LET_FALL:
            self._catch_up()
        return self._pairs[shortest:] * np.float32(self._fallen / (math.sqrt(self._kicked * self._snared) + LEAST_HITS))


def _widened(past: Floats) -> Floats:
    """(n + 2,) newest first -> (n,) so many frames ago, with what lies a frame beside counting 0.7."""
    beside = np.maximum(np.concatenate([[np.float32(0.0)], past[:-3]]), past[1:-1])
    return np.maximum(past[:-2], np.float32(0.7) * beside)


class BeatTracker:
    """Feed it a beat activation 0..1 at an even frame rate; it says when beats fall, the tempo and how sure it is.

    The belief is a table: a column for each tempo (frames from beat to beat), a row for each frame since the last beat.
    Everything moves down by one row a frame; where a column ends its tempo may change a little, and it begins again.
    """

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s
        shortest, longest = 60.0 / MAX_BPM / frame_s, 60.0 / MIN_BPM / frame_s
        self._intervals = np.arange(int(np.ceil(shortest)), int(longest) + 1)
        self._weights = self._intervals.astype(np.float32)
        self._tempi, rows = len(self._intervals), int(self._intervals[-1])
        self._ends = (self._intervals - 1) * self._tempi + np.arange(self._tempi)  # the last place of each tempo
        place = np.arange(rows)[:, None]
        self._regions = _regions(place / self._intervals)
        ratio = self._intervals[None, :] / self._intervals[:, None]
        change = np.exp(-TEMPO_STIFFNESS * np.abs(ratio - 1.0))
        change[change < LEAST_CHANGE] = 0.0  # products of what is that small are slow (denormal) numbers
        self._change = np.ascontiguousarray(change / change.sum(axis=1, keepdims=True), dtype=np.float32)
        bpm = 60.0 / (self._intervals * frame_s)
        prior = np.exp(-0.5 * (np.log2(bpm / 120.0) / 0.7) ** 2)
        usual = -0.5 * (np.log2(bpm / USUAL_BPM) / USUAL_SPREAD) ** 2
        self._usual = (USUAL_WEIGHT * usual).astype(np.float32)
        self._backbeat = Backbeat(rows, frame_s)
        there = place < self._intervals
        self._least = np.where(there, LEAST_BELIEF, 0.0).astype(np.float32)
        self._table = NewestFirst(np.where(there, prior / self._intervals, 0.0) / prior.sum())
        self._all = np.ones(rows, dtype=np.float32)
        self._factors = np.ones(2, dtype=np.float32)  # of belief: elsewhere, and where an attack is expected
        self._since = 0
        self._last_place = 0
        self._sure = False
        self._frames = 0
        self._before = (0.0, 0.0)  # the two activations before this one
        self._newest = -1e9
        self.bpm = 0.0
        self.confidence = 0.0

    def step(self, activation: float, now: float, kick: float = 0.0, snare: float = 0.0) -> list[float]:
        """One frame ending at stream time `now` (s), and how likely kick and snare are hit in it -> times (s) of the
        beats that it completed: none or one."""
        belief = self._move()
        heard = min(CEILING, max(FLOOR, activation))
        odds = heard * (BEAT_SHARE - 1) / (1.0 - heard)  # against the same sound at any other place
        on_beat, off_beat = odds**TEMPER * (1.0 + kick + snare), max(1.0, OFF_BEAT * (odds - 1.0) + 1.0) ** TEMPER
        for factor, (where, apart) in zip((on_beat, off_beat), self._regions, strict=True):
            if factor != 1.0:
                self._factors[1] = factor
                belief[where] *= self._factors.dot(apart)
        self._backbeat.step(kick, snare)
        place, tempo = divmod(int(belief.argmax()), self._tempi)
        self._frames += 1
        if self._frames % MEASURE_EVERY == 0:
            self._measure(tempo, self._lean())
        beats = self._beats(int(self._intervals[tempo]), place, now)
        if not self._sure:
            beats = self._early(activation, now) or [beat for beat in beats if beat > self._newest + 0.12]
        beats = [beat for beat in beats if beat > self._newest]
        self._newest = beats[-1] if beats else self._newest
        return beats

    def _early(self, activation: float, now: float) -> list[float]:
        """The frame before this one, if the activation peaked there."""
        before, peak = self._before
        self._before = (peak, activation)
        at = now - self._frame_s - REPORT_DELAY_S
        peaked = peak > EARLY and peak > before and peak >= activation
        return [at] if peaked and at > self._newest + EARLY_GAP_S else []

    def _move(self) -> Floats:
        """Everything moves on by one frame -> the belief, flat."""
        flat = self._table.rows.reshape(-1)
        ending = flat.take(self._ends)
        flat[self._ends] = 0.0
        rows = self._table.room()
        ending.dot(self._change, rows[0])
        return rows.reshape(-1)

    def _lean(self) -> Floats:
        """Favours tempi, beats apart, by what is common and by kick and snare -> (tempi,) the belief in each."""
        odds = self._usual + BACKBEAT_WEIGHT * self._backbeat.shares(int(self._intervals[0]))
        odds -= odds.max()
        factors = np.exp(odds * np.float32(MEASURE_EVERY * self._frame_s))
        rows = self._table.rows
        mass: Floats = self._all.dot(rows)
        factors *= 1.0 / float(mass.dot(factors))
        rows *= factors
        np.maximum(rows, self._least, out=rows)  # nothing is ever ruled out, nor so small that sums get slow
        mass *= factors
        return mass

    def _measure(self, tempo: int, mass: Floats) -> None:
        near = slice(max(0, tempo - 3), tempo + 4)
        share = float(mass[near].sum())
        self._sure = self._sure or float(mass[tempo]) > SURE
        interval = float(mass[near].dot(self._weights[near])) / max(share, 1e-12)
        self.bpm = 60.0 / (interval * self._frame_s)
        self.confidence = min(1.0, share)

    def _beats(self, interval: int, place: int, now: float) -> list[float]:
        self._since += 1
        wrapped = place < self._last_place - interval // 2 or (place == 0 and self._last_place != 0)
        self._last_place = place
        if not wrapped or self._since < 0.6 * interval:
            return []
        self._since = place
        return [now - place * self._frame_s - REPORT_DELAY_S]


def _regions(share: NDArray[np.float64]) -> list[tuple[slice, Floats]]:
    """(rows, tempi) shares of the way from beat to beat -> for the places where a beat and where an off-beat is
    expected: the flat part of the table that holds them, and (2, part) what in it is something else and what is not."""
    out = []
    for begin in (0.0, 0.5):
        inside = (share >= begin) & (share < begin + 1.0 / BEAT_SHARE)
        held = np.flatnonzero(inside)
        where = slice(int(held[0]), int(held[-1]) + 1)
        flat = inside.reshape(-1)[where]
        out.append((where, np.array([~flat, flat], dtype=np.float32)))
    return out


class NetworkTempo:
    """The beat network and the tracker behind it, hop by hop."""

    def __init__(self, hop_s: float) -> None:
        self._network = BeatNetwork()
        self._tracker = BeatTracker(2.0 * hop_s)
        self._kick = self._snare = 0.0
        self.bpm = 0.0
        self.confidence = 0.0

    def step(self, hop: Floats, bands: Floats, chances: list[float], now: float) -> list[float]:
        """One hop's (100,) levels and growth, (onset, kick, snare, hat) 0..1, its end (s) -> times (s) of beats that it
        completed."""
        chance = self._network.step(bands)
        _, kick, snare, _ = chances
        if chance is None:
            self._kick, self._snare = kick, snare
            return []
        kick, snare = max(kick, self._kick), max(snare, self._snare)
        beats = self._tracker.step(chance, now, kick, snare)
        self.bpm, self.confidence = self._tracker.bpm, self._tracker.confidence
        return beats
