"""MIDI in without ports: messages as bytes, time as numbers, devices that come and go by name."""

from __future__ import annotations

import math
import os
import socket
import sys
import tempfile
import tomllib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.model import ControlEvent
from liveanim.core.preset import preset_from
from liveanim.inputs.midi import MidiInput
from liveanim.inputs.mididesk import MidiDesk, clicks
from liveanim.inputs.midimap import map_from, shipped
from liveanim.inputs.midinames import device_name
from liveanim.inputs.midiports import Arrivals, MidiPorts, Port, ServerGone, System, listens
from liveanim.inputs.readback import Readback
from liveanim.show import Settings, Show
from tests.fakes import AtOnce, Hears

PORT = "pads"


@dataclass
class Hands:
    """A desk with a map, played in bytes."""

    text: str
    readback: Readback = field(default_factory=Readback)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.desk = MidiDesk([map_from(tomllib.loads(self.text), "my.toml")], self.readback)

    def play(self, *messages: Sequence[int]) -> list[tuple[str, float | str | None]]:
        """What the messages of one display frame do, values for expressions left out."""
        for message in messages:
            self.now += 0.001
            self.desk.message(PORT, message, self.now)
        rows = []
        for event in self.desk.take():
            value = round(event.value, 4) if isinstance(event.value, float) else event.value
            if not event.target.startswith(("cc.", "pad.")):
                rows.append((event.target, value))
        return rows


def cc(number: int, value: int, channel: int = 1) -> list[int]:
    return [0xB0 + channel - 1, number, value]


def note(number: int, velocity: int = 127) -> list[int]:
    return [0x90, number, velocity]


def bend(value: int) -> list[int]:
    return [0xE0, value & 127, value >> 7]


def one(line: str) -> Hands:
    return Hands(f"[[control]]\n{line}\n")


def jump(line: str) -> Hands:
    return one(f'{line}\ntakeover = "jump"')


def test_a_knob_moves_its_parameter_over_the_range_it_was_given() -> None:
    assert jump('cc = 7\ntarget = "stage.exposure"').play(cc(7, 127)) == [("stage.exposure", 4.0)]
    assert jump('cc = 7\ntarget = "stage.exposure"\nrange = [0.5, 0.25]').play(cc(7, 127)) == [("stage.exposure", -2.0)]
    assert jump('cc = 7\ntarget = "camera.zoom"').play(cc(7, 0)) == [("camera.zoom", 0.1)]


def test_of_many_movements_in_a_frame_the_last_one_counts() -> None:
    hands = jump('cc = [7, 8]\ntarget = ["macro.m1", "macro.m2"]')
    assert hands.play(*[cc(7 + n % 2, n % 128) for n in range(3000)]) == [
        ("macro.m1", round(54 / 127, 4)),
        ("macro.m2", round(55 / 127, 4)),
    ]


def test_expressions_get_every_controller_mapped_or_not() -> None:
    hands = one('cc = 1\ntarget = "macro.m1"')
    for message in (cc(20, 0), cc(21, 127), cc(20, 64)):
        hands.desk.message(PORT, message, 1.0)
    assert [(event.target, event.value) for event in hands.desk.take()] == [("cc.21", 1.0), ("cc.20", 64 / 127)]


def test_only_the_asked_channel_is_heard_where_one_is_asked_for() -> None:
    hands = jump('cc = 7\nchannel = 3\ntarget = "macro.m1"')
    assert hands.play(cc(7, 127, channel=1)) == []
    assert hands.play(cc(7, 127, channel=3)) == [("macro.m1", 1.0)]


@pytest.mark.parametrize(
    ("mode", "byte", "count"),
    [
        *(("twos", 1, 1), ("twos", 127, -1), ("twos", 125, -3)),
        *(("offset", 65, 1), ("offset", 63, -1), ("offset", 70, 6)),
        *(("sign", 1, 1), ("sign", 65, -1), ("sign", 67, -3), ("sign", 5, 5)),
    ],
)
def test_endless_knobs_say_how_far_and_which_way(mode: str, byte: int, count: int) -> None:
    assert clicks(mode, byte) == count  # type: ignore[arg-type]
    turned = one(f'cc = 7\ntarget = "macro.m1"\nmode = "{mode}"\nstep = 0.01').play(cc(7, byte), cc(7, byte))
    assert turned == [("add.macro.m1", pytest.approx(0.02 * count))]


def test_two_halves_make_one_fine_value() -> None:
    hands = jump('cc14 = 1\ntarget = "macro.m1"')
    assert hands.play(cc(1, 64)) == [("macro.m1", round(64 / 127, 4))]  # the device may send no second half
    assert hands.play(cc(33, 5)) == [("macro.m1", round((64 * 128 + 5) / 16383, 4))]
    assert hands.play(cc(1, 127)) == []
    assert hands.play(cc(33, 127)) == [("macro.m1", 1.0)]
    hands.desk.message(PORT, cc(33, 0), 9.0)
    assert ("cc.1", 127 * 128 / 16383) in [(event.target, event.value) for event in hands.desk.take()]


def test_the_middle_of_pitch_bend_is_the_middle() -> None:
    hands = jump('pitch = true\ntarget = "stage.hue"')
    assert [hands.play(bend(n))[0][1] for n in (0, 8192, 16383)] == [-1.0, 0.0, 1.0]


def test_pads_trigger_toggle_and_hold() -> None:
    hands = Hands("""
        control = [
            {note = 1, target = "do.tap"},
            {note = 2, target = "out.blackout"},
            {note = 3, target = "stage.invert", range = [0, 0.5]},
            {note = 4, target = "do.preset", value = 3},
            {note = 5, target = "do.preset", value = "ink-storm"},
            {note = 6, target = "stage.hue", mode = "trigger", range = [0, 0.75]},
        ]""")
    assert hands.play(note(1), note(1, 0), note(1)) == [("do.tap", None), ("do.tap", None)]
    assert hands.play(note(2), [0x80, 2, 64], note(2)) == [("out.blackout", "toggle"), ("out.blackout", "toggle")]
    assert hands.play(note(3)) == [("stage.invert", 0.5)]
    assert hands.play([0x80, 3, 64]) == [("stage.invert", None)]
    assert hands.play(note(3, 64)) == [("stage.invert", round(0.5 * 64 / 127, 4))]
    assert hands.play(note(4), note(5), note(6)) == [("do.preset", 3.0), ("do.preset", "ink-storm"), ("stage.hue", 0.5)]


def test_a_pad_tapped_within_one_frame_is_seen_for_one() -> None:
    hands = one('note = 3\ntarget = "stage.invert"')
    assert hands.play(note(3), note(3, 0)) == [("stage.invert", 1.0)]
    assert hands.play() == [("stage.invert", None)]
    assert hands.play() == []
    assert hands.play(note(3), note(3, 0), note(3)) == [("stage.invert", 1.0)]
    assert hands.play() == []


def pads(hands: Hands, *messages: Sequence[int]) -> list[tuple[str, float | str | None]]:
    for message in messages:
        hands.desk.message(PORT, message, 1.0)
    return [(event.target, event.value) for event in hands.desk.take()]


def test_expressions_get_every_note_as_long_as_it_is_held_a_quick_tap_for_a_frame() -> None:
    hands = one('cc = 1\ntarget = "macro.m1"')
    assert pads(hands, note(36, 64), [0x99, 38, 127]) == [("pad.36", 64 / 127), ("pad.38", 1.0)]
    assert pads(hands, note(36, 0)) == [("pad.36", 0.0)]
    assert pads(hands, [0x80, 38, 64], note(40, 127), note(40, 0)) == [("pad.38", 0.0), ("pad.40", 1.0)]
    assert pads(hands) == [("pad.40", 0.0)] and pads(hands) == []


def program(number: int, channel: int = 1) -> list[int]:
    """Program Change as a DAW counts: from 1."""
    return [0xC0 + channel - 1, number - 1]


def test_program_change_is_the_number_of_a_preset_where_no_map_says_otherwise() -> None:
    desk = MidiDesk(shipped(), Readback())

    def played(port: str, *messages: Sequence[int]) -> list[tuple[str, float | str | None]]:
        for message in messages:
            desk.message(port, message, 1.0)
        return [(event.target, event.value) for event in desk.take() if not event.target.startswith("cc.")]

    banks = cc(0, 2), cc(32, 1)
    assert played("IAC Driver Bus 1", *banks, program(1), program(128, 16)) == [
        ("do.preset", 1.0),
        ("do.preset", 128.0),
    ]
    assert played("LPD8", program(3)) == [("do.preset", 3.0)]
    assert played("Midi Fighter Twister", program(3)) == []


def test_programs_do_what_a_map_says_and_one_that_is_named_goes_before_all_others() -> None:
    hands = Hands("""
        control = [
            {program = true, target = "do.scene"},
            {program = "3-4", channel = 2, target = "do.preset"},
            {program = 5, target = "do.preset", value = "storm"},
            {program = [6, 7], target = ["do.tap", "out.freeze"]},
            {program = 8, target = "stage.hue", range = [0, 0.75]},
        ]""")
    assert hands.play(program(1), program(4, 2), program(5), program(6), program(7), program(8), program(9)) == [
        ("do.scene", 1.0),
        ("do.preset", 4.0),
        ("do.preset", "storm"),
        ("do.tap", None),
        ("out.freeze", "toggle"),
        ("stage.hue", 0.5),
        ("do.scene", 9.0),
    ]
    hands.desk.message(PORT, [0xC0], 1.0)
    hands.desk.message(PORT, [0xC0, 200], 1.0)
    assert hands.play() == [] and hands.desk.counts["other"] == 2


def test_pads_save_take_and_set_the_words_of_a_prompt() -> None:
    hands = Hands("""
        control = [
            {note = [1, 2], target = ["do.save", "do.take"]},
            {note = 3, target = "do.take", value = "finale"},
            {note = [4, 5], target = "prompt.1", value = ["a storm at sea", ""]},
            {note = 6, target = "prompt.negative", value = "text"},
        ]""")
    assert hands.play(*map(note, (1, 2, 3, 4))) == [
        ("do.save", None),
        ("do.take", None),
        ("do.take", "finale"),
        ("prompt.1", "a storm at sea"),
    ]
    assert hands.play(note(4, 0), note(5), note(6)) == [("prompt.1", ""), ("prompt.negative", "text")]


def test_a_pad_of_words_plays_a_show_and_pads_drive_expressions() -> None:
    hands = one('note = 4\ntarget = "prompt.1"\nvalue = "a storm at sea"')
    show = show_of(hands, expression="2*pad(36)")
    assert show.tick(0.0).stage["exposure"] == 0.0
    for message in (note(4), note(36, 127)):
        hands.desk.message(PORT, message, 0.1)
    blend = show.tick(0.1)
    assert (blend.status.prompts, blend.stage["exposure"], blend.status.undo) == (("a storm at sea",), 2.0, 1)
    hands.desk.message(PORT, note(36, 0), 0.2)
    assert show.tick(0.2).stage["exposure"] == 0.0


def test_buttons_that_send_controllers_act_when_pressed() -> None:
    hands = one('cc = 64\ntarget = "out.freeze"\nmode = "toggle"')
    assert hands.play(cc(64, 127), cc(64, 0)) == [("out.freeze", "toggle")]


def show_of(hands: Hands, expression: float | str = 0.0) -> Show:
    class Played:
        def read(self, now: float) -> list[ControlEvent]:
            return hands.desk.take()

    looks = [
        preset_from({"prompt": {"text": ["a"]}, "stage": {"exposure": value, "mirror": 1}}, "t", name)
        for name, value in (("a", expression), ("b", -3.0))
    ]
    return Show([Played()], Hears(), AtOnce(), looks, Settings((16, 8), overrides={"play.fade": 0.0}))


def exposures(show: Show, hands: Hands, *messages: Sequence[int]) -> list[float]:
    """The exposure after each message, one a frame."""
    row = []
    for message in messages:
        hands.now += 0.1
        hands.desk.message(PORT, message, hands.now)
        blend = show.tick(hands.now)
        hands.readback.write(blend, hands.now)
        row.append(round(blend.stage["exposure"], 2))
    return row


@pytest.mark.parametrize("mode", ["scale", "pickup"])
def test_nothing_jumps_after_a_change_of_look(mode: str) -> None:
    hands = Hands(f"""
        takeover = "{mode}"
        control = [{{cc = 7, target = "stage.exposure"}}, {{note = 1, target = "do.preset", value = "b"}}]""")
    show = show_of(hands)
    sweep = [cc(7, n) for n in (127, 100, 0, 90, 110)]
    assert exposures(show, hands, *sweep)[-2:] == [round(8 * n / 127 - 4, 2) for n in (90, 110)]
    assert exposures(show, hands, note(1)) == [-3.0]
    after = exposures(show, hands, *[cc(7, n) for n in range(111, 118)])
    assert all(abs(b - a) <= 0.45 for a, b in zip([-3.0, *after], after, strict=False))
    if mode == "pickup":
        assert after == [-3.0] * 7
        assert exposures(show, hands, cc(7, 10), cc(7, 50))[-1] == round(8 * 50 / 127 - 4, 2)
    else:
        assert after == sorted(after)
        assert after[-1] > -3.0
        assert exposures(show, hands, cc(7, 127), cc(7, 50))[-1] == round(8 * 50 / 127 - 4, 2)


def test_a_knob_gets_hold_of_a_parameter_with_steps() -> None:
    hands = one('cc = 7\ntarget = "stage.mirror"')
    show = show_of(hands)
    seen = set()
    for n in range(128):
        hands.now += 0.1
        hands.desk.message(PORT, cc(7, n), hands.now)
        blend = show.tick(hands.now)
        hands.readback.write(blend, hands.now)
        seen.add(blend.stage["mirror"])
    assert {1.0, 2.0, 3.0} <= seen
    assert blend.stage["mirror"] == 3.0


SHIPPED = shipped()


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-5, 300), max_size=5), max_size=60), st.booleans())
def test_any_bytes_are_played_or_counted(messages: list[list[int]], device: bool) -> None:
    desk = MidiDesk(SHIPPED, Readback())
    for message in messages:
        desk.message("APC mini mk2" if device else "x", message, 1.0)
    for event in desk.take():
        assert event.value is None or isinstance(event.value, str) or math.isfinite(event.value)
    assert desk.counts["messages"] + desk.counts["other"] == len(messages)


# ports


@dataclass
class Rack(System):
    """A MIDI system under the test's hand."""

    there: list[str]
    broken: set[str] = field(default_factory=set)
    open_now: dict[str, deque[tuple[Sequence[int], float]]] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    ended: bool = False

    def names(self) -> list[str]:
        if self.ended:
            raise ServerGone("the server has ended")
        return list(self.there)

    def open(self, name: str) -> Port:
        if name in self.broken:
            raise OSError("cannot be opened: busy")
        self.opened.append(name)
        self.open_now[name] = deque()
        rack = self

        class Opened:
            def fetch(self) -> tuple[Sequence[int], float] | None:
                waiting = rack.open_now[name]
                return waiting.popleft() if waiting else None

            def close(self) -> None:
                del rack.open_now[name]

        return Opened()

    def say(self, name: str, message: Sequence[int], gap: float = 0.0) -> None:
        """The device sends a message, `gap` s after the one before."""
        self.open_now[name].append((message, gap))


def ports_of(rack: Rack | None, wanted: str | None = None) -> tuple[MidiPorts, list[object]]:
    said: list[object] = []
    ports = MidiPorts(
        lambda: 0.0,
        lambda device, data, _at: said.append((device, *data)),
        lambda *row: said.append(row),
        wanted,
        lambda: rack,
    )
    return ports, said


def test_when_its_server_ends_an_input_is_gone_but_left_open_and_nothing_more_is_asked_of_the_server() -> None:
    rack = Rack(["LPD8"])
    ports, said = ports_of(rack)
    ports.look()
    rack.ended = True
    ports.look()
    rack.ended = False
    ports.look()
    assert said == [("LPD8", True), ("LPD8", False)]
    assert (ports.devices, ports.lost, list(rack.open_now)) == ((), "the server has ended", ["LPD8"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="JACK's sockets are Linux's")
def test_who_listens_at_a_socket_is_seen_without_a_word_to_it() -> None:
    # The path of a socket has room for 107 letters.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/jack_liveanim-test-{os.getpid()}_0_0")
        assert listens(f"jack_liveanim-test-{os.getpid()}_")
        server.close()
        assert not listens(f"jack_liveanim-test-{os.getpid()}_")


def test_a_device_is_the_same_one_when_it_comes_back_with_another_number() -> None:
    rack = Rack(["LPD8:LPD8 MIDI 1 20:0"])
    ports, said = ports_of(rack)
    ports.look()
    rack.say("LPD8:LPD8 MIDI 1 20:0", [0xB0, 1, 2])
    ports.fetch()
    rack.there = []
    ports.look()
    assert (ports.devices, rack.open_now) == ((), {})
    rack.there = ["LPD8:LPD8 MIDI 1 24:0"]
    ports.look()
    ports.look()
    device = "LPD8:LPD8 MIDI 1"
    assert said == [(device, True), (device, 0xB0, 1, 2), (device, False), (device, True)]
    assert rack.opened == ["LPD8:LPD8 MIDI 1 20:0", "LPD8:LPD8 MIDI 1 24:0"]


def test_a_quick_replug_under_another_number_is_noticed() -> None:
    rack = Rack(["LPD8 20:0"])
    ports, said = ports_of(rack)
    ports.look()
    rack.there = ["LPD8 24:0"]
    ports.look()
    assert said == [("LPD8", True), ("LPD8", False), ("LPD8", True)]


def test_twins_are_both_heard_and_our_own_ports_are_not() -> None:
    rack = Rack(["LPD8 20:0", "LPD8 24:0", "liveanim look:in", "Midi Through:Midi Through Port-0 14:0"])
    ports, _ = ports_of(rack)
    ports.look()
    assert ports.devices == ("LPD8", "LPD8 (2)")


def test_only_wanted_ports_are_opened() -> None:
    rack = Rack(["LPD8 20:0", "MPD218 24:0"])
    ports, _ = ports_of(rack, "mpd")
    ports.look()
    assert ports.devices == ("MPD218",)


def test_a_port_that_cannot_be_opened_is_tried_again() -> None:
    rack = Rack(["LPD8"], {"LPD8"})
    ports, said = ports_of(rack)
    ports.look()
    ports.look()
    assert (ports.devices, said) == ((), [])
    rack.broken.clear()
    ports.look()
    assert ports.devices == ("LPD8",)


def test_without_a_midi_system_nothing_happens() -> None:
    ports, said = ports_of(None)
    ports.look()
    assert (ports.devices, said) == ((), [])


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("LPD8:LPD8 MIDI 1 20:0", "LPD8:LPD8 MIDI 1"),
        ("nanoKONTROL2 0", "nanoKONTROL2"),
        ("APC:APC mini mk2", "APC:APC mini mk2"),
    ],
)
def test_the_number_of_the_socket_is_no_part_of_the_name(name: str, device: str) -> None:
    assert device_name(name) == device


def stamps(*looks: tuple[float, Sequence[float]]) -> list[float]:
    """What messages are stamped with that were found by `looks`: (time, gaps of the messages found)."""
    arrivals, found = Arrivals(0.0), []
    for now, gaps in looks:
        found += [round(arrivals.stamp(gap, now), 6) for gap in gaps]
        arrivals.looked(now)
    return found


def test_messages_keep_their_distances_however_late_they_are_fetched() -> None:
    assert stamps((0.01, [0.0]), (0.012, []), (0.5, [0.1, 0.1, 0.1])) == [0.01, 0.11, 0.21, 0.31]


def test_a_message_came_between_the_last_two_looks_whatever_the_system_says() -> None:
    assert stamps((1.0, [7.0]), (1.002, [0.0]), (1.004, [0.0, 5.0, 0.001]), (1.006, [])) == [
        1.0,
        1.0,
        1.002,
        1.004,
        1.004,
    ]


@given(st.lists(st.tuples(st.floats(0, 0.02), st.lists(st.floats(-1, 1), max_size=4)), max_size=50))
def test_time_never_runs_back(looks: list[tuple[float, list[float]]]) -> None:
    now, rows = 0.0, []
    for step, gaps in looks:
        now += step
        rows.append((now, gaps))
    found = stamps(*rows)
    assert found == sorted(found)


# the source


def test_the_source_stamps_messages_when_they_come_and_says_what_went_away() -> None:
    rack, now = Rack(["LPD8"]), [5.0]
    source = MidiInput(lambda: now[0], Readback(), find=lambda: None)
    source.close()
    source.ports._find = lambda: rack
    source.ports.look()
    now[0] = 6.5
    rack.say("LPD8", [0x90, 36, 100])
    source.ports.fetch()
    assert source.read(7.0) == [
        ControlEvent(6.5, "pad.36", 100 / 127, "midi"),
        ControlEvent(6.5, "do.tap", None, "midi"),
    ]
    rack.there = []
    source.ports.look()
    assert source.problem() == "MIDI: LPD8 is gone"
    now[0] = 20.0
    assert (source.problem(), source.read(20.0)) == ("", [])
    rack.ended = True
    source.ports.look()
    assert source.problem() == "MIDI: the server has ended"


def test_a_loop_that_stands_still_loses_the_oldest_messages_and_counts_them() -> None:
    rack = Rack(["x"])
    source = MidiInput(lambda: 1.0, Readback(), find=lambda: None)
    source.close()
    source.ports._find = lambda: rack
    source.ports.look()
    for n in range(10_000):
        rack.say("x", [0xB0, 20, n % 128])
    source.ports.fetch()
    assert [(event.target, event.value) for event in source.read(1.0)] == [("cc.20", 9999 % 128 / 127)]
    assert source.counts == {"messages": 8192, "lost": 10_000 - 8192}


def test_an_input_that_was_asked_for_and_is_not_there_is_said() -> None:
    source = MidiInput(lambda: 100.0, Readback(), "LPD8", find=lambda: None)
    source.close()
    assert source.problem() == "MIDI: no input with 'LPD8' in its name"


def test_the_users_map_comes_before_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('match = ["lpd8"]\n[[control]]\nnote = 36\ntarget = "do.reset"\n')
    source = MidiInput(lambda: 1.0, Readback(), own=path, find=lambda: None)
    source.close()
    for device in ("LPD8", "MPD218"):
        source._heard(device, [0x90, 36, 100], 1.0)
    assert [event.target for event in source.read(1.0)] == ["do.reset", "pad.36", "do.tap"]
    path.write_text("")
    with pytest.raises(UserError, match=r"mine\.toml: expected at least one"):
        MidiInput(lambda: 1.0, Readback(), own=path, find=lambda: None)
