"""Lights of controllers: outputs that come and go, told what changed, and everything again from time to time."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

from ..core.errors import UserError
from ..core.model import Blend
from ..core.params import PARAMS, Table
from . import midilights
from .mididesk import MidiDesk
from .midilights import Lit, Message, Place
from .midimap import Light
from .midinames import CLIENT, devices
from .midiports import Server, ServerGone, systems

log = logging.getLogger(__name__)

RATE = 20.0  # Hz: how often lights are looked at
LOOK = 1.0  # s between looks at the outputs
AT_ONCE = 40  # messages to one device in one go: cheap devices swallow more
AGAIN = 2  # lights told again in each go, though nothing changed: a driver may have swallowed a message
REST = 0.4  # s a knob is left alone after it was turned, so that it does not pull back


class OutPort(Protocol):
    """An open output."""

    def send(self, message: Message) -> None:
        """May raise OSError."""

    def close(self) -> None: ...


class OutSystem(Protocol):
    """A MIDI system."""

    def names(self) -> list[str]:
        """What the system calls the outputs that are there now. May raise OSError."""

    def open(self, name: str) -> OutPort:
        """May raise OSError."""


class RtOutSystem:
    """`OutSystem` over python-rtmidi; `use` is what our ports are called."""

    def __init__(self, module: ModuleType, api: int, use: str) -> None:
        self._module, self._api, self._use = module, api, use
        self._server = Server(module, api)
        self._probe: Any = module.MidiOut(api, name=f"{CLIENT} look")

    def names(self) -> list[str]:
        self._server.check()
        try:
            return [str(name) for name in self._probe.get_ports()]
        except (self._module.RtMidiError, SystemError) as error:
            raise OSError(str(error)) from None

    def open(self, name: str) -> OutPort:
        made: Any = self._module.MidiOut(self._api, name=CLIENT)
        try:
            made.open_port(made.get_ports().index(name), name=self._use)
        except (ValueError, self._module.RtMidiError, SystemError) as error:
            made.delete()
            raise OSError(f"cannot be opened: {error}") from None
        return _RtOut(made, self._module)


class _RtOut:
    def __init__(self, made: Any, module: ModuleType) -> None:
        self._made, self._module = made, module

    def send(self, message: Message) -> None:
        try:
            self._made.send_message(message)
        except (self._module.RtMidiError, SystemError) as error:
            raise OSError(str(error)) from None

    def close(self) -> None:
        self._made.close_port()
        self._made.delete()


def out_systems(use: str) -> Iterator[OutSystem]:
    """The MIDI systems that answer. UserError when python-rtmidi is missing."""
    for rtmidi, api in systems():
        with contextlib.suppress(rtmidi.RtMidiError, SystemError):
            yield RtOutSystem(rtmidi, api, use)


def find_outputs() -> OutSystem | None:
    """The first MIDI system that answers, None when there is none (yet)."""
    with contextlib.suppress(UserError):  # no python-rtmidi: the inputs have said so
        return next(out_systems("lights"), None)
    return None


class _Desk:
    """The lights of one device: what is known to have been said to it."""

    def __init__(self, port: OutPort, name: str) -> None:
        self.port, self.name = port, name
        self._told: dict[Place, Message] = {}
        self._turn = 0

    def tell(self, wanted: Mapping[Place, Message], most: int = AT_ONCE) -> None:
        """Send what has changed, and a few lights that have not. What a hand has turned is not known any more.
        May raise OSError."""
        self._told = {place: message for place, message in self._told.items() if place in wanted}
        changed = [place for place, message in wanted.items() if self._told.get(place) != message][:most]
        places = list(wanted)
        self._turn = (self._turn + AGAIN) % max(1, len(places))
        for place in dict.fromkeys([*changed, *places[self._turn : self._turn + AGAIN]]):
            self.port.send(wanted[place])
            self._told[place] = wanted[place]


class MidiLights:
    """A sink that shows frames on the controllers whose maps have lights. A thread of its own does the sending.

    desk     whose maps they are; inputs: the names of the inputs that are open, to know which belongs to which output
    wanted   part of a name, in any case; None: every output
    """

    def __init__(
        self,
        desk: MidiDesk,
        inputs: Callable[[], Sequence[str]],
        table: Table = PARAMS,
        wanted: str | None = None,
        find: Callable[[], OutSystem | None] = find_outputs,
    ) -> None:
        self._desk, self._inputs, self._table, self._only, self._find = desk, inputs, table, wanted, find
        self._system: OutSystem | None = None
        self._open: dict[str, _Desk] = {}
        self._failed: set[str] = set()
        self._dead: list[_Desk] = []  # of a server that has ended
        self._frames: Mapping[str, Mapping[Place, Message]] = {}  # by device; replaced whole
        self._plans: dict[str, tuple[tuple[int, str], tuple[Lit, ...]]] = {}
        self._next = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi lights", daemon=True)

    def start(self) -> None:
        """Begin to look for outputs."""
        self._thread.start()

    # the loop's thread

    def write(self, blend: Blend, now: float) -> None:
        """Keep what the lights are to show of this frame."""
        devices = tuple(self._open)
        if not devices or self._next - 1 / RATE <= now < self._next:
            return
        self._next = now + 1 / RATE
        self._frames = {device: self._frame(device, blend, now) for device in devices}

    def _frame(self, device: str, blend: Blend, now: float) -> Mapping[Place, Message]:
        port = self._partner(device)
        key = (self._desk.version, port)
        if device not in self._plans or self._plans[device][0] != key:
            lights = self._lights(device)
            self._plans[device] = key, midilights.plan(lights, lambda light: self._desk.plays(port, light))
        rows = self._plans[device][1]
        resting = [one for one in rows if one.knob is None or now - self._desk.turned(port, one.knob) >= REST]
        for knob in filter(None, (one.knob for one in resting)):
            self._desk.stands(port, knob, midilights.knob_place(knob, self._table[knob.target], blend.values))
        return midilights.messages(resting, blend, self._table)

    def _partner(self, device: str) -> str:
        """The input of the device that an output belongs to; where none has its name, one with the same map."""
        inputs = self._inputs()
        if device in inputs:
            return device
        used = self._desk.map_for(device)
        return next((name for name in inputs if self._desk.map_for(name) is used), device)

    # the lights' own thread

    def _run(self) -> None:
        look = 0.0
        while not self._stop.wait(1 / RATE):
            look -= 1 / RATE
            try:
                if look <= 0:
                    look = LOOK
                    self.look()
                self.send()
            except Exception as error:  # noqa: BLE001  top of the thread: whatever the driver does, go on
                log.warning("midi lights: %s", error)
        for device in tuple(self._open):
            self._let_go(device, dark=True)

    def look(self) -> None:
        """Open the outputs that have appeared and have lights, let go of those that are gone."""
        if self._system is None:
            self._system = self._find()
        if self._system is None or self._dead:
            return
        try:
            names = devices(self._system.names(), self._only)
        except ServerGone:  # the inputs say so
            self._dead = [self._open.pop(device) for device in tuple(self._open)]
            return
        there = {device: name for device, name in names.items() if self._lights(device)}
        for device, desk in list(self._open.items()):
            if there.get(device) != desk.name:
                self._let_go(device)
        self._failed &= there.keys()
        for device, name in there.items():
            if device not in self._open:
                self._begin(self._system, device, name)

    def _lights(self, device: str) -> Sequence[Light]:
        used = self._desk.map_for(device)
        return used.lights if used is not None else ()

    def _begin(self, system: OutSystem, device: str, name: str) -> None:
        try:
            self._open[device] = _Desk(system.open(name), name)
        except OSError as error:
            if device not in self._failed:
                self._failed.add(device)
                log.warning("midi: the lights of %s: %s", device, error)
            return
        log.info("midi: %s shows its lights", device)

    def send(self) -> None:
        """Tell every device what has changed for it."""
        for device, frame in self._frames.items():
            desk = self._open.get(device)
            if desk is None:
                continue
            try:
                desk.tell(frame)
            except OSError as error:
                log.warning("midi: the lights of %s: %s", device, error)
                self._let_go(device)

    def _let_go(self, device: str, dark: bool = False) -> None:
        desk = self._open.pop(device)
        if dark:
            lights = self._lights(device)
            with contextlib.suppress(OSError):
                desk.tell(midilights.dark(lights), len(lights))
        desk.port.close()

    def close(self) -> None:
        """Let the lights go out and close the outputs; waits two seconds at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
