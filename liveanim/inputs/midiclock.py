"""MIDI clock, both ways: 24 ticks a beat from another machine become tempo and beat, and ours become ticks."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ..core.errors import UserError
from ..core.model import Blend, ControlEvent
from ..core.params import METER
from ..core.tempo import Beat, heard
from .midiout import OutPort, OutSystem, out_systems

log = logging.getLogger(__name__)

TICK, START, CONTINUE, STOP, PLACE = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
PER_BEAT = 24
PER_SIXTEENTH = 6
SOURCE = "midi clock"
LOOK = 1.0  # s between looks at the outputs
SILENT_S = 1.0  # without a tick another device may lead
_FIT = 48  # ticks a line is laid through: two beats
_FEWEST = 12  # ticks before a tempo is told
_OFF = 0.3  # of a tick: a tick this far off the line is counted, and
_JUMPS = 4  # so many of them in a row mean that the tempo was changed


def is_clock(data: Sequence[int]) -> bool:
    """Whether a message belongs to the clock and not to a controller."""
    return bool(data) and data[0] in (TICK, START, CONTINUE, STOP, PLACE)


class TickLine:
    """Tempo and place from ticks that come a little late: a straight line through the newest two beats of them."""

    def __init__(self) -> None:
        self._ticks: deque[tuple[int, float]] = deque(maxlen=_FIT)
        self._count = 0
        self._off = 0
        self._first, self._length = 0.0, 0.0  # the line: time of tick 0 of it, seconds a tick
        self.placed = False  # whether tick 0 is a bar line

    def start(self, ticks: int) -> None:
        """The next tick is number `ticks` of the song."""
        shift = ticks - self._count
        self._ticks = deque(((number + shift, at) for number, at in self._ticks), maxlen=_FIT)
        self._count, self.placed = ticks, True

    def tick(self, at: float) -> None:
        """A tick came at `at` (s)."""
        number = self._count
        self._count += 1
        if len(self._ticks) >= _FEWEST and abs(at - self._first - number * self._length) > _OFF * self._length:
            self._off += 1
            if self._off >= _JUMPS:
                self._ticks = deque(list(self._ticks)[-_JUMPS + 1 :], maxlen=_FIT)
                self._off = 0
        else:
            self._off = 0
        self._ticks.append((number, at))
        if len(self._ticks) >= 2:
            self._fit()

    def _fit(self) -> None:
        numbers, times = np.array(self._ticks).T
        middle, mean = numbers.mean(), times.mean()
        away = numbers - middle
        self._length = float(away @ (times - mean) / (away @ away))
        self._first = float(mean - middle * self._length)

    @property
    def bpm(self) -> float:
        """0 before enough ticks have come."""
        known = len(self._ticks) >= _FEWEST and self._length > 0
        return 60.0 / (PER_BEAT * self._length) if known else 0.0

    def beat(self, at: float) -> float:
        """Beats since tick 0 at time `at`."""
        return (at - self._first) / (self._length * PER_BEAT)


class ClockIn:
    """Owned by the loop: `message` for every clock message in order of time, then `take` once a frame.

    The device that ticks first leads until it has been silent for a second.
    """

    def __init__(self) -> None:
        self._line = TickLine()
        self._leader = ""
        self._last = -math.inf
        self._place = 0  # ticks
        self._told = 0
        self._events: list[ControlEvent] = []

    def message(self, device: str, data: Sequence[int], at: float) -> None:
        """One message of `device` that came at show time `at`."""
        if device != self._leader or at - self._last > SILENT_S:
            if device != self._leader and at - self._last <= SILENT_S:
                return
            self._leader, self._line = device, TickLine()
        self._last = at
        kind = data[0]
        if kind == TICK:
            self._line.tick(at)
            self._told += 1
            if self._told % PER_SIXTEENTH == 0 and self._line.bpm:
                place = f" {self._line.beat(at):.4f}" if self._line.placed else ""
                self._events.append(ControlEvent(at, "clock.midi", f"{self._line.bpm:.3f}{place}", SOURCE))
        elif kind == START:
            self._line.start(0)
        elif kind == CONTINUE:
            self._line.start(self._place)
        elif kind == PLACE and len(data) == 3:
            self._place = (data[1] | data[2] << 7) * PER_SIXTEENTH

    def take(self) -> list[ControlEvent]:
        """What the clock said since the last call: four times a beat 'BPM BEAT', or 'BPM' while no start was heard."""
        events, self._events = self._events, []
        return events


class Ticker:
    """When ticks are due, by what was last heard of the beat clock. Times in seconds, of any clock that runs evenly."""

    def __init__(self) -> None:
        self._at, self._beat, self._rate = 0.0, 0.0, 0.0  # a time, the beat then, beats a second
        self._next = 0  # number of the next tick; those of beat b begin at 24 b
        self._line, self._meter = 0, METER  # the beat of a bar line, beats of a bar
        self._started = False

    def begin(self) -> None:
        """Somebody listens from now on: a start comes with the next bar."""
        self._started = False

    def heard(self, beat: Beat, at: float) -> None:
        """At `at` it was `beat`."""
        self._at, self._beat, self._rate = at, beat.beat, beat.bpm / 60.0
        line, due = round(beat.line), math.ceil(beat.beat * PER_BEAT - 1e-6)
        if abs(due - self._next) > PER_BEAT // 2:  # the first word, or a leap to another bar: start afresh
            self._next, self._started = due, False
        if beat.meter != self._meter or (line - self._line) % beat.meter:  # bars are counted anew: so are theirs
            self._started = False
        self._line, self._meter = line, beat.meter

    def due(self) -> float:
        """When the next tick is due; infinite before anything was heard."""
        if self._rate <= 0:
            return math.inf
        return self._at + (self._next / PER_BEAT - self._beat) / self._rate

    def messages(self) -> list[list[int]]:
        """The next tick, after a start where a bar begins; moves on by one tick."""
        out = [[TICK]]
        if not self._started and (self._next - self._line * PER_BEAT) % (self._meter * PER_BEAT) == 0:
            out.insert(0, [START])
            self._started = True
        self._next += 1
        return out


class ClockOut:
    """A sink that makes another machine follow: ticks from a thread of its own, even however unevenly frames come. An
    output that goes away is looked for until it is back; then there is a start with the next bar.

    wanted   part of the name of a MIDI output. UserError when there is none
    find     gives the MIDI systems there are
    """

    def __init__(self, wanted: str, find: Callable[[], Iterable[OutSystem]] = lambda: out_systems("clock")) -> None:
        self._wanted, self._systems = wanted.casefold(), tuple(find())
        self._out: OutPort | None = None
        self._name = ""
        self._ticker = Ticker()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stop = False
        self._looked = time.perf_counter()
        self._thread = threading.Thread(target=self._run, name="midi clock", daemon=True)
        try:
            there = self._look()
        except OSError as error:
            raise UserError(f"MIDI output for the clock: {error}") from None
        if self._out is None:
            raise UserError(f"no MIDI output with {wanted!r} in its name; there are: {', '.join(there) or 'none'}")
        self._thread.start()

    def write(self, blend: Blend, now: float) -> None:
        """The beat of this frame, which is shown now."""
        with self._lock:
            self._ticker.heard(heard(blend), time.perf_counter())
        self._woken.set()

    def close(self) -> None:
        """Say stop and end."""
        self._stop = True
        self._woken.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        try:
            while not self._stop:
                self._step()
            self._send([STOP])
            self._let_go()
        except Exception as error:  # noqa: BLE001  top of the thread: the show goes on without this clock
            log.warning("midi clock: ended (%s)", error)

    def _step(self) -> None:
        with self._lock:
            wait = self._ticker.due() - time.perf_counter()
            messages = self._ticker.messages() if wait <= 0 else []
        for message in messages:
            self._send(message)
        if messages and time.perf_counter() - self._looked > LOOK:  # the next tick is a while off
            self._looked = time.perf_counter()
            with contextlib.suppress(OSError):
                self._look()
        if not messages:
            self._woken.wait(min(wait, 0.5))
            self._woken.clear()

    def _look(self) -> list[str]:
        """Let go of an output that is gone, open one that is wanted; the names of all there are. May raise OSError."""
        there = [(system, name) for system in self._systems for name in system.names()]
        if self._out is not None and self._name not in (name for _, name in there):
            log.warning("midi clock: %s is gone, looking for it", self._name)
            self._let_go()
        wanted = next(((system, name) for system, name in there if self._wanted in name.casefold()), None)
        if self._out is None and wanted is not None:
            system, self._name = wanted
            self._out = system.open(self._name)
            self._ticker.begin()
        return [name for _, name in there]

    def _send(self, message: Sequence[int]) -> None:
        if self._out is not None:
            with contextlib.suppress(OSError):  # if it is gone, the next look says so
                self._out.send(tuple(message))

    def _let_go(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None
