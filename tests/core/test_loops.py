"""Gestures that repeat: what is played again, when, and what is left out."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.loops import GRAIN, LONGEST, MOST, Gesture, Moment, Recording, as_text, parsed
from liveanim.core.params import PARAMS
from liveanim.core.tempo import Bars
from tests.fakes import counted

HUE = "stage.hue"
BEATS = st.floats(0, 500, allow_nan=False)
TURNS = st.lists(st.tuples(st.floats(0, 0.7), st.floats(0, 1) | st.none()), min_size=1, max_size=80)
"""Beats since the turn before, and where the knob is put."""


def recorded(start: float, *turns: tuple[float, float | None], timed: bool = False) -> Recording:
    """Turns of HUE at beats (or seconds)."""
    recording = Recording(start, timed, {})
    for at, knob in turns:
        recording.turned(HUE, knob, moment(at, timed))
    return recording


def moment(at: float, timed: bool = False) -> Moment:
    return (at, -7.0) if timed else (-7.0, at)


def gesture(start: float, end: float, *turns: tuple[float, float | None], timed: bool = False) -> Gesture:
    return recorded(start, *turns, timed=timed).gestures(moment(end, timed))[HUE]


def played(gesture: Gesture, *beats: float) -> list[float | None]:
    return [gesture.at(moment(beat)) for beat in beats]


def test_four_beats_that_were_played_from_beat_two_repeat_from_beat_two() -> None:
    made = gesture(2.0, 6.1, (3.0, 0.2), (4.5, 0.7), (5.0, None))
    assert (made.start, made.length) == (2.0, 4.0)
    assert played(made, 2.9, 3.0, 4.4, 4.5, 5.0, 5.9) == [None, 0.2, 0.2, 0.7, None, None]
    assert played(made, 6.0, 7.0, 8.5, 9.0, 102.9, 103.0) == [None, 0.2, 0.7, None, None, 0.2]


def test_it_begins_where_the_knob_was_held_and_ends_where_it_was_left() -> None:
    recording = Recording(0.0, False, {HUE: 0.9})
    recording.turned(HUE, 0.1, (0.0, 1.0))
    made = recording.gestures((0.0, 2.0))[HUE]
    assert played(made, 2.0, 2.9, 3.0, 3.9, 4.0) == [0.9, 0.9, 0.1, 0.1, 0.9]


@pytest.mark.parametrize(
    ("ends", "length"), [(0.1, 1.0), (1.4, 1.0), (1.5, 2.0), (2.5, 3.0), (3.6, 4.0), (64.2, 64.0), (80.0, 64.0)]
)
def test_its_length_is_in_whole_beats(ends: float, length: float) -> None:
    made = gesture(10.0, 10.0 + ends, (10.05, 0.2))
    assert made.length == length and played(made, 10.1, 10.1 + length, 10.1 + 7 * length) == 3 * [0.2]


def test_what_comes_after_the_last_whole_beat_is_left_out() -> None:
    made = gesture(0.0, 4.3, (1.0, 0.5), (4.2, 0.9))
    assert played(made, 4.25, 5.0, 8.25) == [None, 0.5, None]
    assert recorded(0.0, (1.2, 0.9)).gestures((0.0, 1.3)) == {}


def test_without_a_tempo_it_is_in_seconds_as_it_was() -> None:
    made = gesture(5.0, 6.7, (5.5, 0.3), timed=True)
    assert made.timed and made.length == pytest.approx(1.7)
    assert [made.at((now, 0.0)) for now in (6.0, 6.75, 7.2, 7.25)] == [0.3, None, 0.3, 0.3]
    assert gesture(5.0, 5.01, (5.005, 0.3), (5.02, 0.4), timed=True).length == 0.25


def test_the_count_says_how_long_it_would_be() -> None:
    recording = recorded(8.0)
    assert [recording.line((0.0, beat)) for beat in (8.0, 9.4, 9.6, 11.7)] == ["1 beat", "1 beat", "2 beats", "4 beats"]
    assert recorded(8.0, timed=True).line((11.0, 0.0)) == "3 s"


def test_a_knob_that_was_not_moved_does_not_repeat_nor_does_what_belongs_to_the_show() -> None:
    recording = Recording(0.0, False, {HUE: 0.5})
    recording.turned(HUE, 0.5, (0.0, 1.0))
    recording.turned("out.blackout", 1.0, (0.0, 1.0))
    recording.turned("camera.zoom", 2.0, (0.0, 1.0))
    assert list(recording.gestures((0.0, 2.0))) == ["camera.zoom"]


def test_it_has_bounds() -> None:
    recording = Recording(0.0, False, {})
    for name in PARAMS:
        for place in range(20000 if name == "camera.zoom" else 20):
            recording.turned(name, place % 2, (0.0, place / 200))
    assert len(recording.steps) == MOST
    assert max(map(len, recording.steps.values())) <= LONGEST / GRAIN + 1
    assert recording.passed((0.0, 64.0)) == LONGEST


@given(start=BEATS, turns=TURNS, tail=st.floats(0, 3), probes=st.lists(st.floats(0, 1), max_size=20))
def test_what_is_played_again_is_what_was_played(
    start: float, turns: list[tuple[float, float | None]], tail: float, probes: list[float]
) -> None:
    """At every place it is where the knob was less than `GRAIN` before or after."""
    places, knobs = [0.0], [None]
    for passed, knob in turns:
        places.append(places[-1] + passed)
        knobs.append(knob)  # type: ignore[arg-type]
    recording = recorded(start, *((start + place, knob) for place, knob in zip(places[1:], knobs[1:], strict=True)))
    end = (0.0, start + places[-1] + tail)
    made = recording.gestures(end).get(HUE)
    for probe in probes if made is not None else ():
        assert made is not None
        place = min(probe * made.length, made.length - 1e-6)
        first = max(0, bisect_right(places, place - GRAIN - 1e-6) - 1)
        near = knobs[first : bisect_right(places, place + GRAIN + 1e-6)]
        for turn in range(3):
            value = made.at((0.0, start + place + turn * made.length))
            assert value in near


@given(TURNS, BEATS, st.integers(1, 50), st.floats(0, 1))
def test_it_has_the_length_of_itself(
    turns: list[tuple[float, float | None]], start: float, count: int, share: float
) -> None:
    at, moves = start, []
    for passed, knob in turns:
        at += passed
        moves.append((at, knob))
    made = recorded(start, *moves).gestures((0.0, at)).get(HUE)
    if made is not None:
        place = min(made.steps, key=lambda step: abs(step[0] - share * made.length))[0]
        again = start + place + count * made.length
        assert made.at((0.0, again)) == made.at((0.0, start + place))


@given(TURNS, BEATS, st.integers(-60, 60), st.booleans(), st.booleans())
def test_a_take_is_told_all_of_it(
    turns: list[tuple[float, float | None]], start: float, bars: int, timed: bool, open_: bool
) -> None:
    at, moves = start, []
    for passed, knob in turns:
        at += passed
        moves.append((at, knob))
    recording = recorded(start, *moves, timed=timed)
    playing = recording.gestures(moment(at, timed))
    shift = 4.0 * bars
    told, going = parsed(as_text(playing, recording if open_ else None, counted(21.5)), counted(21.6 + shift))
    assert (going is None) is not open_ and list(told) == list(playing)
    for name, one in told.items():
        assert one.steps == playing[name].steps and one.length == playing[name].length
        assert one.start == pytest.approx(start if timed else start + shift)
    if going is not None:
        assert going.steps == recording.steps and going.timed == timed


WHOLE = '{"beat": 0, "recording": null, "playing": {"a": {"start": 0, "length": 4, "steps": [[0, 1]], "timed": false}}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"beat": 0, "playing": {}}',
        '{"beat": "x", "playing": {}, "recording": null}',
        '{"beat": 1e999, "playing": {}, "recording": null}',
        WHOLE.replace("4", "0"),
        WHOLE.replace('"recording"', '"line": "x", "recording"'),
        WHOLE.replace("[[0, 1]]", "[]"),
        WHOLE.replace("[[0, 1]]", "[[1, 2]]"),
    ],
)
def test_what_is_no_loop_is_said(text: str) -> None:
    assert parsed(WHOLE, counted(0.0))[0]["a"].at((0.0, 3.0)) == 1.0
    with pytest.raises(UserError, match="gestures that repeat"):
        parsed(text, counted(0.0))


@given(st.integers(1, 16), st.integers(1, 16), st.integers(0, 40), st.floats(0, 0.999), st.integers(0, 9))
def test_in_bars_of_any_meter_a_take_begins_at_the_same_place_in_a_bar(
    meter: int, before: int, beat: int, share: float, bars: int
) -> None:
    """In the show the meter changed on the way; in the take it is there from the start."""
    there = counted(20 + beat + share, Bars().turned(before, 6.0).turned(meter, 13.0))
    there = there.at_beat(max(there.beat, there.bars.line))
    here = counted(there.place + bars * meter, Bars(meter=meter))
    gesture = Gesture(there.beat - 2.5, 3.0, ((0.0, 0.1), (1.0, None)))
    told, _ = parsed(as_text({HUE: gesture}, None, there), here)
    assert told[HUE].start == pytest.approx(here.beat - 2.5)
