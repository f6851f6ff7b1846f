"""Lamps and LEDs that show the picture, by Art-Net or sACN: a sink that looks at small pictures of the stage."""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from liveanim.core.dmx import ARTNET, PORTS, Packet, artnet_packet, sacn_group, sacn_packet
from liveanim.core.errors import UserError, brief
from liveanim.core.flash import FlashBudget
from liveanim.core.lights import Address, Floats, Light, Mood, colours, spread, tinted, universes
from liveanim.core.model import Blend, Image
from liveanim.core.params import Values

log = logging.getLogger(__name__)

AGAIN = 0.8  # s after which levels that stay are sent again (E1.31 6.6.2: within a second)
LOOK = 0.5  # s between looks at the file
RESOLVE = 10.0  # s between questions for an address that is not found
ENDS = 3  # packets that say that there will be no more (E1.31 6.7.1)
Read = Callable[[], Sequence[Light] | None]
"""The lights of the file if it has been written since they were last read. UserError where it is no good."""


@dataclass(frozen=True, slots=True)
class _Seen:
    image: Image
    mood: Mood
    now: float


class Hosts:
    """Addresses by the names of hosts, asked for in threads of their own: it may take seconds."""

    def __init__(self, find: Callable[[str], str] = socket.gethostbyname) -> None:
        self._find = find
        self._known: dict[str, str] = {}
        self._asked: dict[str, float] = {}

    def of(self, host: str, now: float) -> str:
        """The address of `host`; '' as long as it is not known."""
        if host not in self._known and now - self._asked.get(host, -math.inf) >= RESOLVE:
            self._asked[host] = now
            threading.Thread(target=self._ask, args=(host,), name="host", daemon=True).start()
        return self._known.get(host, "")

    def _ask(self, host: str) -> None:
        try:
            self._known[host] = self._find(host)
        except (OSError, UnicodeError):  # asked again later; `problem` says it meanwhile
            return


class Sender:
    """Sends levels by UDP. `trouble`: one line, '' when all is well."""

    def __init__(self, hosts: Hosts | None = None, ports: dict[str, int] = PORTS) -> None:
        self._hosts, self._ports = hosts or Hosts(), ports
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setblocking(False)
        self._id = uuid.uuid4().bytes
        self._counts: dict[Address, int] = {}
        self.trouble = ""

    def send(self, levels: dict[Address, bytes], now: float, ended: bool = False) -> None:
        """Send all of `levels`; what cannot be sent is left out."""
        troubles = [trouble for address, part in levels.items() if (trouble := self._one(address, part, now, ended))]
        self.trouble = troubles[0] if troubles else ""

    def _one(self, address: Address, levels: bytes, now: float, ended: bool) -> str:
        count = self._counts[address] = self._counts.get(address, -1) + 1
        packet = Packet(address.universe, levels, self._id, ended=ended)
        if address.way == ARTNET:
            data, everybody = artnet_packet(packet, count), "255.255.255.255"
        else:
            data, everybody = sacn_packet(packet, count), sacn_group(address.universe)
        host = self._hosts.of(address.host, now) if address.host else everybody
        if not host:
            return f"lights: {address.host} is not found in the network"
        try:
            self._socket.sendto(data, (host, self._ports[address.way]))
        except BlockingIOError:
            return ""  # the next one will do
        except OSError as error:
            return f"lights: {address.host or address.way} cannot be reached: {brief(error)}"
        return ""

    def close(self) -> None:
        self._socket.close()


class Lights:
    """Shows the picture on `lights`; `read` tells of new ones when their file is written. Black when it is closed.

    flash_limit   hold them back where, with a level that jumps, they would flash more often than a picture may
    """

    width, rate = 128, 40.0  # pixels and Hz of the pictures that it looks at; DMX has 44 Hz at most

    def __init__(
        self, lights: Sequence[Light], read: Read, sender: Sender | None = None, flash_limit: bool = True
    ) -> None:
        self._lights, self._read, self._sender = lights, read, sender or Sender()
        self._limited, self._budget = flash_limit, FlashBudget()
        self._mood = Mood()
        self._newest: _Seen | None = None
        self._shown: list[Floats] = []
        self._shown_at = -math.inf
        self._levels: dict[Address, bytes] = {}
        self._bad = ""
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="lights", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(2.0)

    def problem(self) -> str:
        return self._bad or self._sender.trouble

    # the loop's thread

    def write(self, blend: Blend, now: float) -> None:
        """A frame of the show."""
        values = Values(blend.values)
        self._mood = Mood(values["lights.level"], values["lights.saturation"], values["lights.smooth"])

    def wanted(self) -> bool:
        return True

    def picture(self, image: Image, now: float) -> None:
        self._newest = _Seen(image, self._mood, now)
        self._wake.set()

    # the thread 'lights'

    def _run(self) -> None:
        looked, failed = 0.0, False
        while not self._stop.is_set():
            self._wake.wait(AGAIN)
            self._wake.clear()
            now = time.perf_counter()
            try:
                if now - looked >= LOOK:
                    looked = now
                    self._look()
                self._show(now)
            except Exception:  # top of the thread: the lights stay as they are
                if not failed:
                    log.exception("lights")
                failed = True
        for ended in (False, *[True] * ENDS):
            self._sender.send(self._dark(), time.perf_counter(), ended)
        self._sender.close()

    def _dark(self) -> dict[Address, bytes]:
        return {address: bytes(len(levels)) for address, levels in self._levels.items()}

    def _look(self) -> None:
        try:
            if (lights := self._read()) is not None:
                self._lights, self._shown, self._levels, self._bad = lights, [], self._dark(), ""
                self._budget, self._shown_at = FlashBudget(), -math.inf
        except UserError as error:
            self._bad = str(error)

    def _show(self, now: float) -> None:
        seen = self._newest
        if seen is not None and seen.now != self._shown_at:
            lit = tinted(colours(self._lights, seen.image), seen.mood)
            # A blackout is at once.
            smooth = seen.mood.smooth if self._shown and any(cells.any() for cells in lit) else 0.0
            share = 1.0 - math.exp((self._shown_at - seen.now) / smooth) if smooth > 0 else 1.0
            self._shown = self._within_budget(self._mixed(lit, share), seen.now)
            self._shown_at = seen.now
            self._levels |= universes(self._lights, self._shown)
        self._sender.send(self._levels, now)

    def _mixed(self, lit: Sequence[Floats], share: float) -> list[Floats]:
        """So much of `lit` in what is shown."""
        return [old + share * (new - old) for old, new in zip(self._shown or lit, lit, strict=True)]

    def _within_budget(self, lit: list[Floats], now: float) -> list[Floats]:
        """As much of `lit` as may be shown at `now`; darkness always."""
        if not self._limited:
            return lit
        picture = spread(lit)
        weight = self._budget.weight(picture, now) if picture.any() else 1.0
        if weight < 1.0:
            lit = self._mixed(lit, weight)
            picture = spread(lit)
        self._budget.show(picture, now)
        return lit


def chase(lights: Sequence[Light], sender: Sender, step: float, wait: Callable[[float], None]) -> None:
    """Show every light by itself, in turn: red, green, blue and white, `step` seconds each."""
    for n, _ in enumerate(lights):
        for colour in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)):
            lit = [np.tile(np.array(colour) * (k == n), (light.cells, 1)) for k, light in enumerate(lights)]
            sender.send(universes(lights, lit), time.perf_counter())
            wait(step)


def darken(lights: Sequence[Light], sender: Sender) -> None:
    """Show nothing on any of them."""
    dark = [np.zeros((light.cells, 3)) for light in lights]
    sender.send(universes(lights, dark), time.perf_counter())
