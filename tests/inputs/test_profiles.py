"""The shipped profiles played whole, every knob and pad: each does something in the preset that a show begins with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from liveanim.core.model import Blend, Status
from liveanim.core.params import PARAMS
from liveanim.core.performance import Performance
from liveanim.core.preset import preset_from
from liveanim.inputs.mididesk import MidiDesk
from liveanim.inputs.midilights import messages, plan
from liveanim.inputs.midimap import TURNING, Control, MidiMap, shipped
from liveanim.inputs.readback import Readback

PROFILES = shipped()
PORT = "a controller"
TEXTS = {"prompt": {"text": ["a", "b", "c", "d", "e", "f", "g", "h"]}}
KNOBS = [(one, c) for one in PROFILES for c in one.controls if not c.target.startswith("do.")]


class Stand:
    """One controller with one profile, and a look that it plays."""

    def __init__(self, one: MidiMap) -> None:
        self.play, self.readback, self.now = Performance(preset_from(TEXTS, "t", "look")), Readback(), 0.0
        self.desk = MidiDesk([MidiMap(one.name, (), one.controls, one.lights)], self.readback)
        self.frame()

    def frame(self) -> dict[str, float]:
        """What the messages so far have done to the values."""
        self.now += 10.0  # slow parameters arrive
        for event in self.desk.take(self.now):
            if event.target.startswith("add."):
                assert isinstance(event.value, float)
                self.play.panel.move(event.target.removeprefix("add."), event.value)
            elif event.target in PARAMS:
                self.play.panel.turn(event.target, event.value, "midi")
        values = self.play.evaluate({"t": self.now, "dt": 10.0, "beat": self.now}, self.now)
        self.readback.write(Blend(self.now, values=values, knobs=self.play.panel.knobs()), self.now)
        return values

    def send(self, control: Control, *bytes_: int) -> dict[str, float]:
        for byte in bytes_:
            if control.kind == "dmx":
                self.desk.dmx(PORT, control.number, byte * 255 // 127, self.now)
            else:
                status = {"note": 0x90, "cc": 0xB0}[control.kind] | (control.channel or 1) - 1
                self.desk.message(PORT, [status, control.number, byte], self.now)
        return self.frame()


def ids(row: object) -> str:
    return row.name if isinstance(row, MidiMap) else f"{row.kind}{row.number}" if isinstance(row, Control) else ""


@pytest.mark.parametrize(("one", "control"), KNOBS, ids=ids)
def test_every_knob_and_pad_moves_its_parameter_all_the_way(one: MidiMap, control: Control) -> None:
    stand, row = Stand(one), PARAMS[control.target]
    before = stand.frame()[row.name]
    if control.mode == "absolute":
        ends = [stand.send(control, byte)[row.name] for byte in (0, 127, 0)][1:]
        assert ends == pytest.approx([row.from_unit(control.high), row.from_unit(control.low)], abs=1e-9)
    elif control.mode in TURNING:
        up = stand.send(control, *[1] * 10)[row.name]
        assert stand.send(control, *[127] * 20)[row.name] < up or before == row.low
    else:
        assert stand.send(control, 127)[row.name] != before
        stand.send(control, 0)
        if control.mode == "toggle":
            stand.send(control, 127)
        assert stand.frame()[row.name] == before


@pytest.mark.parametrize("one", PROFILES, ids=ids)
def test_every_fader_of_macros_changes_the_picture(one: MidiMap) -> None:
    stand = Stand(one)
    before = stand.frame()
    macros = [control for control in one.controls if control.target.startswith("macro.")]
    for control in macros:
        for byte in [0, 127] if control.mode == "absolute" else [10] * 5:
            after = stand.send(control, byte)
        assert any(after[name] != before[name] for name in before if not name.startswith("macro."))
        before = after
    assert len(macros) >= 6


def lit(one: MidiMap, target: str, status: Status) -> Sequence[int]:
    """The last bytes to the lights of what plays `target`, in order of its values."""
    desk = MidiDesk([one], Readback())
    rows = plan(one.lights, lambda light: desk.plays(one.match[0], light))
    said = messages(rows, Blend(0.0, status=status), PARAMS)
    found = {row.control.value: said[row.place][2] for row in rows if row.control and row.control.target == target}
    return [found[value] for value in range(1, len(found) + 1)]


@pytest.mark.parametrize("one", [one for one in PROFILES if one.lights and one.name != "Akai LPD8"], ids=ids)
def test_pads_of_presets_and_scenes_tell_what_plays_and_what_there_is(one: MidiMap) -> None:
    status = Status("b", presets=("a", "b", "c"), scenes=("x", "y"), scene="y")
    presets = lit(one, "do.preset", status)
    assert len(presets) >= 8 and presets[1] > 0 and not any(presets[3:])
    scenes = lit(one, "do.scene", status)
    assert not scenes or (scenes[1] > 0 and not any(scenes[2:]))
