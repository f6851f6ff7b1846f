"""The address space and what each address does."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.archive import Archive
from liveanim.core.model import ControlEvent
from liveanim.core.params import PARAMS, ParamSpec, with_rows
from liveanim.core.preset import preset_from
from liveanim.inputs import oscnames
from liveanim.inputs.fakes import Script
from liveanim.inputs.oscnames import ADDRESSES, Book, Refused
from liveanim.inputs.oscwire import Argument
from liveanim.keeping import Paper
from liveanim.show import Settings, Show
from tests.fakes import AtOnce, Hears

ZOOM = "/liveanim/param/camera/zoom"
find = Book().find


def does(path: str, *arguments: Argument) -> list[tuple[str, object] | None]:
    """(target, value) of every event that a message makes."""
    events = [oscnames.event(address, arguments, 1.0) for address in find(path)]
    return [None if event is None else (event.target, event.value) for event in events]


@pytest.mark.parametrize(
    ("path", "arguments", "target", "value"),
    [
        ("/liveanim/param/stage/exposure", (0.75,), "stage.exposure", 2.0),
        ("/liveanim/param/stage/exposure", (1,), "stage.exposure", 4.0),
        ("/liveanim/param/stage/exposure", (7.0,), "stage.exposure", 4.0),
        ("/liveanim/param/stage/exposure", (False,), "stage.exposure", -4.0),
        (ZOOM, (0.5,), "camera.zoom", 1.0),
        (f"{ZOOM}/raw", (2.5,), "camera.zoom", 2.5),
        (f"{ZOOM}/raw", (1e9,), "camera.zoom", 10.0),
        (f"{ZOOM}/release", (), "camera.zoom", None),
        (f"{ZOOM}/expression", ("1 + kick",), "expr.camera.zoom", "1 + kick"),
        (ZOOM.upper() + "/RAW", (2,), "camera.zoom", 2.0),
        (ZOOM, ("+", 0.1), "add.camera.zoom", 0.1),
        (ZOOM, ("-", 0.1), "add.camera.zoom", -0.1),
        (ZOOM, ("*", 2), "scale.camera.zoom", 2.0),
        (ZOOM, ("a", 1.0), "camera.zoom", 10.0),
        ("/liveanim/param/picture/steps", (0.5,), "picture.steps", 4.0),
        ("/liveanim/param/macro/m3", (0.25,), "macro.m3", 0.25),
        ("/liveanim/prompt/2", ("a red fox",), "prompt.2", "a red fox"),
        ("/liveanim/prompt/2/text", ("a\nred\tfox",), "prompt.2", "a red fox"),
        ("/liveanim/prompt/2/weight", (0.5,), "prompt.weight2", 0.5),
        ("/liveanim/prompt/negative", ("",), "prompt.negative", ""),
        ("/liveanim/preset", ("deep-sea",), "do.preset", "deep-sea"),
        ("/liveanim/preset", (2,), "do.preset", 2.0),
        ("/liveanim/tempo/bpm", (128,), "do.bpm", 128.0),
        ("/liveanim/tempo/nudge", (-0.05,), "do.nudge", -0.05),
        ("/liveanim/tempo/nudge", (1e30,), "do.nudge", 1.0),
        ("/liveanim/tempo/bpm", (-5,), "do.bpm", 1.0),
        ("/liveanim/tempo/tap", (), "do.tap", None),
        ("/liveanim/tempo/double", (1.0,), "do.double", None),
        ("/liveanim/out/blackout", (True,), "out.blackout", 1.0),
        ("/liveanim/out/blackout", (0,), "out.blackout", 0.0),
        ("/liveanim/out/level", (0.25,), "out.level", 0.25),
        ("/liveanim/out/freeze", (), "out.freeze", "toggle"),
        ("/liveanim/out/freeze", ("toggle",), "out.freeze", "toggle"),
        ("/liveanim/trigger/reset", (True,), "do.reset", None),
        ("/liveanim/trigger/follow", (None,), "do.follow", None),
        ("/liveanim/show/take", ("night",), "do.take", "night"),
        ("/liveanim/show/take", (), "do.take", None),
        ("/liveanim/show/record", (), "do.record", None),
        ("/liveanim/trigger/still", (), "do.still", None),
        ("/liveanim/show/save", (1.0,), "do.save", None),
    ],
)
def test_what_a_message_does(path: str, arguments: tuple[Argument, ...], target: str, value: object) -> None:
    assert does(path, *arguments) == [(target, pytest.approx(value) if isinstance(value, float) else value)]


@pytest.mark.parametrize("off", [0, 0.0, False])
def test_letting_a_button_go_does_nothing(off: Argument) -> None:
    assert does("/liveanim/trigger/reset", off) == [None]
    assert does("/liveanim/show/take", off) == [None]


@pytest.mark.parametrize("ending", ["", "/raw"])
def test_a_word_that_is_none_of_a_choice_is_answered_with_those_there_are(ending: str) -> None:
    with pytest.raises(Refused, match=r"a number or one of off, left_right, .*, got 'leftright'"):
        does(f"/liveanim/param/stage/mirror{ending}", "leftright")


@pytest.mark.parametrize(
    ("path", "arguments", "kind"),
    [
        (ZOOM, (), "wrong type"),
        (ZOOM, ("fast",), "wrong type"),
        (ZOOM, (0.1, 0.2), "wrong type"),
        (ZOOM, (b"xxxx",), "wrong type"),
        (ZOOM, (None,), "wrong type"),
        (ZOOM, ("+", "x"), "wrong type"),
        (ZOOM, ("/", 2.0), "wrong type"),
        (ZOOM, (math.nan,), "not a number"),
        (ZOOM, ("+", math.inf), "not a number"),
        (f"{ZOOM}/raw", (-math.inf,), "not a number"),
        (f"{ZOOM}/raw", ("+", 1.0), "wrong type"),
        ("/liveanim/prompt/1", (1.0,), "wrong type"),
        ("/liveanim/prompt/1", ("x" * 2001,), "wrong type"),
        ("/liveanim/preset", (True, False), "wrong type"),
        ("/liveanim/tempo/bpm", ("fast",), "wrong type"),
        ("/liveanim/trigger/reset", (math.nan,), "not a number"),
    ],
)
def test_a_message_with_the_wrong_arguments_is_refused(path: str, arguments: tuple[Argument, ...], kind: str) -> None:
    with pytest.raises(Refused) as refused:
        does(path, *arguments)
    assert refused.value.kind == kind


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("/liveanim/param/macro/m[1-3]", 3),
        ("/liveanim/param/macro/m[!1-3]", 5),
        ("/liveanim/param/{stage,camera}/{x,hue,y}", 3),
        ("/liveanim/param/camera/?", 2),
        ("/liveanim/param/macro/*", 8),
        ("/liveanim/*/macro/m1", 1),
        ("/liveanim/*", 1),  # preset: a star stays between its slashes
        ("/*/out/*", 3),
        ("/liveanim/param/stage/[", 0),
        ("/liveanim/param/stage/{hue", 0),
        ("/nothing/*", 0),
        ("/liveanim/param/stage/hue/", 1),
    ],
)
def test_patterns_find_their_addresses(pattern: str, count: int) -> None:
    assert len(find(pattern)) == count


def test_every_parameter_has_its_addresses() -> None:
    for row in PARAMS.values():
        base = f"/liveanim/param/{row.group}/{row.short}"
        assert {base, f"{base}/raw", f"{base}/release"} <= set(ADDRESSES)
        assert does(base, row.to_unit(row.default)) == [(row.name, pytest.approx(row.default, rel=1e-6))]


def test_a_shader_brings_its_addresses() -> None:
    row = ParamSpec("isf.swirl.amount", "", 0, 2, 1, "stage", "how much")
    (address,) = Book(with_rows([row])).find("/liveanim/param/isf/swirl/amount")
    assert oscnames.event(address, (0.25,), 1.0) == ControlEvent(1.0, "isf.swirl.amount", 0.5, "osc")
    assert find("/liveanim/param/isf/swirl/amount") == ()


def test_every_trigger_is_an_action_of_the_show_and_none_ends_it() -> None:
    events = [ControlEvent(0.0, row.target) for row in ADDRESSES.values() if row.kind == "nothing"]
    look = preset_from({"prompt": {"text": ["a"]}, "scene": [{"name": "one"}]}, "t", "t")
    show = Show(
        [Script(events)], Hears(), AtOnce(), [look], Settings((16, 8)), archive=Archive(keeper=Paper(), broken_off=look)
    )
    assert show.tick(0.0).status.warnings == ()
    assert not show.finished and len(events) == 22


def test_questions_are_answered_in_the_unit_of_the_address() -> None:
    (zoom,), (raw,), (tap,) = find(ZOOM), find(f"{ZOOM}/raw"), find("/liveanim/tempo/tap")
    assert oscnames.answer(zoom, {"camera.zoom": 1.0}) == pytest.approx(0.5)
    assert oscnames.answer(raw, {"camera.zoom": 1.0}) == 1.0
    assert oscnames.answer(raw, {}) == 1.0
    with pytest.raises(Refused):
        oscnames.answer(tap, {})


def test_foreign_addresses_feed_expressions_as_they_are_written() -> None:
    assert oscnames.foreign("/1/Fader", (0.3, 0.4), 2.0) == ControlEvent(2.0, "osc./1/Fader", 0.3, "osc")
    for arguments in ((), ("text",), (math.nan,)):
        with pytest.raises(Refused):
            oscnames.foreign("/1/Fader", arguments, 2.0)


@settings(deadline=None)
@given(st.text(st.sampled_from("/liveanm*?[]{},!-pr\\()^$."), max_size=60))
def test_any_pattern_is_looked_up(pattern: str) -> None:
    assert isinstance(find("/" + pattern), tuple)


def test_the_list_for_programs_says_the_same_as_the_list_for_people() -> None:
    rows = json.loads(oscnames.as_json())
    lines = oscnames.as_text().splitlines()
    assert [row["path"] for row in rows] == [line.split()[0] for line in lines] == list(ADDRESSES)
    zoom = next(row for row in rows if row["path"] == f"{ZOOM}/raw")
    assert (zoom["range"], zoom["default"], zoom["unit"], zoom["parameter"]) == ([0.1, 10], 1, "/s", "camera.zoom")


def test_an_unknown_address_is_told_the_near_ones_and_nothing_that_is_far() -> None:
    book = Book()
    assert book.hint("/liveanim/out/blckout").startswith(" (did you mean: /liveanim/out/blackout")
    assert book.hint("/liveanim/nothing") == ""
