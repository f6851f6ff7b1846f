"""One table of actions, and everybody who says what can be done takes it from there."""

from __future__ import annotations

import math

import pytest

from liveanim.core.actions import ACTIONS, OPEN, Action
from liveanim.core.model import ControlEvent
from liveanim.core.preset import preset_from
from liveanim.core.quantise import QUANTISED
from liveanim.hands import is_edit
from liveanim.inputs.midimap import map_from
from liveanim.inputs.oscnames import ADDRESSES
from liveanim.inputs.web.events import Vocabulary
from liveanim.outputs.keys import KEYS
from liveanim.show import Settings, Show
from tests.fakes import AtOnce, Hears

GOOD = {"nothing": None, "number": 1, "name": "look", "text": "night", "wish": "stage.hue"}


def test_the_show_does_every_action_and_no_other() -> None:
    show = Show([], Hears(), AtOnce(), [preset_from({"prompt": {"text": ["a"]}}, "t", "t")], Settings((16, 8)))
    assert set(show._hands._actions) == set(ACTIONS)


def test_edits_and_what_waits_for_the_beat_are_said_in_the_table() -> None:
    edits = {name for name in ACTIONS if is_edit(ControlEvent(0.0, f"do.{name}"))}
    assert edits == {"preset", "scene", "next", "back", "release", "loop_clear", "panic", "resume"}
    assert QUANTISED == {"do.preset", "do.scene", "do.next", "do.back", "do.reset"}
    assert not is_edit(ControlEvent(0.0, "do.nothing")) and set(ACTIONS) - set(OPEN) == {"quit", "learned"}


@pytest.mark.parametrize("row", OPEN.values(), ids=lambda row: row.name)
def test_every_action_can_be_done_by_osc_the_remote_and_a_pad(row: Action) -> None:
    target = f"do.{row.name}"
    assert any(address.target == target and address.doc == row.doc for address in ADDRESSES.values())
    assert Vocabulary(presets=lambda: ("look",)).event(target, GOOD[row.takes], 0.0).target == target
    data = {"note": 1, "target": target, "value": GOOD[row.takes]}
    (control,) = map_from({"control": [{key: value for key, value in data.items() if value is not None}]}, "t").controls
    assert (control.mode, control.value) == ("trigger", GOOD[row.takes])


def test_a_value_is_good_or_it_is_said_what_is_wrong() -> None:
    bad = [("tap", 1), ("bpm", None), ("bpm", 0), ("bpm", True), ("nudge", math.nan), ("preset", 0), ("save", 3)]
    assert all(ACTIONS[name].fault(value) for name, value in bad)
    good = [("bpm", 128.5), ("preset", 1), ("preset", "+"), ("scene", 0), ("take", None), ("learn", "stage.hue")]
    assert not any(ACTIONS[name].fault(value) for name, value in good)
    assert ACTIONS["bpm"].clamp(5000.0) == 1000.0


def test_keys_do_what_there_is() -> None:
    done = {key.target.removeprefix("do.") for key in KEYS if key.target.startswith("do.")}
    assert done <= set(ACTIONS) and {"save", "take", "tap"} <= done
