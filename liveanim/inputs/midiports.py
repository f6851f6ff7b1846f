"""MIDI inputs that come and go: found by name, opened when they appear, opened again after they were away.

Measured habits of rtmidi: an unplugged port still says it is open, and never speaks again; a new client for every look
at the ports breaks delivery on JACK, so one probe stays; where no MIDI server runs, trying one prints to the terminal.
It closes ports without letting go of Python's lock, and the system then waits for (or kills) its own thread: were that
thread inside a callback of ours, the whole program would hang. So no Python runs on the system's threads: rtmidi queues
the messages itself, and one thread of ours fetches them and opens and closes the ports.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from ..core.errors import UserError
from .midinames import CLIENT, devices

log = logging.getLogger(__name__)

LOOK = 1.0  # s between looks at the ports
FETCH = 0.002  # s between looks for messages
QUEUE = 16384  # messages of one input that may wait to be fetched: seconds of the wildest playing
Heard = Callable[[str, Sequence[int], float], None]
"""Gets (device, bytes of one message, when it came)."""


class Port(Protocol):
    """An open input."""

    def fetch(self) -> tuple[Sequence[int], float] | None:
        """The next message and how many seconds it came after the one before it; None: no more have come."""

    def close(self) -> None: ...


class System(Protocol):
    """A MIDI system."""

    def names(self) -> list[str]:
        """What the system calls the inputs that are there now. May raise OSError, ServerGone among them."""

    def open(self, name: str) -> Port:
        """Listen to the input of that name. May raise OSError."""


class ServerGone(OSError):
    """The MIDI server has ended. Another one cannot be met: JACK's library knows one a process, and a second crashes
    it. What is open stays open: closing it would ask the server."""


class Server:
    """The server behind a system of rtmidi, which goes on listing its ports when it has ended."""

    def __init__(self, module: ModuleType, api: int) -> None:
        jack = sys.platform.startswith("linux") and api == module.API_UNIX_JACK
        self._name = _jack_name()
        self._met = jack and listens(f"jack_{self._name}_")

    def check(self) -> None:
        """Raises ServerGone when it has ended."""
        if self._met and not listens(f"jack_{self._name}_"):
            raise ServerGone("the JACK server has ended: there is MIDI again when the show is started again")


def listens(name: str) -> bool:
    """Whether a program of this machine listens at a socket whose file's name begins with `name`. Nobody notices."""
    return f"/{name}" in Path("/proc/net/unix").read_text(errors="replace")


def _jack_name() -> str:
    return os.environ.get("JACK_DEFAULT_SERVER") or "default"


class RtSystem:
    """`System` over python-rtmidi."""

    def __init__(self, module: ModuleType, api: int) -> None:
        self._module, self._api, self._server = module, api, Server(module, api)
        self._probe: Any = module.MidiIn(api, name=f"{CLIENT} look")

    def names(self) -> list[str]:
        self._server.check()
        return [str(name) for name in self._probe.get_ports()]

    def open(self, name: str) -> Port:
        made: Any = self._module.MidiIn(self._api, name=CLIENT, queue_size_limit=QUEUE)
        made.ignore_types(sysex=True, timing=False, active_sense=True)
        try:
            made.open_port(made.get_ports().index(name), name="in")
        except (ValueError, self._module.RtMidiError, SystemError) as error:
            made.delete()
            raise OSError(f"cannot be opened: {error}") from None
        return _RtPort(made)


class _RtPort:
    def __init__(self, made: Any) -> None:
        self._made = made

    def fetch(self) -> tuple[Sequence[int], float] | None:
        message: tuple[Sequence[int], float] | None = self._made.get_message()
        return message

    def close(self) -> None:
        self._made.close_port()
        self._made.delete()


def systems() -> Iterator[tuple[ModuleType, int]]:
    """rtmidi and each of its systems that is up. UserError when python-rtmidi is missing."""
    try:
        import rtmidi
    except ImportError as error:
        raise UserError(f"MIDI needs the python-rtmidi package: `pip install python-rtmidi` ({error})") from None
    for api in rtmidi.get_compiled_api():
        if api != rtmidi.API_RTMIDI_DUMMY and _is_up(rtmidi, api):
            yield rtmidi, api


def find_system() -> System | None:
    """The first MIDI system that answers, None when there is none (yet). UserError when python-rtmidi is missing."""
    for rtmidi, api in systems():
        with contextlib.suppress(rtmidi.RtMidiError, SystemError):
            return RtSystem(rtmidi, api)
    return None


def _is_up(rtmidi: ModuleType, api: int) -> bool:
    """Whether it is worth asking: on Linux a driver that is not there says so on the terminal, not to us."""
    if not sys.platform.startswith("linux"):
        return True
    if api == rtmidi.API_LINUX_ALSA:
        return Path("/dev/snd/seq").exists()
    return bool(list(Path("/dev/shm").glob(f"jack_sem.*_{_jack_name()}_*")))


class Arrivals:
    """When the messages of an input came: as far apart as the system says, and each between the last two looks.

    However late a look is, messages keep their distances; however wrong the system's clock is, they are off by a look.
    """

    def __init__(self, now: float) -> None:
        self._looked = now
        self._last: float | None = None

    def stamp(self, gap: float, now: float) -> float:
        """The time of a message found at `now`, which came `gap` s after the one before it."""
        at = now if self._last is None else self._last + max(gap, 0.0)
        self._last = min(max(at, self._looked), now)
        return self._last

    def looked(self, now: float) -> None:
        """What had come by `now` has been found."""
        self._looked = now


@dataclass(slots=True)
class _Input:
    name: str  # what the system calls it
    port: Port
    arrivals: Arrivals


class MidiPorts:
    """Keeps every wanted input open and fetches what it says, in a thread of its own.

    clock    what messages are stamped with
    heard    gets the messages; changed: (device, whether it came or went); both on that thread
    wanted   part of a name, in any case; None: every input
    find     gives the MIDI system, or None as long as there is none
    """

    def __init__(
        self,
        clock: Callable[[], float],
        heard: Heard,
        changed: Callable[[str, bool], None],
        wanted: str | None = None,
        find: Callable[[], System | None] = find_system,
    ) -> None:
        self._clock, self._heard, self._changed, self._wanted, self._find = clock, heard, changed, wanted, find
        self._system: System | None = None
        self._open: dict[str, _Input] = {}  # by device
        self._failed: set[str] = set()
        self._dead: list[_Input] = []  # inputs of a server that has ended
        self.lost = ""  # why there will be no input any more
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)

    @property
    def devices(self) -> tuple[str, ...]:
        """The inputs that are open."""
        return tuple(self._open)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking and close the inputs; waits two seconds at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
                self._listen_until(time.monotonic() + LOOK)
            except Exception as error:  # noqa: BLE001  top of the thread: whatever the driver does, look again
                log.warning("midi: %s", error)
                self._stop.wait(LOOK)
        for device in self.devices:
            self._let_go(device)

    def _listen_until(self, end: float) -> None:
        while self._open and time.monotonic() < end and not self._stop.is_set():
            self.fetch()
            time.sleep(FETCH)
        self._stop.wait(end - time.monotonic())

    def fetch(self) -> None:
        """Hand on what has come since the last call."""
        for device, one in self._open.items():
            now = self._clock()
            for _ in range(QUEUE):
                message = one.port.fetch()
                if message is None:
                    break
                self._heard(device, message[0], one.arrivals.stamp(message[1], now))
            one.arrivals.looked(now)

    def look(self) -> None:
        """Open what has appeared, let go of what is gone."""
        if self._system is None:
            self._system = self._find()
        if self._system is None or self.lost:
            return
        try:
            there = devices(self._system.names(), self._wanted)
        except ServerGone as error:
            self._lose(str(error))
            return
        for device, one in list(self._open.items()):
            if there.get(device) != one.name:
                self._let_go(device)
                log.warning("midi: %s is gone, looking for it", device)
                self._changed(device, False)
        self._failed &= there.keys()
        for device, name in there.items():
            if device not in self._open:
                self._listen_to(self._system, device, name)

    def _listen_to(self, system: System, device: str, name: str) -> None:
        try:
            port = system.open(name)
        except OSError as error:
            if device not in self._failed:
                self._failed.add(device)
                log.warning("midi: %s %s", device, error)
            return
        self._open[device] = _Input(name, port, Arrivals(self._clock()))
        log.info("midi: %s is there", device)
        self._changed(device, True)

    def _lose(self, why: str) -> None:
        log.warning("midi: %s", why)
        self.lost = why
        for device in self.devices:
            self._dead.append(self._open.pop(device))
            self._changed(device, False)

    def _let_go(self, device: str) -> None:
        self._open.pop(device).port.close()
