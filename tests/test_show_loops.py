"""A loop pedal for knobs, by whole shows: events in, values of every frame out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from liveanim.archive import Archive
from liveanim.clock import FrameClock
from liveanim.core.actions import ACTIONS
from liveanim.core.model import Blend, ControlEvent
from liveanim.core.preset import Preset, preset_from
from liveanim.inputs.fakes import Script
from liveanim.show import Settings, Show, run
from tests.fakes import AtOnce, Hears, Tape

FPS = 10  # at 120 BPM a frame is a fifth of a beat
SCENE = {"name": "other", "stage": {"hue": 0.4}, "transition": "cut"}
LOOK = preset_from({"prompt": {"text": ["a"]}, "stage": {"hue": 0.1}, "scene": [SCENE]}, "t", "look")
OTHER = preset_from({"prompt": {"text": ["b"]}, "stage": {"hue": 0.3}}, "t", "other")
TEMPO = (0.0, "do.bpm", 120.0)
GESTURE = ((1.0, "do.loop", None), (1.5, "stage.hue", 0.2), (2.0, "stage.hue", 0.8), (2.95, "do.loop", None))
"""Four beats from beat 2 on: 0.1 (the look's), from beat 3 on 0.2, from beat 4 on 0.8."""
Row = tuple[float, str, float | str | None]


class Taker:
    """Keeps what a take is told to begin with."""

    name = ""

    def __init__(self) -> None:
        self.stands: list[ControlEvent] = []

    def take(
        self, name: str, state: Preset, presets: Sequence[Preset], now: float, stands: Sequence[ControlEvent]
    ) -> str:
        self.stands = list(stands)
        return "begins"


def play(*rows: Row, seconds: float = 8.0, fps: int = FPS, start: Preset = LOOK, taker: Taker | None = None) -> Tape:
    events = [ControlEvent(time, target, value, "midi") for time, target, value in rows]
    tape, archive = Tape(), Archive(taker=taker)
    show = Show([Script(events)], Hears(), AtOnce(), [start, OTHER], Settings((16, 8)), archive=archive)
    run(show, FrameClock(fps, round(seconds * fps)), [tape])
    return tape


def at(tape: Tape, *times: float, name: str = "stage.hue") -> list[float]:
    shown = {round(blend.time, 3): blend for blend in tape.blends}
    return [round(shown[time].values[name], 4) for time in times]


def last(tape: Tape) -> Blend:
    return tape.blends[-1]


def test_a_gesture_repeats_in_its_place_from_the_press_on() -> None:
    tape = play(TEMPO, *GESTURE)
    assert at(tape, 1.4, 1.5, 2.0, 2.9) == [0.1, 0.2, 0.8, 0.8]
    for turn in (2.0, 4.0):
        assert at(tape, *(round(turn + t, 1) for t in (1.0, 1.4, 1.5, 1.9, 2.0, 2.9))) == [0.1, 0.1, 0.2, 0.2, 0.8, 0.8]
    status = last(tape).status
    assert status.looped == ("stage.hue",) and last(tape).holders == {"stage.hue": "loop"}


def test_it_follows_the_tempo() -> None:
    tape = play(TEMPO, *GESTURE, (3.0, "do.bpm", 60.0), seconds=12.0)
    assert at(tape, 3.9, 4.0, 4.9, 5.0, 6.9, 7.0, 8.0, 9.0) == [0.1, 0.2, 0.2, 0.8, 0.8, 0.1, 0.2, 0.8]


def test_without_a_tempo_it_repeats_in_seconds() -> None:
    tape = play((1.0, "do.loop", None), (1.5, "stage.hue", 0.2), (2.3, "do.loop", None), (2.5, "do.bpm", 60.0))
    assert at(tape, 2.2, 2.3, 2.7, 2.8, 3.5, 3.6, 4.0, 4.1) == [0.2, 0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2]


def test_the_same_at_another_frame_rate() -> None:
    slow, fast = play(TEMPO, *GESTURE), play(TEMPO, *GESTURE, fps=40)
    times = [round(n / 10, 1) for n in range(80)]
    assert at(slow, *times) == at(fast, *times)


def test_the_display_counts_the_beats_and_says_what_repeats() -> None:
    tape = play(TEMPO, *GESTURE)
    said = {round(blend.time, 1): blend.status for blend in tape.blends}
    assert [said[time].loop for time in (0.9, 1.2, 1.9, 2.9, 3.0)] == ["", "1 beat", "2 beats", "4 beats", ""]
    assert said[3.0].notice == "every 4 beats: stage.hue"
    nothing = play(TEMPO, (1.0, "do.loop", None), (2.0, "do.loop", None))
    assert last(nothing).status.notice == "no knob was moved: nothing repeats" and last(nothing).status.looped == ()


@pytest.mark.parametrize("move", [("stage.hue", 0.6), ("add.stage.hue", 0.1), ("scale.stage.hue", 0.5)])
def test_a_touch_takes_over_from_the_gesture_of_that_knob_alone(move: tuple[str, float]) -> None:
    both = (*GESTURE[:3], (2.1, "stage.bloom", 0.5), GESTURE[3])
    tape = play(TEMPO, *both, (4.0, *move))
    assert last(tape).status.looped == ("stage.bloom",) and last(tape).holders["stage.hue"] == "midi"
    assert len(set(at(tape, *(round(4 + n / 10, 1) for n in range(40))))) == 1


@pytest.mark.parametrize(
    "event",
    [
        ("stage.hue", None),
        ("do.release", None),
        ("do.loop_clear", None),
        ("do.panic", None),
        ("expr.stage.hue", "0.1"),
        ("do.preset", "look"),
    ],
)
@pytest.mark.parametrize("time", [4.2, 3.2])  # while the knob is held, and while it is let go
def test_what_ends_it(event: tuple[str, str | None], time: float) -> None:
    tape = play(TEMPO, (0.0, "play.fade", 0.0), *GESTURE, (time, *event))
    assert last(tape).status.looped == () and "stage.hue" not in last(tape).knobs
    assert at(tape, 6.0, 7.5) == [0.1, 0.1]


def test_a_scene_that_drives_the_parameter_ends_it_and_macros_outlive_a_preset() -> None:
    macro = (TEMPO, (1.0, "do.loop", None), (1.5, "macro.m3", 0.5), (2.1, "stage.bloom", 0.5), (2.95, "do.loop", None))
    assert last(play(TEMPO, *GESTURE, (4.2, "do.scene", "other"))).status.looped == ()
    assert last(play(*macro, (4.2, "do.scene", "other"))).status.looped == ("macro.m3", "stage.bloom")
    assert last(play(*macro, (4.2, "do.preset", "other"))).status.looped == ("macro.m3",)
    assert last(play(*macro, (4.2, "do.panic", None))).status.looped == ()


def test_on_its_way_out_a_look_goes_on_where_a_gesture_has_let_go() -> None:
    moving = preset_from({"prompt": {"text": ["a"]}, "stage": {"hue": "t/10"}}, "t", "look")
    tape = play(TEMPO, (0.0, "play.fade", 2.0), *GESTURE, (3.2, "do.preset", "other"), start=moving)
    assert last(tape).status.looped == ()
    assert at(tape, 3.2, 4.2, 5.3) == pytest.approx([0.32, (0.42 + 0.3) / 2, 0.3], abs=0.01)  # half way at 4.2 s


def test_a_second_recording_adds_and_replaces() -> None:
    again = ((4.0, "do.loop", None), (4.2, "stage.hue", 0.5), (4.4, "stage.bloom", 0.6), (5.0, "do.loop", None))
    bloom = ((2.2, "stage.bloom", 0.9), (2.4, "stage.grain", 0.9))
    tape = play(TEMPO, *GESTURE[:3], *bloom, GESTURE[3], *again, seconds=10.0)
    assert set(last(tape).status.looped) == {"stage.hue", "stage.bloom", "stage.grain"}
    assert at(tape, 6.1, 6.2, 6.9, 7.2) == [0.8, 0.5, 0.5, 0.5]  # two beats, from where it was
    assert at(tape, 8.2, 8.3, 8.4, name="stage.grain") == [0.0, 0.0, 0.9]


def test_a_hand_that_still_moves_after_the_press_does_not_take_over() -> None:
    late = ((3.05, "stage.hue", 0.85), (3.15, "stage.hue", None))
    assert last(play(TEMPO, *GESTURE, *late)).status.looped == ("stage.hue",)
    assert last(play(TEMPO, *GESTURE, (3.25, "stage.hue", 0.85))).status.looped == ()
    assert last(play(TEMPO, *GESTURE, (3.05, "stage.bloom", 0.85))).knobs["stage.bloom"] == 0.85
    assert last(play(TEMPO, *GESTURE, *late)).status.undo == last(play(TEMPO, *GESTURE)).status.undo


def test_undo_takes_a_loop_back_and_brings_one_again() -> None:
    tape = play(TEMPO, *GESTURE, (3.5, "do.undo", None), (6.0, "do.redo", None))
    assert at(tape, 4.0, 5.0) == [0.8, 0.8] and at(tape, 6.9, 7.0, 7.5) == [0.8, 0.1, 0.2]
    ended = play(TEMPO, *GESTURE, (4.2, "stage.hue", 0.6), (6.0, "do.undo", None))
    assert last(ended).status.looped == ("stage.hue",) and at(ended, 6.9, 7.0, 7.5) == [0.8, 0.1, 0.2]


def test_letting_go_is_part_of_a_gesture() -> None:
    held = ((1.0, "do.loop", None), (1.5, "stage.punch", 0.3), (2.0, "stage.punch", None), (2.95, "do.loop", None))
    tape = play(TEMPO, *held)
    assert at(tape, 3.4, 3.5, 3.9, 4.0, 5.4, 5.5, name="stage.punch") == [0.0, 0.3, 0.3, 0.0, 0.0, 0.3]
    released = play(TEMPO, *GESTURE[:3], (2.5, "do.release", None), GESTURE[3])
    assert at(released, 4.4, 4.5, 5.0, 5.5) == [0.8, 0.1, 0.1, 0.2]


def test_a_recording_is_given_up_and_ends_by_itself() -> None:
    for give_up in ("do.loop_clear", "do.panic"):
        tape = play(TEMPO, *GESTURE[:3], (2.5, give_up, None), (3.0, "do.loop", None))
        assert last(tape).status.loop != "" and last(tape).status.looped == ()
    tape = play((0.0, "do.bpm", 300.0), *GESTURE[:3], seconds=20.0)
    assert last(tape).status.looped == ("stage.hue",) and last(tape).status.loop == ""
    assert last(tape).status.notice == "every 64 beats: stage.hue"
    assert at(tape, 14.2, 14.3, 14.8) == [0.1, 0.2, 0.8]


def test_it_can_wait_for_the_bar() -> None:
    rows = ((0.7, "bar.do.loop", None), (2.5, "stage.hue", 0.7), (3.5, "bar.do.loop", None))
    tape = play(TEMPO, *rows, seconds=9.0)
    assert at(tape, 2.4, 2.5, 4.4, 4.5, 6.0, 6.4, 6.5, 8.0) == [0.1, 0.7, 0.1, 0.7, 0.1, 0.1, 0.7, 0.1]


def test_a_morph_knob_takes_the_picture_along() -> None:
    scenes = [SCENE, {**SCENE, "name": "third", "stage": {"hue": 0.0}}]
    look = preset_from({"prompt": {"text": ["a"]}, "scene": scenes, "morph": {"ab": ["other", "third"]}}, "t", "look")
    moved = ((1.0, "do.loop", None), (1.5, "play.morph", 1.0), (2.0, "play.morph", 0.0), (2.95, "do.loop", None))
    tape = play(TEMPO, *moved, start=look)
    assert at(tape, 3.9, 4.9, 5.9, 6.9) == pytest.approx([0.0, 0.4, 0.0, 0.4], abs=0.01)


def test_a_take_that_begins_while_knobs_repeat_plays_on_in_its_place() -> None:
    """Its render counts beats from elsewhere, and is told where the bar is."""
    again = ((4.0, "do.loop", None), (4.3, "stage.bloom", 0.5))
    end = (5.9, "do.loop", None)
    taker = Taker()
    whole = play(TEMPO, *GESTURE, *again, (5.0, "do.take", "part"), end, seconds=10.0, taker=taker)
    assert [event.target for event in taker.stands] == ["clock.midi", "loops"]
    stands = [(event.time, event.target, event.value) for event in taker.stands]
    render = play((2.2, "do.resync", None), *stands, end, seconds=10.0)  # as a bar that was heard elsewhere
    assert render.blends[30].signals["beat"] != pytest.approx(whole.blends[30].signals["beat"])
    times = [round(n / 10, 1) for n in range(70, 100)]
    for name in ("stage.hue", "stage.bloom"):
        assert at(render, *times, name=name) == at(whole, *times, name=name)
    assert last(render).status.looped == ("stage.hue", "stage.bloom")


def test_the_beat_of_a_take_that_begins_late_is_the_one_heard_as_screens_show_it_later_in_its_render_too() -> None:
    taker, ahead = Taker(), (0.0, "play.ahead", 150.0)  # ms
    whole = play(TEMPO, ahead, (5.0, "do.take", "part"), taker=taker)
    stands = [(event.time, event.target, event.value) for event in taker.stands]
    render = play((2.2, "do.resync", None), ahead, *stands, seconds=9.0)
    (seen, ahead_by), (again, _) = [
        (tape.blends[75].signals["beat"], tape.blends[75].ahead) for tape in (whole, render)
    ]
    assert ahead_by == pytest.approx(0.3) and (again - seen + 2) % 4 - 2 == pytest.approx(0.0, abs=1e-3)


def test_a_take_of_a_show_without_loops_says_nothing_of_them() -> None:
    taker = Taker()
    play(TEMPO, (5.0, "do.take", "part"), taker=taker)
    assert [event.target for event in taker.stands] == ["clock.midi"]


def test_a_broken_take_is_said_and_plays_on() -> None:
    tape = play(TEMPO, (1.0, "loops", "nonsense"), seconds=2.0)
    assert "gestures that repeat" in last(tape).status.warnings[0]


def test_both_actions_are_on_every_surface() -> None:
    assert all(ACTIONS[name].takes == "nothing" and not ACTIONS[name].closed for name in ("loop", "loop_clear"))
