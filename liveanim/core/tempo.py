"""The one beat clock of a show: a continuous beat count from tracked, tapped or received beats."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal, get_args

from .errors import UserError
from .model import Blend, Features
from .params import METER

Source = Literal["free", "tracked", "tapped", "midi", "link"]
External = Literal["midi", "link"]
RANK: dict[Source, int] = {"free": 0, "tracked": 1, "tapped": 2, "midi": 3, "link": 4}

GRACE = 0.25  # beats: a meter that comes so much after a bar line holds from that one on
MOST_OWED = 4.0  # beats that nudges can add up to
MIN_BPM, MAX_BPM = 30.0, 300.0
FREE_BPM = 120.0
TAP_TIMEOUT = 2.5  # s after which a tap starts a new series
EXTERNAL_TIMEOUT = 2.0  # s without a word from MIDI clock or Link after which lesser sources are heard again
MAX_SLEW = 0.5  # share by which the clock may hurry or linger to correct its phase: it never stands or jumps back
FULL_TRUST = 0.5  # confidence from which a tracked tempo is taken at once; under LEAST_TRUST the clock coasts
LEAST_TRUST = 0.2
SAME_TEMPO = 0.04  # a tapped tempo is kept in time by tracked beats only this near to it
TEMPO_FOLLOW_S = 0.6


@dataclass(frozen=True, slots=True)
class Bars:
    """How beats are counted in bars: bar line `number` is at beat `line`. A bar has `meter` beats from there on, and
    had `before` until there."""

    line: float = 0.0
    number: float = 0.0
    meter: int = METER
    before: int = METER

    def meter_at(self, beat: float) -> int:
        """Beats of the bar that `beat` is in."""
        return self.meter if beat >= self.line else self.before

    def at(self, beat: float) -> float:
        """Bars so far at `beat`: continuous, as beats are."""
        return self.number + (beat - self.line) / self.meter_at(beat)

    def next_line(self, beat: float, late: float = 0.0) -> tuple[float, float]:
        """Beat and number of the bar line at or after `beat`, or of the one up to `late` beats before it."""
        meter = self.meter_at(beat)
        count = math.ceil((beat - self.line - late) / meter - 1e-9)
        return self.line + float(count * meter), self.number + count

    def turned(self, meter: int, beat: float) -> Bars:
        """The same with bars of `meter` beats: the bar that `beat` is in is played to its end."""
        if beat - self.line <= GRACE:  # the bar line of the change before is still to come, or has just been
            return replace(self, meter=meter)
        return Bars(*self.next_line(beat, GRACE), meter, self.meter)


@dataclass(frozen=True, slots=True)
class Beat:
    """The beat at one instant: `beat` counts up continuously, in bars as `bars` says."""

    beat: float
    bars: Bars
    bpm: float
    confidence: float
    source: Source

    @property
    def phase(self) -> float:
        """0..1 within the beat."""
        return self.beat % 1.0

    @property
    def bar(self) -> float:
        """Bars so far."""
        return self.bars.at(self.beat)

    @property
    def meter(self) -> int:
        """Beats of the bar."""
        return self.bars.meter_at(self.beat)

    @property
    def place(self) -> float:
        """Beats since the bar line."""
        return self.bar % 1.0 * self.meter

    @property
    def line(self) -> float:
        """The beat that the bar began with."""
        return self.beat - self.place

    def at_beat(self, beat: float) -> Beat:
        """The same at another beat of it."""
        return replace(self, beat=beat)


def beat_of_bar(bar: float, phase: float, meter: int) -> int:
    """Which beat of its bar it is, from 0, after `bar` bars and `phase` (0..1) of a beat."""
    return round(bar % 1.0 * meter - phase) % meter


def heard(blend: Blend) -> Beat:
    """The beat that is heard in a frame, which may show one ahead of it: what other machines are told."""
    signals = blend.signals
    beat, meter = signals.get("beat", 0.0), int(signals.get("meter", METER))
    bars = Bars(beat, signals.get("bar", beat / meter), meter, meter)
    return Beat(beat - blend.ahead, bars, signals.get("bpm", 0.0), signals.get("confidence", 0.0), "free")


class BeatClock:
    """Beat phase for everyone: follows beats, coasts through breaks, never runs backwards.

    One rule of priority: Link over MIDI clock over taps over what is tracked. Before any tempo is known it runs at
    120 BPM with confidence 0. Owned by the show's thread; every method takes show time in seconds.
    """

    def __init__(self) -> None:
        self._time = 0.0
        self._beat = 0.0
        self._bars = Bars()
        self._bpm = FREE_BPM
        self._owed = 0.0  # beats still to be caught up with (+) or given back (-)
        self._confidence = 0.0
        self._source: Source = "free"
        self._locked = False
        self._scale = 1.0
        self._taps: deque[float] = deque(maxlen=8)
        self._heard_external = -math.inf
        self._shunned: tuple[str, float] = ("", 0.0)  # a clock that is not to be followed, and when it last spoke
        self._placed = True  # whether MIDI clock or Link says where the beat is, not only how fast it goes
        self._observed = 0.0

    @property
    def locked(self) -> bool:
        return self._locked

    @property
    def known(self) -> bool:
        """Whether anybody says a tempo."""
        return self._locked or self._source != "free"

    @property
    def bpm(self) -> float:
        """Beats per minute at present."""
        return self._bpm

    @property
    def holder(self) -> str:
        """Who says the tempo where it is not the ear: 'locked', 'tapped', 'midi' or 'link'; else ''."""
        return "locked" if self._locked else self._source if RANK[self._source] >= RANK["tapped"] else ""

    def at(self, now: float) -> Beat:
        """The beat at show time `now`. Asking for an earlier time than before gives the newest answer again."""
        self._advance(now)
        return Beat(self._beat, self._bars, self._bpm, self._confidence, self._source)

    def observe(self, features: Features) -> None:
        """Follow the tempo and beats tracked in one hop, unless locked or told better by MIDI clock or Link."""
        elapsed, self._observed = max(0.0, features.time - self._observed), features.time
        external = self._external(features.time)
        if self._locked or features.bpm <= 0 or features.confidence < LEAST_TRUST or (external and self._placed):
            return
        tracked = _allowed(features.bpm * self._scale)
        if self._source == "tapped" or external:
            if abs(tracked / self._bpm - 1.0) > SAME_TEMPO:
                return
        else:
            near = abs(tracked / self._bpm - 1.0) < SAME_TEMPO
            jump = self._source == "free" or (features.confidence >= FULL_TRUST and not near)
            follow = 1.0 if jump else 1.0 - math.exp(-elapsed / TEMPO_FOLLOW_S)
            self._advance(features.time)
            self._bpm += (tracked - self._bpm) * follow
            self._confidence, self._source = features.confidence, "tracked"
        for beat in features.beats:
            self._align(beat, features.time, 0.5)

    def follow(self, source: External, beat: float | None, bpm: float, now: float) -> None:
        """An external clock says that `now` is `beat` (counted from a bar line) at `bpm`. Link outranks MIDI clock.

        A clock that began before we listened knows no beat (None): then tracked beats keep its tempo in place.
        """
        if self._shunned[0] == source:
            again = now - self._shunned[1] > EXTERNAL_TIMEOUT
            self._shunned = ("", 0.0) if again else (source, now)
        if self._locked or self._shunned[0] == source:
            return
        if RANK[source] < RANK[self._source] and self._external(now):
            return
        self._advance(now)
        self._bpm, self._confidence, self._source = _allowed(bpm * self._scale), 1.0, source
        self._heard_external, self._placed = now, beat is not None
        if beat is not None:
            meter = self._bars.meter_at(self._beat)
            here = self._beat - self._bars.line
            self._owed = (beat * self._scale - here + meter / 2) % meter - meter / 2

    def tap(self, now: float) -> None:
        """One tap of the tempo: the second and later ones set the tempo, each one sets the phase."""
        if self._taps and now - self._taps[-1] > TAP_TIMEOUT:
            self._taps.clear()
        self._taps.append(now)
        if self._external(now):
            return
        self._advance(now)
        if len(self._taps) >= 2:
            self._bpm = _allowed(60.0 * (len(self._taps) - 1) / max(1e-3, self._taps[-1] - self._taps[0]))
            self._confidence, self._source = 1.0, "tapped"
        self._align(now, now, 1.0)

    def nudge(self, beats: float) -> None:
        """Push the phase by a share of a beat (positive: earlier beats). What is owed is bounded: a flood of nudges,
        or a wild one, is over in seconds."""
        self._owed = min(MOST_OWED, max(-MOST_OWED, self._owed + beats))

    def resync(self, now: float) -> None:
        """This instant is the first beat of a bar."""
        self._advance(now)
        self._beat = max(self._beat, self._bars.next_line(self._beat)[0])
        self._owed = 0.0

    def set_meter(self, meter: int, beat: float) -> None:
        """Bars of `meter` beats, from the bar line on that comes after `beat` or has just been."""
        if meter != self._bars.meter:
            self._bars = self._bars.turned(meter, beat)

    def scale(self, factor: float) -> None:
        """2 doubles, 0.5 halves the tempo, now and for what is tracked from now on; not beyond what a tempo may be."""
        if not MIN_BPM <= self._bpm * factor <= MAX_BPM:
            return
        self._scale = min(4.0, max(0.25, self._scale * factor))
        self._bpm = _allowed(self._bpm * factor)

    def lock(self, on: bool) -> None:
        """Locked: tempo and phase go on as they are, whatever is heard."""
        self._locked = on

    def set_bpm(self, bpm: float, now: float) -> None:
        """Set the tempo; the phase goes on from where it is."""
        if self._external(now):
            return
        self._advance(now)
        self._bpm, self._confidence, self._source = _allowed(bpm), 1.0, "tapped"

    def release(self) -> None:
        """Give up a tapped, set, locked, received, doubled or halved tempo: follow what is tracked again.

        A clock that was followed is heard again only after it has stopped for a while.
        """
        if self._external(self._time):
            self._shunned = (self._source, self._heard_external)
        self._source, self._confidence, self._locked, self._scale = "free", 0.0, False, 1.0
        self._taps.clear()

    def _external(self, now: float) -> bool:
        """Whether MIDI clock or Link has spoken lately."""
        return RANK[self._source] >= RANK["midi"] and now - self._heard_external < EXTERNAL_TIMEOUT

    def _advance(self, now: float) -> None:
        if not now > self._time:
            return
        run = (now - self._time) * self._bpm / 60.0
        paid = self._caught_up(run)
        self._beat += run + paid
        self._owed -= paid
        self._time = now

    def _caught_up(self, run: float) -> float:
        """How much of the owed phase is paid back while the clock runs on by `run` beats."""
        return min(MAX_SLEW * run, max(-MAX_SLEW * run, self._owed))

    def _align(self, beat_time: float, now: float, share: float) -> None:
        """A beat was at `beat_time`: owe `share` of the way to the nearest whole beat."""
        self._advance(now)
        there = self._beat - (now - beat_time) * self._bpm / 60.0
        error = round(there) - there
        if self._scale < 1.0 and abs(error) > 0.25:  # at half tempo every other tracked beat is none of ours
            return
        self._owed = share * error


def told(target: str, value: object) -> tuple[External, float | None, float]:
    """A 'clock.*' event as (source, beat or None, bpm). UserError when it says something else."""
    source = next((name for name in get_args(External) if target == f"clock.{name}"), None)
    try:
        bpm, *rest = (float(word) for word in str(value).split())
    except ValueError:
        source, bpm, rest = None, 0.0, []
    if source is None or len(rest) > 1 or not all(math.isfinite(number) for number in (bpm, *rest)):
        raise UserError(f"{target}: expected 'BPM' or 'BPM BEAT' of MIDI clock or Link, got {value!r}")
    return source, rest[0] if rest else None, bpm


def _allowed(bpm: float) -> float:
    return min(MAX_BPM, max(MIN_BPM, bpm)) if math.isfinite(bpm) else FREE_BPM
