"""Channels of a lighting desk: packets, who of two desks counts, and a show played over real sockets."""

from __future__ import annotations

import random
import socket
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.dmx import ARTNET, SACN, Packet, artnet, artnet_packet, parse_universe, sacn, sacn_packet
from liveanim.core.errors import UserError
from liveanim.core.model import Blend, ControlEvent, Status
from liveanim.core.params import PARAMS
from liveanim.inputs.dmx import AWAY, Desk, DmxIn, Frames, Overhearing
from liveanim.inputs.midi import MidiInput
from liveanim.inputs.midimap import map_from, shipped
from liveanim.inputs.readback import Readback


def art(universe: int, levels: bytes) -> bytes:
    """As Art-Net 4 lays it out: id, opcode, version 14, sequence, port, universe low byte first, length high first."""
    head = b"Art-Net\x00" + struct.pack("<H", 0x5000) + struct.pack(">H", 14) + bytes([7, 0])
    return head + struct.pack("<H", universe) + struct.pack(">H", len(levels)) + levels


def e131(universe: int, levels: bytes, cid: bytes = b"A" * 16, priority: int = 100, options: int = 0) -> bytes:
    """As E1.31 lays it out: root, framing and DMP layers with their lengths."""
    dmp = struct.pack(">HBBHHH", 0x7000 | 11 + len(levels), 2, 0xA1, 0, 1, len(levels) + 1) + b"\x00" + levels
    name = b"desk".ljust(64, b"\x00")
    framing = struct.pack(">I", 2) + name + struct.pack(">BHBBH", priority, 0, 9, options, universe) + dmp
    framing = struct.pack(">H", 0x7000 | 2 + len(framing)) + framing
    root = struct.pack(">I", 4) + cid + framing
    return b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00" + struct.pack(">H", 0x7000 | 2 + len(root)) + root


@given(st.integers(0, 32767), st.binary(min_size=2, max_size=512))
def test_an_artnet_packet_is_read_and_a_cut_one_is_not(universe: int, levels: bytes) -> None:
    assert artnet(art(universe, levels)) == Packet(universe, levels)
    assert artnet(art(universe, levels)[:-1]) is None and sacn(art(universe, levels)) is None


@given(st.integers(1, 63999), st.binary(min_size=1, max_size=512), st.integers(0, 200))
def test_an_sacn_packet_is_read_and_a_cut_one_is_not(universe: int, levels: bytes, priority: int) -> None:
    data = e131(universe, levels, b"B" * 16, priority)
    assert sacn(data) == Packet(universe, levels, b"B" * 16, priority)
    assert sacn(data[:-1]) is None and artnet(data) is None
    assert sacn(e131(universe, levels, options=0x80)) is None  # for a preview
    ended = sacn(e131(universe, levels, options=0x40))
    assert ended is not None and ended.ended


@given(st.integers(0, 32767), st.binary(min_size=1, max_size=512), st.integers(0, 1000))
def test_what_is_sent_by_artnet_is_laid_out_so_and_even(universe: int, levels: bytes, sequence: int) -> None:
    sent = bytearray(artnet_packet(Packet(universe, levels), sequence))
    assert 1 <= sent[12] <= 255  # 0 would say that order does not count
    sent[12] = 7
    assert bytes(sent) == art(universe, levels + bytes(len(levels) % 2))


@given(st.integers(1, 63999), st.binary(min_size=1, max_size=512), st.integers(0, 200), st.booleans())
def test_what_is_sent_by_sacn_is_laid_out_so(universe: int, levels: bytes, priority: int, ended: bool) -> None:
    sent = sacn_packet(Packet(universe, levels, b"B" * 16, priority, ended), 9 + 256, "desk")
    assert sent == e131(universe, levels, b"B" * 16, priority, 0x40 if ended else 0)
    assert sacn(sent) == Packet(universe, levels, b"B" * 16, priority, ended)


@given(st.binary(max_size=700))
def test_no_bytes_from_the_network_are_too_odd(data: bytes) -> None:
    assert artnet(data) is None and sacn(data) is None
    for whole in (art(1, bytes(20)), e131(1, bytes(20))):
        mixed = bytearray(whole)
        for at, byte in enumerate(data[: len(whole)]):
            mixed[(at * 37) % len(whole)] = byte
        artnet(bytes(mixed)), sacn(bytes(mixed))


def test_the_first_packet_says_where_the_desk_stands_and_later_ones_what_moved() -> None:
    frames = Frames(3)
    assert frames.take(Packet(3, bytes([9, 0, 255])), b"a", 0.0) == ()
    assert frames.take(Packet(2, bytes([1, 1, 1])), b"a", 0.1) == ()
    assert frames.take(Packet(3, bytes([9, 7, 255])), b"a", 0.2) == [(2, 7)]
    assert frames.take(Packet(3, bytes([9, 7])), b"a", 0.3) == []
    assert frames.take(Packet(3, bytes([9, 7, 0, 5])), b"a", 0.4) == [(4, 5)]


def test_of_two_desks_that_of_the_higher_priority_counts_until_it_is_gone() -> None:
    frames = Frames(1)
    low, high = (Packet(1, b"\x00\x00", b"low", 90), Packet(1, b"\x00\x00", b"high", 120))

    def at(packet: Packet, level: int, now: float, ended: bool = False) -> list[int]:
        moved = frames.take(Packet(1, bytes([level, 0]), packet.sender, packet.priority, ended), b"", now)
        return [new for _, new in moved]

    assert at(low, 0, 0.0) == [] and at(low, 5, 0.1) == [5]
    assert at(high, 50, 0.2) == [50] and at(low, 6, 0.3) == [] and at(high, 51, 0.4) == [51]
    assert at(low, 7, 0.4 + AWAY + 0.01) == [7]  # nothing came of the other one
    assert at(high, 52, 3.0) == [52] and at(high, 0, 3.1, ended=True) == [] and at(low, 8, 3.2) == [8]


def test_universes_are_named_as_the_desks_name_them() -> None:
    assert parse_universe("artnet:0") == (ARTNET, 0) and parse_universe("sacn:63999") == (SACN, 63999)
    for text, why in (("artnet", "from 0 to 32767"), ("sacn:0", "from 1 to 63999"), ("sacm:1", "did you mean")):
        with pytest.raises(ValueError, match=why):
            parse_universe(text)


def midi(tmp_path: Path, knobs: Readback) -> MidiInput:
    return MidiInput(lambda: 0.0, knobs, find=lambda: None, folder=tmp_path)


def played(desk: MidiInput, moved: list[tuple[int, int]]) -> list[tuple[str, float | str | None]]:
    desk.faders("DMX artnet 0", moved, 1.0)
    events = [event for event in desk.read(1.0) if not event.target.startswith("hint.")]
    assert all(isinstance(event, ControlEvent) and event.time == 1.0 for event in events)
    return [(event.target, event.value) for event in events]


def test_the_desks_own_map_plays_faders_presets_and_switches(tmp_path: Path) -> None:
    desk = midi(tmp_path, Readback([]))
    assert played(desk, [(1, 51)]) == [("out.level", pytest.approx(0.2))]
    assert played(desk, [(2, 7)]) == [("do.preset", 7.0)] and played(desk, [(2, 0)]) == []
    assert played(desk, [(3, 2)]) == [("do.scene", 2.0)]
    assert played(desk, [(4, 127)]) == [] and played(desk, [(4, 130)]) == [("do.tap", None)]
    assert played(desk, [(4, 255)]) == [] and played(desk, [(4, 0), (4, 200)]) == [("do.tap", None)]
    assert played(desk, [(6, 255)]) == [("out.blackout", 1.0)] and played(desk, [(6, 0)]) == [("out.blackout", 0.0)]
    assert played(desk, [(9, 10), (9, 255)]) == [("macro.m1", PARAMS["macro.m1"].high)]  # where it stands now
    assert played(desk, [(511, 20)]) == []
    desk.close()


def test_a_fader_learns_what_it_plays(tmp_path: Path) -> None:
    knobs = Readback([])
    desk = midi(tmp_path, knobs)
    knobs.write(Blend(0.0, status=Status(learning="stage.hue")), 0.0)
    told = [line for level in range(10, 80, 10) for line in played(desk, [(40, level)])]
    assert told == [("do.learned", "stage.hue\nlearned stage.hue: channel 40 of DMX artnet 0 (absolute)")]
    knobs.write(Blend(0.0), 0.0)
    assert [target for target, _ in played(desk, [(40, 255)])] == ["stage.hue"]
    desk.close()


def test_maps_name_channels_from_1_to_512() -> None:
    (control,) = map_from({"control": [{"dmx": 512, "target": "stage.hue"}]}, "m").controls
    assert (control.kind, control.number, control.mode) == ("dmx", 512, "absolute")
    for number in (0, 513):
        with pytest.raises(UserError, match="m: control 1: dmx: expected a number from 1 to 512"):
            map_from({"control": [{"dmx": number, "target": "stage.hue"}]}, "m")
    assert any(one.fits("DMX sacn 1") and one.find("dmx", 1, 1) for one in shipped() if one.match)


def test_a_desk_that_asks_for_nodes_finds_this_one() -> None:
    desk = DmxIn(ARTNET, 0x1234, lambda *_: None, lambda: 0.0, "127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        console.settimeout(20)
        console.sendto(
            b"Art-Net\x00" + struct.pack("<H", 0x2000) + struct.pack(">H", 14) + b"\x02\x00", ("127.0.0.1", desk.port)
        )
        reply, sender = console.recvfrom(2048)
    assert sender == ("127.0.0.1", desk.port) and len(reply) == 239
    # By the table of ArtPollReply: opcode, address, port, universe in three parts, names, one output port of DMX.
    assert reply[:10] == b"Art-Net\x00\x00\x21" and reply[10:14] == bytes([127, 0, 0, 1])
    assert struct.unpack("<H", reply[14:16]) == (6454,)
    assert (reply[18] << 8 | reply[19] << 4 | reply[190]) == 0x1234
    assert reply[26:44].rstrip(b"\x00") == b"liveanim" and reply[44:108].startswith(b"liveanim")
    assert struct.unpack(">H", reply[172:174]) == (1,) and (reply[174], reply[182]) == (0x80, 0x80)
    assert reply[207:211] == bytes([127, 0, 0, 1]) and reply[211] == 1 and reply[212] & 8
    desk.close()


@pytest.mark.parametrize("way", [ARTNET, SACN])
def test_a_desk_on_the_network_moves_what_its_faders_play(way: str) -> None:
    got: list[tuple[str, list[tuple[int, int]]]] = []
    desk = DmxIn(way, 1, lambda name, moved, at: got.append((name, list(moved))), lambda: 0.0, "127.0.0.1", 0)
    assert desk.problem() == f"DMX {way} 1: no desk is heard yet"
    pack = art if way == ARTNET else e131
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        dice, end = random.Random(4), time.monotonic() + 20
        for data in (b"", dice.randbytes(500), pack(2, b"\x05\x05"), pack(1, b"\x00\x00"), pack(1, b"\x00\x63")):
            out.sendto(data, ("127.0.0.1", desk.port))
        while not got and time.monotonic() < end:
            time.sleep(0.005)
    assert got == [(f"DMX {way} 1", [(2, 0x63)])] and desk.problem() == ""
    with pytest.raises(UserError, match=f"DMX: cannot listen for {way} on port 70 "):
        DmxIn(way, 1, lambda *_: None, lambda: 0.0, "192.0.2.1", 70)
    desk.close()


def test_every_universe_that_is_sent_is_overheard_with_its_sender() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
    ):
        for free in (out, one):
            free.bind(("127.0.0.1", 0))
        ports = {ARTNET: one.getsockname()[1], SACN: out.getsockname()[1]}
    ears = Overhearing("127.0.0.1", ports)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for way, data in [(ARTNET, art(7, b"\x01\x02"))] * 2 + [(ARTNET, art(300, bytes(2))), (ARTNET, b"?")]:
            out.sendto(data, ("127.0.0.1", ports[way]))
        out.sendto(e131(2, bytes(3)), ("127.0.0.1", ports[SACN]))
    assert ears.heard(0.02) == [
        Desk("artnet", 7, "127.0.0.1"),
        Desk("artnet", 300, "127.0.0.1"),
        Desk("sacn", 2, "127.0.0.1"),
    ]
    assert ears.heard(0.0) == [] and ears.trouble == []
    ears.close()


def test_a_show_that_listens_keeps_what_is_sent_to_it() -> None:
    desk = DmxIn(ARTNET, 1, lambda *_: None, lambda: 0.0, "127.0.0.1", 0)
    ears = Overhearing("127.0.0.1", {ARTNET: desk.port})
    assert ears.heard(0.0) == [] and len(ears.trouble) == 1
    assert ears.trouble[0].startswith(f"DMX: cannot listen for artnet on port {desk.port} (")
    ears.close()
    desk.close()
