"""The functions of Parseq's formulas: their arguments (with other names and defaults), and what they give."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .chance import Noise, dice
from .curves import eased, points
from .moment import FormulaError, Moment, Node, Value, text_of

Default = Value | Callable[[Moment], float] | None
Work = Callable[[Moment, Sequence[Value]], Value]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its names, and what it is where it is not given (None: it must be)."""

    names: tuple[str, ...]
    default: Default = None
    text: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """`make` gives the work of one place in one formula, with a memory of its own where it needs one."""

    arguments: tuple[Argument, ...]
    make: Callable[[], Work]


def call(name: str, plain: Sequence[Node], named: Mapping[str, Node]) -> Node:
    """A call in a formula. FormulaError: arguments that do not fit; later, a function that nobody knows."""
    function = FUNCTIONS.get(name)
    if function is None:
        return _series(name, plain)
    given = _fitted(name, function.arguments, plain, named)
    work = function.make()

    def called(moment: Moment) -> Value:
        found = [_value(name, row, node, moment) for row, node in zip(function.arguments, given, strict=True)]
        return work(moment, found)

    return called


def _fitted(name: str, rows: Sequence[Argument], plain: Sequence[Node], named: Mapping[str, Node]) -> list[Node | None]:
    """What is given for each of the arguments."""
    for word in named:
        if not any(word in row.names for row in rows):
            known = ", ".join("/".join(row.names) for row in rows)
            raise FormulaError(f"{name}() has no argument {word!r}; it has {known}")
    if len(plain) > len(rows):
        raise FormulaError(f"{name}() takes at most {len(rows)} arguments, not {len(plain)}")
    given: list[Node | None] = []
    for number, row in enumerate(rows):
        node = next((named[word] for word in named if word in row.names), None)
        if number < len(plain):
            node = plain[number]
        if node is None and row.default is None:
            raise FormulaError(f"{name}() needs {'/'.join(row.names)}")
        given.append(node)
    return given


def _value(name: str, row: Argument, node: Node | None, moment: Moment) -> Value:
    if node is None:
        default = row.default
        assert default is not None
        return default(moment) if callable(default) else default
    value = node(moment)
    if isinstance(value, str) != row.text:
        raise FormulaError(f"{name}(): {row.names[0]} must be a {'text' if row.text else 'number'}, not {value!r:.40}")
    return value


def _series(name: str, plain: Sequence[Node]) -> Node:
    """A time series asked for another frame: alias(frame, 1 for evenly between its points)."""

    def called(moment: Moment) -> Value:
        series = moment.document.series.get(name)
        if series is None:
            raise FormulaError(f"there is no function {name!r}")
        place, even = [*(float(node(moment)) for node in plain[:2]), 0.0, 0.0][:2]
        return series.at(place, moment.document.fps, even != 0)

    return called


def _of(work: Callable[..., float], *arguments: Argument) -> Function:
    """A function of numbers alone; NaN where it has no value."""

    def worked(_moment: Moment, found: Sequence[Value]) -> Value:
        try:
            return float(work(*found))
        except (ValueError, OverflowError, ZeroDivisionError):
            return math.nan

    return Function(arguments, lambda: worked)


def _at(work: Work, *arguments: Argument) -> Function:
    """A function of the moment without a memory."""
    return Function(arguments, lambda: work)


def _rounder(whole: Callable[[float], float]) -> Function:
    def rounded(value: float, places: float) -> float:
        scale = 10.0**places
        return whole(value * scale) / scale

    return _of(rounded, Argument(("v",)), Argument(("p",), 0.0))


def _oscillator(shape: Callable[[float, float, float], float]) -> Function:
    """`shape` gives -1..1 or 0..1 of (place, period, pulse width), all in frames."""

    def work(moment: Moment, found: Sequence[Value]) -> Value:
        period, phase, amplitude, centre, limit, width = map(float, found)
        if limit > 0 and moment.frame - moment.active > limit * period:
            return 0.0
        if period == 0 or not math.isfinite(period):
            return math.nan
        return centre + amplitude * shape(moment.frame + phase, period, width)

    rows = ("period p", "phase ps", "amp a", "centre c", "limit li", "pulse pw")
    defaults = (None, 0.0, 1.0, 0.0, 0.0, 5.0)
    return _at(work, *(Argument(tuple(row.split()), value) for row, value in zip(rows, defaults, strict=True)))


def _sine(place: float, period: float, _width: float = 0.0) -> float:
    return math.sin(place * math.pi * 2 / period)


def _random() -> Work:
    state: dict[str, float] = {}
    generator: list[Callable[[], float]] = []

    def work(moment: Moment, found: Sequence[Value]) -> Value:
        low, high, seed, hold = map(float, found)
        hold = hold or 1.0
        since = state.get("at")
        if since is None or (since - moment.active) // hold < (moment.frame - moment.active) // hold:
            if not generator:
                generator.append(dice(text_of(seed)))
            state["at"], state["value"] = float(moment.frame), generator[0]() * (high - low) + low
        return state["value"]

    return work


def _smooth(kind: str) -> Callable[[], Work]:
    def make() -> Work:
        made: list[Noise] = []

        def work(moment: Moment, found: Sequence[Value]) -> Value:
            smoothing, low, high, seed, y = map(float, found)
            if not made:
                made.append(Noise(seed))
            place = moment.frame / (smoothing or 1.0)
            middle = (low + high) / 2
            if kind == "simplex":
                return made[0].simplex(place, y) * (high - low) / 2 + middle
            return made[0].perlin(place, y) * (high - low) + middle

        return work

    return make


def _vibe() -> Work:
    """Curves between random values, each begun where the last one ended."""
    state: dict[str, float] = {}
    generator: list[Callable[[], float]] = []

    def work(moment: Moment, found: Sequence[Value]) -> Value:
        x1, y1, x2, y2, _, shortest, longest, period, low, high, seed = (float(value) for value in found[:11])
        curve = points(str(found[11])) if found[11] else (x1, y1, x2, y2)
        if not state or moment.frame > state["since"] + state["period"]:
            if not generator:
                generator.append(dice(text_of(seed)))
            state["from"] = state.get("to", moment.value)
            state["to"] = generator[0]() * (high - low) + low
            drawn = period if not math.isnan(period) else math.floor(generator[0]() * (shortest - longest) + shortest)
            state["period"], state["since"] = drawn, float(moment.frame)
        if state["period"] == 0:
            return state["from"]
        share = (moment.frame - state["since"]) / state["period"]
        return _way(state["from"], state["to"], share, curve)

    return work


def _way(start: float, end: float, share: float, curve: tuple[float, float, float, float]) -> float:
    return end if share > 1 else start + eased(share, curve) * (end - start)


def _bezier(moment: Moment, found: Sequence[Value]) -> Value:
    x1, y1, x2, y2, start, end, span, offset = (float(value) for value in found[:8])
    curve = points(str(found[8])) if found[8] else (x1, y1, x2, y2)
    if float(found[9]):
        end = start + float(found[9])
    if span == 0:
        return start
    return _way(start, end, offset if abs(offset) < 1 else (moment.frame - moment.active) / span, curve)


def _slide(moment: Moment, found: Sequence[Value]) -> Value:
    start, end, span, offset = map(float, found)
    place = float(moment.frame - moment.active)
    if span == 0:
        return start
    if place >= span:
        return end
    return start + (end - start) / span * (offset * span if abs(offset) < 1 else place)


def _recompute() -> Work:
    state: list[Value] = []

    def work(_moment: Moment, found: Sequence[Value]) -> Value:
        if not state or float(found[0]) > 0:
            state[:] = [found[1]]
        return state[0]

    return work


def _computed_at(moment: Moment, found: Sequence[Value]) -> Value:
    frame = float(found[0])
    if frame > moment.frame:
        raise FormulaError("computed_at() knows earlier frames only")
    if frame < 0:
        return found[1]
    return moment.computed[int(frame)] if frame == int(frame) and frame < len(moment.computed) else math.nan


def _start_of_beat(moment: Moment, found: Sequence[Value]) -> Value:
    ways: dict[Value, Callable[[float], int]] = {"d": math.floor, "u": math.ceil, "r": _nearest}
    if found[1] not in ways:
        raise FormulaError(f"start_of_beat(): round is 'd', 'u' or 'r', not {found[1]!r:.20}")
    beat = moment.document.beat
    return float(ways[found[1]](math.floor(float(found[0]) / beat) * beat))


def _labels(moment: Moment, pattern: Value) -> tuple[int | None, int | None, int]:
    """The last and the next keyframe whose label fits, and how many there have been."""
    frames = moment.document.labelled(str(pattern))
    place = bisect_right(frames, moment.frame)
    return frames[place - 1] if place else None, frames[place] if place < len(frames) else None, place


def _label(work: Callable[[Moment, int | None, int | None, int], float]) -> Function:
    def worked(moment: Moment, found: Sequence[Value]) -> Value:
        return float(work(moment, *_labels(moment, found[0])))

    return _at(worked, Argument(("regex", "r"), text=True))


def _matches(moment: Moment, found: Sequence[Value]) -> Value:
    last = _labels(moment, found[0])[0]
    return float(last is not None and last == moment.document.held(moment.frame))


def _between(moment: Moment, last: int | None, after: int | None, _count: int) -> float:
    return -1.0 if last is None or after is None else (moment.frame - last) / (after - last)


def _posneg(before: str, behind: str) -> Function:
    """A term in the half of the prompt that the sign of its weight says; MOVED is around one for the other half."""

    def work(moment: Moment, found: Sequence[Value]) -> Value:
        if moment.positive is None:
            raise FormulaError("posneg() belongs into a prompt")
        weight, wanted, avoided = (float(value) for value in found[1:])
        if weight == 0:
            return ""
        fixed = wanted if moment.positive == (weight > 0) else avoided
        said = f"{before}{found[0]}:{abs(weight) if math.isnan(fixed) else fixed:.4f}{behind}"
        return said if weight > 0 else f"{MOVED[0]}{said}{MOVED[1]}"

    rows = (Argument(("weight", "w")), Argument(("posweight", "pw"), math.nan), Argument(("negweight", "nw"), math.nan))
    return _at(work, Argument(("term", "t"), text=True), *rows)


MOVED = ("\x01", "\x02")
"""Around a term of one half of a prompt that belongs into the other."""


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)


def _unseeded(moment: Moment) -> float:
    """The seed where none is given. There it is the clock, so that every rendering is another."""
    moment.document.unseeded.add(moment.name)
    return 1.0


_SEED = Argument(("seed", "s"), _unseeded)
_RANGE = (Argument(("min", "n"), 0.0), Argument(("max", "x"), 1.0))
_CURVE = tuple(Argument((name,), value) for name, value in (("x1", 0.5), ("y1", 0.0), ("x2", 0.5), ("y2", 1.0)))
_WAY = (
    Argument(("from", "start", "s"), lambda moment: moment.value),
    Argument(("to", "end", "t"), lambda moment: moment.next_value),
    Argument(("span", "in", "s"), lambda moment: float(moment.next_frame - moment.active)),
    Argument(("offset", "os"), 2.0),
)
_SMOOTH = (Argument(("smooth", "sm"), 10.0), *_RANGE, _SEED, Argument(("y",), 0.0))
_NAME = Argument(("curve", "c"), "", text=True)
_MATHS: dict[str, Callable[[float], float]] = {
    **{name: getattr(math, name) for name in "sin cos tan asin acos atan exp expm1 log1p sinh cosh tanh".split()},
    **{name: getattr(math, name) for name in "asinh acosh atanh sqrt log log10 log2 cbrt".split()},
    "sign": lambda value: math.copysign(1.0, value) if value else value,
    "clz32": lambda value: 32.0 - (int(value) & 0xFFFFFFFF).bit_length(),
}
FUNCTIONS: Mapping[str, Function] = {
    "min": _of(min, Argument(("a",)), Argument(("b",))),
    "max": _of(max, Argument(("a",)), Argument(("b",))),
    "abs": _of(abs, Argument(("v",))),
    "round": _rounder(_nearest),
    "floor": _rounder(math.floor),
    "ceil": _rounder(math.ceil),
    **{f"_{name}": _of(work, Argument(("v",))) for name, work in _MATHS.items()},
    "sin": _oscillator(_sine),
    "sq": _oscillator(lambda place, period, _: 1.0 if _sine(place, period) >= 0 else -1.0),
    "tri": _oscillator(lambda place, period, _: math.asin(_sine(place, period)) * 2 / math.pi),
    "saw": _oscillator(lambda place, period, _: math.fmod(place, period) / period),
    "pulse": _oscillator(lambda place, period, width: 1.0 if math.fmod(place, period) < width else 0.0),
    "rand": Function((*_RANGE, _SEED, Argument(("hold", "h"), 1.0)), _random),
    "smrand": Function(_SMOOTH, _smooth("simplex")),
    "perlin": Function(_SMOOTH, _smooth("perlin")),
    "vibe": Function(
        (
            *_CURVE,
            Argument(("offset", "os"), 2.0),
            *(Argument((name,), value) for name, value in (("pmin", 1.0), ("pmax", 20.0), ("p", math.nan))),
            *(Argument((name,), value) for name, value in (("min", 0.0), ("max", 1.0))),
            _SEED,
            _NAME,
        ),
        _vibe,
    ),
    "bez": _at(_bezier, *_CURVE, *_WAY, _NAME, Argument(("d", "delta"), 0.0)),
    "slide": _at(_slide, *_WAY),
    "f2b": _at(lambda moment, found: float(found[0]) / moment.document.beat, Argument(("v",))),
    "b2f": _at(lambda moment, found: float(found[0]) * moment.document.beat, Argument(("v",))),
    "f2s": _at(lambda moment, found: float(found[0]) / moment.document.fps, Argument(("v",))),
    "s2f": _at(lambda moment, found: float(found[0]) * moment.document.fps, Argument(("v",))),
    "info_match": _at(_matches, Argument(("regex", "r"), text=True)),
    "info_match_count": _label(lambda _moment, _last, _next, count: count),
    "info_match_prev": _label(lambda _moment, last, _next, _count: -1 if last is None else last),
    "info_match_last": _label(lambda _moment, last, _next, _count: -1 if last is None else last),
    "info_match_next": _label(lambda _moment, _last, after, _count: -1 if after is None else after),
    "info_match_gap": _label(lambda _m, last, after, _c: -1 if last is None or after is None else after - last),
    "info_match_progress": _label(_between),
    "info_match_since": _label(lambda moment, last, _next, _count: -1 if last is None else moment.frame - last),
    "info_match_until": _label(lambda moment, _last, after, _count: -1 if after is None else after - moment.frame),
    "computed_at": _at(
        _computed_at,
        Argument(("f",), lambda moment: float(moment.active)),
        Argument(("d",), lambda moment: moment.default),
    ),
    "start_of_beat": _at(
        _start_of_beat,
        Argument(("frame", "f"), lambda moment: float(moment.frame)),
        Argument(("round", "r"), "r", text=True),
    ),
    "is_generation": _at(
        lambda moment, found: float(math.fmod(float(found[0]), moment.document.cadence) == 0),
        Argument(("frame", "f"), lambda moment: float(moment.frame)),
    ),
    "recompute_if": Function(
        (Argument(("if",)), Argument(("compute", "c")), Argument(("default", "d"), -1.0)), _recompute
    ),
    "posneg": _posneg("(", ")"),
    "posneg_lora": _posneg("<lora:", ">"),
}
