"""Packets against an independent writer (python-osc), and against whoever means harm."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from liveanim.inputs import oscwire
from liveanim.inputs.oscwire import Malformed, Message, read


def built(address: str, *arguments: tuple[object, str]) -> bytes:
    builder = OscMessageBuilder(address)
    for value, kind in arguments:
        builder.add_arg(value, kind)  # type: ignore[arg-type]
    return builder.build().dgram


TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
ARGUMENTS = st.one_of(
    st.tuples(st.integers(-(2**31), 2**31 - 1), st.just("i")),
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.just("h")),
    st.tuples(st.floats(width=32), st.just("f")),
    st.tuples(st.floats(), st.just("d")),
    st.tuples(TEXTS, st.just("s")),
    st.tuples(st.binary(min_size=1, max_size=9), st.just("b")),
    st.just((True, "T")),
    st.just((False, "F")),
    st.just((None, "N")),
)


def same(a: object, b: object) -> bool:
    return a == b or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))


@given(st.lists(ARGUMENTS, max_size=6))
def test_what_python_osc_writes_is_read(arguments: list[tuple[object, str]]) -> None:
    (message,) = read(built("/a/b", *arguments))
    assert message.address == "/a/b"
    assert len(message.arguments) == len(arguments)
    assert all(same(got, value) for got, (value, _) in zip(message.arguments, arguments, strict=True))


@given(st.lists(st.one_of(TEXTS, st.integers(-(2**31), 2**31 - 1), st.floats(-1e9, 1e9, width=32), st.booleans())))
def test_what_is_written_python_osc_reads(arguments: list[str | int | float | bool]) -> None:
    packet = oscwire.message("/x", *arguments)
    assert len(packet) % 4 == 0
    assert OscMessage(packet).params == arguments
    assert read(packet) == [Message("/x", tuple(arguments))]


def test_messages_of_a_bundle_carry_its_time() -> None:
    outer = OscBundleBuilder(1_700_000_000)
    outer.add_content(OscMessage(built("/a", (1, "i"))))
    first, second = read(oscwire.bundle([outer.build().dgram, built("/b")]))
    assert oscwire.seconds_of(first.tag) == pytest.approx(1_700_000_000, abs=1e-3)
    assert (first.address, second.address, second.tag) == ("/a", "/b", oscwire.AT_ONCE)
    assert oscwire.seconds_of(oscwire.tag_of(1_700_000_000.25)) == 1_700_000_000.25


def test_an_immediate_bundle_inside_a_timed_one_waits_with_it() -> None:
    tag = oscwire.tag_of(2e9)
    assert [m.tag for m in read(oscwire.bundle([oscwire.bundle([built("/a")])], tag))] == [tag]


def test_a_packet_without_type_tags_has_no_arguments() -> None:
    assert read(b"/go\0") == [Message("/go")]


def nested(depth: int) -> bytes:
    packet = built("/a")
    for _ in range(depth):
        packet = oscwire.bundle([packet])
    return packet


AT_ONCE = b"#bundle\0" + struct.pack(">Q", 1)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"/",
        b"/abc",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 64,
        b"/\xff\xfe\0",
        b"/a\0\0,f\0\0",
        b"/a\0\0,f\0\0\0\0\0",
        b"/a\0\0,i\0\0\0\0\0\1\0\0\0\0",
        b"/a\0\0f\0\0\0\0\0\0\0",
        b"/a\0\0,z\0\0\0\0\0\0",
        b"/a\0\0,s\0\0abcd",
        b"/a\0\0,b\0\0\xff\xff\xff\xff",
        b"/a\0\0,b\0\0\0\0\0\x09abcd",
        b"/" + b"a" * 600 + b"\0\0\0",
        b"#bundle\0",
        b"#bundle\0\0\0\0\0",
        AT_ONCE + b"\0\0",
        AT_ONCE + struct.pack(">i", -4) + b"/a\0\0",
        AT_ONCE + struct.pack(">i", 0),
        AT_ONCE + struct.pack(">i", 3) + b"/a\0",
        AT_ONCE + struct.pack(">i", 2**31 - 1) + b"/a\0\0",
        nested(9),
        nested(2500),
        oscwire.bundle([b"/a\0\0"] * 5000),
    ],
    ids=lambda packet: repr(packet[:28]),
)
def test_a_broken_packet_is_refused_at_once(packet: bytes) -> None:
    with pytest.raises(Malformed):
        read(packet)


GOOD = st.sampled_from(
    [built("/liveanim/param/stage/hue", (0.5, "f")), nested(3), built("/a", ("x", "s"), (b"abc", "b"), (7, "h"))]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(GOOD))
    for _ in range(draw(st.integers(1, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=8))


@given(st.one_of(st.binary(max_size=200), mutated()))
def test_any_packet_is_read_or_refused(packet: bytes) -> None:
    try:
        messages = read(packet)
    except Malformed:
        return
    assert all(isinstance(message.address, str) and message.address.startswith("/") for message in messages)
