"""MIDI learn: from the messages of a knob that is wiggled or a pad that is pressed to the control it shall be."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from ..core.actions import OPEN, Action
from ..core.errors import UserError, near
from ..core.params import PARAMS, TEXTS, Table
from ..core.takeover import MODES as TAKEOVERS
from .midimap import KINDS, MODES, TURNING, Control, Kind, MidiMap, Mode, fault, is_done

ENOUGH = 5  # messages of one knob that tell what it is
PATIENCE = 12  # messages after which an endless knob that was turned one way only is taken for the usual kind
FAST = 8  # clicks that an endless knob sends at most in one message, turned quickly
_OPTIONS = ("range", "curve", "mode", "takeover", "step", "invert", "value", "knob")
FORGET, ADJUST = "forget", "adjust"
Moved = tuple[Kind, int, int]  # kind, channel, number


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be learned: a target and how it shall be played. mode None: whatever the control turns out to be.

    forget, adjust   what is learned already is given up, or played otherwise, at once
    knob             only this one of the learned controls; None: all of the target
    said             which options were given
    """

    target: str
    mode: Mode | None = None
    low: float = 0.0
    high: float = 1.0
    curve: float = 1.0
    takeover: str = "scale"
    step: float | None = None
    value: float | str | None = None
    forget: bool = False
    adjust: bool = False
    knob: Moved | None = None
    said: frozenset[str] = frozenset()

    @property
    def at_once(self) -> bool:
        """Whether no knob needs to move for it."""
        return self.forget or self.adjust

    def means(self, control: Control) -> bool:
        """Whether a learned control is one of those to forget or adjust."""
        return control.target == self.target and self.knob in (None, moved(control))


def moved(control: Control) -> Moved:
    """Which knob or pad a learned control is."""
    return control.kind, control.channel or 0, control.number


def wish_from(text: str) -> Wish:
    """'stage.hue range=0.2..0.8 curve=2 mode=toggle takeover=pickup step=0.02 invert', 'do.scene value="night drive"',
    'stage.hue forget' or 'stage.hue adjust knob=cc:1:21 curve=2'. UserError says what was expected."""
    try:
        target, *words = shlex.split(text)
    except ValueError:
        raise UserError(f"learn: a quote is not closed in {text!r}") from None
    wish = Wish(target)
    for word in words:
        key, _, value = word.partition("=")
        if key in (FORGET, ADJUST) and not value:
            wish = replace(wish, forget=key == FORGET, adjust=key == ADJUST)
        elif key not in _OPTIONS:
            raise UserError(f"learn: unknown word {word!r}{near(key, (*_OPTIONS, FORGET, ADJUST))}")
        else:
            wish = replace(_with(wish, key, value), said=wish.said | {key})
    action = OPEN.get(target[3:]) if target.startswith("do.") else None
    if action is not None and isinstance(wish.value, str):
        wish = replace(wish, value=_value(action, wish.value))
    known = action is not None or target in TEXTS
    if known and ("value" in wish.said or not wish.at_once) and (wrong := fault(target, wish.value)):
        raise UserError(f"learn: {target} {wrong}")
    return wish


def _value(action: Action, text: str) -> float | str:
    """What an action is given where `text` was said."""
    if action.takes == "number":
        return _number(text, action.low, action.high, "value")
    return int(text) if action.takes == "name" and text.isdecimal() else text


def _with(wish: Wish, key: str, value: str) -> Wish:
    if key == "invert":
        return replace(wish, low=wish.high, high=wish.low)
    if key == "range":
        low, _, high = value.partition("..")
        return replace(wish, low=_share(low, key), high=_share(high, key))
    if key == "curve":
        return replace(wish, curve=_number(value, 0.1, 10.0, key))
    if key == "step":
        return replace(wish, step=_number(value, 1e-4, 1.0, key))
    if key == "mode" and value in MODES:
        return replace(wish, mode=next(mode for mode in MODES if mode == value))
    if key == "takeover" and value in TAKEOVERS:
        return replace(wish, takeover=value)
    if key == "knob":
        return replace(wish, knob=_knob(value))
    if key == "value":
        return replace(wish, value=value)
    raise UserError(f"learn: {key}: expected one of {', '.join(MODES if key == 'mode' else TAKEOVERS)}")


def _knob(text: str) -> Moved:
    """'cc:1:21': kind, channel and number."""
    name, _, rest = text.partition(":")
    channel, _, number = rest.partition(":")
    kind = next((one for one in KINDS if one == name), None)
    if kind is None or not channel.isdecimal() or not number.isdecimal():
        raise UserError(f"learn: knob: expected kind:channel:number such as cc:1:21, got {text!r}")
    return kind, int(channel), int(number)


def _share(text: str, key: str) -> float:
    return _number(text, 0.0, 1.0, key)


def _number(text: str, low: float, high: float, key: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise UserError(f"learn: {key}: expected a number from {low:g} to {high:g}, got {text!r}")
    return value


class Learner:
    """Gets the messages of all inputs while something is to be learned; says what moved once it is clear."""

    def __init__(self, text: str, table: Table = PARAMS) -> None:
        """UserError for a wish that cannot be read."""
        self.text, self.wish, self._table = text, wish_from(text), table
        self._heard: dict[tuple[str, int, int], list[int]] = {}  # bytes by port, channel and controller
        self._fine: dict[tuple[Kind, str, int, int], int] = {}  # messages of other kinds

    def message(self, port: str, kind: Kind, channel: int, number: int, byte: int) -> Control | None:
        """One message; the control, once it is clear which it is and of what sort."""
        if kind == "note":
            pressed = byte > 0 and self.wish.mode != "absolute"  # else the pressure on the pad is meant
            return self._made(kind, channel, number, None) if pressed else None
        if kind == "program":
            return self._made(kind, channel, number, None)
        if kind != "cc":
            key = kind, port, channel, number
            self._fine[key] = self._fine.get(key, 0) + 1
            return self._made(kind, channel, number, "absolute") if self._fine[key] >= ENOUGH else None
        bytes_ = self._heard.setdefault((port, channel, number), [])
        bytes_.append(byte)
        if 32 <= number < 64 and len(self._heard.get((port, channel, number - 32), ())) >= ENOUGH - 1:
            return self._made("cc14", channel, number - 32, "absolute")
        if number < 32 and (port, channel, number + 32) in self._heard:
            return None  # its second half comes
        sort = sort_of(bytes_)
        return None if sort is None else self._made("cc", channel, number, None if sort == "pad" else sort)

    def _made(self, kind: Kind, channel: int, number: int, mode: Mode | None) -> Control:
        """The control for the wish; `mode` is what the messages say it is, None: a pad."""
        wish = self.wish
        if is_done(wish.target):
            mode = "trigger"
        elif mode is None:
            toggles = wish.target in self._table and self._table[wish.target].curve == "toggle"
            mode = "toggle" if toggles else "trigger" if kind == "program" else "hold"
            if wish.mode in ("trigger", "toggle") or (wish.mode == "hold" and kind != "program"):
                mode = wish.mode
        elif wish.mode is not None and (wish.mode not in TURNING or kind == "cc"):
            mode = wish.mode
        takeover = next(one for one in TAKEOVERS if one == wish.takeover)
        made = Control(kind, number, wish.target, mode, channel, wish.low, wish.high, takeover, wish.value)
        return replace(made, curve=wish.curve, step=wish.step or made.step)


def sort_of(values: Sequence[int]) -> Mode | Literal["pad"] | None:
    """What sends these bytes: 'absolute', 'twos', 'offset', 'sign', or a 'pad' (127, then 0); None: not clear yet."""
    seen = set(values)
    if seen == {0, 127} and values[0] == 127:
        return "pad"
    if len(values) < ENOUGH:
        return None
    up = {v for v in seen if 1 <= v <= FAST}
    down_twos = {v for v in seen if v >= 128 - FAST}
    about = {v for v in seen if v != 64 and 64 - FAST <= v <= 64 + FAST}
    repeats = sum(a == b for a, b in pairwise(values))
    steady = repeats > 0 or len(seen) == 1  # an endless knob repeats itself, a knob moves on
    late = len(values) >= PATIENCE
    if up and down_twos and up | down_twos == seen:
        return "twos"
    if about == seen and min(about) < 64 < max(about):
        return "offset" if steady else "absolute" if _walks(values) else "offset"
    if up and about and up | about == seen and min(about) > 64:
        return "sign"
    if steady and (up == seen or down_twos == seen or about == seen):
        if not late and not down_twos == seen:
            return None  # the other direction will tell
        return "offset" if about == seen else "twos"
    return "absolute"


def _walks(values: Sequence[int]) -> bool:
    """Whether the bytes go from one to the next in small steps, as a knob's do."""
    return all(abs(a - b) <= 2 for a, b in pairwise(values))


def learned(old: MidiMap | None, port: str, control: Control) -> MidiMap:
    """`old` (the learned map of `port`) with `control` in it; what that knob did before is forgotten."""
    kept = () if old is None else old.controls
    same = (control.kind, control.channel, control.number)
    return MidiMap(port, (port,), (*(c for c in kept if (c.kind, c.channel, c.number) != same), control))


def without(old: MidiMap, wish: Wish) -> MidiMap:
    """`old` without the controls that `wish` means."""
    return replace(old, controls=tuple(c for c in old.controls if not wish.means(c)))


def adjusted(old: MidiMap, wish: Wish) -> MidiMap:
    """`old` with the controls that `wish` means played as it says."""
    return replace(old, controls=tuple(_adjusted(c, wish) if wish.means(c) else c for c in old.controls))


def _adjusted(control: Control, wish: Wish) -> Control:
    new = control
    if "range" in wish.said:
        new = replace(new, low=wish.low, high=wish.high)
    elif "invert" in wish.said:
        new = replace(new, low=control.high, high=control.low)
    if "curve" in wish.said:
        new = replace(new, curve=wish.curve)
    if "takeover" in wish.said:
        new = replace(new, takeover=next(one for one in TAKEOVERS if one == wish.takeover))
    if "step" in wish.said and wish.step is not None:
        new = replace(new, step=wish.step)
    if "value" in wish.said:
        new = replace(new, value=wish.value)
    fits = not is_done(control.target) and (control.kind != "program" or wish.mode in ("trigger", "toggle"))
    if fits and wish.mode is not None and (wish.mode not in TURNING or control.kind == "cc"):
        new = replace(new, mode=wish.mode)
    return new


def row_of(control: Control, port: str) -> dict[str, Any]:
    """A learned control for JSON; `knob` as a wish names it."""
    kind, channel, number = moved(control)
    return {
        "target": control.target,
        "port": port,
        "knob": f"{kind}:{channel}:{number}",
        "about": _called(control),
        "mode": control.mode,
        "range": [control.low, control.high],
        "curve": control.curve,
        "takeover": control.takeover,
        "step": round(control.step, 5),
        "value": control.value,
    }


def map_data(one: MidiMap) -> dict[str, Any]:
    """A map as tables for TOML; `midimap.map_from` reads it back."""
    return {"name": one.name, "match": list(one.match), "control": [_control_data(c) for c in one.controls]}


def _control_data(control: Control) -> dict[str, Any]:
    plain = Control(control.kind, control.number, control.target, control.mode)
    data: dict[str, Any] = {control.kind: control.number}
    if control.kind in ("pitch", "touch"):
        data[control.kind] = True
    data |= {"target": control.target, "mode": control.mode}
    if control.channel is not None:
        data["channel"] = control.channel
    if (control.low, control.high) != (plain.low, plain.high):
        data["range"] = [control.low, control.high]
    for key in ("takeover", "value", "step", "curve"):
        if getattr(control, key) != getattr(plain, key):
            data[key] = getattr(control, key)
    return data


def said(control: Control, port: str) -> str:
    """What was learned, for the HUD."""
    return f"{control.target}: {_called(control)} of {port} ({control.mode})"


def _called(control: Control) -> str:
    words = {"cc": "controller", "cc14": "fine controller", "note": "note", "pitch": "pitch bend"}
    words |= {"touch": "pressure", "polytouch": "pressure on note", "program": "program", "dmx": "channel"}
    number = "" if control.kind in ("pitch", "touch") else f" {control.number}"
    return f"{words.get(control.kind, 'NRPN')}{number}"
