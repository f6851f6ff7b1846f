"""What a formula is worked out from: a frame of a document, and the keyed values of the field it belongs to."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Value = float | str
Node = Callable[["Moment"], Value]
"""A compiled formula. Some remember what they gave before (`rand`, `recompute_if`): frames come in order."""
_LONGEST_LABEL, _LONGEST_PATTERN, _MOST_REPEATS = 100, 100, 3


class FormulaError(ValueError):
    """A formula that cannot be read or worked out; the message says why."""


def number_of(value: Value) -> float:
    """A value as JavaScript's Number() takes it: NaN for a text that is none."""
    if not isinstance(value, str):
        return value
    try:
        return float(value) if value.strip() else 0.0
    except ValueError:
        return math.nan


def text_of(value: Value) -> str:
    """A value as JavaScript writes it: 2, 1.5, NaN."""
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return format(Decimal(repr(value)), "f") if 1e-7 <= abs(value) < 1e21 else repr(value)


@dataclass(frozen=True, slots=True)
class Series:
    """A time series: places (frames, or milliseconds) in order, and the values from each on."""

    places: tuple[float, ...]
    values: tuple[float, ...]
    timed: bool = False

    def at(self, frame: float, fps: float, even: bool = False) -> float:
        """The value at `frame`: the one before it, or (`even`) on the straight line to the next."""
        place = 1000.0 * frame / fps if self.timed else frame
        after = bisect_left(self.places, place)
        if not self.values:
            return 0.0
        if after in (0, len(self.places)):
            return self.values[after - 1 if after else 0]
        before = after - 1
        share = (place - self.places[before]) / (self.places[after] - self.places[before]) if even else 0.0
        return self.values[before] + share * (self.values[after] - self.values[before])


@dataclass(frozen=True, slots=True)
class Document:
    """What all formulas of a document share.

    labels    (frame, info) of every keyframe, in order
    unseeded  is told which fields draw random numbers without a seed
    """

    fps: float = 20.0
    bpm: float = 140.0
    cadence: int = 1
    last: int = 0
    labels: tuple[tuple[int, str], ...] = ()
    series: Mapping[str, Series] = field(default_factory=dict)
    unseeded: set[str] = field(default_factory=set)
    _found: dict[str, list[int]] = field(default_factory=dict)

    @property
    def beat(self) -> float:
        """Frames of a beat."""
        return self.fps * 60.0 / self.bpm

    def labelled(self, pattern: str) -> list[int]:
        """The frames of the keyframes whose label `pattern` is found in."""
        if pattern not in self._found:
            expression = _pattern(pattern)
            self._found[pattern] = [
                frame for frame, label in self.labels if label and expression.search(label[:_LONGEST_LABEL])
            ]
        return self._found[pattern]

    def held(self, frame: int) -> int | None:
        """The keyframe that holds at `frame`; None before the first."""
        place = bisect_right([at for at, _ in self.labels], frame)
        return self.labels[place - 1][0] if place else None


def _pattern(text: str) -> re.Pattern[str]:
    """A regular expression that cannot take for ever: few repeats, none of groups."""
    repeats = len(re.findall(r"(?<!\\)[*+{]", text))
    if len(text) > _LONGEST_PATTERN or repeats > _MOST_REPEATS or re.search(r"\)[*+?{]", text):
        raise FormulaError(f"the pattern {text[:40]!r} is too involved")
    try:
        return re.compile(text)
    except re.error as error:
        raise FormulaError(f"the pattern {text[:40]!r} cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class Keyed:
    """The frames at which a field has a value, in order, and these values."""

    frames: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    _curves: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def linear(self, frame: float) -> float:
        n = self._before(frame)
        (a, b), (u, v) = self.frames[n : n + 2], self.values[n : n + 2]
        return u + (frame - a) * ((v - u) / (b - a))

    def spline(self, frame: float) -> float:
        """The natural cubic spline through all values."""
        if "spline" not in self._curves:
            self._curves["spline"] = _bends(self.frames, self.values)
        n = self._before(frame)
        (a, b), (u, v) = self.frames[n : n + 2], self.values[n : n + 2]
        p, q = self._curves["spline"][n : n + 2]
        h = float(b - a)
        left, right = (b - frame) / h, (frame - a) / h
        return left * u + right * v + ((left**3 - left) * p + (right**3 - right) * q) * h * h / 6

    def polynomial(self, frame: float) -> float:
        """The polynomial through all values, in Newton's form."""
        self._before(frame)
        if "polynomial" not in self._curves:
            column = list(self.values)
            for step in range(1, len(column)):
                for n in range(len(column) - 1, step - 1, -1):
                    column[n] = (column[n] - column[n - 1]) / (self.frames[n] - self.frames[n - step])
            self._curves["polynomial"] = tuple(column)
        total = 0.0
        for place, share in zip(reversed(self.frames), reversed(self._curves["polynomial"]), strict=True):
            total = total * (frame - place) + share
        return total

    def _before(self, frame: float) -> int:
        """The number of the stretch that `frame` is in."""
        if len(self.values) < 2:
            raise FormulaError("there are no keyframes to go between")
        return min(max(0, bisect_right(self.frames, frame) - 1), len(self.frames) - 2)


def _bends(frames: Sequence[int], values: Sequence[float]) -> tuple[float, ...]:
    """Second derivatives of the natural spline at each of its points (Thomas' algorithm)."""
    bends, share = [0.0] * len(frames), [0.0] * len(frames)
    for n in range(1, len(frames) - 1):
        before, after = frames[n] - frames[n - 1], frames[n + 1] - frames[n]
        slope = (values[n + 1] - values[n]) / after - (values[n] - values[n - 1]) / before
        pivot = 2.0 * (before + after) - before * share[n - 1]
        share[n] = after / pivot
        bends[n] = (6.0 * slope - before * bends[n - 1]) / pivot
    for n in range(len(frames) - 2, 0, -1):
        bends[n] -= share[n] * bends[n + 1]
    return tuple(bends)


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of one field.

    active     the field's keyframe that holds; `keyed` all of them
    computed   the field's values at the frames before
    variables  what else has a name here
    positive   in a prompt: whether in its positive half; None elsewhere
    default    the field's value where no keyframe has one; `name` the field's
    """

    frame: int
    document: Document
    active: int = 0
    keyed: Keyed = Keyed()
    computed: Sequence[Value] = ()
    variables: Mapping[str, Value] = field(default_factory=dict)
    positive: bool | None = None
    default: float = 0.0
    name: str = ""

    @property
    def value(self) -> float:
        """The value keyed at the keyframe that holds."""
        return self._at(bisect_right(self.keyed.frames, self.frame) - 1)

    @property
    def next_value(self) -> float:
        return self._at(bisect_right(self.keyed.frames, self.frame))

    @property
    def next_frame(self) -> int:
        """The next keyframe, or the last."""
        frames = self.keyed.frames
        place = bisect_right(frames, self.frame)
        return frames[min(place, len(frames) - 1)] if frames else self.active

    def _at(self, place: int) -> float:
        values = self.keyed.values
        return values[min(max(place, 0), len(values) - 1)] if values else math.nan
