"""Lights of controllers: what they show of a frame, when they are told, and a real port that is plugged in again."""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass, field

import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, ControlEvent, Status
from liveanim.core.params import PARAMS
from liveanim.inputs import midilights
from liveanim.inputs.midi import MidiInput
from liveanim.inputs.mididesk import MidiDesk
from liveanim.inputs.midilights import Message, Place
from liveanim.inputs.midimap import Control, MidiMap, map_from, shipped
from liveanim.inputs.midiout import AGAIN, AT_ONCE, MidiLights, OutPort
from liveanim.inputs.readback import Readback
from tests.inputs.test_osc import until

PADS = """
match = ["pads"]
control = [
    {note = 1, target = "do.preset", value = 2},
    {note = 2, target = "out.blackout"},
    {note = 3, target = "stage.bloom"},
    {note = 4, target = "do.tap"},
    {note = 5, target = "stage.hue", mode = "trigger", range = [0, 0.75]},
    {cc = 7, target = "stage.exposure", range = [1, 0.5]},
]
light = [{note = "1-6", on = 5, off = 5, on_channel = 7}, {cc = 7}]
"""


@dataclass
class Rack:
    """A MIDI system under the test's hand: what was sent, by output."""

    there: list[str]
    sent: dict[str, list[Message]] = field(default_factory=dict)
    broken: bool = False

    def names(self) -> list[str]:
        return list(self.there)

    def open(self, name: str) -> OutPort:
        rack = self
        self.sent[name] = []

        class Opened:
            def send(self, message: Message) -> None:
                if rack.broken:
                    raise OSError("gone")
                rack.sent[name].append(message)

            def close(self) -> None: ...

        return Opened()

    def take(self, name: str) -> list[Message]:
        """What was sent since the last call, refreshes of what had not changed left in."""
        sent, self.sent[name] = self.sent[name], []
        return sent


class Bench:
    def __init__(self, *maps: MidiMap, inputs: tuple[str, ...] = ("pads",)) -> None:
        self.readback, self.rack, self.now = Readback(), Rack(["pads"]), 0.0
        self.desk = MidiDesk(maps or [map_from(tomllib.loads(PADS), "t")], self.readback)
        self.lights = MidiLights(self.desk, lambda: inputs, find=lambda: self.rack)
        self.lights.look()

    def shows(self, **changes: object) -> dict[Place, Message]:
        """The last message to each light after a frame; kind, channel and number it was sent with."""
        self.now += 0.1
        blend = Blend(self.now, **changes)  # type: ignore[arg-type]
        self.readback.write(blend, self.now)
        self.lights.write(blend, self.now)
        self.lights.send()
        names = {0x90: "note", 0xB0: "cc"}
        return {(names[m[0] & 0xF0], (m[0] & 15) + 1, m[1]): m for m in self.rack.take("pads")}


def test_pads_are_bright_while_what_they_do_is_so_and_dim_while_it_is_not() -> None:
    bench = Bench()
    status = Status("b", presets=("a", "b"))
    bright = {1: status.preset == "b", 2: True, 3: True, 4: True, 5: True}
    sent = bench.shows(
        status=status,
        values={"out.blackout": 1.0, "stage.bloom": 0.7, "stage.hue": 0.5},
        knobs={"stage.bloom": 0.7},
        signals={"beat": 8.1, "bpm": 120.0},
    )
    assert {number for kind, channel, number in sent if (kind, channel) == ("note", 7)} == set(bright)
    assert sent["note", 1, 6] == (0x90, 6, 0)  # plays nothing
    sent = bench.shows(status=Status("a", presets=("a", "b")), signals={"beat": 8.6, "bpm": 120.0})
    assert [sent["note", 1, number] for number in range(1, 6)] == [(0x90, number, 5) for number in range(1, 6)]


def test_a_pad_for_a_preset_that_there_is_not_is_dark_and_one_for_the_next_is_not() -> None:
    def missing(value: str | float) -> bool:
        return midilights._is_missing(Control("note", 1, "do.preset", "trigger", value=value), Status(presets=("a",)))

    assert [missing(value) for value in ("a", "+", "-", 1, "b", 2)] == [False, False, False, False, True, True]


def test_pads_of_words_and_of_the_take_are_lit_while_those_play() -> None:
    def lit(target: str, value: str | None, status: Status) -> bool:
        return midilights._is_on(Control("note", 1, target, "trigger", value=value), Blend(0.0, status=status), PARAMS)

    status = Status(prompts=("a", "sea"), negative="text", taking="night")
    assert lit("prompt.2", "sea", status) and lit("prompt.negative", "text", status) and lit("do.take", None, status)
    assert lit("do.record", None, Status(filming="night")) and not lit("do.record", None, status)
    assert not (lit("prompt.1", "sea", status) or lit("prompt.8", "sea", status) or lit("do.take", None, Status()))


def test_the_pad_of_the_loop_is_lit_while_one_is_recorded_and_blinks_while_some_repeat() -> None:
    def lit(target: str, status: Status, beat: float = 8.5) -> bool:
        blend = Blend(0.0, status=status, signals={"beat": beat, "bpm": 120.0})
        return midilights._is_on(Control("note", 1, target, "trigger"), blend, PARAMS)

    recorded, repeat = Status(loop="2 beats"), Status(looped=("stage.hue",))
    assert lit("do.loop", recorded) and not lit("do.loop_clear", recorded) and not lit("do.loop", Status(), 8.1)
    assert lit("do.loop", repeat, 8.1) and not lit("do.loop", repeat) and lit("do.loop_clear", repeat)


def test_a_ring_stands_where_its_parameter_is() -> None:
    bench = Bench()
    assert bench.shows(values={"stage.exposure": 4.0})["cc", 1, 7] == (0xB0, 7, 0)
    assert bench.shows(values={"stage.exposure": 2.0})["cc", 1, 7] == (0xB0, 7, 64)
    assert bench.shows(values={"stage.exposure": 0.0})["cc", 1, 7] == (0xB0, 7, 127)


def test_a_knob_that_was_told_where_it_stands_goes_on_from_there_without_a_jump() -> None:
    bench = Bench()
    bench.shows(values={"stage.exposure": 1.0})  # 3/4 of its way down
    bench.desk.message("pads", [0xB0, 7, 96], bench.now)
    (event,) = [event for event in bench.desk.take() if event.target == "stage.exposure"]
    assert event.value == pytest.approx(4 - 4 * 96 / 127)


def test_a_knob_under_a_hand_is_left_alone_until_it_rests() -> None:
    bench = Bench()
    bench.shows(values={"stage.exposure": 4.0})
    bench.desk.message("pads", [0xB0, 7, 64], bench.now)
    for _ in range(3):
        assert ("cc", 1, 7) not in bench.shows(values={"stage.exposure": 3.0})
    bench.now += 0.5
    assert bench.shows(values={"stage.exposure": 4.0})["cc", 1, 7] == (0xB0, 7, 0)  # though it was told so before


def test_what_has_not_changed_is_told_again_bit_by_bit() -> None:
    bench = Bench()
    assert len(bench.shows()) == 7
    again = [len(bench.shows()) for _ in range(4)]
    assert max(again) <= AGAIN and sum(again) >= 6
    told = set[Place]()
    for _ in range(4):
        told |= set(bench.shows())
    assert len(told) == 7


def test_many_lights_are_told_in_several_goes() -> None:
    bench = Bench(map_from({"control": [{"note": "0-99", "target": "stage.bloom"}], "light": [{"note": "0-99"}]}, "t"))
    counts = [len(bench.shows()) for _ in range(3)]
    assert max(counts) <= AT_ONCE + AGAIN
    assert bench.lights._open["pads"]._told.keys() == {("note", 1, n) for n in range(100)}


def test_everything_is_told_anew_when_a_device_comes_back() -> None:
    bench = Bench()
    bench.shows()
    bench.rack.there = []
    bench.lights.look()
    assert not bench.lights._open
    bench.rack.there = ["pads 24:0"]
    bench.lights.look()
    bench.rack.sent["pads"] = bench.rack.sent["pads 24:0"]
    bench.lights.send()
    assert len(bench.rack.sent["pads 24:0"]) == 7


def test_a_device_that_does_not_take_messages_is_opened_anew() -> None:
    bench = Bench()
    bench.rack.broken = True
    bench.shows()
    assert not bench.lights._open
    bench.rack.broken = False
    bench.lights.look()
    assert len(bench.shows()) == 7


def test_lights_show_what_was_learned() -> None:
    bench = Bench()
    before = bench.shows(status=Status("a"))
    assert before["note", 1, 6] == (0x90, 6, 0)
    bench.readback.write(Blend(0.0, status=Status(learning="out.freeze")), 0.0)
    bench.desk.take()
    bench.desk.message("pads", [0x90, 6, 90], bench.now)
    bench.desk.take()
    assert bench.shows(values={"out.freeze": 1.0})["note", 7, 6] == (0x96, 6, 5)


def test_without_lights_no_output_is_opened_and_the_wrong_ones_are_left_alone() -> None:
    desk = MidiDesk(shipped(), Readback())
    rack = Rack(["Some Synth 20:0", "LPD8 24:0", "liveanim clock:clock", "Midi Through:Midi Through Port-0 14:0"])
    MidiLights(desk, lambda: (), find=lambda: rack).look()
    assert list(rack.sent) == ["LPD8 24:0"]
    rack.sent.clear()
    MidiLights(desk, lambda: (), wanted="MPD", find=lambda: rack).look()
    MidiLights(desk, lambda: (), find=lambda: None).look()
    assert not rack.sent


def test_an_output_of_another_name_belongs_to_the_input_with_its_map() -> None:
    bench = Bench(inputs=("other", "pads (capture)"))
    assert bench.lights._partner("pads (playback)") == "pads (capture)"
    assert bench.lights._partner("nobody") == "other"


def test_closing_lets_every_light_go_out() -> None:
    bench = Bench()
    bench.lights.start()
    bench.shows()
    bench.lights.close()
    assert {message[-1] for message in bench.rack.take("pads")} == {0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("light = 3", "light: expected [[light]] tables"),
        ("light = [3]", "light 1: expected a table"),
        ("light = [{note = 1, colour = 2}]", "light 1: unknown key 'colour'"),
        ("light = [{note = 1, on = 128}]", "light 1: on: expected a number from 0 to 127"),
        ("light = [{note = 1, off_channel = 17}]", "light 1: off_channel: expected 1 to 16"),
        ("light = [{on = 1}]", "light 1: expected one of"),
    ],
)
def test_a_mistake_in_a_light_is_one_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        map_from(tomllib.loads(f'control = [{{cc = 1, target = "stage.hue"}}]\n{text}'), "my.toml")
    assert said in str(error.value)


@pytest.mark.midi
def test_a_real_device_shows_everything_again_after_it_was_unplugged() -> None:
    rtmidi = pytest.importorskip("rtmidi")

    def plugged() -> object:
        made = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="LPD8")
        made.open_virtual_port("in")
        return made

    def heard() -> list[int]:
        """The last message about pad 41."""
        source.read(time.monotonic())
        now = time.monotonic()
        lights.write(Blend(now, values={"out.blackout": 1.0}), now)
        while (found := device.get_message()) is not None:  # type: ignore[attr-defined]
            if found[0][1] == 41:
                last[:] = found[0]
        return last

    last: list[int] = []
    source = MidiInput(time.monotonic, Readback(), "LPD8")
    lights = MidiLights(source.desk, lambda: source.ports.devices)
    lights.start()
    device = plugged()
    try:
        until(lambda: heard() == [0x90, 41, 127])
        device.delete()  # type: ignore[attr-defined]
        until(lambda: not lights._open)
        last.clear()
        device = plugged()
        until(lambda: heard() == [0x90, 41, 127])
        lights.close()
        until(lambda: heard() == [0x90, 41, 0] or heard() == [0x80, 41, 0])
    finally:
        lights.close()
        source.close()
        device.delete()  # type: ignore[attr-defined]


def test_events_of_the_desk_stay_in_order_when_a_hint_ends_by_the_ring() -> None:
    bench = Bench()
    bench.desk._hints.add("stage.exposure")
    bench.shows(values={"stage.exposure": 1.0})
    assert ControlEvent(0.0, "hint.stage.exposure", None, "midi") in bench.desk.take()
