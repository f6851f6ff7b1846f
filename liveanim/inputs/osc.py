"""OSC in: a socket and a thread of its own, from datagrams to control events."""

from __future__ import annotations

import contextlib
import heapq
import logging
import select
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..clock import unix_time
from ..core.errors import UserError, brief
from ..core.model import ControlEvent
from . import oscnames, oscwire
from .asked import Asked, Frame, Names, no_frame
from .oscnames import Address, Book, Refused
from .pending import Pending

log = logging.getLogger(__name__)

PORT = 7000
ERRORS = f"{oscnames.ROOT}/error"
MOST_AHEAD = 60.0  # s a time tag may lie in the future
MOST_SCHEDULED = 10_000
MOST_FOREIGN = 1000  # addresses outside of ours whose numbers are kept
_BUFFER = 4 << 20  # bytes the system may hold for us: a burst of thousands of messages
_BACKLOG = 50_000  # packets taken from the system and not yet read
_BACKLOG_BYTES = 32 << 20
_EMPTYING, _TURN = 512, 64  # packets taken from the system at most, and read, before it is the other's turn
_MOST_PLAIN = 2000  # heads of packets that are known to set a value
_ANSWERS, _ANSWERS_AT_ONCE = 50.0, 250.0  # a second: an answer to every packet of a flood would double it
_SHOWN = 8.0  # s a problem is on the HUD
_MOST_SAID = 100  # different problems that are shown

Sender = tuple[str, int]


class OscInput:
    """A `Source` of what comes over OSC; `problem` says what could not be applied.

    clock    show time; values: where the parameters (and texts, by target) stand, for questions
    host     '127.0.0.1', or '0.0.0.0' for everybody on the network
    presets  gives the names that may be asked for now; book: the addresses, by default those of every show
    frame    the newest display frame
    UserError when the port cannot be had (0 takes a free one: `port` tells which).
    """

    def __init__(
        self,
        clock: Callable[[], float],
        values: Callable[[], Mapping[str, float | str]],
        host: str = "127.0.0.1",
        port: int = PORT,
        presets: Names = tuple,
        book: Book | None = None,
        frame: Frame = no_frame,
    ) -> None:
        self._clock = clock
        self._socket = _open(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._reader = OscReader(clock, values, self._send, presets, book, frame=frame)
        self._backlog: deque[tuple[bytes, Sender, float]] = deque()
        self._newest: dict[bytes, tuple[bytes, Sender, float]] = {}
        self._waiting = 0  # bytes in the backlog
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many messages were applied, scheduled, merged (a newer value came first), dropped and refused."""
        return self._reader.counts

    def read(self, now: float) -> Sequence[ControlEvent]:
        """What came since the last read and what was scheduled for up to `now`, in order. Never blocks or raises."""
        return self._reader.read(now)

    def problem(self) -> str:
        """The newest message that was not applied, for eight seconds after its first time; else ''."""
        return self._reader.problem()

    def close(self) -> None:
        """Give the port back."""
        self._stop.set()
        self._thread.join(2.0)
        self._socket.close()

    def _keep(self, packet: bytes, sender: Sender, time: float) -> None:
        """Of a packet that only sets a value the newest is enough; everything else is read in order."""
        head = packet[:-4]
        if head in self._reader.plain and _is_finite(packet):
            self._reader.counts["merged"] += head in self._newest
            self._newest[head] = packet, sender, time
            return
        self._backlog.append((packet, sender, time))
        self._waiting += len(packet)
        while self._waiting > _BACKLOG_BYTES or len(self._backlog) > _BACKLOG:
            self._waiting -= len(self._backlog.popleft()[0])
            self._reader.counts["dropped"] += 1

    def _send(self, packet: bytes, sender: Sender) -> None:
        with contextlib.suppress(OSError):  # nobody there, or no room: an answer is a courtesy
            self._socket.sendto(packet, sender)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._backlog or self._newest or select.select([self._socket], [], [], 0.1)[0]:
                    self._turn()
            except Exception as error:  # noqa: BLE001  top of the thread: whatever was sent, the next message is read
                log.warning("osc: %s", error)
                self._stop.wait(0.05)

    def _turn(self) -> None:
        """Empty the socket, so that the system drops nothing, then read some of what has come."""
        # A bad network says so here (a refused answer, an interface that went away): not our concern.
        with contextlib.suppress(OSError):
            for _ in range(_EMPTYING):
                packet, sender = self._socket.recvfrom(65536)
                self._keep(packet, sender, self._clock())
        newest, self._newest = self._newest, {}
        for row in newest.values():
            self._reader.packet(*row)
        for _ in range(min(_TURN, len(self._backlog))):
            packet, sender, time = self._backlog.popleft()
            self._waiting -= len(packet)
            self._reader.packet(packet, sender, time)


class OscReader:
    """Datagrams in, control events out: all of OSC but the socket.

    clock    show time; send: what answers the sender
    values   where the parameters (and texts, by target) stand, for questions
    presets  gives the names that may be asked for now; book: the addresses, by default those of every show
    unix     seconds since 1970, for time tags; frame: the newest display frame
    `counts` has how many messages were applied, scheduled and refused, by reason. `plain` holds what stands before the
    number in packets that did nothing but set a value: of several of those the newest is enough.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        values: Callable[[], Mapping[str, float | str]],
        send: Callable[[bytes, Sender], None],
        presets: Names = tuple,
        book: Book | None = None,
        unix: Callable[[], float] = unix_time,
        frame: Frame = no_frame,
    ) -> None:
        self._book, self._unix = book or Book(), unix
        self._clock, self._values, self._send = clock, values, send
        self._asked = Asked(self._book.table, presets, frame)
        self.counts: Counter[str] = Counter()
        self.plain: set[bytes] = set()
        self._pending = Pending()
        self._scheduled = _Scheduled()
        self._foreign: set[str] = set()
        self._said: set[tuple[str, str]] = set()
        self._said_last = ("", -_SHOWN)
        self._allowance, self._allowed_at = _ANSWERS_AT_ONCE, clock()

    def read(self, now: float) -> Sequence[ControlEvent]:
        """What came since the last read and what was scheduled for up to `now`, in order. Never blocks or raises."""
        if now > 0 and self._scheduled.early:
            self._scheduled.begin(now, self._unix())
        for event in self._scheduled.due(now):
            self._pending.put(event)
        return self._pending.take()

    def problem(self) -> str:
        """The newest message that was not applied, for eight seconds after its first time; else ''."""
        line, at = self._said_last
        return line if self._clock() - at < _SHOWN else ""

    def packet(self, packet: bytes, sender: Sender, time: float) -> None:
        """Take in one datagram that came from `sender` at show time `time`. Whatever it holds, this does not raise."""
        try:
            messages = oscwire.read(packet)
        except oscwire.Malformed as error:
            self._refuse("malformed packet", str(error), "", sender, time)
            return
        present = self._unix() if any(message.tag > oscwire.AT_ONCE for message in messages) else 0.0
        for message in messages:
            if message.address.lower() == ERRORS:
                continue  # two programs that answer each other's errors would never stop
            try:
                self._message(message, sender, time, present)
            except Refused as error:
                self._refuse(error.kind, str(error), message.address, sender, time, error.hint)
            else:
                if _sets_a_value(packet, messages, self._book) and len(self.plain) < _MOST_PLAIN:
                    self.plain.add(packet[:-4])

    def _message(self, message: oscwire.Message, sender: Sender, time: float, present: float) -> None:
        found = self._book.find(message.address)
        if found and oscnames.is_question(message.arguments):
            for address in found:
                self._answer(address.path, oscnames.answer(address, self._values()), sender, time)
            return
        delay = _delay(message.tag, present)
        for event in self._events(message, found, time + delay):
            if event is None:
                continue
            self._asked.check(event)
            if delay <= 0:
                self.counts["applied"] += 1
                self._pending.put(event)
            elif self._scheduled.add(event, present + delay if time <= 0 else None):
                self.counts["scheduled"] += 1
            else:
                raise Refused("too many scheduled", f"{MOST_SCHEDULED} messages wait for their time already")

    def _events(self, message: oscwire.Message, found: Sequence[Address], time: float) -> Sequence[ControlEvent | None]:
        if found:
            return [oscnames.event(address, message.arguments, time) for address in found]
        path = message.address
        if path.lower().startswith(oscnames.ROOT + "/"):
            raise Refused(oscnames.UNKNOWN, "unknown address")
        event = oscnames.foreign(path, message.arguments, time)
        if path not in self._foreign and len(self._foreign) >= MOST_FOREIGN:
            raise Refused("too many addresses", f"{MOST_FOREIGN} addresses outside of {oscnames.ROOT} are kept already")
        self._foreign.add(path)
        return [event]

    def _refuse(
        self, kind: str, reason: str, address: str, sender: Sender, time: float, hint: Callable[[], str] = str
    ) -> None:
        """Count it, say it once, tell the sender."""
        self.counts[kind] += 1
        if (kind, address) not in self._said and len(self._said) < _MOST_SAID:
            self._said.add((kind, address))
            reason += self._book.hint(address) if kind == oscnames.UNKNOWN else hint()
            line = " ".join(f"OSC: {address}: {reason}"[:160].split())
            self._said_last = line, time
            if self.counts[kind] == 1:
                log.warning("%s (from %s; more of this kind are only counted)", line, sender[0])
        self._answer(ERRORS, (address, reason), sender, time)

    def _answer(self, path: str, what: float | str | tuple[str, str], sender: Sender, time: float) -> None:
        self._allowance = min(_ANSWERS_AT_ONCE, self._allowance + _ANSWERS * max(0.0, time - self._allowed_at))
        self._allowed_at = time
        if self._allowance < 1:
            self.counts["unanswered"] += 1
            return
        self._allowance -= 1
        arguments = what if isinstance(what, tuple) else (what,)
        self._send(oscwire.message(path, *arguments), sender)


def _sets_a_value(packet: bytes, messages: Sequence[oscwire.Message], book: Book) -> bool:
    """Whether a packet that was applied is one message with one number (f) for addresses that keep the newest."""
    if len(messages) != 1 or not packet.startswith(b"/") or packet[-8:-4] != b",f\0\0":
        return False
    return all(address.kind in ("value", "raw") for address in book.find(messages[0].address))


def _is_finite(packet: bytes) -> bool:
    """Whether the four bytes at the end are a finite number: not every bit of its exponent is set."""
    return packet[-4] & 0x7F != 0x7F or packet[-3] < 0x80


def _delay(tag: int, present: float) -> float:
    """Seconds from `present` (since 1970) to a time tag, 0 when it has passed."""
    delay = 0.0 if tag <= oscwire.AT_ONCE else max(0.0, oscwire.seconds_of(tag) - present)
    if delay > MOST_AHEAD:
        raise Refused("time tag too far ahead", f"a time tag {delay:.0f} s ahead (at most {MOST_AHEAD:.0f} s)")
    return delay


class _Scheduled:
    """Events whose time has not come. `early` ones came before the show began, when it was not yet known how show time
    goes with that of other machines: (when, in seconds since 1970; event)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heap: list[tuple[float, int, ControlEvent]] = []
        self._count = 0
        self.early: list[tuple[float, ControlEvent]] = []

    def begin(self, now: float, present: float) -> None:
        """It is show time `now` at `present` (since 1970): give the early ones their time."""
        with self._lock:
            early, self.early = self.early, []
        for at, event in early:
            self.add(replace(event, time=now + max(0.0, at - present)), None)

    def add(self, event: ControlEvent, at: float | None) -> bool:
        """Keep `event` for its time, or for `at` when the show has not begun; False when there is no room."""
        with self._lock:
            if len(self._heap) + len(self.early) >= MOST_SCHEDULED:
                return False
            if at is not None:
                self.early.append((at, event))
                return True
            self._count += 1
            heapq.heappush(self._heap, (event.time, self._count, event))
            return True

    def due(self, now: float) -> list[ControlEvent]:
        """The events of up to `now`, in order, each once."""
        events = []
        with self._lock:
            while self._heap and self._heap[0][0] <= now:
                events.append(heapq.heappop(self._heap)[2])
        return events


def _open(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        made.setblocking(False)
        made.bind((host, port))
    except (OSError, OverflowError) as error:
        made.close()
        reason = brief(error).lower()
        raise UserError(f"OSC: port {port} on {host} cannot be opened ({reason}): --osc-port takes another") from None
    return made
