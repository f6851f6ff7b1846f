"""MIDI in, and channels of a lighting desk by the same maps: from what is plugged in to control events."""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import home
from ..core.errors import UserError, brief
from ..core.model import ControlEvent
from ..core.params import PARAMS, Table
from ..data import write_whole
from . import midilearn, midimap
from .dmx import Moved
from .midiclock import ClockIn, is_clock
from .mididesk import SOURCE, MidiDesk, Values
from .midiports import MidiPorts, System, find_system

log = logging.getLogger(__name__)

_WAITING = 8192  # messages; when the loop stands still for seconds the oldest are given up
LEARNED = "learned"
_CLEAN = re.compile(r"[^\w .()+-]+")
_SHOWN = 8.0  # s a change of the inputs is on the HUD


class MidiInput:
    """A `Source` of what knobs and pads do; `problem` says which device went away.

    clock    show time; values: where the parameters stand
    wanted   part of the name of the input to use; None: every one
    own      the user's map, used for the ports it fits before the shipped ones. UserError when it is no good
    folder   where the user's other maps lie, and in 'learned' what knobs have learned; None: `own_dir()`
    table    the parameters of this show
    """

    def __init__(
        self,
        clock: Callable[[], float],
        values: Values,
        wanted: str | None = None,
        own: Path | None = None,
        find: Callable[[], System | None] = find_system,
        folder: Path | None = None,
        table: Table = PARAMS,
    ) -> None:
        folder = folder or own_dir()
        first = [midimap.read_map(own, table)] if own is not None else []
        maps = [*first, *_maps_in(folder, table), *midimap.shipped()]
        self._clock, self._wanted, self._folder = clock, wanted, folder / LEARNED
        self.desk = MidiDesk(maps, values, _maps_in(self._folder, table), self._keep, table)
        self._clock_in = ClockIn()
        self._waiting: deque[tuple[float, str, Sequence[int]]] = deque(maxlen=_WAITING)
        self._faders: deque[tuple[str, Moved, float]] = deque(maxlen=_WAITING)
        self._came: deque[tuple[str, bool]] = deque(maxlen=64)
        self._said = ("", -_SHOWN)
        self._lost = 0
        self._unkept: dict[str, midimap.MidiMap] = {}
        self._keeping = threading.Lock()
        self._rows: tuple[int, Mapping[str, Mapping[str, Any]]] = -1, {}
        self.ports = MidiPorts(clock, self._heard, self._changed, wanted, find)
        self.ports.start()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many messages came, were of no use (other), and were lost because the loop stood still."""
        return {**self.desk.counts, "lost": self._lost}

    def read(self, now: float) -> Sequence[ControlEvent]:
        """What was played since the last read. Never blocks, never raises."""
        while self._came:
            device, there = self._came.popleft()
            if not there:
                self.desk.forget(device)
        for _ in range(len(self._waiting)):
            time, device, data = self._waiting.popleft()
            if is_clock(data):
                self._clock_in.message(device, data, time)
            else:
                self.desk.message(device, data, time)
        while self._faders:
            device, moved, time = self._faders.popleft()
            for channel, level in moved:
                self.desk.dmx(device, channel, level, time)
        return [*self._clock_in.take(), *self.desk.take(now)]

    def learned(self) -> Mapping[str, Mapping[str, Any]]:
        """What knobs and pads have learned, as rows for JSON; the same mapping while nothing changes. Any thread."""
        version = self.desk.version
        if version != self._rows[0]:
            pairs = [(port, control) for port, one in self.desk.learned.items() for control in one.controls]
            made = [midilearn.row_of(control, port) for port, control in pairs]
            self._rows = version, {f"{row['port']} {row['knob']}": row for row in made}
        return self._rows[1]

    def problem(self) -> str:
        """A line about an input that has just gone or come back, or why none is there; else ''."""
        line, at = self._said
        if self._clock() - at < _SHOWN:
            return line
        if self.ports.lost:
            return f"MIDI: {self.ports.lost}"
        if self._wanted is not None and not self.ports.devices:
            return f"MIDI: no input with {self._wanted!r} in its name"
        return ""

    def close(self) -> None:
        """Let go of the inputs."""
        self.ports.close()

    def faders(self, device: str, moved: Moved, at: float) -> None:
        """Channels of a lighting desk moved; any thread."""
        self._faders.append((device, moved, at))

    def _keep(self, one: midimap.MidiMap) -> None:
        """Write what the knobs of a port have learned, without waiting for the disk."""
        self._unkept[one.name] = one
        threading.Thread(target=self._keep_all, name="midi map").start()

    def _keep_all(self) -> None:
        with self._keeping:
            while self._unkept:
                _write(self._folder, self._unkept.popitem()[1])

    def _heard(self, device: str, data: Sequence[int], at: float) -> None:
        """On the ports' thread: keep it, be gone."""
        self._lost += len(self._waiting) == _WAITING
        self._waiting.append((at, device, data))

    def _changed(self, device: str, there: bool) -> None:
        used = self.desk.map_for(device)
        self._said = f"MIDI: {device}{'' if there else ' is gone'}", self._clock()
        if there:
            log.info("midi: %s plays by the map of %s", device, used.name if used else "nobody")
        self._came.append((device, there))


class NoMidi:
    """A `Source` in the place of MIDI where a show has none: whoever wants a knob to learn is told."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def read(self, now: float) -> Sequence[ControlEvent]:
        wish = self._values.learning
        return [ControlEvent(now, "do.learned", f"{wish}\nthere is no MIDI in this show", SOURCE)] if wish else []

    def problem(self) -> str:
        return ""


def own_dir() -> Path:
    """Where a user's own maps lie."""
    return home.config() / "midi"


def _maps_in(folder: Path, table: Table) -> list[midimap.MidiMap]:
    """The maps in a folder; one that cannot be read is said and left out."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append(midimap.read_map(path, table))
        except UserError as error:
            log.warning("midi: %s", error)
    return found


def _write(folder: Path, one: midimap.MidiMap) -> None:
    import tomlkit

    path = folder / f"{_CLEAN.sub('-', one.name)[:80]}.toml"
    try:
        if one.controls:
            write_whole(path, tomlkit.dumps(midilearn.map_data(one)))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("midi: what was learned cannot be kept in %s: %s", path, brief(error))
