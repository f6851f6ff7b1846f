"""Maps of MIDI controllers: what they say, and one line for every way to get them wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from liveanim.core.actions import OPEN
from liveanim.core.errors import UserError
from liveanim.core.params import PARAMS
from liveanim.inputs.midimap import STEP, Control, MidiMap, map_from, read_map, shipped


def controls(text: str) -> tuple[Control, ...]:
    return map_from(tomllib.loads(text), "my.toml").controls


def test_one_table_may_hold_a_row_of_knobs() -> None:
    rows = controls(
        '[[control]]\ncc = "16-18"\nchannel = 2\ntarget = ["macro.m1", "macro.m2", "stage.hue"]\nrange = [1, 0]'
    )
    assert [(c.number, c.target) for c in rows] == [(16, "macro.m1"), (17, "macro.m2"), (18, "stage.hue")]
    assert {(c.kind, c.channel, c.mode, c.low, c.high, c.takeover, c.step) for c in rows} == {
        ("cc", 2, "absolute", 1.0, 0.0, "scale", STEP)
    }


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        ('cc = 1\ntarget = "stage.hue"', "absolute"),
        ('cc = 1\ntarget = "stage.hue"\nmode = "twos"', "twos"),
        ('pitch = true\ntarget = "stage.hue"', "absolute"),
        ('note = 1\ntarget = "stage.hue"', "hold"),
        ('note = 1\ntarget = "out.blackout"', "toggle"),
        ('note = 1\ntarget = "do.tap"', "trigger"),
        ('cc = 1\ntarget = "do.preset"\nvalue = "ink-storm"', "trigger"),
        ('note = 1\ntarget = "prompt.1"\nvalue = "sea"', "trigger"),
        ('program = 1\ntarget = "stage.hue"', "trigger"),
        ('program = 1\ntarget = "out.freeze"', "toggle"),
    ],
)
def test_the_mode_that_suits_is_taken_when_none_is_said(line: str, mode: str) -> None:
    assert controls(f"[[control]]\n{line}")[0].mode == mode


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected at least one [[control]]"),
        ("control = 3", "expected at least one [[control]]"),
        ("control = [3]", "control 1: expected a table"),
        ("takover = 1", "unknown key 'takover' (did you mean: takeover?)"),
        ('takeover = "soft"', "takeover: expected one of scale, pickup, jump"),
        ("match = [1]", "match: expected parts of port names"),
        ('[[control]]\ntarget = "stage.hue"', "control 1: expected one of cc, cc14, note, pitch"),
        ('[[control]]\ncc = 1\nnote = 2\ntarget = "stage.hue"', "expected one of cc"),
        ("[[control]]\ncc = 1", "target: expected a parameter or do.ACTION in quotes"),
        ('[[control]]\ncc = 128\ntarget = "stage.hue"', "cc: expected a number from 0 to 127"),
        ('[[control]]\ncc = "5-"\ntarget = "stage.hue"', "cc: expected a number from 0 to 127"),
        ('[[control]]\ncc = "9-5"\ntarget = "stage.hue"', "cc: expected a number"),
        ('[[control]]\ncc = "0-99999999999"\ntarget = "stage.hue"', "cc: expected a number"),
        ('[[control]]\ncc = true\ntarget = "stage.hue"', "cc: expected a number"),
        ('[[control]]\ncc14 = 32\ntarget = "stage.hue"', "cc14: expected a number from 0 to 31"),
        ('[[control]]\ncc = 1\ntarget = "stage.hu"', "unknown parameter 'stage.hu' (did you mean: stage.hue"),
        ('[[control]]\ncc = 1\ntarget = "do.tapp"', "unknown action 'do.tapp' (did you mean: do.tap"),
        ('[[control]]\ncc = 1\ntarget = "do.quit"', "unknown action 'do.quit'"),
        ('[[control]]\ncc = "1-3"\ntarget = ["stage.hue"]', "target: expected 3 of them, one for each number, got 1"),
        ('[[control]]\nnote = 1\ntarget = "do.preset"', "do.preset needs value = a preset's name or number"),
        ('[[control]]\nnote = 1\ntarget = "do.bpm"\nvalue = "fast"', "do.bpm needs value = a number"),
        ('[[control]]\nnote = 1\ntarget = "do.tap"\nvalue = 1', "do.tap takes no value"),
        ('[[control]]\nnote = 1\ntarget = "do.save"\nvalue = 1', "do.save takes a text as its value, or none"),
        ('[[control]]\nnote = 1\ntarget = "do.scene"\nvalue = -1', "do.scene needs value = a scene's name or number"),
        ('[[control]]\nnote = 1\ntarget = "stage.hue"\nvalue = 1', "a parameter has a range"),
        ('[[control]]\nnote = 1\ntarget = "do.tap"\nmode = "hold"', "can only be a trigger"),
        ('[[control]]\nnote = 1\ntarget = "stage.hue"\nmode = "twos"', "only a cc can be an endless knob"),
        ('[[control]]\ncc = 1\ntarget = "stage.hue"\nmode = "relative"', "mode: expected one of absolute, twos"),
        ('[[control]]\nnote = 1\ntarget = "prompt.1"', "control 1: prompt.1 needs value = a text of at most 2000 char"),
        (
            '[[control]]\nnote = 1\ntarget = "prompt.9"\nvalue = "a"',
            "unknown parameter 'prompt.9' (did you mean: prompt",
        ),
        ('[[control]]\nnote = 1\ntarget = "prompt.1"\nvalue = "a"\nmode = "hold"', "prompt.1 can only be a trigger"),
        ('[[control]]\nprogram = 0\ntarget = "do.preset"', "program: expected a number from 1 to 128"),
        ('[[control]]\nprogram = 1\ntarget = "do.bpm"', "do.bpm needs value = a number from 1 to 1000"),
        ('[[control]]\nprogram = true\ntarget = "do.tap"', "program = true is for do.preset and do.scene"),
        (
            '[[control]]\nprogram = true\ntarget = "do.preset"\nvalue = 1',
            "program = true is for do.preset and do.scene",
        ),
        (
            '[[control]]\nprogram = 1\ntarget = "stage.hue"\nmode = "hold"',
            "a program can only be a trigger or a toggle",
        ),
        ('[[light]]\nprogram = 1\n[[control]]\ncc = 1\ntarget = "stage.hue"', "light 1: unknown key 'program'"),
        ('[[control]]\ncc = 1\ntarget = "stage.hue"\nchannel = 0', "channel: expected 1 to 16"),
        ('[[control]]\ncc = 1\ntarget = "stage.hue"\nrange = [0, 2]', "range: expected [from, to]"),
        ('[[control]]\ncc = 1\ntarget = "stage.hue"\nrange = [0, nan]', "range: expected [from, to]"),
        ('[[control]]\ncc = 1\ntarget = "stage.hue"\nstep = 0', "step: expected a share"),
        ('[[control]]\ncc = 1\ntarget = "stage.hue"\ncolour = 1', "unknown key 'colour'"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(text: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        controls(text)
    assert str(error.value).startswith("my.toml: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[[control", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        (b"a = " + b"[" * 5000, "not valid TOML"),
        (b"#" * 200_001, "at most 200 kB"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_no_map_is_one_line(content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        read_map(path)
    assert str(path) in str(error.value)


SHIPPED = {one.name: one for one in shipped()}


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("APC mini mk2:APC mini mk2 APC mini mk2 Contr", "Akai APC mini mk2"),
        ("LPD8:LPD8 MIDI 1", "Akai LPD8"),
        ("MPD218:MPD218 MIDI 1", "Akai MPD218"),
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1", "Korg nanoKONTROL2"),
        ("Midi Fighter Twister:Midi Fighter Twister MIDI 1", "MIDI Fighter Twister"),
        ("Keystation 49", "any controller"),
    ],
)
def test_every_port_finds_its_profile(port: str, name: str) -> None:
    assert next(one for one in shipped() if one.fits(port)).name == name


@pytest.mark.parametrize("one", SHIPPED.values(), ids=lambda one: one.name)
def test_no_shipped_knob_does_two_things_and_every_device_has_macros(one: MidiMap) -> None:
    places = [(c.kind, c.number, c.channel) for c in one.controls]
    assert len(set(places)) == len(places)
    targets = {c.target for c in one.controls}
    assert {f"macro.m{n}" for n in range(1, 7)} <= targets
    assert all(t in PARAMS or t.removeprefix("do.") in OPEN for t in targets)


@pytest.mark.parametrize(
    ("device", "kind", "number", "channel", "expected"),
    [
        ("Akai APC mini mk2", "cc", 55, 1, ("macro.m8", "absolute", None)),
        ("Akai APC mini mk2", "cc", 56, 1, ("out.level", "absolute", None)),
        ("Akai APC mini mk2", "note", 63, 7, ("do.preset", "trigger", 8)),
        ("Akai APC mini mk2", "note", 112, 1, ("out.blackout", "toggle", None)),
        ("Akai LPD8", "cc", 1, 1, ("macro.m1", "absolute", None)),
        ("Akai MPD218", "cc", 3, 1, ("macro.m1", "twos", None)),
        ("Korg nanoKONTROL2", "cc", 0, 1, ("macro.m1", "absolute", None)),
        ("Korg nanoKONTROL2", "cc", 39, 1, ("do.preset", "trigger", 8)),
        ("Korg nanoKONTROL2", "cc", 45, 1, ("do.take", "trigger", None)),
        ("any controller", "program", 12, 5, ("do.preset", "trigger", None)),
        ("MIDI Fighter Twister", "cc", 0, 1, ("macro.m1", "absolute", None)),
        ("MIDI Fighter Twister", "cc", 0, 2, ("do.preset", "trigger", 1)),
    ],
)
def test_what_shipped_knobs_do(device: str, kind: Any, number: int, channel: int, expected: tuple[object, ...]) -> None:
    (control,) = SHIPPED[device].find(kind, channel, number)
    assert (control.target, control.mode, control.value) == expected
