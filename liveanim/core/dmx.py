"""DMX over networks as bytes: Art-Net and sACN, both ways.

Formats: Art-Net 4 (Artistic Licence), ArtDmx; ANSI E1.31-2018, data packets.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import near

CHANNELS = 512
ARTNET, SACN = "artnet", "sacn"
PORTS = {ARTNET: 6454, SACN: 5568}
UNIVERSES = {ARTNET: (0, 32767), SACN: (1, 63999)}
PRIORITY = 100  # of 200: what E1.31 has sources begin with
_ARTDMX = b"Art-Net\x00\x00\x50"
_ACN = b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00"
_TERMINATED, _PREVIEW = 0x40, 0x80


@dataclass(frozen=True, slots=True)
class Packet:
    """Levels (0..255) of channels 1.. of a universe. sender: who says so; ended: that was the last of it."""

    universe: int
    levels: bytes
    sender: bytes = b""
    priority: int = PRIORITY
    ended: bool = False


def parse_universe(text: str) -> tuple[str, int]:
    """'artnet:0' or 'sacn:1' -> (way, universe). ValueError says what was expected."""
    way, _, number = text.partition(":")
    if way not in PORTS:
        raise ValueError(f"{text!r}: expected artnet:UNIVERSE or sacn:UNIVERSE{near(way, PORTS)}")
    low, high = UNIVERSES[way]
    if not number.isdecimal() or not low <= int(number) <= high:
        raise ValueError(f"{text!r}: expected a universe from {low} to {high} after {way}:")
    return way, int(number)


def artnet(data: bytes) -> Packet | None:
    """An ArtDmx packet; None for anything else."""
    if len(data) < 18 or not data.startswith(_ARTDMX):
        return None
    (length,) = struct.unpack(">H", data[16:18])
    levels = data[18 : 18 + min(length, CHANNELS)]
    return Packet(data[14] | (data[15] & 0x7F) << 8, levels) if len(levels) == length else None


def artnet_packet(packet: Packet, sequence: int) -> bytes:
    """`packet` as ArtDmx, the `sequence`-th of its universe. Art-Net wants an even number of channels."""
    levels = packet.levels + bytes(len(packet.levels) % 2)
    head = struct.pack(">HBBBBH", 14, sequence % 255 + 1, 0, packet.universe & 255, packet.universe >> 8, len(levels))
    return _ARTDMX + head + levels


def sacn(data: bytes) -> Packet | None:
    """An E1.31 data packet with DMX levels (start code 0); None for anything else, and what is for previews only."""
    if len(data) < 126 or not data.startswith(_ACN):
        return None
    root, framing = struct.unpack(">I", data[18:22])[0], struct.unpack(">I", data[40:44])[0]
    universe, (first, step, count) = struct.unpack(">H", data[113:115])[0], struct.unpack(">HHH", data[119:125])
    options = data[112]
    good = (root, framing, data[117], data[118], first, step, data[125]) == (4, 2, 2, 0xA1, 0, 1, 0)
    levels = data[126 : 125 + count]
    if not good or options & _PREVIEW or len(levels) != count - 1 or len(levels) > CHANNELS:
        return None
    return Packet(universe, levels, data[22:38], data[108], bool(options & _TERMINATED))


def sacn_packet(packet: Packet, sequence: int, name: str = "liveanim") -> bytes:
    """`packet` as an E1.31 data packet, the `sequence`-th of its universe. `packet.sender`: 16 bytes, the same for all
    that one program sends."""
    levels = packet.levels
    sizes = (0x7000 | size + len(levels) for size in (110, 88, 11))  # of the layers, with their flags
    root, framing, property_layer = (struct.pack(">H", size) for size in sizes)
    source = name.encode()[:63].ljust(64, b"\x00")
    options = _TERMINATED if packet.ended else 0
    said = struct.pack(">BHBBH", packet.priority, 0, sequence % 256, options, packet.universe)
    levels_layer = struct.pack(">BBHHHB", 2, 0xA1, 0, 1, len(levels) + 1, 0) + levels
    head = _ACN + root + struct.pack(">I", 4) + packet.sender.ljust(16, b"\x00")
    return head + framing + struct.pack(">I", 2) + source + said + property_layer + levels_layer


def sacn_group(universe: int) -> str:
    """The multicast address of a universe."""
    return f"239.255.{universe >> 8}.{universe & 255}"
