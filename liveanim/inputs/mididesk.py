"""From MIDI messages to control events: maps, 14-bit pairs, endless knobs, soft takeover. No ports in here."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..core import takeover
from ..core.errors import UserError
from ..core.model import ControlEvent
from ..core.params import PARAMS, Table
from . import midilearn
from .midimap import CHOSEN, TURNING, Control, Kind, Light, MidiMap, Mode, is_done, look_map
from .pending import Pending

log = logging.getLogger(__name__)

SOURCE = "midi"
_FINEST = 16383
_CENTRE = 8192  # of pitch bend
_Key = tuple[str, int, int]  # port, channel, number


class Values(Protocol):
    """Where the parameters stand (readback.Readback)."""

    @property
    def values(self) -> Mapping[str, float]: ...
    @property
    def knobs(self) -> Mapping[str, float]: ...
    @property
    def learning(self) -> str: ...
    @property
    def midi(self) -> Sequence[Mapping[str, Any]]: ...


class MidiDesk:
    """Owned by the loop: `message` for every message in order, then `take` once a frame.

    maps     the first that fits a port's name is used for it
    learned  maps by port: what a knob has learned goes before what the preset says, and that before the port's map
    keep     gets a learned map that has changed
    table    the parameters of this show: what a map says of others rests
    A knob that moved several times since the last frame counts once, where it stands now.
    """

    def __init__(
        self,
        maps: Sequence[MidiMap],
        values: Values,
        learned: Sequence[MidiMap] = (),
        keep: Callable[[MidiMap], None] = lambda one: None,
        table: Table = PARAMS,
    ) -> None:
        self._maps, self._values, self._keep, self._table = tuple(maps), values, keep, table
        self._learned = {one.name: one for one in learned}
        self._learner: midilearn.Learner | None = None
        self._done = ""  # what was just learned: until the show has heard of it, it is not to be learned again
        self._hints: set[str] = set()
        self._parameter: dict[tuple[str, int], list[int]] = {}  # NRPN chosen by port and channel: number, data bytes
        self._chosen: dict[str, MidiMap | None] = {}
        self._look: tuple[Sequence[Mapping[str, Any]], MidiMap | None] = (), None  # of the preset that plays
        self._pending = Pending()
        self._moved: dict[tuple[str, Control], tuple[float, float]] = {}  # knob: (time, place)
        self._grips: dict[tuple[str, Control], takeover.Grip] = {}
        self._struck: set[str] = set()  # targets of pads pressed since the last frame
        self._let_go: dict[str, ControlEvent] = {}  # their releases: a quick tap is seen for a frame
        self._coarse: dict[_Key, int] = {}  # first half of 14-bit pairs
        self._fine: set[_Key] = set()  # pairs whose second half has been seen
        self._up: set[_Key] = set()  # channels of a lighting desk that are over the middle
        self._turned: dict[tuple[str, Control], float] = {}  # show time a knob was last moved
        self.counts: Counter[str] = Counter()
        self.version = 0  # counts what was learned and forgotten

    def map_for(self, port: str) -> MidiMap | None:
        """The map in use for a port."""
        if port not in self._chosen:
            self._chosen[port] = next((one for one in self._maps if one.fits(port)), None)
        return self._chosen[port]

    def message(self, port: str, data: Sequence[int], time: float) -> None:
        """One MIDI message that came at show time `time`. What is no channel message, or broken, is counted."""
        short = len(data) == 2 and 0xC0 <= data[0] < 0xE0
        if not short and (len(data) != 3 or not 0x80 <= data[0] < 0xF0):
            self.counts["other"] += 1
            return
        if any(not 0 <= byte < 128 for byte in data[1:]):
            self.counts["other"] += 1
            return
        self.counts["messages"] += 1
        status, channel, first, second = data[0] & 0xF0, (data[0] & 0x0F) + 1, data[1], data[-1]
        if status == 0xB0:
            self._controller(port, channel, first, second, time)
        elif status in (0x80, 0x90):
            level = second / 127 if status == 0x90 else 0.0
            if self._learner is None:
                self._strike(ControlEvent(time, f"pad.{first}", level, SOURCE), level > 0)
            self._apply(port, "note", (channel, first), (level, level > 0, 0), time)
        elif status == 0xA0:
            place = second / 127
            self._apply(port, "polytouch", (channel, first), (place, place >= 0.5, second), time)
        elif status == 0xC0:
            self._apply(port, "program", (channel, first + 1), (1.0, True, 0), time)
        elif status == 0xD0:
            self._apply(port, "touch", (channel, 0), (first / 127, first >= 64, first), time)
        elif status == 0xE0:
            self._apply(port, "pitch", (channel, 0), (_bend(second << 7 | first), True, 0), time)

    def dmx(self, port: str, channel: int, level: int, time: float) -> None:
        """A channel of a lighting desk moved to `level` (0..255). It presses where it comes to be over the middle, and
        chooses presets and scenes by its level."""
        self.counts["messages"] += 1
        key, up = (port, 1, channel), level >= 128
        rose = up and key not in self._up
        (self._up.add if up else self._up.discard)(key)
        self._apply(port, "dmx", (1, channel), (level / 255, rose, level), time)

    def forget(self, port: str) -> None:
        """The device is gone: where its knobs stand is not known any more."""
        self._grips = {key: grip for key, grip in self._grips.items() if key[0] != port}
        self._turned = {key: time for key, time in self._turned.items() if key[0] != port}

    @property
    def learned(self) -> Mapping[str, MidiMap]:
        """What was learned, by port. Any thread may ask."""
        return dict(self._learned)

    def plays(self, port: str, light: Light) -> tuple[Control, ...]:
        """What the knob or pad of a light plays."""
        return self._find(port, light.kind, light.channel, light.number)

    def turned(self, port: str, control: Control) -> float:
        """Show time at which a knob was last moved; minus infinity for never."""
        return self._turned.get((port, control), -math.inf)

    def stands(self, port: str, control: Control, place: float) -> None:
        """A knob with a ring or a motor was told where its parameter is, and stands there: it has a hold of it."""
        at = _at(control, place)
        self._grips[port, control] = takeover.Grip(at, at)
        if control.target in self._hints:
            self._hints.discard(control.target)
            self._pending.put(
                ControlEvent(self._turned.get((port, control), 0.0), f"hint.{control.target}", None, SOURCE)
            )

    def take(self, now: float = 0.0) -> list[ControlEvent]:
        """What the messages since the last call do, in order of time; `now` is show time."""
        self._follow_look()
        self._look_for_wishes(now)
        for (port, control), (time, place) in self._moved.items():
            self._meet(port, control, time, place)
        self._moved.clear()
        events = self._pending.take()
        for event in self._let_go.values():
            self._pending.put(event)
        self._let_go.clear()
        self._struck.clear()
        return events

    def _follow_look(self) -> None:
        """Read what the preset that plays says of knobs, when another one does."""
        rows = self._values.midi
        if rows is self._look[0]:
            return
        self._look = rows, None
        self.version += 1
        if rows:
            try:
                self._look = rows, look_map(rows, "midi of the preset", self._table)
            except UserError as error:
                log.warning("%s; it is left out", error)

    def _look_for_wishes(self, now: float) -> None:
        """Begin to learn what the show wants learned, or stop."""
        wanted = self._values.learning
        if wanted != self._done:
            self._done = ""
        if not wanted or wanted == self._done:
            self._learner = None
        elif self._learner is None or self._learner.text != wanted:
            try:
                self._learner = midilearn.Learner(wanted, self._table)
            except UserError as error:
                self._tell(str(error), now)
                return
            if self._learner.wish.at_once:
                self._change(self._learner.wish, now)

    def _change(self, wish: midilearn.Wish, now: float) -> None:
        """Give up what was learned, or play it otherwise."""
        change = midilearn.without if wish.forget else midilearn.adjusted
        meant = any(wish.means(control) for one in self._learned.values() for control in one.controls)
        for name, one in list(self._learned.items()):
            if (new := change(one, wish)) != one:
                self._learn(name, new)
        if not meant:
            self._tell(f"{wish.target}: no learned knob", now)
        else:
            self._tell(f"{wish.target}: " + ("no learned knob any more" if wish.forget else "adjusted"), now)

    def _learns(self, port: str, kind: Kind, where: tuple[int, int], byte: int, time: float) -> bool:
        """Whether a message is for learning, and so does nothing else."""
        if self._learner is None:
            return False
        control = self._learner.message(port, kind, *where, byte)
        if control is not None:
            self._learn(port, midilearn.learned(self._learned.get(port), port, control))
            self._tell(f"learned {midilearn.said(control, port)}", time)
        return True

    def _learn(self, port: str, one: MidiMap) -> None:
        self._learned[port] = one
        self.version += 1
        self._keep(one)

    def _tell(self, line: str, time: float) -> None:
        """Tell the show how its wish came out; the wish itself goes before the line."""
        self._learner, self._done = None, self._values.learning
        self._pending.put(ControlEvent(time, "do.learned", f"{self._done}\n{line}", SOURCE))

    def _nrpn(self, port: str, channel: int, number: int, value: int, time: float) -> bool:
        """Whether a controller is part of an NRPN: 99 and 98 say which, 6 and 38 where it stands."""
        state = self._parameter.setdefault((port, channel), [-1, -1, 0])
        if number in (98, 99):
            state[99 - number] = value
        elif number in (6, 38) and min(state[:2]) >= 0:
            if number == 6:
                state[2] = value << 7
            else:
                state[2] = state[2] & ~127 | value
            place = state[2] / (_FINEST if state[2] & 127 else 127 << 7)
            self._apply(port, "nrpn", (channel, state[0] << 7 | state[1]), (place, place >= 0.5, 0), time)
        else:
            if number in (100, 101):
                state[:2] = [-1, -1]
            return False
        return True

    def _controller(self, port: str, channel: int, number: int, value: int, time: float) -> None:
        if self._nrpn(port, channel, number, value, time):
            return
        self._pending.put(ControlEvent(time, f"cc.{number}", value / 127, SOURCE))
        self._apply(port, "cc", (channel, number), (value / 127, value >= 64, value), time)
        pair = number if number < 32 else number - 32
        if number >= 64 or self._learner is not None or not self._find(port, "cc14", channel, pair):
            return
        key = (port, channel, pair)
        if number < 32:
            self._coarse[key] = value
            if key in self._fine:
                return  # its second half follows
            place = value / 127
        else:
            self._fine.add(key)
            place = (self._coarse.get(key, 0) << 7 | value) / _FINEST
        self._pending.put(ControlEvent(time, f"cc.{pair}", place, SOURCE))
        self._apply(port, "cc14", (channel, pair), (place, place >= 0.5, 0), time)

    def _apply(self, port: str, kind: Kind, where: tuple[int, int], what: tuple[float, bool, int], time: float) -> None:
        """where: (channel, number); what: (place 0..1, whether that is pressed, the byte as it came)."""
        place, pressed, raw = what
        if self._learns(port, kind, where, raw if kind == "cc" else round(place * 127), time):
            return
        for control in self._find(port, kind, *where):
            if control.mode == "absolute":
                self._moved[port, control] = time, place
                self._turned[port, control] = time
            elif control.mode in TURNING:
                share = clicks(control.mode, raw) * control.step * (control.high - control.low)
                self._pending.put(ControlEvent(time, f"add.{control.target}", share, SOURCE))
            elif control.mode == "hold":
                self._hold(control, place, pressed, time)
            elif kind == "dmx" and control.target in CHOSEN and control.value is None:
                if raw > 0:
                    self._pending.put(ControlEvent(time, control.target, float(raw), SOURCE))
            elif pressed:
                self._pending.put(self._press(control, where[1], time))

    def _find(self, port: str, kind: Kind, channel: int, number: int) -> tuple[Control, ...]:
        """The controls that a message moves: what was learned, else what the preset or the port's map says."""
        for one in (self._learned.get(port), self._look[1]):
            found = self._here(one, kind, channel, number)
            if found or (kind == "cc" and number < 64 and self._here(one, "cc14", channel, number % 32)):
                return found  # half of a fine knob: whoever comes later has no say
        return self._here(self.map_for(port), kind, channel, number)

    def _here(self, one: MidiMap | None, kind: Kind, channel: int, number: int) -> tuple[Control, ...]:
        """The controls of a map for things that this show has."""
        found = one.find(kind, channel, number) if one is not None else ()
        return tuple(c for c in found if is_done(c.target) or c.target in self._table)

    def _hold(self, control: Control, place: float, pressed: bool, time: float) -> None:
        """A pad that is hit harder does more; let go, it gives the parameter back."""
        row = self._table[control.target]
        value = row.from_unit(control.low + (control.high - control.low) * place) if pressed else None
        self._strike(ControlEvent(time, control.target, value, SOURCE), pressed)

    def _strike(self, event: ControlEvent, pressed: bool) -> None:
        """A pad is pressed or let go."""
        if pressed:
            self._struck.add(event.target)
            self._let_go.pop(event.target, None)
        elif event.target in self._struck:
            self._let_go[event.target] = event
            return
        self._pending.put(event)

    def _meet(self, port: str, control: Control, time: float, place: float) -> None:
        row = self._table[control.target]
        stands = self._values.knobs.get(row.name, self._values.values.get(row.name, row.default))
        near = takeover.NEAR
        if row.curve in ("step", "toggle"):
            near = max(near, 0.51 / (row.high - row.low))
        at = _at(control, place)
        grip = self._grips.get((port, control), takeover.Grip())
        self._grips[port, control], new = takeover.turn(grip, at, row.to_unit(stands), control.takeover, near)
        if new is not None:
            self._pending.put(ControlEvent(time, row.name, row.from_unit(new), SOURCE))
        waits = new is None or abs(new - at) > near
        if waits or row.name in self._hints:
            (self._hints.add if waits else self._hints.discard)(row.name)
            self._pending.put(ControlEvent(time, f"hint.{row.name}", at if waits else None, SOURCE))

    def _press(self, control: Control, number: int, time: float) -> ControlEvent:
        if is_done(control.target):
            value = number if (control.kind, control.number) == ("program", 0) else control.value
            value = float(value) if isinstance(value, int) else value
            return ControlEvent(time, control.target, value, SOURCE)
        if control.mode == "toggle":
            return ControlEvent(time, control.target, "toggle", SOURCE)
        return ControlEvent(time, control.target, self._table[control.target].from_unit(control.high), SOURCE)


def _at(control: Control, place: float) -> float:
    """The place of the parameter that a knob at `place` means."""
    return control.low + (control.high - control.low) * place**control.curve


def clicks(mode: Mode, byte: int) -> int:
    """How far an endless knob was turned, and which way, by the byte it sent."""
    if mode == "offset":
        return byte - 64
    if mode == "sign":
        return byte if byte < 64 else 64 - byte
    return byte if byte < 64 else byte - 128


def _bend(value: int) -> float:
    """0..1 with the middle at exactly 0.5, though there is one step fewer above it than below."""
    return 0.5 * value / _CENTRE if value < _CENTRE else 0.5 + 0.5 * (value - _CENTRE) / (_FINEST - _CENTRE)
