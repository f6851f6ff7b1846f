"""OSC out: what is heard and what changed, told to other programs from within the loop without waiting for them."""

from __future__ import annotations

import contextlib
import logging
import math
import socket
from collections.abc import Iterable, Sequence

from ..core.errors import UserError
from ..core.gauges import FrameRate, Peaks
from ..core.model import Blend
from ..core.params import PARAMS, Table
from ..core.tempo import heard
from . import oscwire
from .oscnames import ROOT, Book

log = logging.getLogger(__name__)

AUDIO = ("rms", "bass", "mid", "high", "onset", "kick", "snare", "hat")
TEMPO = ("beat", "bar", "phase", "bpm", "meter")
RATE = 30.0  # Hz
REPEAT = 5.0  # s after which everything is told again: receivers come and go, datagrams get lost
_PACKET = 1400  # bytes that pass every network in one piece
_SAME = 5e-4  # of a knob's way: less is no change

Target = tuple[str, int]


class OscOut:
    """A sink that sends to `targets` (host, port); what cannot be sent is counted in `failures`.

    30 times a second: `/liveanim/audio/*`, `/liveanim/tempo/*`, `/liveanim/perf/*` and the parameters that changed,
    each at the addresses that set it (0..1), so that a fader follows: one that is held stands where its knob does.
    Texts of the state when they change. UserError when a host is unknown.
    """

    def __init__(self, targets: Sequence[Target], table: Table = PARAMS) -> None:
        self._targets = [_resolved(target) for target in targets]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._heads: dict[str, list[bytes]] = {name: [] for name in table}
        for address in Book(table).addresses.values():
            if address.kind == "value":
                self._heads[address.target].append(_head(address.path))
        self._table = table
        self._audio = {name: _head(f"{ROOT}/audio/{name}") for name in AUDIO}
        self._tempo = {name: _head(f"{ROOT}/tempo/{name}") for name in TEMPO}
        self._perf = {name: _head(f"{ROOT}/perf/{name}") for name in ("fps", "keyframes", "delay", "vram")}
        self._rate, self._peaks = FrameRate(), Peaks()
        self._told: dict[str, float] = {}
        self._texts: dict[str, str] = {}
        self._due, self._repeat_at = -math.inf, -math.inf
        self.failures = 0

    def write(self, blend: Blend, now: float) -> None:
        """Send if it is time. Never blocks, never raises."""
        self._rate.frame(now)
        self._peaks.hold(blend.signals)
        if now < self._due - 1e-3:
            return
        self._due = self._due + 1 / RATE if self._due + 1 / RATE > now else now + 1 / RATE
        if now >= self._repeat_at:
            self._repeat_at = now + REPEAT
            self._told.clear()
            self._texts.clear()
        for packet in _packets([*self._signals(blend), *self._changes(blend), *self._state(blend)]):
            self._send(packet)

    def close(self) -> None:
        self._socket.close()

    def _signals(self, blend: Blend) -> Iterable[bytes]:
        audio = {**blend.signals, **self._peaks.take()}
        for name, head in self._audio.items():
            yield head + oscwire.single(audio.get(name, 0.0))
        beat = heard(blend)
        for name, head in self._tempo.items():
            yield head + oscwire.single(getattr(beat, name))
        status = blend.status
        taken, whole = status.vram
        vram = taken / whole if whole > 0 else 0.0
        perf = {"fps": self._rate.fps, "keyframes": status.keyframe_rate, "delay": status.keyframe_delay, "vram": vram}
        for name, head in self._perf.items():
            yield head + oscwire.single(perf[name])

    def _changes(self, blend: Blend) -> Iterable[bytes]:
        for name, value in {**blend.values, **blend.knobs}.items():  # a fader stands where it was put
            place = self._table[name].to_unit(value)
            if abs(place - self._told.get(name, math.inf)) > _SAME:
                self._told[name] = place
                yield from (head + oscwire.single(place) for head in self._heads[name])

    def _state(self, blend: Blend) -> Iterable[bytes]:
        status = blend.status
        texts = {
            "preset": status.preset,
            "scene": status.scene,
            "model": status.model,
            "prompt": status.prompt,
            "loop": "recording" if status.loop else "playing" if status.looped else "",
            "warning": status.warnings[0] if status.warnings else "",
        }
        for name, text in texts.items():
            if self._texts.get(name) != text:
                self._texts[name] = text
                yield oscwire.message(f"{ROOT}/state/{name}", text[:500])

    def _send(self, packet: bytes) -> None:
        for target in self._targets:
            sent = False
            with contextlib.suppress(OSError):  # a full buffer, a network that is gone: the next packet is due soon
                sent = self._socket.sendto(packet, target) > 0
            self.failures += not sent


def parse_target(text: str) -> Target:
    """'host:port' or ':port' (this machine) as (host, port). ValueError when it is neither."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r} is not HOST:PORT, such as 192.168.1.20:9000")
    return host or "127.0.0.1", int(port)


def _resolved(target: Target) -> Target:
    try:
        return socket.getaddrinfo(*target, socket.AF_INET, socket.SOCK_DGRAM)[0][4][0], target[1]  # type: ignore[return-value]
    except (OSError, UnicodeError) as error:
        raise UserError(f"OSC: unknown host {target[0]!r} in --osc-out ({error})") from None


def _packets(messages: Sequence[bytes]) -> Iterable[bytes]:
    part: list[bytes] = []
    size = 16
    for message in messages:
        if part and size + 4 + len(message) > _PACKET:
            yield oscwire.bundle(part)
            part, size = [], 16
        part.append(message)
        size += 4 + len(message)
    if part:
        yield oscwire.bundle(part)


def _head(address: str) -> bytes:
    return oscwire.message(address, 0.0)[:-4]
