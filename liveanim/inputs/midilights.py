"""What the lights, rings and motors of a controller show: from a frame and a map to MIDI messages. No ports in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..core.model import BESIDE, Blend, Status
from ..core.params import TEXTS, ParamSpec, Table
from .midimap import TURNING, Control, Light
from .readback import slots_of

Place = tuple[str, int, int]  # kind, channel, number of a light
Message = tuple[int, ...]
_STATUS = {"note": 0x90, "cc": 0xB0, "pitch": 0xE0}
_BLINK = 0.25  # of a beat or a bar that a light of the tempo is bright
_NEAR = 0.02  # of the way: a value that a pad has set


@dataclass(frozen=True, slots=True)
class Lit:
    """A light and what its knob or pad plays; None where that is nothing."""

    light: Light
    control: Control | None

    @property
    def place(self) -> Place:
        return self.light.kind, self.light.channel, self.light.number

    @property
    def knob(self) -> Control | None:
        """The knob, where it stands where it is told to, as endless knobs with a ring and motor faders do."""
        return self.control if self.control is not None and self.control.mode == "absolute" else None


def plan(lights: Sequence[Light], find: Callable[[Light], Sequence[Control]]) -> tuple[Lit, ...]:
    """Which light shows what; `find` says what a light's knob or pad plays."""
    return tuple(Lit(light, next(iter(find(light)), None)) for light in lights)


def messages(lit: Sequence[Lit], blend: Blend, table: Table) -> dict[Place, Message]:
    """What every light is to be told for this frame."""
    return {one.place: _message(one, blend, table) for one in lit}


def dark(lights: Sequence[Light]) -> dict[Place, Message]:
    """What lets every light go out."""
    return {(one.kind, one.channel, one.number): _say(one, one.off_channel, 0) for one in lights}


def _message(one: Lit, blend: Blend, table: Table) -> Message:
    light, control = one.light, one.control
    if control is None:
        return _say(light, light.off_channel, 0)
    if control.mode == "absolute" or control.mode in TURNING:
        finest = 16383 if light.kind == "pitch" else 127
        return _say(light, light.channel, round(finest * knob_place(control, table[control.target], blend.values)))
    if _is_missing(control, blend.status):
        return _say(light, light.off_channel, 0)
    if _is_on(control, blend, table):
        return _say(light, light.on_channel, light.on)
    return _say(light, light.off_channel, light.off)


def _say(light: Light, channel: int, value: int) -> Message:
    status = _STATUS[light.kind] | channel - 1
    if light.kind == "pitch":
        return status, value & 127, value >> 7
    return status, light.number, value


def knob_place(control: Control, row: ParamSpec, values: Mapping[str, float]) -> float:
    """Where a knob would have to stand (0..1) for its parameter to be where it is."""
    way = control.high - control.low
    if way == 0:
        return 0.0
    share = (row.to_unit(values.get(row.name, row.default)) - control.low) / way
    return min(1.0, max(0.0, share)) ** (1.0 / control.curve)


def _is_missing(control: Control, status: Status) -> bool:
    """Whether a pad is for a preset or a scene that there is not."""
    names = {"do.preset": status.presets, "do.scene": status.scenes}.get(control.target)
    if names is None or control.value in names or (control.target == "do.preset" and control.value in BESIDE):
        return False
    return _nth(names, control.value) is None


def _is_on(control: Control, blend: Blend, table: Table) -> bool:
    if control.target in TEXTS:
        return slots_of(blend.status)[control.target.removeprefix("prompt.")] == control.value
    if control.target.startswith("do."):
        return _is_done(control, blend)
    row = table[control.target]
    place = row.to_unit(blend.values.get(row.name, row.default))
    if control.mode == "toggle":
        return place > 0.5
    if control.mode == "hold":
        return row.name in blend.knobs
    return abs(place - control.high) < _NEAR


def _is_done(control: Control, blend: Blend) -> bool:
    """Whether what a pad does is how things are: its scene plays, the beat is now, there is something to undo."""
    status, signals = blend.status, blend.signals
    if control.target == "do.preset":
        return status.preset in (control.value, _nth(status.presets, control.value))
    if control.target == "do.scene":
        return status.scene != "" and status.scene in (control.value, _nth(status.scenes, control.value))
    if control.target == "do.tap":
        return signals.get("bpm", 0.0) > 0 and signals.get("beat", 0.0) % 1.0 < _BLINK
    if control.target == "do.resync":
        return signals.get("bpm", 0.0) > 0 and signals.get("bar", 0.0) % 1.0 < _BLINK
    if control.target == "do.take":
        return status.taking != ""
    if control.target == "do.record":
        return status.filming != ""
    if control.target == "do.loop":
        return status.loop != "" or (status.looped != () and signals.get("beat", 0.0) % 1.0 < _BLINK)
    if control.target == "do.loop_clear":
        return status.looped != ()
    if control.target == "do.undo":
        return status.undo > 0
    return control.target == "do.redo" and status.redo > 0


def _nth(names: Sequence[str], number: float | str | None) -> str | None:
    """The name with that number from 1."""
    return names[int(number) - 1] if isinstance(number, int | float) and 1 <= number <= len(names) else None
