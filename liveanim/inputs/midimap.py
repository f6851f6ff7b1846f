"""What the knobs and pads of a MIDI controller do: read from TOML files, shipped ones or the user's own."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..core.actions import OPEN
from ..core.errors import UserError, brief, near
from ..core.params import PARAMS, TEXTS, Table
from ..core.takeover import MODES as TAKEOVERS
from ..core.takeover import Mode as Takeover
from .oscnames import MOST_TEXT

Kind = Literal["cc", "cc14", "note", "pitch", "touch", "polytouch", "nrpn", "program", "dmx"]
Mode = Literal["absolute", "twos", "offset", "sign", "trigger", "toggle", "hold"]
KINDS: tuple[Kind, ...] = ("cc", "cc14", "note", "pitch", "touch", "polytouch", "nrpn", "program", "dmx")
MODES: tuple[Mode, ...] = ("absolute", "twos", "offset", "sign", "trigger", "toggle", "hold")
TURNING = ("twos", "offset", "sign")
PROFILES = Path(__file__).with_name("profiles")
CHOSEN = ("do.preset", "do.scene")  # by a number that a program, or the level of a channel, says
SHADERS = "isf."  # what the names of shaders' inputs begin with
LARGEST = 200_000  # bytes of a map
STEP = 1 / 127  # of the way: one click of an endless knob
_KEYS = (*KINDS, "channel", "target", "mode", "range", "takeover", "value", "step", "curve", "about")
_TOP = ("name", "match", "takeover", "control", "light", "about")
_LIGHT = ("cc", "note", "pitch", "channel", "on", "off", "on_channel", "off_channel", "about")
_MOST = {"cc": 127, "cc14": 31, "note": 127, "polytouch": 127, "nrpn": 16383, "program": 128, "dmx": 512}


@dataclass(frozen=True, slots=True)
class Control:
    """One knob or pad and what it does.

    kind      cc; cc14: controllers `number` and `number` + 32 as one; note; nrpn; polytouch (the pressure on a note's
              pad); pitch and touch (the pressure on a whole channel) have number 0; program, from 1 on, 0: whichever
              has no control of its own; dmx: a channel of a lighting desk
    channel   1..16, None: any
    target    parameter, 'do.*' action, or a prompt whose text is set
    mode      absolute; an endless knob that sends two's complement (1, 127), offset 64 (65, 63) or sign bit (1, 65);
              trigger: on pressing; toggle: on and off by turns; hold: as long as it is pressed
    low high  ends of the parameter's way (0..1) that it moves between; low > high turns it round
    value     of an action: preset name or number, tempo, share of a beat, text
    step      of the way, for one click of an endless knob
    curve     power of the knob's place: 2 is finer below, 0.5 above
    """

    kind: Kind
    number: int
    target: str
    mode: Mode
    channel: int | None = None
    low: float = 0.0
    high: float = 1.0
    takeover: Takeover = "scale"
    value: float | str | None = None
    step: float = STEP
    curve: float = 1.0


@dataclass(frozen=True, slots=True)
class Light:
    """What a knob or pad can show of its own state.

    kind, channel, number   of the control it belongs to: cc, note or pitch
    on, off                 bytes that make a pad bright, and as it is at rest; a knob is told where its parameter is
    on_channel, off_channel channels to say so on: some devices put brightness or colour there
    """

    kind: Kind
    number: int
    channel: int
    on: int = 127
    off: int = 0
    on_channel: int = 1
    off_channel: int = 1


@dataclass(frozen=True, slots=True)
class MidiMap:
    """The controls of one device, and its lights. `match`: parts of port names it is for, in any case; none: every
    port."""

    name: str
    match: tuple[str, ...]
    controls: tuple[Control, ...]
    lights: tuple[Light, ...] = ()

    def fits(self, port: str) -> bool:
        return not self.match or any(part.lower() in port.lower() for part in self.match)

    def find(self, kind: Kind, channel: int, number: int) -> tuple[Control, ...]:
        """The controls that a message moves; those of this very channel come before those of any."""
        rows = [c for c in self.controls if (c.kind, c.number) == (kind, number)]
        if not rows and kind == "program":
            rows = [c for c in self.controls if (c.kind, c.number) == (kind, 0)]
        return tuple([c for c in rows if c.channel == channel] or [c for c in rows if c.channel is None])


def read_map(path: Path, table: Table = PARAMS) -> MidiMap:
    """The map in a TOML file. UserError names the file, the control and what was expected.

    `table`: the parameters of this show. An input of a shader that is not in it may be named: its knob rests.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: a MIDI map is at most {LARGEST // 1000} kB of text")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {brief(error)}") from None
    except (ValueError, RecursionError) as error:  # not TOML, or not UTF-8
        raise UserError(f"{path}: not valid TOML: {error}") from None
    return map_from(data, str(path), path.stem, table)


def shipped() -> tuple[MidiMap, ...]:
    """The maps that travel with the package, the one for every device last."""
    return tuple(sorted(map(read_map, sorted(PROFILES.glob("*.toml"))), key=lambda one: not one.match))


def map_from(data: Mapping[str, Any], where: str, name: str = "", table: Table = PARAMS) -> MidiMap:
    """The map in `data`. UserError as `read_map`."""
    _known(data, _TOP, where)
    match = _list(data.get("match", []), f"{where}: match")
    _check(all(isinstance(part, str) and part for part in match), f"{where}: match: expected parts of port names")
    takeover = data.get("takeover", "scale")
    _check(takeover in TAKEOVERS, f"{where}: takeover: expected one of {', '.join(TAKEOVERS)}")
    tables = data.get("control", [])
    _check(isinstance(tables, list) and bool(tables), f"{where}: expected at least one [[control]]")
    controls: list[Control] = []
    for count, row in enumerate(tables, 1):
        controls += _controls(row, f"{where}: control {count}", takeover, table)
        _check(len(controls) <= 4096, f"{where}: more than 4096 controls")
    title = data.get("name", name)
    _check(isinstance(title, str), f"{where}: name: expected a text")
    return MidiMap(title, tuple(match), tuple(controls), _lights(data.get("light", []), where))


def look_map(rows: Sequence[Mapping[str, Any]], where: str, table: Table = PARAMS) -> MidiMap:
    """The map of a preset: its [[midi]] tables, for every port. UserError as `read_map`."""
    return map_from({"control": list(rows)}, where, table=table) if rows else MidiMap("", (), ())


def _lights(tables: Any, where: str) -> tuple[Light, ...]:
    """The lights in [[light]] tables; what is said later of the same light counts."""
    _check(isinstance(tables, list), f"{where}: light: expected [[light]] tables")
    lights: dict[tuple[Kind, int, int], Light] = {}
    for count, data in enumerate(tables, 1):
        place = f"{where}: light {count}"
        _check(isinstance(data, dict), f"{place}: expected a table")
        _known(data, _LIGHT, place)
        kind, numbers = _place(data, place)
        channel = _channel(data.get("channel"), f"{place}: channel") or 1
        on_channel = _channel(data.get("on_channel"), f"{place}: on_channel") or channel
        off_channel = _channel(data.get("off_channel"), f"{place}: off_channel") or channel
        on, off = _byte(data.get("on", 127), f"{place}: on"), _byte(data.get("off", 0), f"{place}: off")
        for number in numbers:
            lights[kind, channel, number] = Light(kind, number, channel, on, off, on_channel, off_channel)
    _check(len(lights) <= 1024, f"{where}: more than 1024 lights")
    return tuple(lights.values())


def _byte(value: Any, where: str) -> int:
    if type(value) is int and 0 <= value <= 127:
        return value
    raise UserError(f"{where}: expected a number from 0 to 127")


def _controls(data: Any, where: str, takeover: Takeover, table: Table) -> list[Control]:
    _check(isinstance(data, dict), f"{where}: expected a table")
    _known(data, _KEYS, where)
    kind, numbers = _place(data, where)
    targets = _spread(data.get("target"), len(numbers), f"{where}: target")
    values = _spread(data.get("value"), len(numbers), f"{where}: value")
    channel = _channel(data.get("channel"), f"{where}: channel")
    low, high = _range(data.get("range", [0, 1]), f"{where}: range")
    hold = data.get("takeover", takeover)
    _check(hold in TAKEOVERS, f"{where}: takeover: expected one of {', '.join(TAKEOVERS)}")
    step = data.get("step", STEP)
    _check(_is_number(step) and 0 < step <= 1, f"{where}: step: expected a share of the way from 0 to 1")
    curve = data.get("curve", 1.0)
    _check(_is_number(curve) and 0.1 <= curve <= 10, f"{where}: curve: expected a number from 0.1 to 10")
    rows = []
    for number, target, value in zip(numbers, targets, values, strict=True):
        if kind == "program" and target in CHOSEN and value is None:
            value = number or None
        if (kind, number) == ("program", 0):
            good = target in CHOSEN and value is None
            _check(good, f"{where}: program = true is for do.preset and do.scene: it says the number")
        elif not (kind == "dmx" and target in CHOSEN and value is None):
            _target(target, value, where, table)
        mode = _mode(data.get("mode"), kind, target, where, table)
        rows.append(Control(kind, number, target, mode, channel, low, high, hold, value, float(step), float(curve)))
    return rows


def _place(data: Mapping[str, Any], where: str) -> tuple[Kind, list[int]]:
    """Which knobs or pads a table is about."""
    kinds = [kind for kind in KINDS if kind in data]
    _check(len(kinds) == 1, f"{where}: expected one of {', '.join(KINDS)}")
    kind = kinds[0]
    if kind in ("pitch", "touch") or (kind == "program" and data[kind] is True):
        return kind, [0]
    return kind, _numbers(data[kind], int(kind in ("program", "dmx")), _MOST[kind], f"{where}: {kind}")


def _channel(value: Any, where: str) -> int | None:
    if value is None or (type(value) is int and 1 <= value <= 16):
        return value
    raise UserError(f"{where}: expected 1 to 16")


def _target(target: Any, value: Any, where: str, table: Table) -> None:
    _check(isinstance(target, str), f"{where}: target: expected a parameter or do.ACTION in quotes")
    action = target.removeprefix("do.")
    if action != target and action not in OPEN:
        raise UserError(f"{where}: unknown action {target!r}{near(target, (f'do.{name}' for name in OPEN))}")
    if not is_done(target) and target not in table and not target.startswith(SHADERS):
        raise UserError(f"{where}: unknown parameter {target!r}{near(target, (*table, *TEXTS))}")
    wrong = fault(target, value)
    _check(not wrong, f"{where}: {target} {wrong}")


def is_done(target: str) -> bool:
    """Whether a pad does it, as actions and the texts of prompts, rather than turns it."""
    return target.startswith("do.") or target in TEXTS


def fault(target: str, value: object) -> str:
    """What is wrong with the `value` that a pad gives to `target`; '' when it is good."""
    if target.startswith("do."):
        return OPEN[target[3:]].fault(value)
    if target in TEXTS:
        good = isinstance(value, str) and len(value) <= MOST_TEXT
        return "" if good else f"needs value = a text of at most {MOST_TEXT} characters"
    return "" if value is None else "takes no value: a parameter has a range"


def _mode(mode: Any, kind: Kind, target: str, where: str, table: Table) -> Mode:
    done, toggles = is_done(target), target in table and table[target].curve == "toggle"
    if mode is None:
        if done or (kind == "program" and not toggles):
            return "trigger"
        if kind not in ("note", "program"):
            return "absolute"
        return "toggle" if toggles else "hold"
    if mode not in MODES:
        raise UserError(f"{where}: mode: expected one of {', '.join(MODES)}, got {mode!r}")
    _check(not done or mode == "trigger", f"{where}: {target} can only be a trigger")
    _check(kind != "program" or mode in ("trigger", "toggle"), f"{where}: a program can only be a trigger or a toggle")
    _check(mode not in TURNING or kind == "cc", f"{where}: only a cc can be an endless knob")
    chosen: Mode = mode
    return chosen


def _numbers(value: Any, least: int, most: int, where: str) -> list[int]:
    """5, [5, 7] or '5-8' as numbers."""
    if isinstance(value, str):
        first, _, last = value.partition("-")
        good = first.strip().isdecimal() and last.strip().isdecimal()
        value = list(range(int(first), int(last) + 1)) if good and int(last) <= most else []
    numbers = _list(value, where)
    good = bool(numbers) and all(type(n) is int and least <= n <= most for n in numbers)
    _check(good, f"{where}: expected a number from {least} to {most}, a list of them, or a range such as '1-8'")
    return numbers


def _spread(value: Any, count: int, where: str) -> Sequence[Any]:
    """One value for all, or one for each."""
    if not isinstance(value, list):
        return [value] * count
    _check(len(value) == count, f"{where}: expected {count} of them, one for each number, got {len(value)}")
    return value


def _range(value: Any, where: str) -> tuple[float, float]:
    good = isinstance(value, list) and len(value) == 2 and all(_is_number(n) and 0 <= n <= 1 for n in value)
    _check(good, f"{where}: expected [from, to], shares of the parameter's way from 0 to 1")
    return float(value[0]), float(value[1])


def _list(value: Any, where: str) -> list[Any]:
    found = value if isinstance(value, list) else [value]
    _check(len(found) <= 128, f"{where}: expected at most 128 of them")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _known(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise UserError(f"{where}: unknown key {key!r}{near(key, known)}")


def _check(good: bool, message: str) -> None:
    if not good:
        raise UserError(message)
