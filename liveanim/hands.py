"""What events do: from a knob, a key, a pad or the conductor to the performance, the tempo and the lines on the HUD."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from .archive import Archive, Keeper
from .core import autopilot, conductor
from .core.actions import ACTIONS, OPEN
from .core.conductor import Conductor
from .core.errors import UserError, near
from .core.looper import Looper
from .core.loops import Moment
from .core.model import BESIDE, ControlEvent
from .core.modulation import TOGGLE
from .core.params import PROMPT_SLOTS, TEXTS, Table
from .core.performance import Performance
from .core.preset import Preset
from .core.preset_data import baked, preset_data
from .core.setlist import NO_SET, SetList, parsed
from .core.tempo import Beat, BeatClock, told

log = logging.getLogger(__name__)

SHOWN = 8.0  # s that a warning or a notice stands on the HUD
MOST_CONTROLS = 2000  # cc, osc and pad values kept for expressions
MOST_WISHES = 100  # changes of what MIDI has learned that wait for their turn
CHANGES = (" forget", " adjust")
_NO_EDITS = ("cc", "osc", "pad", "hint", "out", "clock", "loops")


class Hands:
    """Owned by the show: `apply` for every event from outside, then `conduct` once a frame.

    controls   what cc(), pad() and osc() read in expressions; hints: as in Blend
    presets    those that have numbers, by these from 1; set_list, left_out: as in Status
    fresh      whether somebody has wished for a fresh picture: whoever takes note of it sets it back
    input      the sound input that is wished for, '' for what the show began with: as with `fresh`
    finished   whether somebody quit
    """

    def __init__(
        self,
        play: Performance,
        clock: BeatClock,
        presets: Sequence[Preset],
        table: Table,
        archive: Archive,
    ) -> None:
        self._taker, self._filmer, self._read = archive.taker, archive.filmer, archive.read
        self._thumbnailer = archive.thumbnailer
        self.controls: dict[str, float] = {}
        self.hints: dict[str, float] = {}
        self._wishes: tuple[str, ...] = ()  # what MIDI is to learn, forget or adjust, the first first
        self.fresh = self.finished = False
        self.input: str | None = None
        self._known, self._set = tuple(presets), NO_SET
        self.presets = self._known
        self.set_list: tuple[str, ...] = ()
        self.left_out: tuple[str, ...] = ()
        self._play, self._clock, self._table = play, clock, table
        self._keeper, self._broken_off, self._kept = archive.keeper, archive.broken_off, 0
        self._conductor, self._looper = Conductor(), Looper(play)
        self._values: Mapping[str, float] = {}
        self._shown = 0.0, clock.at(0.0)  # show time and beat of the last frame
        self._warning, self._notice = ("", -SHOWN), ("", -SHOWN)
        self._actions = self._table_of_actions()
        if archive.broken_off is not None:
            self._notice = "the last show broke off: O, or the remote, takes up where it was", 0.0

    @property
    def learning(self) -> str:
        """As in Status."""
        return self._wishes[0] if self._wishes else ""

    def waiting(self) -> tuple[str, ...]:
        """What waits for a beat or a bar."""
        return self._conductor.lines()

    def warnings(self, now: float) -> list[str]:
        """What went wrong lately."""
        line, at = self._warning
        return [line] if line and now - at < SHOWN else []

    def notice(self, now: float) -> str:
        """Good news of late; '' when there is none."""
        line, at = self._notice
        return line if now - at < SHOWN else ""

    def apply(self, event: ControlEvent) -> None:
        """One event that came from outside: now, or when the beat or bar comes that it waits for."""
        ready = self._conductor.waits(event, self._at(event.time), self._values.get("play.quantise", 0.0))
        if ready is not None:
            self._act(ready)

    def conduct(self, now: float, beat: Beat, signals: Mapping[str, float], values: Mapping[str, float]) -> None:
        """Do what is due by itself in this frame, which shows `beat`; `values` are those of the last one. Tell the
        keeper what changed."""
        play, self._values, self._shown = self._play, values, (now, beat)
        names = [preset.name for preset in self.presets]
        pilot = values.get("play.autopilot", 0.0) > 0.5
        for event in self._conductor.step(now, signals, play.preset, play.scene, pilot, names):
            self._act(event)
        if self._looper.full(self._moment(now)):
            self._loop(now)
        if self._keeper is not None and play.history.version != self._kept:
            self._kept = play.history.version
            self._keeper.keep(play.as_preset())
        if self._thumbnailer is not None:
            self._thumbnailer.plays(self._known, play.as_loaded, play.scene.name if play.scene else "")

    def _act(self, event: ControlEvent) -> None:
        """A wrong event is said once on the HUD and changes nothing."""
        if self._goes_on(event):
            return
        before = self._play.state() if is_edit(event) else None
        try:
            self._turn_or_do(event)
        except UserError as error:
            log.warning("%s", error)
            self._warning = str(error), event.time
        else:
            if before is not None:
                self._play.history.will_change(event.target, before, event.time)

    def _turn_or_do(self, event: ControlEvent) -> None:
        kind, _, rest = event.target.partition(".")
        play, text = self._play, str(event.value or "")
        if kind == "do":
            self._do(rest, event)
        elif kind == "clock":
            self._clock.follow(*told(event.target, event.value), event.time)
        elif kind in ("cc", "osc", "pad"):
            self._control(f"{kind}:{rest}", _number(event))
        elif kind == "look":
            self._reread(rest, text, event.time)
        elif kind == "hint":
            self._hint(rest, event)
        elif kind == "expr":
            play.drive(rest, None if event.value is None else text)
        elif event.target == "prompt.negative":
            play.negative(text)
        elif (slot := event.target.removeprefix("prompt.")).isdecimal() and 1 <= int(slot) <= PROMPT_SLOTS:
            play.text(int(slot), text)
        elif kind == "loops":
            self._looper.take_up(text, event.time, self._at(event.time))
        elif kind in ("add", "scale"):
            add, factor = (_number(event), 1.0) if kind == "add" else (0.0, _number(event))
            play.panel.move(rest, add, factor, event.source)
            self._turned(rest, event.time)
        else:
            play.panel.turn(event.target, event.value, event.source)
            self._turned(event.target, event.time)

    def _turned(self, name: str, time: float) -> None:
        """A hand has turned or released the knob of `name`."""
        if self._play.panel.knob(name) is not None:
            self._play.turned(name, time)
        self._looper.turned(name, self._moment(time))

    def _goes_on(self, event: ControlEvent) -> bool:
        """Whether `event` is but the end of a gesture that repeats already."""
        kind, _, rest = event.target.partition(".")
        name = rest if kind in ("add", "scale") else event.target
        return event.value != TOGGLE and self._looper.goes_on(name, event.time)

    def _control(self, name: str, value: float) -> None:
        """A controller's value, for `cc`, `pad` and `osc` in expressions."""
        if name in self.controls or len(self.controls) < MOST_CONTROLS:
            self.controls[name] = value

    def _hint(self, name: str, event: ControlEvent) -> None:
        if event.value is None:
            self.hints.pop(name, None)
        elif name in self._table:
            self.hints[name] = _number(event)

    def _do(self, name: str, event: ControlEvent) -> None:
        if name not in ACTIONS:
            raise UserError(f"unknown action {name!r}{near(name, ACTIONS)}")
        self._actions[name](event)

    def _table_of_actions(self) -> dict[str, Callable[[ControlEvent], None]]:
        """What a 'do.*' event does, by the names of ACTIONS."""
        clock, play = self._clock, self._play
        return {
            "quit": lambda event: self._end(),
            "reset": lambda event: self._begin_afresh(),
            "release": lambda event: self._looper.release(self._moment(event.time)),
            "loop": lambda event: self._loop(event.time),
            "loop_clear": lambda event: self._end_loops(),
            "panic": lambda event: self._panic(event.time),
            "preset": lambda event: play.take(self._find(event.value), event.time, self._fade()),
            "scene": lambda event: play.go(event.value, event.time, clock.bpm),
            "next": lambda event: play.advance(1, event.time, clock.bpm),
            "back": lambda event: play.advance(-1, event.time, clock.bpm),
            "undo": lambda event: play.undo(event.time),
            "redo": lambda event: play.redo(event.time),
            "save": lambda event: self._save(event),
            "resume": lambda event: self._resume(event.time),
            "set": lambda event: self._order(event),
            "save_set": lambda event: self._save_set(event.time),
            "take": lambda event: self._take(event),
            "record": lambda event: self._record(event),
            "still": lambda event: self._still(event.time),
            "input": lambda event: self._hear(event),
            "learn": lambda event: self._learn(str(event.value or "")),
            "forget": lambda event: self._change(f"{event.value or ''} forget"),
            "adjust": lambda event: self._change(f"{event.value or ''} adjust"),
            "learned": lambda event: self._learned(event),
            "tap": lambda event: clock.tap(event.time),
            "resync": lambda event: clock.resync(event.time),
            "nudge": lambda event: clock.nudge(_number(event)),
            "bpm": lambda event: clock.set_bpm(_number(event), event.time),
            "double": lambda event: clock.scale(2.0),
            "halve": lambda event: clock.scale(0.5),
            "lock": lambda event: clock.lock(not clock.locked),
            "follow": lambda event: clock.release(),
        }

    def _end(self) -> None:
        self.finished = True

    def _begin_afresh(self) -> None:
        self.fresh = True

    def _panic(self, now: float) -> None:
        """The look as it was loaded, moving, on a fresh picture. A blackout stays."""
        self._looper.drop()
        self._play.panic(now)
        self._play.panel.turn("out.freeze", None)
        self.fresh = True

    def _moment(self, time: float) -> Moment:
        """Show time and beat of what is done at `time`; those of this frame where that is past."""
        now, _ = self._shown
        return now + max(0.0, time - now), self._at(time).beat

    def _at(self, time: float) -> Beat:
        """The beat of what is done at `time`; that of this frame where that is past."""
        now, shown = self._shown
        return shown.at_beat(shown.beat + max(0.0, time - now) * self._clock.bpm / 60.0)

    @property
    def looping(self) -> str:
        """As Status.loop."""
        return self._looper.line(self._moment(0.0))

    def _loop(self, time: float) -> None:
        self._notice = self._looper.press(self._moment(time), not self._clock.known), time

    def _end_loops(self) -> None:
        self._looper.drop()
        self._play.end_loops()

    def _fade(self) -> float:
        return self._values.get("play.fade", 0.0)

    def _find(self, which: float | str | None) -> Preset:
        names = [preset.name for preset in self.presets]
        if which in BESIDE:
            here = names.index(self._play.preset.name) if self._play.preset.name in names else -1
            return self.presets[(here + BESIDE[which]) % len(names)]
        if isinstance(which, (int, float)) and 1 <= which <= len(names):
            return self.presets[int(which) - 1]
        if which in names:
            return self.presets[names.index(str(which))]
        shown = f"{which:g}" if isinstance(which, (int, float)) else repr(which)
        raise UserError(f"there is no preset {shown}{near(str(which), names)}")

    def _save(self, event: ControlEvent) -> None:
        keeper = self._saving()
        name = keeper.called(str(event.value or "").strip() or self._free_name())
        state = replace(baked(self._play.as_preset()), name=name, text="")
        self._notice = keeper.save(name, state), event.time
        if self._set.only and name not in self._set.names:  # it has a number while this show plays
            self._set = replace(self._set, names=(*self._set.names, name))
        self._put(state)
        if self._thumbnailer is not None:
            self._thumbnailer.saved(state, event.time)

    def _hear(self, event: ControlEvent) -> None:
        self.input = str(event.value or "").strip()
        self._notice = f"sound input: {self.input or 'as at the start'}", event.time

    def _order(self, event: ControlEvent) -> None:
        """Play with another set list."""
        before, self._set = self._set, parsed(str(event.value or ""), self._set)
        self._put()
        if before != self._set and event.source == "file":
            self._notice = "the set list is read again", event.time

    def _save_set(self, now: float) -> None:
        self._notice = self._saving().save_set(SetList(self.set_list, self._set.only)), now

    def _saving(self) -> Keeper:
        if self._keeper is None:
            raise UserError("there is nowhere to save to here")
        return self._keeper

    def _reread(self, name: str, text: str, now: float) -> None:
        """A preset's file has been saved: play what it says now. What this show itself has saved is known already."""
        if self._read is None:
            raise UserError("presets are not read again here")
        preset = self._read(name, text)
        if missing := [row.name for row in preset.rows if row.name not in self._table]:
            raise UserError(f"{name}: this show began without {missing[0]}: start it again to play with that shader")
        known = next((one for one in self._known if one.name == name), None)
        if known is not None and preset_data(known) == preset_data(preset):
            return
        self._put(preset)
        if self._play.preset.name == name:
            self._play.reread(preset, now)
        names = [one.name for one in self.presets]
        number = f": preset {names.index(name) + 1}" if name in names else ""
        self._notice = f"{name} is read again" if known else f"{name} is new{number}", now

    def _put(self, *presets: Preset) -> None:
        """Have `presets` among those that can be chosen, by the set list: one of a known name keeps its number."""
        known = {preset.name: preset for preset in (*self._known, *presets)}
        self._known = tuple(known.values())
        numbered = self._set.numbered(list(known))
        self.presets = tuple(known[name] for name in numbered)
        self.set_list = tuple(name for name in self._set.names if name in known)
        self.left_out = tuple(name for name in known if name not in numbered)

    def _free_name(self) -> str:
        names = {preset.name for preset in self._known}
        base = self._play.preset.name
        return next(name for n in range(2, len(names) + 3) if (name := f"{base}-{n}") not in names)

    def _resume(self, now: float) -> None:
        if self._broken_off is None:
            raise UserError("no show broke off: there is nothing to take up")
        self._play.take(self._broken_off, now, self._fade())
        self._broken_off, self._notice = None, ("", now)  # once: a second O takes nothing away

    @property
    def broken_off(self) -> bool:
        """As in Status."""
        return self._broken_off is not None

    @property
    def taking(self) -> str:
        """As in Status."""
        return self._taker.name if self._taker is not None else ""

    def _take(self, event: ControlEvent) -> None:
        """Begin or end a take. In a take that is rendered there is none."""
        if self._taker is not None:
            heard = self._clock.at(event.time)
            knobs = self._play.panel.knobs().items()
            stands = [ControlEvent(0.0, name, value, "take") for name, value in knobs if name.startswith("out.")]
            stands.append(ControlEvent(event.time, "clock.midi", f"{heard.bpm:.3f} {heard.place:.4f}", "take"))
            if self._set != NO_SET:
                stands.append(ControlEvent(event.time, "do.set", self._set.as_text(), "take"))
            if text := self._looper.as_text(self._at(event.time)):
                stands.append(ControlEvent(event.time, "loops", text, "take"))
            state, name = self._play.as_preset(), str(event.value or "")
            self._notice = self._taker.take(name, state, self._known, event.time, stands), event.time

    @property
    def filming(self) -> str:
        """As in Status."""
        return self._filmer.name if self._filmer is not None else ""

    def _record(self, event: ControlEvent) -> None:
        """Begin or end a film. In a take that is rendered there is none, and no still."""
        if self._filmer is not None:
            self._notice = self._filmer.record(str(event.value or ""), event.time), event.time

    def _still(self, now: float) -> None:
        if self._filmer is not None:
            self._notice = self._filmer.still(self._play.preset.name, now), now

    def _learn(self, what: str) -> None:
        """A wish takes the place of one that no knob has moved for; an empty one gives that up."""
        self._wishes = (*self._changes(), self._wish(what)) if what.strip() else ()

    def _change(self, what: str) -> None:
        """A change of what is learned goes before a knob that is waited for, after other changes."""
        wish, changes = self._wish(what), self._changes()
        later = self._wishes[len(changes) :]
        self._wishes = (*(one for one in changes if one != wish), wish)[:MOST_WISHES] + later

    def _changes(self) -> tuple[str, ...]:
        return tuple(one for one in self._wishes if one.endswith(CHANGES))

    def _wish(self, what: str) -> str:
        target = what.strip().partition(" ")[0]
        if target not in (*self._table, *TEXTS) and not (target.startswith("do.") and target[3:] in OPEN):
            raise UserError(f"cannot learn {target!r}{near(target, self._table)}")
        return what.strip()

    def _learned(self, event: ControlEvent) -> None:
        wish, said, line = str(event.value or "").rpartition("\n")
        self._wishes = tuple(one for one in self._wishes if one != wish) if said else ()
        self._notice = line, event.time


def is_edit(event: ControlEvent) -> bool:
    """Whether the event is something done by hand that can be undone."""
    kind, _, rest = event.target.partition(".")
    if event.source in (conductor.SOURCE, autopilot.SOURCE) or kind in _NO_EDITS:
        return False
    return rest in ACTIONS and ACTIONS[rest].edit if kind == "do" else not rest.startswith("out.")


def _number(event: ControlEvent) -> float:
    if isinstance(event.value, (int, float)) and math.isfinite(event.value):
        return float(event.value)
    raise UserError(f"{event.target}: expected a number, got {event.value!r}")
