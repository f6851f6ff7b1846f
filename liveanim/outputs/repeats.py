"""A frame of H.264 that shows the picture before it once more, written by hand: a dozen bytes, and no encoder at work.

A film has 60 frames a second, a stage on a slow machine draws 20: two frames in three would be encoded for nothing.
Such a frame says of all its blocks that they are skipped. The encoder does not know of it, so the frame numbers of what
it makes afterwards have to be raised. ITU-T H.264, 7.3.2.1, 7.3.2.2, 7.3.3 and 7.3.4 say what lies where.
"""

from __future__ import annotations

import re

_START = b"\x00\x00\x00\x01"
_BETWEEN = re.compile(rb"\x00\x00\x00?\x01")
_MISTAKEN = re.compile(rb"\x00\x00(?=[\x00-\x03])")
_SLICE, _KEY, _SPS, _PPS = 1, 5, 7, 8  # kinds of NAL units
_LONG_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_LOOK = 32  # bytes of a slice in which its frame number lies


class Repeater:
    """Of one stream, from the `header` (Annex B) of its encoder. ValueError when that encodes in a way not known here.

    Every packet of the encoder has to go through `passed`.
    """

    def __init__(self, header: bytes) -> None:
        units = {unit[0] & 31: _Bits(_plain(unit)[1:]) for unit in _units(header)}
        if _SPS not in units or _PPS not in units:
            raise ValueError("no parameter sets")
        self._number_bits, self._blocks = _read_sps(units[_SPS])
        self._redundant = _read_pps(units[_PPS])
        self._last = self._added = 0

    def passed(self, packet: bytes) -> bytes:
        """`packet` of the encoder as it belongs into the file."""
        if not self._added:
            self._last = self._number(packet)
            return packet
        units = list(_units(packet))
        if any(unit[0] & 31 == _KEY for unit in units):
            self._last = self._added = 0
            return packet
        return b"".join(_START + (self._raised(unit) if unit[0] & 31 == _SLICE else unit) for unit in units)

    def again(self) -> bytes:
        """The packet of a frame that repeats the one before it."""
        self._added += 1
        self._last = (self._last + 1) % (1 << self._number_bits)
        bits = _Written()
        for value in (0, 5, 0):  # first block, only forward prediction, first picture parameter set
            bits.number(value)
        bits.add(self._last, self._number_bits)
        if self._redundant:
            bits.number(0)
        bits.add(1, 1)  # a reference count of its own:
        bits.number(0)  # one
        bits.add(0, 2)  # the usual order of references, the usual way of forgetting them
        bits.number(0)  # the usual quantiser
        bits.number(1)  # no smoothing of edges
        bits.number(self._blocks)  # all are skipped
        bits.add(1, 1)
        return _START + b"\x61" + _safe(bits.packed())

    def _number(self, packet: bytes) -> int:
        for unit in _units(packet):
            if unit[0] & 31 == _KEY:
                return 0
            if unit[0] & 31 == _SLICE:
                bits = _Bits(_plain(unit[:_LOOK])[1:])
                return bits.take(self._number_bits, at=_number_place(bits))
        return self._last

    def _raised(self, unit: bytes) -> bytes:
        """A slice whose frame number counts what was added since the last key picture."""
        plain = _plain(unit)
        bits = _Bits(plain[1:_LOOK])
        at = _number_place(bits)
        self._last = (bits.take(self._number_bits, at=at) + self._added) % (1 << self._number_bits)
        return plain[:1] + _safe(bits.put(self._last, self._number_bits, at) + plain[_LOOK:])


def _number_place(slice_: _Bits) -> int:
    """Where in a slice its frame number lies."""
    for _ in range(3):
        slice_.number()
    return slice_.at


def _read_sps(bits: _Bits) -> tuple[int, int]:
    """(bits of a frame number, blocks of a picture)."""
    profile = bits.take(8)
    bits.take(16)
    bits.number()
    if profile in _LONG_PROFILES:
        if bits.number() == 3:
            _expect(bits.take(1), 0)
        bits.number(), bits.number()
        _expect(bits.take(2), 0)  # with loss, without scaling lists
    number_bits = bits.number() + 4
    _expect(bits.number(), 2)  # pictures are shown in the order in which they come
    bits.number()
    bits.take(1)
    wide, high = bits.number() + 1, bits.number() + 1
    _expect(bits.take(1), 1)  # no half pictures
    return number_bits, wide * high


def _read_pps(bits: _Bits) -> int:
    """Whether slices say that they are redundant."""
    _expect(bits.number(), 0)
    bits.number()
    _expect(bits.take(2), 0)  # no arithmetic coding
    _expect(bits.number(), 0)  # no slice groups
    bits.number(), bits.number()
    _expect(bits.take(1), 0)  # no weights
    bits.take(2)
    for _ in range(3):
        bits.number()
    _expect(bits.take(1), 1)  # slices may leave edges alone
    bits.take(1)
    return bits.take(1)


def _expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError("a stream of another kind")


class _Bits:
    """Bits being read."""

    def __init__(self, data: bytes) -> None:
        self._value, self._length, self.at = int.from_bytes(data, "big"), 8 * len(data), 0

    def take(self, count: int, at: int | None = None) -> int:
        if at is None:
            at, self.at = self.at, self.at + count
        if at + count > self._length:
            raise ValueError("cut off")
        return self._value >> (self._length - at - count) & ((1 << count) - 1)

    def number(self) -> int:
        """An Exp-Golomb code; what is signed comes as it is coded."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def put(self, value: int, count: int, at: int) -> bytes:
        """All of it, with `value` in the `count` bits at `at`."""
        shift = self._length - at - count
        whole = self._value & ~(((1 << count) - 1) << shift) | value << shift
        return whole.to_bytes(self._length // 8, "big")


class _Written:
    """Bits being written."""

    def __init__(self) -> None:
        self._value = self._length = 0

    def add(self, value: int, count: int) -> None:
        self._value, self._length = self._value << count | value, self._length + count

    def number(self, value: int) -> None:
        self.add(value + 1, 2 * (value + 1).bit_length() - 1)

    def packed(self) -> bytes:
        empty = -self._length % 8
        return (self._value << empty).to_bytes((self._length + empty) // 8, "big")


def _units(packet: bytes) -> list[bytes]:
    return [unit for unit in _BETWEEN.split(packet) if unit]


def _plain(unit: bytes) -> bytes:
    """`unit` without the bytes that keep its contents from looking like the start of another."""
    return unit.replace(b"\x00\x00\x03", b"\x00\x00")


def _safe(contents: bytes) -> bytes:
    return _MISTAKEN.sub(b"\x00\x00\x03", contents)
