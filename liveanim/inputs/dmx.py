"""DMX from a lighting desk, by Art-Net or sACN: which channels of one universe moved, and where they stand.

Formats: core/dmx.py, and of Art-Net 4 ArtPoll and its reply. Of two senders of one universe that of the higher priority
counts, else the first, until nothing has come of it for 2.5 s (E1.31, 6.7.1).
"""

from __future__ import annotations

import logging
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..core.dmx import ARTNET, PORTS, SACN, Packet, artnet, sacn, sacn_group
from ..core.errors import UserError, brief
from ..core.model import ControlEvent

log = logging.getLogger(__name__)

GROUPS = 16  # multicast groups that are joined to see what is sent: Linux lets a socket have 20
AWAY = 2.5  # s without a packet after which a sender is taken to be gone
_ARTPOLL = b"Art-Net\x00\x00\x20"
Moved = Sequence[tuple[int, int]]
"""(channel from 1, level 0..255)"""


def poll_reply(universe: int, address: str) -> bytes:
    """What a desk that asks for nodes (ArtPoll) is told: one output, of `universe`, at this machine's `address`."""
    ip = socket.inet_aton(address)
    head = b"Art-Net\x00" + struct.pack("<H", 0x2100) + ip + struct.pack("<H", PORTS[ARTNET])
    place = struct.pack(">HBBHBBH", 1, universe >> 8, universe >> 4 & 15, 0x00FF, 0, 0xD0, 0)  # version .. manufacturer
    names = b"liveanim".ljust(18, b"\x00") + b"liveanim: live diffusion".ljust(64, b"\x00")
    report = b"#0001 [0000] ready".ljust(64, b"\x00")
    outputs = struct.pack(">H4s4s4s4s4s", 1, b"\x80", b"", b"\x80", b"", bytes([universe & 15]))
    rest = bytes(7) + bytes(6) + ip + bytes([1, 8])  # style: a node; no MAC; the first of its kind; 15-bit universes
    return (head + place + names + report + outputs + rest).ljust(239, b"\x00")


_PARSERS = {ARTNET: artnet, SACN: sacn}


class Frames:
    """From packets to what moved. What the first packet says is where the desk stands, not that it was moved."""

    def __init__(self, universe: int) -> None:
        self._universe = universe
        self._levels: bytes | None = None
        self._from: tuple[bytes, int, float] | None = None  # sender, priority, when (s)

    def take(self, packet: Packet, sender: bytes, now: float) -> Moved:
        """The channels that moved by `packet`, which came from the address `sender` at `now` (s)."""
        if packet.universe != self._universe:
            return ()
        name = packet.sender or sender
        held = self._from
        if held is not None and now - held[2] < AWAY and held[0] != name and packet.priority <= held[1]:
            return ()
        self._from = None if packet.ended else (name, packet.priority, now)
        if packet.ended:
            return ()
        before, self._levels = self._levels, packet.levels
        if before is None:
            return ()
        old = before.ljust(len(packet.levels), b"\x00")
        return [(n, new) for n, (new, was) in enumerate(zip(packet.levels, old, strict=False), 1) if new != was]


@dataclass(frozen=True, slots=True)
class Desk:
    """Who sends a universe: the address that it comes from."""

    way: str
    universe: int
    sender: str


class Overhearing:
    """Listens for whatever universes are sent; ports that somebody else listens on are theirs, and said in `trouble`.

    Of sACN, which is sent to the members of a group alone, the first GROUPS universes.
    """

    def __init__(self, address: str = "", ports: Mapping[str, int] = PORTS) -> None:
        self._sockets: dict[str, socket.socket] = {}  # by the way
        self.trouble: list[str] = []
        for way, port in ports.items():
            try:
                self._sockets[way] = _listening(way, address, port, shared=False)
            except UserError as error:
                self.trouble.append(str(error))
        for universe in range(1, GROUPS + 1) if SACN in self._sockets else ():
            _join(self._sockets[SACN], universe)

    def heard(self, seconds: float) -> list[Desk]:
        """Who sends what, of all that comes within `seconds`, in order."""
        ways = {listening: way for way, listening in self._sockets.items()}
        found, end, left = set(), time.monotonic() + seconds, seconds
        while ways and left >= 0.0 and (ready := select.select(list(ways), [], [], left)[0]):
            for listening in ready:
                data, (host, _) = listening.recvfrom(2048)
                packet = _PARSERS[ways[listening]](data)
                if packet is not None:
                    found.add((ways[listening], packet.universe, host))
            left = end - time.monotonic()
        return [Desk(*row) for row in sorted(found)]

    def close(self) -> None:
        for listening in self._sockets.values():
            listening.close()


def _listening(way: str, address: str, port: int, shared: bool) -> socket.socket:
    """`shared`: also where another program listens already, which then may get less than it did."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
    except OSError as error:
        made.close()
        raise UserError(f"DMX: cannot listen for {way} on port {port} ({brief(error)})") from None
    return made


def _join(listening: socket.socket, universe: int) -> str:
    """Have what is sent to the group of `universe` too; why that cannot be, '' when it can."""
    group = socket.inet_aton(sacn_group(universe))
    try:
        listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + b"\x00\x00\x00\x00")
    except OSError as error:
        return brief(error)
    return ""


class DmxIn:
    """Hears one universe in a thread of its own; what moved goes to `hear`, whose maps say what it plays.

    way       'artnet' or 'sacn'
    hear      gets the name of the universe, what moved, and the show time
    clock     show time
    address   where to listen; '' for every network

    UserError when the port cannot be had.
    """

    def __init__(
        self,
        way: str,
        universe: int,
        hear: Callable[[str, Moved, float], None],
        clock: Callable[[], float],
        address: str = "",
        port: int | None = None,
    ) -> None:
        self.name, self._universe = f"DMX {way} {universe}", universe
        self._parse = _PARSERS[way]
        self._frames, self._hear, self._clock = Frames(universe), hear, clock
        self._socket = _listening(way, address, PORTS[way] if port is None else port, shared=True)
        if way == SACN and (trouble := _join(self._socket, universe)):
            log.warning("%s: no multicast (%s)", self.name, trouble)  # what is sent to this machine alone is heard
        self.port = int(self._socket.getsockname()[1])
        self._socket.settimeout(0.25)
        self._closing = threading.Event()
        self._heard, self._trouble = False, ""
        self._thread = threading.Thread(target=self._run, name="dmx", daemon=True)
        self._thread.start()

    def read(self, now: float) -> Sequence[ControlEvent]:
        """Nothing: `hear` gets it."""
        return ()

    def problem(self) -> str:
        """One line; '' when all is well."""
        return self._trouble or ("" if self._heard else f"{self.name}: no desk is heard yet")

    def close(self) -> None:
        self._closing.set()
        self._thread.join(1.0)

    def _introduce(self, asker: tuple[str, int]) -> None:
        """Tell a desk that asks for nodes of this one."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.connect(asker)  # sends nothing, but says by which address of ours they are reached
            own = way.getsockname()[0]
        self._socket.sendto(poll_reply(self._universe, own), asker)

    def _run(self) -> None:
        """Thread 'dmx': owns the socket."""
        while not self._closing.is_set():
            try:
                data, sender = self._socket.recvfrom(2048)
                if data.startswith(_ARTPOLL) and self._parse is artnet:
                    self._introduce(sender)
                packet, now = self._parse(data), self._clock()
                if packet is not None and (moved := self._frames.take(packet, repr(sender).encode(), now)):
                    self._hear(self.name, moved, now)
                self._heard, self._trouble = self._heard or packet is not None, ""
            except TimeoutError:
                continue
            except OSError as error:  # top of the thread: a network that is down comes back
                self._trouble = f"{self.name}: {brief(error)}"
                self._closing.wait(1.0)
        self._socket.close()
