"""The current value of every parameter: what the looks that play say, or the knob that has taken over from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from .expr import Driver, Memory
from .loops import Gesture, Moment
from .macros import MACROS
from .params import PARAMS, ParamSpec, Table, defaults, spec

TOGGLE = "toggle"
LOOP = "loop"
"""Who holds a knob that a gesture moves."""
KEPT = ("out", "macro", "play", "logo", "lights")
"""Groups whose knobs outlive a change of look: it must not undo a blackout."""
Drivers = Mapping[str, Driver | float]


@dataclass(frozen=True, slots=True)
class Share:
    """A look that plays: its drivers, how much of it there is on the stage and in what is painted, the values of its
    own modulators in this frame, and the numbers of the macros it leaves free. The weights of all shares sum to 1."""

    drivers: Drivers
    stage: float = 1.0
    paint: float = 1.0
    own: Mapping[str, float] = field(default_factory=dict)
    free: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Drive:
    """What looks say of one parameter, with its last good value. `share` is the number of the first such look."""

    source: Driver | float
    value: float
    memory: Memory
    reads_knob: bool
    share: int = 0
    weight: float = 1.0


@dataclass(slots=True)
class _Row:
    """One parameter at work: what drives it, what the knob says, and where the value stands."""

    spec: ParamSpec
    value: float
    drives: list[_Drive] = field(default_factory=list)
    knob: float | None = None
    holder: str = ""  # who holds the knob
    added: float = 0.0  # of the way, by a macro that the looks leave free
    turned: float | None = None  # place 0..1 of a knob that is turned on bit by bit, finer than its whole numbers


class Panel:
    """Owned by the show. A touched knob takes its parameter over until it is released; an expression that mentions
    `knob` keeps running and reads it instead. A value that is not a number leaves the last good one. A gesture moves a
    knob until somebody else turns or releases it."""

    def __init__(self, drivers: Drivers | None = None, table: Table = PARAMS) -> None:
        self._table = table
        self._fresh = defaults(table)
        self._rows = {name: _Row(row, row.default) for name, row in table.items()}
        self._shares: tuple[tuple[Drivers, float, float], ...] = ()
        self._free: list[tuple[int, float, float]] = []  # macros: number, weights of the looks that do not use it
        self._owns: tuple[Mapping[str, float], ...] = ({},)
        self._texts: Mapping[str, str] = {}
        self._loops: dict[str, Gesture] = {}
        self.load(drivers or {})

    def load(self, drivers: Drivers) -> None:
        """Take the values of one look at once, defaults for the rest. Knobs but `KEPT` are released."""
        for name, row in self._rows.items():
            if row.spec.group not in KEPT:
                self.turn(name, None)
        self.blend([Share(drivers)])
        self.jump()

    def jump(self) -> None:
        """Be where the looks' numbers are at once, without the smoothing of slow parameters."""
        for row in self._rows.values():
            if row.knob is None and all(isinstance(drive.source, (int, float)) for drive in row.drives):
                row.value = _mixed(row.spec, row.drives, None)

    def blend(self, shares: Sequence[Share]) -> None:
        """The looks that play from now on, the one to come last. Expressions that play on remember what they did."""
        self._owns = tuple(share.own for share in shares)
        key = tuple((share.drivers, share.stage, share.paint) for share in shares)
        if len(key) == len(self._shares) and all(
            a[0] is b[0] and a[1:] == b[1:] for a, b in zip(key, self._shares, strict=True)
        ):
            return
        if [one[0] for one in key] != [one[0] for one in self._shares]:
            self._texts = {}
        self._shares = key
        for name, row in self._rows.items():
            self._join(name, row, shares)
            row.added = 0.0
        self._free = [(n, *_weights([s for s in shares if n in s.free])) for n in range(1, len(MACROS) + 1)]

    def _join(self, name: str, row: _Row, shares: Sequence[Share]) -> None:
        drives: list[_Drive] = []
        for number, share in enumerate(shares):
            source = share.drivers.get(name, self._fresh[name])
            weight = share.paint if row.spec.acts == "keyframe" else share.stage
            same = _find(drives, source)
            if same is not None:
                same.weight += weight
            elif weight > 0 or number == len(shares) - 1:
                drive = _find(row.drives, source) or self._drive(row, source)
                drive.share, drive.weight = number, weight
                drives.append(drive)
        row.drives = drives

    def _drive(self, row: _Row, source: Driver | float) -> _Drive:
        if not isinstance(source, (int, float)):
            return _Drive(source, row.value, source.memory(), "knob" in source.names)
        return _Drive(source, row.spec.limit(float(source)), [], False)

    def turn(self, name: str, value: float | str | None, holder: str = "") -> None:
        """`holder`'s knob moved to `value` (own unit), was released (None) or toggled. UserError on an unknown name."""
        row = self._rows[spec(name, self._table).name]
        row.turned, row.holder = None, holder
        self._loops.pop(name, None)
        if value is None:
            row.knob = None
        elif value == TOGGLE:
            row.knob = row.spec.low if row.value > (row.spec.low + row.spec.high) / 2 else row.spec.high
        elif isinstance(value, (int, float)) and math.isfinite(value):
            row.knob = row.spec.clamp(float(value))

    def move(self, name: str, add: float = 0.0, factor: float = 1.0, holder: str = "") -> None:
        """Turn `holder`'s knob on from where it (or the value) stands: its place 0..1 times `factor` plus `add`.

        UserError on an unknown name. Small turns of a parameter of whole numbers add up.
        """
        row = self._rows[spec(name, self._table).name]
        place = row.spec.to_unit(row.value) + row.added if row.knob is None else row.spec.to_unit(row.knob)
        if row.turned is not None and row.knob is not None:
            place = row.turned
        place = place * factor + add
        self._loops.pop(name, None)
        if math.isfinite(place):
            row.turned = min(1.0, max(0.0, place))
            row.knob, row.holder = row.spec.from_unit(row.turned), holder

    def release(self) -> None:
        """Let go of every knob but blackout and freeze."""
        self._loops.clear()
        for row in self._rows.values():
            if row.spec.group != "out":
                row.knob = None

    def loop(self, gestures: Mapping[str, Gesture]) -> None:
        """From the next `replay` on these move the knobs of their parameters. UserError on an unknown name."""
        self._loops.update({spec(name, self._table).name: gesture for name, gesture in gestures.items()})

    def loops(self) -> dict[str, Gesture]:
        """The gestures that move knobs, by parameter."""
        return dict(self._loops)

    def replay(self, moment: Moment) -> None:
        """Move the knobs that gestures move: before everything else in a frame."""
        for name, gesture in self._loops.items():
            row, knob = self._rows[name], gesture.at(moment)
            row.knob = None if knob is None else row.spec.clamp(knob)
            row.turned, row.holder = None, LOOP

    def taken_over(self) -> tuple[str, ...]:
        """Names of the parameters a knob holds."""
        return tuple(self.knobs())

    def held(self) -> frozenset[str]:
        """Names of the parameters that a knob holds, or a gesture that may have let go of it at this moment."""
        return frozenset([*self.knobs(), *self._loops])

    def knob(self, name: str) -> float | None:
        """Where the knob of `name` stands; None: it holds nothing."""
        return self._rows[name].knob

    def knobs(self) -> dict[str, float]:
        """Where the knobs stand that have taken over, by parameter."""
        return {name: row.knob for name, row in self._rows.items() if row.knob is not None}

    def holders(self) -> dict[str, str]:
        """Who holds the knobs that have taken over, by parameter."""
        return {name: row.holder for name, row in self._rows.items() if row.knob is not None}

    def drivers(self) -> Mapping[str, str]:
        """The text of every parameter's expression, or its number, in the look to come. The same mapping until one
        of them changes."""
        if not self._texts:
            look = self._shares[-1][0]
            sources = {name: look.get(name, default) for name, default in self._fresh.items()}
            texts = {n: f"{s:.10g}" if isinstance(s, (int, float)) else s.text for n, s in sources.items()}
            self._texts = MappingProxyType(texts)
        return self._texts

    def macros(self, env: dict[str, float]) -> None:
        """Put the macros' values into `env`: before the modulators, which may use them."""
        for n in range(1, 9):
            env[f"m{n}"] = self._next(self._rows[f"macro.m{n}"], [env] * len(self._owns))

    def evaluate(self, env: dict[str, float]) -> dict[str, float]:
        """Every parameter's value in `env` (signals, beat, t, dt ...). Values are clamped and finite."""
        if "m1" not in env:
            self.macros(env)
        envs = [{**env, **own} if own else env for own in self._owns]
        values = {
            name: row.value if row.spec.group == "macro" else self._next(row, envs) for name, row in self._rows.items()
        }
        for number, stage, paint in self._free:
            macro = MACROS[number - 1]
            row = self._rows[macro.target]
            weight = paint if row.spec.acts == "keyframe" else stage
            row.added = macro.reach * weight * env[f"m{number}"] if row.knob is None else 0.0
            if row.added:
                values[macro.target] = row.spec.from_unit(row.spec.to_unit(row.value) + row.added)
        return values

    def said(self, name: str, share: int) -> float:
        """What look number `share` says of a parameter in the frame that was last evaluated."""
        row = self._rows[name]
        drive = _find(row.drives, self._shares[share][0].get(name, self._fresh[name]))
        if drive is None or (row.knob is not None and not drive.reads_knob):
            return row.value
        return drive.value

    def _next(self, row: _Row, envs: Sequence[dict[str, float]]) -> float:
        knob = row.knob
        moving = False
        for drive in row.drives:
            if not isinstance(drive.source, (int, float)) and (knob is None or drive.reads_knob):
                env = envs[drive.share]
                env["knob"] = row.value if knob is None else knob
                value = drive.source.evaluate(env, drive.memory)
                moving = True
                if math.isfinite(value):
                    drive.value = row.spec.limit(value)
        if knob is not None and not any(drive.reads_knob for drive in row.drives):
            target = knob
        else:
            target = _mixed(row.spec, row.drives, knob)
        row.value = target if moving else _follow(row, target, envs[0]["dt"])
        return row.value


def _weights(shares: Sequence[Share]) -> tuple[float, float]:
    """How much of `shares` there is on the stage and in what is painted."""
    return sum(share.stage for share in shares), sum(share.paint for share in shares)


def _find(drives: Sequence[_Drive], source: Driver | float) -> _Drive | None:
    for drive in drives:
        if drive.source is source or (isinstance(source, float) and drive.source == source):
            return drive
    return None


def _mixed(row: ParamSpec, drives: Sequence[_Drive], knob: float | None) -> float:
    """The drives' values by weight, along the parameter's own curve; of whole numbers the heaviest one's."""
    if len(drives) == 1:
        return drives[0].value
    if row.curve in ("step", "toggle"):
        return max(reversed(drives), key=lambda drive: drive.weight).value
    values = [drive.value if knob is None or drive.reads_knob else knob for drive in drives]
    pairs = [(value, drive.weight) for value, drive in zip(values, drives, strict=True)]
    if row.curve == "log":
        return row.limit(math.exp(sum(math.log(max(1e-9, value)) * weight for value, weight in pairs)))
    return row.limit(sum(value * weight for value, weight in pairs))


def _follow(row: _Row, target: float, dt: float) -> float:
    if row.spec.smoothing <= 0 or row.value == target:
        return target
    value = target + (row.value - target) * math.exp(-dt / row.spec.smoothing)
    return target if abs(value - target) < 1e-4 * (row.spec.high - row.spec.low) else value
