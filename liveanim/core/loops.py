"""Gestures of the hand that repeat: what is done to knobs is recorded, and moves them again in time with the music.

A `Moment` is (show time in s, beat). Places in a gesture are beats from where it began; without a tempo, seconds.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from .errors import UserError
from .tempo import Beat

MOST = 64  # parameters in one recording
LONGEST = 64.0  # beats (or s): then a recording ends by itself
SHORTEST = 0.25  # s, of a gesture without a tempo
GRAIN = 1 / 64  # beat (or s): of what comes closer together the newest is kept
SLACK = 1e-9
T = TypeVar("T", "Gesture", "Recording")
Moment = tuple[float, float]
Step = tuple[float, float | None]
"""A place, and where the knob stands from there on; None: it is let go."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """What was done to one knob.

    start   beat at which it began; length: of one turn, in beats. `timed`: both in seconds of the show
    steps   by their places, 0 <= place < length, the first at 0
    """

    start: float
    length: float
    steps: tuple[Step, ...]
    timed: bool = False

    def at(self, moment: Moment) -> float | None:
        """Where the knob stands."""
        place = (moment[0 if self.timed else 1] - self.start + SLACK) % self.length
        return self.steps[bisect_right(self.steps, place, key=lambda step: step[0]) - 1][1]


@dataclass(slots=True)
class Recording:
    """What is done to knobs from `start` on, as in Gesture. `knobs`: where those stood then that were held."""

    start: float
    timed: bool
    knobs: Mapping[str, float]
    steps: dict[str, list[Step]] = field(default_factory=dict)

    def turned(self, name: str, knob: float | None, moment: Moment) -> None:
        """The knob of `name` was turned to where it stands now, or let go."""
        if name.startswith("out.") or (name not in self.steps and len(self.steps) >= MOST):
            return
        steps = self.steps.setdefault(name, [(0.0, self.knobs.get(name))])
        last, before = steps[-1]
        place = max(last, self.passed(moment))
        if place - last < GRAIN:
            steps[-1] = last, knob
        elif knob != before and place < LONGEST:
            steps.append((place, knob))

    def passed(self, moment: Moment) -> float:
        """How long it has run, in beats or seconds."""
        return moment[0 if self.timed else 1] - self.start

    def length(self, moment: Moment) -> float:
        """Of the gesture if it ended now: in whole beats, or in seconds as it is."""
        passed = self.passed(moment)
        return min(LONGEST, max(SHORTEST, passed) if self.timed else max(1.0, math.floor(passed + 0.5)))

    def line(self, moment: Moment) -> str:
        """That length in words, as '4 beats'."""
        length = self.length(moment)
        return f"{length:.0f} s" if self.timed else f"{length:.0f} beat{'s' if length > 1 else ''}"

    def gestures(self, moment: Moment) -> dict[str, Gesture]:
        """What has been recorded by now, of each knob that was moved."""
        length = self.length(moment)
        cut = {name: tuple(step for step in steps if step[0] < length) for name, steps in self.steps.items()}
        return {name: Gesture(self.start, length, steps, self.timed) for name, steps in cut.items() if len(steps) > 1}


# -- as an event says them: a take that begins while they repeat has to know


def as_text(playing: Mapping[str, Gesture], recording: Recording | None, at: Beat) -> str:
    """What repeats, and what is being recorded, `at` a beat."""
    rows = {name: asdict(gesture) for name, gesture in playing.items()}
    going = None if recording is None else asdict(recording)
    return json.dumps({"beat": at.beat, "line": at.line, "playing": rows, "recording": going})


def parsed(text: str, at: Beat) -> tuple[dict[str, Gesture], Recording | None]:
    """What `as_text` said, where the same place in a bar is counted as `at` is, or near it. UserError for anything
    else."""
    try:
        data = json.loads(text)
        lines = at.line - _finite(data.get("line", at.line))
        shift = lines + at.meter * round((at.beat - _finite(data["beat"]) - lines) / at.meter)
        playing = {name: _moved(_gesture(row), shift) for name, row in data["playing"].items()}
        row = data["recording"]
        return playing, None if row is None else _moved(_recording(row), shift)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise UserError("loops: expected what a take says of the gestures that repeat") from None


def _moved(what: T, shift: float) -> T:
    return what if what.timed else replace(what, start=what.start + shift)


def _gesture(row: Mapping[str, Any]) -> Gesture:
    gesture = Gesture(_finite(row["start"]), _finite(row["length"]), tuple(_steps(row["steps"])), bool(row["timed"]))
    if not SHORTEST <= gesture.length <= LONGEST:
        raise ValueError
    return gesture


def _recording(row: Mapping[str, Any]) -> Recording:
    knobs = {str(name): _finite(value) for name, value in row["knobs"].items()}
    steps = {str(name): _steps(steps) for name, steps in row["steps"].items()}
    return Recording(_finite(row["start"]), bool(row["timed"]), knobs, steps)


def _steps(rows: Any) -> list[Step]:
    steps = [(_finite(place), None if value is None else _finite(value)) for place, value in rows]
    places = [place for place, _ in steps]
    if not steps or places[0] != 0.0 or places != sorted(places):
        raise ValueError
    return steps


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number
