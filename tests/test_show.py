"""Whole shows on a frame clock with fakes; expected rows in the test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from liveanim.clock import FrameClock
from liveanim.core.model import ControlEvent, Features
from liveanim.core.preset import Preset, preset_from
from liveanim.core.preset_data import preset_data
from liveanim.inputs.fakes import Script
from liveanim.show import Settings, Show, run
from tests.fakes import AtOnce, Desk, Hears, Tape

SIZE = (16, 8)


def look(name: str = "plain", **tables: object) -> Preset:
    return preset_from({"prompt": {"text": ["a"]}, **tables}, "test.toml", name)


def show_of(
    preset: Preset,
    *events: ControlEvent,
    render: Desk | None = None,
    hops: Sequence[Features] = (),
    others: tuple[Preset, ...] = (),
) -> Show:
    return Show([Script(events)], Hears(*hops), render or AtOnce(), [preset, *others], Settings(SIZE))


def rows(
    preset: Preset, *events: ControlEvent, fps: float = 10, frames: int = 6
) -> list[tuple[float, list[tuple[int, float]]]]:
    tape = Tape()
    run(show_of(preset, *events), FrameClock(fps, frames), [tape])
    return [(b.time, [(layer.keyframe.index, round(layer.weight, 3)) for layer in b.layers]) for b in tape.blends]


def test_the_beat_is_shown_ahead_by_the_latency_and_never_runs_back() -> None:
    preset = look(stage={"exposure": "beat/100"})
    events = [ControlEvent(t, "play.ahead", value) for t, value in ((0.0, 100.0), (1.0, 250.0), (2.0, 0.0))]
    tape = Tape()
    run(show_of(preset, ControlEvent(0.0, "do.bpm", 120.0), *events), FrameClock(20, 80), [tape])
    shown = {round(b.time, 3): b.signals["beat"] for b in tape.blends}
    assert [shown[t] for t in (0.5, 1.5, 3.5)] == pytest.approx([1.2, 3.5, 7.0])
    assert np.diff(list(shown.values())).min() >= 0
    for blend in tape.blends:
        assert blend.signals["beat"] - blend.ahead == pytest.approx(2 * blend.time)
        assert blend.signals["phase"] == pytest.approx(blend.signals["beat"] % 1)
        assert 100 * blend.stage["exposure"] == pytest.approx(blend.signals["beat"])


def test_a_picture_for_the_beat_is_asked_for_a_latency_and_its_own_time_before() -> None:
    preset = look(picture={"beats": 1})
    moments = []
    for ahead in (0.0, 100.0):
        desk = AtOnce()
        events = ControlEvent(0.0, "do.bpm", 60.0), ControlEvent(0.0, "play.ahead", ahead)
        run(show_of(preset, *events, render=desk), FrameClock(100, 350), [])
        moments.append([request.time for request in desk.requests[1:4]])
    assert np.subtract(moments[0], moments[1]) == pytest.approx(0.1, abs=0.011)


LINEAR = {"cadence": 0.2, "blend_curve": 0}


def test_keyframes_come_at_the_cadence_and_fade_over_it() -> None:
    assert rows(look(picture=LINEAR)) == [
        (0.0, [(0, 1.0)]),
        (0.1, [(0, 1.0)]),
        (0.2, [(0, 1.0)]),
        (0.3, [(0, 0.5), (1, 0.5)]),
        (0.4, [(1, 1.0)]),
        (0.5, [(1, 0.5), (2, 0.5)]),
    ]


def test_without_a_fade_a_picture_is_seen_in_its_own_frame() -> None:
    shown = rows(look(picture={"cadence": 0.2, "fade": 0}))
    assert [layers for _, layers in shown] == [[(index, 1.0)] for index in (0, 0, 1, 1, 2, 2)]


def test_a_loop_of_prompts_begins_again_without_a_doubled_frame() -> None:
    prompt = {"keys": {"0s": "a", "0.4s": "b"}, "loop": "0.8s", "fade": 0}
    desk, tape = AtOnce(), Tape()
    picture = {"cadence": 0.1, "fade": 0}
    run(show_of(preset_from({"prompt": prompt, "picture": picture}, "x", "x"), render=desk), FrameClock(10, 16), [tape])
    painted = [{one.text: one.weight for one in request.prompts} for request in desk.requests]
    share = [painted[blend.layers[-1].keyframe.index].get("b", 0.0) for blend in tape.blends]
    assert share == pytest.approx(2 * [0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25])


def test_an_offline_show_is_the_same_every_time() -> None:
    preset = look(picture={"cadence": "0.1 + 0.1*sin(t)"}, camera={"zoom": "1.2 + noise(t)"})
    assert rows(preset, fps=30, frames=60) == rows(preset, fps=30, frames=60)


def test_a_keyframe_that_comes_mid_fade_starts_from_the_mix_on_screen() -> None:
    desk = Desk()
    show = show_of(look(picture={"cadence": 0.4, "blend_curve": 0}), render=desk)
    seen = []
    for tick in range(12):
        blend = show.tick(tick * 0.1)
        seen.append([(layer.keyframe.index, round(layer.weight, 2)) for layer in blend.layers])
        if desk.waiting is not None and tick in (0, 4, 8):
            desk.begin()
        if tick in (1, 5, 8):  # the third picture comes only 0.3 s after the second: its fade is still under way
            desk.finish()
    assert seen[6] == [(0, 1.0)]
    assert seen[8] == [(0, 0.5), (1, 0.5)]
    assert seen[9] == [(0, 0.25), (1, 0.75)]  # on screen when keyframe 2 comes
    assert [index for index, _ in seen[10]] == [0, 1, 2]
    ratio = seen[10][0][1] / seen[10][1][1]
    assert ratio == pytest.approx(1 / 3, abs=0.03)  # the old mix fades as a whole


def test_weights_always_sum_to_one() -> None:
    for _, layers in rows(look(picture={"cadence": 0.07}), fps=60, frames=60):
        assert sum(weight for _, weight in layers) == pytest.approx(1, abs=2e-3)


def test_layers_are_carried_by_the_camera_since_their_own_time() -> None:
    tape = Tape()
    run(show_of(look(picture={"cadence": 10}, camera={"zoom": 2.0})), FrameClock(10, 11), [tape])
    assert tape.blends[10].layers[0].homography[0, 0] == pytest.approx(2.0)
    assert tape.blends[5].layers[0].homography[0, 0] == pytest.approx(math.sqrt(2))


def test_the_renderer_is_asked_to_move_the_last_picture_as_far_as_the_stage_carried_it() -> None:
    desk = AtOnce()
    run(show_of(look(picture={"cadence": 0.5}, camera={"x": 0.4}), render=desk), FrameClock(10, 11), [])
    assert [round(request.time, 3) for request in desk.requests] == [0.0, 0.5, 1.0]
    assert [round(float(request.motion[0, 2]), 6) for request in desk.requests] == [0.0, 0.2, 0.2]


def test_a_slow_painter_gets_the_newest_wishes_and_the_whole_way_since_the_picture_it_began() -> None:
    desk = Desk()
    show = show_of(look(picture={"cadence": 0.1}, camera={"x": 0.1}), render=desk)
    show.tick(0.0)
    desk.begin()
    for tick in range(1, 9):
        show.tick(tick * 0.1)
    assert desk.waiting is not None
    assert (desk.waiting.index, round(desk.waiting.time, 3)) == (1, 0.8)
    assert desk.waiting.motion[0, 2] == pytest.approx(0.08)


def test_a_kick_reaches_the_stage_on_the_next_frame() -> None:
    hops = [Features(0.21, {"kick": 1.0}), Features(0.23, {"kick": 0.6})]
    show = show_of(look(stage={"punch": "0.1*kick"}), hops=hops)
    assert [round(show.tick(t).stage["punch"], 3) for t in (0.1, 0.2, 0.3)] == [0.0, 0.0, 0.1]


def test_the_newest_sound_is_in_the_frame_to_be_drawn() -> None:
    wave, fft = np.full(512, 0.5, np.float32), np.full(256, 0.25, np.float32)
    show = show_of(look(), hops=[Features(0.21, wave=wave * 0), Features(0.23, wave=wave, fft=fft)])
    seen = [show.tick(t) for t in (0.1, 0.3, 0.4)]
    assert [(blend.wave[-1], blend.fft[0]) for blend in seen] == [(0, 0), (0.5, 0.25), (0.5, 0.25)]


def test_a_touched_knob_takes_over_until_it_is_released() -> None:
    events = [
        ControlEvent(0.1, "stage.exposure", 1.5),
        ControlEvent(0.3, "stage.exposure", None),
    ]
    show = show_of(look(stage={"exposure": "0.5"}), *events)
    shown = [show.tick(t) for t in (0.0, 0.1, 0.2, 0.3)]
    assert [b.stage["exposure"] for b in shown] == [0.5, 1.5, 1.5, 0.5]
    assert [b.status.taken_over for b in shown] == [(), ("stage.exposure",), ("stage.exposure",), ()]


def test_knob_and_beat_live_together_in_an_expression() -> None:
    preset = look(stage={"punch": "knob + 0.1*kick"})
    show = show_of(preset, ControlEvent(0.1, "stage.punch", 0.3), hops=[Features(0.2, {"kick": 1.0})])
    assert [round(show.tick(t).stage["punch"], 3) for t in (0.0, 0.1, 0.2)] == [0.0, 0.3, 0.4]


def test_a_value_that_is_not_a_number_leaves_the_last_good_one() -> None:
    show = show_of(look(stage={"exposure": "1/(t < 0.15)"}))
    assert [show.tick(t).stage["exposure"] for t in (0.0, 0.1, 0.2, 0.3)] == [1, 1, 1, 1]


def test_blackout_toggles_and_outlives_a_change_of_look() -> None:
    events = [
        ControlEvent(0.1, "out.blackout", "toggle"),
        ControlEvent(0.2, "do.preset", "other"),
        ControlEvent(0.3, "out.blackout", "toggle"),
    ]
    show = show_of(look(), *events, others=(look("other"),))
    assert [show.tick(t).blackout for t in (0.0, 0.1, 0.2, 0.3)] == [False, True, True, False]
    assert show.tick(0.4).status.preset == "other"


def test_a_blackout_fades_while_the_picture_is_frozen_and_the_model_hangs() -> None:
    events = [
        ControlEvent(0.1, "out.fade", 0.4),
        ControlEvent(0.1, "out.freeze", 1.0),
        ControlEvent(0.2, "out.blackout", "toggle"),
        ControlEvent(0.8, "out.blackout", "toggle"),
    ]
    show = show_of(look(), *events, render=Desk())
    levels = [round(show.tick(n / 10).level, 6) for n in range(13)]
    assert levels == [1, 1, 0.75, 0.5, 0.25, 0, 0, 0, 0.25, 0.5, 0.75, 1, 1]


def test_the_master_fader_outlives_presets_release_panic_and_undo_and_is_in_no_preset() -> None:
    events = [
        ControlEvent(0.1, "out.level", 0.4, "midi"),
        ControlEvent(0.1, "stage.hue", 0.5, "midi"),
        ControlEvent(1.0, "do.undo"),
        ControlEvent(1.1, "do.preset", "other"),
        ControlEvent(1.2, "do.undo"),
        ControlEvent(1.3, "do.release"),
        ControlEvent(1.4, "do.panic"),
    ]
    show = show_of(look(), *events, others=(look("other"),))
    levels = [show.tick(n / 10).level for n in range(16)]
    assert levels[0] == 1.0 and set(levels[5:]) == {0.4}
    state = show._play.as_preset()
    assert "out" not in preset_data(state) and not state.knobs


def test_what_belongs_to_the_show_takes_no_expression() -> None:
    show = show_of(look(), ControlEvent(0.0, "expr.out.level", "0.5 + 0.5*kick"))
    blend = show.tick(0.0)
    assert blend.level == 1.0 and blend.drivers["out.level"] == "1"
    assert blend.status.warnings == ("out.level takes no expression: it belongs to the show, not to a preset",)


@pytest.mark.parametrize(
    "event",
    [
        ControlEvent(0.1, "stage.hu", 1.0),
        ControlEvent(0.1, "do.jump"),
        ControlEvent(0.1, "do.preset", 7.0),
        ControlEvent(0.1, "do.bpm", "fast"),
        ControlEvent(0.1, "prompt.9", "x"),
        ControlEvent(0.1, "stage.hue", math.nan),
        ControlEvent(0.1, "stage.hue", "text"),
    ],
    ids=str,
)
def test_a_wrong_event_changes_nothing_and_stops_nothing(event: ControlEvent) -> None:
    show = show_of(look(), event)
    before, after = show.tick(0.0), show.tick(0.1)
    assert dict(after.stage) == dict(before.stage)
    assert len(after.layers) == 1


def test_a_changed_prompt_is_in_the_next_request() -> None:
    desk = AtOnce()
    run(show_of(look(), ControlEvent(0.15, "prompt.1", "b"), render=desk), FrameClock(10, 4), [])
    assert [request.prompts[0].text for request in desk.requests] == ["a", "a", "b", "b"]


def test_reset_paints_one_picture_afresh() -> None:
    desk = AtOnce()
    run(show_of(look(), ControlEvent(0.2, "do.reset"), render=desk), FrameClock(10, 5), [])
    assert [request.fresh for request in desk.requests] == [True, False, True, False, False]


def test_a_reset_while_a_fresh_picture_is_painted_paints_another() -> None:
    desk = Desk()
    show = show_of(look(), ControlEvent(0.2, "do.reset"), render=desk)
    show.tick(0.0)
    desk.begin()  # the first picture, fresh: it is being painted for the rest of the test
    show.tick(0.1)
    show.tick(0.2)
    show.tick(0.3)
    assert [request.fresh for request in desk.requests] == [True, False, True, True]
    desk.begin()
    show.tick(0.4)
    assert not desk.requests[-1].fresh


def test_tempo_can_be_set_doubled_and_held() -> None:
    events = [ControlEvent(0.1, "do.bpm", 100.0), ControlEvent(0.2, "do.double"), ControlEvent(0.3, "do.halve")]
    show = show_of(look(), *events)
    assert [show.tick(t).signals["bpm"] for t in (0.0, 0.1, 0.2, 0.3)] == [120, 100, 200, 100]


def test_the_seed_of_the_look_is_a_word_of_its_expressions() -> None:
    show = show_of(look(picture={"seed": 7}, stage={"exposure": "seed/10"}))
    assert show.tick(0.0).stage["exposure"] == 0.7


def test_quit_ends_the_loop() -> None:
    tape = Tape()
    run(show_of(look(), ControlEvent(0.2, "do.quit")), FrameClock(10, 50), [tape])
    assert len(tape.blends) == 3


def test_an_hour_keeps_the_camera_path_short_and_finite() -> None:
    show = show_of(look(picture={"cadence": 0.5}, camera={"zoom": 3.0, "angle": 90}))
    for tick in range(36_00):
        blend = show.tick(tick * 0.1)
    assert np.all(np.isfinite(blend.layers[-1].homography))
    assert len(show._path.path.times) < 20


def test_panic_is_the_look_as_it_was_loaded_moving_on_a_fresh_picture() -> None:
    desk = AtOnce()
    show = show_of(
        look(picture=LINEAR, stage={"hue": "0.25"}),
        ControlEvent(0.1, "expr.stage.hue", "0.5"),
        ControlEvent(0.1, "stage.bloom", 1.0, "osc"),
        ControlEvent(0.1, "macro.m5", 1.0, "midi"),
        ControlEvent(0.1, "prompt.1", "b"),
        ControlEvent(0.1, "out.freeze", 1.0),
        ControlEvent(0.1, "out.blackout", 1.0),
        ControlEvent(0.5, "do.panic"),
        render=desk,
    )
    played, *_, back = [show.tick(n / 10) for n in range(1, 6)]
    assert (played.stage["hue"], played.freeze, played.status.prompts, played.holders["stage.bloom"]) == (
        0.5,
        True,
        ("b",),
        "osc",
    )
    assert (back.stage["hue"], back.stage["bloom"], back.freeze, back.status.prompts) == (0.25, 0.0, False, ("a",))
    assert back.blackout and played.values["macro.m5"] == 1.0 and back.values["macro.m5"] == 0.0
    assert desk.requests[-1].fresh


def test_a_bad_expression_is_said_once_and_the_last_good_one_goes_on() -> None:
    show = show_of(look(stage={"hue": "0.25"}), ControlEvent(0.0, "expr.stage.hue", "0.5 +"))
    blend = show.tick(0.0)
    assert blend.stage["hue"] == 0.25
    assert "column 6" in blend.status.warnings[0]


def test_a_familys_look_shows_keyframes_frame_by_frame_as_that_family_does() -> None:
    """Diffusion k of every third frame is at 1/3 on its own frame, whole two frames later; the first is so at once."""
    preset = look(
        compat="deforum", deforum={"fps": 12.0, "frames": 40}, picture={"cadence": "3/12", "blend_curve": 0.0}
    )
    for _, shown in rows(preset, fps=12, frames=13):
        assert sum(weight for _, weight in shown) == pytest.approx(1, abs=2e-3)
    weights = [shown for _, shown in rows(preset, fps=12, frames=13)]
    for frame, shown in enumerate(weights):
        key, weight = frame // 3, (frame % 3 + 1) / 3 if frame >= 3 else 1.0
        wanted = {key: weight} | ({key - 1: 1 - weight} if weight < 1 else {})
        assert dict(shown) == pytest.approx(wanted, abs=1e-3)


def test_a_keyframe_lands_on_every_beat_and_on_a_trigger() -> None:
    preset = look(picture={"beats": 1})
    asked = AtOnce()
    run(show_of(preset, render=asked), FrameClock(60, 150), [])
    assert [round(request.time, 2) for request in asked.requests] == [0, 0.5, 1, 1.5, 2]
    pad = look(picture={"cadence": 60, "trigger": "cc(9)"})
    asked = AtOnce()
    hit = ControlEvent(0.7, "cc.9", 1.0)
    run(show_of(pad, hit, render=asked), FrameClock(10, 20), [])
    assert [round(request.time, 2) for request in asked.requests] == [0, 0.7]


def test_prompts_of_a_journey_reach_the_painter_and_a_knob_takes_it_over() -> None:
    asked = AtOnce()
    preset = preset_from({"prompt": {"keys": {"0s": "a", "1s": "b"}}, "picture": {"cadence": 0.25}}, "x", "x")
    run(show_of(preset, ControlEvent(1.2, "prompt.position", 0.0), render=asked), FrameClock(20, 40), [])
    seen = [{p.text: round(p.weight, 3) for p in request.prompts} for request in asked.requests]
    assert seen[:5] == [{"a": 1}, {"a": 0.75, "b": 0.25}, {"a": 0.5, "b": 0.5}, {"a": 0.25, "b": 0.75}, {"b": 1}]
    assert seen[-1] == {"a": 1}
