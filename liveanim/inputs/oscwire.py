"""Open Sound Control 1.0 on the wire: bytes to messages and back.

python-osc writes. Reading is our own and strict, because a packet comes from anybody: every length is checked, nothing
is padded or skipped. (python-osc reads a truncated number as 0.0, leaves out types it does not know, and never returns
from a bundle element of negative size.)
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from pythonosc.osc_message_builder import OscMessageBuilder

Argument = float | int | str | bytes | bool | None

AT_ONCE = 1
"""The time tag that means now."""
MOST_MESSAGES = 4096  # of one packet: a packet of 64 kB holds no more real ones
_DEPTH = 8  # bundles within bundles
_LONGEST_ADDRESS = 512
_UNIX_AT_NTP = 2208988800  # seconds from 1900, where time tags begin, to 1970
_HEAD = b"#bundle\0"


class Malformed(Exception):
    """A packet that is not OSC; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `tag` is the NTP time tag of the bundle it came in, AT_ONCE outside of bundles.

    Arguments by type: i h t c as int, f d as float, s S as str, T F as bool, N as None, I as True, b r m as bytes;
    those of arrays stand in line with the others.
    """

    address: str
    arguments: tuple[Argument, ...] = ()
    tag: int = AT_ONCE


def read(packet: bytes) -> list[Message]:
    """The messages of one datagram in order. Raises Malformed."""
    found: list[Message] = []
    _element(packet, 0, len(packet), AT_ONCE, 0, found)
    return found


def seconds_of(tag: int) -> float:
    """A time tag as seconds since 1970."""
    return tag / 2**32 - _UNIX_AT_NTP


def tag_of(seconds: float) -> int:
    """Seconds since 1970 as a time tag."""
    return round((seconds + _UNIX_AT_NTP) * 2**32)


def message(address: str, *arguments: Argument) -> bytes:
    """A message as bytes: whole numbers as i, others as f, texts as s, True and False as T and F, None as N."""
    builder = OscMessageBuilder(address)
    for value in arguments:
        if isinstance(value, float):
            builder.add_arg(struct.unpack(">f", single(value))[0], OscMessageBuilder.ARG_TYPE_FLOAT)
        elif isinstance(value, int) and not isinstance(value, bool):
            builder.add_arg(max(-(2**31), min(2**31 - 1, value)), OscMessageBuilder.ARG_TYPE_INT)
        elif isinstance(value, str):
            builder.add_arg(
                value.encode("utf-8", "replace").replace(b"\0", b" ").decode(), OscMessageBuilder.ARG_TYPE_STRING
            )
        elif value is None:
            builder.add_arg(None, OscMessageBuilder.ARG_TYPE_NIL)
        else:
            builder.add_arg(value)
    return builder.build().dgram


def bundle(messages: Iterable[bytes], tag: int = AT_ONCE) -> bytes:
    """Messages (or bundles) as one packet."""
    parts = [part for one in messages for part in (struct.pack(">i", len(one)), one)]
    return b"".join([_HEAD, struct.pack(">Q", tag), *parts])


def single(value: float) -> bytes:
    """A number as an argument of type f; one that is too large for it becomes infinite."""
    try:
        return struct.pack(">f", value)
    except OverflowError:
        return struct.pack(">f", math.copysign(math.inf, value))


def _element(packet: bytes, start: int, end: int, tag: int, depth: int, found: list[Message]) -> None:
    if packet.startswith(_HEAD, start):
        _bundle(packet, start, end, tag, depth, found)
    elif packet.startswith(b"/", start) and start < end:
        if len(found) >= MOST_MESSAGES:
            raise Malformed(f"more than {MOST_MESSAGES} messages in one packet")
        found.append(_message(packet, start, end, tag))
    else:
        raise Malformed("neither a message nor a bundle")


def _bundle(packet: bytes, start: int, end: int, outer: int, depth: int, found: list[Message]) -> None:
    if depth >= _DEPTH:
        raise Malformed(f"more than {_DEPTH} bundles inside each other")
    at = start + 16
    if at > end:
        raise Malformed("truncated bundle")
    (tag,) = struct.unpack_from(">Q", packet, start + 8)
    while at < end:
        if at + 4 > end:
            raise Malformed("truncated bundle")
        (size,) = struct.unpack_from(">i", packet, at)
        at += 4
        if size <= 0 or size % 4 or at + size > end:
            raise Malformed(f"a bundle element of {size} bytes where {end - at} are left")
        _element(packet, at, at + size, outer if tag <= AT_ONCE else tag, depth + 1, found)
        at += size


def _message(packet: bytes, start: int, end: int, tag: int) -> Message:
    address, at = _text(packet, start, end)
    if len(address) > _LONGEST_ADDRESS:
        raise Malformed(f"an address of {len(address)} characters")
    if at == end:  # old senders leave the type tags out when there are no arguments
        return Message(address, (), tag)
    tags, at = _text(packet, at, end)
    if not tags.startswith(","):
        raise Malformed("no type tags")
    arguments: list[Argument] = []
    for kind in tags[1:]:
        if kind in _PLAIN:
            arguments.append(_PLAIN[kind])
        elif kind in _NUMBERS:
            form, size = _NUMBERS[kind]
            if at + size > end:
                raise Malformed(f"truncated argument of type {kind}")
            arguments.append(struct.unpack_from(form, packet, at)[0])
            at += size
        elif kind in "sS":
            text, at = _text(packet, at, end)
            arguments.append(text)
        elif kind == "b":
            data, at = _blob(packet, at, end)
            arguments.append(data)
        elif kind not in "[]":
            raise Malformed(f"unknown argument type {kind!r}")
    if at != end:
        raise Malformed(f"{end - at} bytes more than the types say")
    return Message(address, tuple(arguments), tag)


_PLAIN: dict[str, Argument] = {"T": True, "F": False, "N": None, "I": True}
_NUMBERS = {
    "i": (">i", 4),
    "f": (">f", 4),
    "h": (">q", 8),
    "d": (">d", 8),
    "t": (">Q", 8),
    "c": (">i", 4),
    "r": (">4s", 4),
    "m": (">4s", 4),
}


def _text(packet: bytes, start: int, end: int) -> tuple[str, int]:
    """The string at `start` and where what follows it begins. Elements begin at multiples of four of the packet."""
    zero = packet.find(0, start, end)
    after = (zero // 4 + 1) * 4
    if zero < 0 or after > end:
        raise Malformed("truncated text")
    try:
        return packet[start:zero].decode("utf-8"), after
    except UnicodeDecodeError:
        raise Malformed("a text that is not UTF-8") from None


def _blob(packet: bytes, start: int, end: int) -> tuple[bytes, int]:
    if start + 4 > end:
        raise Malformed("truncated blob")
    (size,) = struct.unpack_from(">i", packet, start)
    after = start + 4 + size + (-size) % 4
    if size < 0 or after > end:
        raise Malformed(f"a blob of {size} bytes where {end - start - 4} are left")
    return packet[start + 4 : start + 4 + size], after
