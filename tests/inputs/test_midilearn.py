"""MIDI learn: by bytes as controllers send them, and with a real port that is unplugged and plugged in again."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, ControlEvent, Status
from liveanim.core.params import PARAMS, ParamSpec, Table, with_rows
from liveanim.inputs.midi import LEARNED, MidiInput, NoMidi
from liveanim.inputs.mididesk import MidiDesk
from liveanim.inputs.midilearn import Learner, map_data, row_of, sort_of, wish_from
from liveanim.inputs.midimap import Control, MidiMap, map_from, shipped
from liveanim.inputs.readback import Readback

PORT = "desk"
KNOB = [30, 31, 33, 36, 40, 44]


def cc(number: int, *values: int) -> list[list[int]]:
    return [[0xB0, number, value] for value in values]


def line_of(value: object) -> str:
    """What the desk says of a wish that came before it."""
    wish, _, line = str(value).partition("\n")
    assert wish and line
    return line


class Bench:
    """A desk, what it reads back, and what it kept."""

    def __init__(self, *maps: MidiMap, table: Table = PARAMS, learned: Sequence[MidiMap] = ()) -> None:
        self.readback, self.kept = Readback(), list[MidiMap]()
        self.desk = MidiDesk(maps or shipped(), self.readback, learned, self.kept.append, table)

    def learn(self, text: str) -> str:
        """Wish for `text`; what the desk says to that at once."""
        self.readback.write(Blend(0.0, status=Status(learning=text)), 0.0)
        return "".join(line_of(event.value) for event in self.desk.take() if event.target == "do.learned")

    def played(self, *messages: Sequence[int]) -> dict[str, float | str | None]:
        """What the messages do, by target; the last of each."""
        for message in messages:
            self.desk.message(PORT, message, 1.0)
        return {e.target: e.value for e in self.desk.take() if not e.target.startswith(("cc.", "hint.", "pad."))}

    def learned(self, text: str, *messages: Sequence[int]) -> Control:
        """The control that the messages make of a wish; the show has heard of it."""
        self.learn(text)
        done = self.played(*messages)
        assert line_of(done["do.learned"]).startswith("learned")
        self.learn("")
        return self.kept[-1].controls[-1]


@pytest.mark.parametrize(
    ("bytes_", "sort"),
    [
        (KNOB, "absolute"),
        ([127, 126, 124, 121, 119], "absolute"),
        ([1, 2, 3, 4, 5], "absolute"),
        ([62, 63, 64, 65, 66], "absolute"),
        ([1, 1, 1, 127, 127], "twos"),
        ([1, 2, 1, 126, 127], "twos"),
        ([127, 127, 127, 127, 127], "twos"),
        ([65, 65, 63, 63, 65], "offset"),
        ([65, 65, 1, 1, 65], "sign"),
        ([1, 1, 1, 1, 1], None),
        ([1] * 12, "twos"),
        ([65] * 12, "offset"),
        ([127, 0], "pad"),
        ([40, 41], None),
    ],
)
def test_what_a_controller_is_shows_in_its_bytes(bytes_: list[int], sort: str | None) -> None:
    assert sort_of(bytes_) == sort


@given(st.lists(st.integers(0, 127), max_size=40))
def test_any_bytes_are_something_or_not_clear_yet(bytes_: list[int]) -> None:
    assert sort_of(bytes_) in ("absolute", "twos", "offset", "sign", "pad", None)


def test_a_wiggled_knob_plays_what_was_wished_and_nothing_meanwhile() -> None:
    bench = Bench()
    control = bench.learned("stage.hue range=0.2..0.8 curve=2 takeover=jump", *cc(21, *KNOB))
    assert (control.kind, control.number, control.channel, control.mode) == ("cc", 21, 1, "absolute")
    assert bench.played(*cc(21, 127)) == {"stage.hue": pytest.approx(2 * 0.8 - 1)}
    assert bench.played(*cc(21, 64)) == {"stage.hue": pytest.approx(2 * (0.2 + 0.6 * (64 / 127) ** 2) - 1)}


def test_what_a_knob_learned_goes_before_its_profile_and_forgetting_gives_that_back() -> None:
    bench = Bench()
    bench.learned("stage.hue takeover=jump", *cc(1, *KNOB))
    assert "stage.hue" in bench.played(*cc(1, 100))  # by the shipped profile it is macro 1
    assert "no learned knob" in bench.learn("stage.hue forget") and bench.kept[-1].controls == ()
    bench.learn("")
    bench.played(*cc(1, 0))
    assert "macro.m1" in bench.played(*cc(1, 20))


def test_endless_knobs_are_known_by_turning_them_both_ways() -> None:
    bench = Bench()
    control = bench.learned("camera.zoom step=0.02", *cc(9, 1, 1, 127, 127, 1))
    assert control.mode == "twos" and bench.played(*cc(9, 2)) == {"add.camera.zoom": pytest.approx(0.04)}
    assert bench.learned("camera.zoom", *cc(9, 65, 65, 63, 63, 65)).mode == "offset"
    assert len(bench.kept[-1].controls) == 1  # the same knob: what it did before is forgotten


def test_fine_knobs_nrpn_bends_and_pressure() -> None:
    bench = Bench()
    fine = [m for n in range(5) for m in (*cc(3, 40 + n), *cc(35, 17 * n))]
    assert bench.learned("stage.hue takeover=jump", *fine).kind == "cc14"
    assert bench.played(*cc(3, 127), *cc(35, 127)) == {"stage.hue": 1.0}
    nrpn = [*cc(99, 2), *cc(98, 5), *[m for n in range(5) for m in cc(6, 10 * n)]]
    control = bench.learned("stage.bloom takeover=jump", *nrpn)
    assert (control.kind, control.number) == ("nrpn", 2 * 128 + 5)
    assert bench.played(*cc(6, 64), *cc(38, 0)) == {"stage.bloom": pytest.approx(64 / 127)}
    assert bench.learned("stage.grain takeover=jump", *[[0xE0, 0, n] for n in range(60, 70)]).kind == "pitch"
    assert bench.learned("stage.split takeover=jump", *[[0xD0, n] for n in range(60, 70)]).kind == "touch"
    assert bench.played([0xD0, 127]) == {"stage.split": 1.0}


def test_the_pressure_on_a_pad_is_learned_where_a_knob_is_asked_for() -> None:
    bench = Bench()
    press = [[0x90, 36, 90], *[[0xA0, 36, n] for n in range(10, 60, 10)]]
    control = bench.learned("stage.bloom mode=absolute takeover=jump", *press)
    assert (control.kind, control.number, control.mode) == ("polytouch", 36, "absolute")
    assert bench.played([0xA0, 36, 127], [0xA0, 37, 5]) == {"stage.bloom": 1.0}
    assert row_of(control, "desk")["about"] == "pressure on note 36"
    assert map_from(map_data(bench.kept[-1]), "t", PORT) == bench.kept[-1]


def test_pads_hold_toggle_and_trigger() -> None:
    bench = Bench()
    assert bench.learned("stage.invert", [0x90, 36, 90]).mode == "hold"
    assert bench.learned("out.blackout", [0x90, 37, 90]).mode == "toggle"
    assert bench.learned("stage.bloom mode=toggle", [0x90, 38, 90]).mode == "toggle"
    assert bench.learned("do.scene value=storm", [0x90, 39, 90]).mode == "trigger"
    assert bench.learned("do.next", *cc(40, 127, 0)).kind == "cc"
    assert bench.played([0x90, 39, 1]) == {"do.scene": "storm"}
    assert bench.played([0x90, 37, 1]) == {"out.blackout": "toggle"}
    assert bench.played(*cc(40, 127)) == {"do.next": None}


def test_shader_inputs_are_learned_and_rest_in_a_show_without_their_shader() -> None:
    waves = ParamSpec("isf.waves.size", "", 0, 4, 1, "stage", "size")
    here = with_rows([waves, ParamSpec("isf.waves.on", "", 0, 1, 0, "stage", "on", "toggle")])
    bench = Bench(table=here)
    bench.learned("isf.waves.size takeover=jump", *cc(1, *KNOB))
    assert bench.learned("isf.waves.on", [0x90, 36, 90]).mode == "toggle"
    assert bench.played(*cc(1, 127), [0x90, 36, 90]) == {"isf.waves.size": 4.0, "isf.waves.on": "toggle"}
    text = map_data(bench.kept[-1])
    assert map_from(text, "t", PORT) == bench.kept[-1]  # kept for the shows that have it
    other = Bench(learned=[map_from(text, "t", PORT)])
    other.played(*cc(1, 10))
    assert "macro.m1" in other.played(*cc(1, 90))  # meanwhile the knob does what its profile says


@pytest.mark.parametrize(
    "text", ["stage.hue range=2..3", "stage.hue curve=x", "stage.hue mode=mad", "stage.hue colour=1", "stage.hue x"]
)
def test_a_wish_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(UserError, match="learn: "):
        wish_from(text)
    assert "learn: " in Bench().learn(text)


def test_a_learned_map_is_a_file_that_reads_back() -> None:
    bench = Bench()
    bench.learned("stage.hue range=0.8..0.2 curve=2", *cc(21, *KNOB))
    bench.learned("do.scene value=2", [0x90, 39, 90])
    one = bench.kept[-1]
    assert map_from(map_data(one), "t", PORT) == one


def test_a_knob_that_waits_to_meet_its_value_says_where_it_stands() -> None:
    table = {"control": [{"cc": 7, "target": "stage.bloom", "takeover": "pickup"}]}
    bench = Bench(map_from(table, "t"))
    bench.readback.write(Blend(0.0, values={"stage.bloom": 0.9}), 0.0)
    bench.desk.message(PORT, [0xB0, 7, 20], 1.0)
    events = {e.target: e.value for e in bench.desk.take()}
    assert events["hint.stage.bloom"] == pytest.approx(20 / 127) and "stage.bloom" not in events
    bench.desk.message(PORT, [0xB0, 7, 120], 1.1)  # past the value: it has it
    events = {e.target: e.value for e in bench.desk.take()}
    assert events["hint.stage.bloom"] is None and events["stage.bloom"] == pytest.approx(120 / 127)


def test_what_was_learned_is_adjusted_or_forgotten_knob_by_knob() -> None:
    bench = Bench()
    bench.learned("stage.hue takeover=jump", *cc(21, *KNOB))
    bench.learned("stage.hue takeover=jump", *cc(22, *KNOB))
    assert bench.learn("stage.hue adjust knob=cc:1:21 range=0.5..1 curve=2 takeover=pickup") == "stage.hue: adjusted"
    bench.learn("")
    bench.learn("stage.hue adjust knob=cc:1:22 invert")
    bench.learn("")
    rows = [(c.number, c.low, c.high, c.curve, c.takeover) for c in bench.kept[-1].controls]
    assert rows == [(21, 0.5, 1.0, 2.0, "pickup"), (22, 1.0, 0.0, 1.0, "jump")]
    assert bench.played(*cc(22, 127)) == {"stage.hue": -1.0}
    version = bench.desk.version
    bench.learn("stage.hue forget knob=cc:1:22")
    assert [c.number for c in bench.desk.learned[PORT].controls] == [21] and bench.desk.version == version + 1
    bench.learn("")
    assert bench.learn("stage.bloom adjust curve=2") == "stage.bloom: no learned knob"
    bench.learn("")
    assert "expected kind:channel:number" in bench.learn("stage.hue adjust knob=21")


def test_names_with_spaces_stand_in_quotes_and_what_needs_a_value_says_so() -> None:
    bench = Bench()
    assert bench.learned('do.scene value="night drive"', [0x90, 40, 90]).value == "night drive"
    assert bench.played([0x90, 40, 90]) == {"do.scene": "night drive"}
    assert bench.learn("do.preset") == "learn: do.preset needs value = a preset's name or number"
    assert "quote is not closed" in bench.learn('do.scene value="night')
    assert bench.learn("prompt.1") == "learn: prompt.1 needs value = a text of at most 2000 characters"
    assert bench.learn("do.bpm value=fast").startswith("learn: value: expected a number from 1 to 1000")


def test_pads_learn_actions_words_and_programs_and_what_is_kept_can_be_read_again() -> None:
    bench = Bench()
    bench.learned("do.take", [0x90, 40, 90])
    bench.learned("prompt.1 value=1984", [0x90, 41, 90])
    bench.learned("do.bpm value=124.5", [0x90, 42, 90])
    bench.learned("do.preset value=2", [0xC0, 4])
    control = bench.learned("stage.invert mode=hold", [0xC1, 0])
    assert (control.kind, control.number, control.channel, control.mode) == ("program", 1, 2, "trigger")
    bench.learn("stage.invert adjust mode=hold")
    assert bench.kept[-1].controls[-1].mode == "trigger"
    bench.learn("")
    assert bench.played([0x90, 40, 90], [0x90, 41, 90], [0x90, 42, 90], [0xC0, 4]) == {
        "do.take": None, "prompt.1": "1984", "do.bpm": 124.5, "do.preset": 2.0,
    }  # fmt: skip
    assert map_from(map_data(bench.kept[-1]), "learned.toml") == bench.kept[-1]


def test_a_learned_control_is_a_row_for_json() -> None:
    row = row_of(Control("nrpn", 300, "stage.hue", "absolute", 2, 0.0, 0.5), "desk")
    assert (row["knob"], row["about"], row["range"], row["port"]) == ("nrpn:2:300", "NRPN 300", [0.0, 0.5], "desk")


def test_an_unfinished_wish_gives_way_to_another_and_to_none() -> None:
    learner = Learner("stage.hue")
    assert learner.message(PORT, "cc", 1, 21, 30) is None
    bench = Bench()
    bench.learn("stage.hue")
    assert bench.played(*cc(21, 30)) == {}
    bench.learn("")
    bench.played(*cc(1, 0))
    assert "macro.m1" in bench.played(*cc(1, 30))


def test_a_preset_brings_what_knobs_do_while_it_plays() -> None:
    bench = Bench()
    rows = ({"cc": 1, "target": "stage.hue", "takeover": "jump"}, {"note": 36, "target": "do.scene", "value": "storm"})
    bench.readback.write(Blend(0.0, midi=rows), 0.0)
    version = bench.desk.version
    assert bench.played() == {} and bench.desk.version == version + 1
    assert bench.played(*cc(1, 127), [0x90, 36, 90]) == {"stage.hue": 1.0, "do.scene": "storm"}
    bench.played(*cc(2, 10))
    assert "macro.m2" in bench.played(*cc(2, 90))  # what it does not name is as the profile says
    bench.learn("stage.bloom takeover=jump")
    bench.readback.write(Blend(0.0, midi=rows, status=Status(learning="stage.bloom takeover=jump")), 0.0)
    bench.played(*cc(1, *KNOB))
    bench.readback.write(Blend(0.0, midi=rows), 0.0)
    assert bench.played(*cc(1, 127)) == {"stage.bloom": 1.0}  # a hand that taught a knob has the last word
    bench.readback.write(Blend(0.0), 0.0)
    assert bench.played() == {} and bench.played([0x90, 36, 90]) == {}


def test_a_preset_that_says_nonsense_of_knobs_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.readback.write(Blend(0.0, midi=({"cc": 300, "target": "stage.hue"},)), 0.0)
    bench.played()
    bench.played()
    assert [record.message for record in caplog.records] == [
        "midi of the preset: control 1: cc: expected a number from 0 to 127, a list of them, or a range such as '1-8'; "
        "it is left out"
    ]


def test_a_show_without_midi_says_so_to_whoever_wants_a_knob_to_learn() -> None:
    readback = Readback()
    none = NoMidi(readback)
    assert none.read(1.0) == [] and none.problem() == ""
    readback.write(Blend(0.0, status=Status(learning="stage.hue")), 0.0)
    assert none.read(2.0) == [ControlEvent(2.0, "do.learned", "stage.hue\nthere is no MIDI in this show", "midi")]


def test_a_burst_while_learning_teaches_one_knob_and_loses_no_last_value(tmp_path: Path) -> None:
    readback = Readback()
    source = MidiInput(lambda: 1.0, readback, find=lambda: None, folder=tmp_path)
    source.close()
    readback.write(Blend(0.0, status=Status(learning="stage.hue takeover=jump")), 0.0)
    source.read(1.0)
    for n in range(3000):
        source._heard("desk", [0xB0, 1 + n % 8, n * 7 % 128], 1.0)
    events = {event.target: event.value for event in source.read(1.0)}
    last = {1 + n % 8: n * 7 % 128 / 127 for n in range(2992, 3000)}
    assert {f"cc.{knob}": value for knob, value in last.items()}.items() <= events.items()
    (control,) = source.desk.learned["desk"].controls
    assert events["stage.hue"] == pytest.approx(2 * last[control.number] - 1)
    assert source.counts == {"messages": 3000, "lost": 0}


@pytest.mark.midi
def test_a_real_port_learns_is_unplugged_and_plays_on_when_it_is_back(tmp_path: Path) -> None:
    rtmidi = pytest.importorskip("rtmidi")

    def plugged() -> object:
        out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="learner")
        out.open_virtual_port("knobs")
        return out

    readback, seen = Readback(), list[ControlEvent]()

    def until(done: object, send: Sequence[Sequence[int]] = ()) -> None:
        for _ in range(300):
            for message in send:
                port.send_message(message)  # type: ignore[attr-defined]
            seen.extend(source.read(time.monotonic()))
            if done():  # type: ignore[operator]
                return
            time.sleep(0.05)
        raise AssertionError([*seen][-5:])

    port = plugged()
    source = MidiInput(time.monotonic, readback, "knobs", folder=tmp_path)
    try:
        until(lambda: source.ports.devices)
        readback.write(Blend(0.0, status=Status(learning="stage.hue takeover=jump")), 0.0)
        source.read(0.0)
        until(lambda: any(e.target == "do.learned" for e in seen), cc(21, *KNOB))
        readback.write(Blend(0.0), 0.0)
        port.delete()  # type: ignore[attr-defined]
        until(lambda: not source.ports.devices)
        port = plugged()
        until(lambda: source.ports.devices)
        seen.clear()
        until(lambda: any(e.target == "stage.hue" and e.value == 1.0 for e in seen), cc(21, 127))
    finally:
        source.close()
        port.delete()  # type: ignore[attr-defined]
    (path,) = (tmp_path / LEARNED).glob("*.toml")
    assert tomllib.loads(path.read_text(encoding="utf-8"))["control"][0]["target"] == "stage.hue"
