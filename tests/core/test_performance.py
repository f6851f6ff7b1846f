"""Scenes, transitions, morphs, edits and undo, by the values they give."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.expr import ExprError, compile_expr
from liveanim.core.performance import Performance
from liveanim.core.preset import Preset, preset_from

BPM = 120.0
CALM = {"name": "calm", "transition": "morph", "seconds": 4, "stage": {"exposure": 1}, "prompt": {"text": ["sea"]}}
STORM = {"name": "storm", "transition": "morph", "beats": 4, "stage": {"exposure": 3, "hue": 0.5}}
HARD = {"name": "hard", "transition": "cut", "camera": {"zoom": 2.0}}
SOFT = {"name": "soft", "transition": "fade", "seconds": 2, "stage": {"exposure": -1}, "picture": {"strength": 0.2}}


def look(name: str = "look", **tables: object) -> Preset:
    data = {"prompt": {"text": ["hill"]}, "stage": {"exposure": 0}, "scene": [CALM, STORM, HARD, SOFT], **tables}
    return preset_from(data, "test.toml", name)


def values(play: Performance, now: float, **more: float) -> dict[str, float]:
    return play.evaluate({"t": now, "dt": 0.1, "beat": 2 * now, **more}, now)


def texts(play: Performance, now: float = 0.0) -> dict[str, float]:
    """What is painted in the frame that was last evaluated, with weights."""
    return {prompt.text: round(prompt.weight, 3) for prompt in play.prompts(now, {"t": now})}


def exposures(play: Performance, *times: float) -> list[float]:
    return [round(values(play, now)["stage.exposure"], 3) for now in times]


def test_a_morph_glides_there_and_its_prompts_with_it() -> None:
    play = Performance(look())
    assert exposures(play, 0.0) == [0.0]
    play.go("calm", 1.0, BPM)
    assert exposures(play, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0) == [0.0, 0.156, 0.5, 0.844, 1.0, 1.0]
    play.go(2.0, 6.0, BPM)  # storm: four beats are two seconds
    assert exposures(play, 6.0, 7.0, 8.0) == [1.0, 2.0, 3.0]
    play.go("calm", 8.0, BPM)
    values(play, 9.0)
    assert texts(play) == {"hill": 0.844, "sea": 0.156}
    values(play, 12.0)
    assert texts(play) == {"sea": 1.0} and play.arriving(12.0) == 1.0


def test_what_a_scene_does_not_name_is_as_the_preset_has_it() -> None:
    play = Performance(look())
    play.go("storm", 0.0, BPM, 0.0)
    assert values(play, 0.1)["stage.hue"] == 0.5
    play.go("calm", 0.2, BPM, 0.0)
    after = values(play, 0.3)
    assert (after["stage.hue"], after["stage.exposure"]) == (0.0, 1.0)
    play.go(None, 0.4, BPM, 0.0)
    assert values(play, 0.5)["stage.exposure"] == 0.0


def test_a_transition_that_is_overtaken_starts_from_where_it_was() -> None:
    play = Performance(look())
    values(play, 0.0)
    play.go("storm", 0.0, BPM)
    (half,) = exposures(play, 1.0)
    play.go("calm", 1.0, BPM)
    assert exposures(play, 1.0) == [half] == [1.5]
    assert exposures(play, 5.0) == [1.0]


def test_the_beat_goes_on_through_a_transition() -> None:
    play = Performance(look(stage={"exposure": "kick"}))
    play.go("calm", 0.0, BPM)
    assert values(play, 2.0, kick=1.0)["stage.exposure"] == 1.0
    assert values(play, 2.0, kick=0.0)["stage.exposure"] == 0.5


def test_a_zoom_morphs_by_octaves_and_whole_numbers_change_in_the_middle() -> None:
    steps = {"name": "steps", "seconds": 2, "camera": {"zoom": 4.0}, "stage": {"kaleidoscope": 8}}
    play = Performance(look(scene=[steps]))
    play.go("steps", 0.0, BPM)
    early, middle, late = (values(play, now) for now in (0.9, 1.0, 1.1))
    assert middle["camera.zoom"] == pytest.approx(2.0)
    assert (early["stage.kaleidoscope"], late["stage.kaleidoscope"]) == (0.0, 8.0)


def test_a_cut_is_at_once_and_wants_a_fresh_picture() -> None:
    play = Performance(look())
    values(play, 0.0)
    assert play.dissolve is None
    play.go("hard", 1.0, BPM)
    assert values(play, 1.0)["camera.zoom"] == 2.0 and play.dissolve == 0.0


def test_a_fade_paints_the_new_scene_at_once_and_glides_on_stage() -> None:
    play = Performance(look())
    values(play, 0.0)
    play.go("soft", 0.0, BPM)
    after = values(play, 1.0)
    assert (after["picture.strength"], after["stage.exposure"], play.dissolve) == (0.2, -0.5, 2.0)


def test_a_preset_glides_in_and_its_own_variables_do_not_mix_with_the_old_ones() -> None:
    first = look("first", modulators={"it": {"macro": 1}}, stage={"exposure": "it"}, scene=[])
    second = look("second", modulators={"it": {"macro": 2}}, stage={"exposure": "it + 1"}, scene=[])
    play = Performance(first)
    play.panel.turn("macro.m1", 1.0)
    assert exposures(play, 0.0) == [1.0]
    play.take(second, 0.0, 2.0)
    assert exposures(play, 1.0, 2.0) == [1.0, 1.0]  # half of 1 and half of 0 + 1; then 0 + 1
    play.panel.turn("macro.m2", 0.5)
    assert exposures(play, 2.1) == [1.5] and play.modulators["it"] == 0.5


def test_a_drop_is_felt_in_the_look_that_comes_in_the_break_and_in_its_own_way() -> None:
    play = Performance(look("first", stage={"exposure": "drop"}))
    bass, silent = {"rms": 0.5, "kick": 1.0, "bass_energy": 0.8}, {"rms": 0.5, "kick": 0.0, "bass_energy": 0.1}
    for n in range(30):
        values(play, n / 10, **silent)
    play.take(look("second", stage={"exposure": "2*drop"}), 3.0, 0.0)
    assert values(play, 3.1, **bass)["stage.exposure"] == pytest.approx(2.0, abs=0.1)
    assert list(play.modulators) == ["tension", "drop"] and play.modulators["drop"] > 0.9
    play.take(look("own", modulators={"drop": {"macro": 1}}, stage={"exposure": "drop"}), 3.2, 0.0)
    assert values(play, 3.3, **bass)["stage.exposure"] == 0.0 and list(play.modulators) == ["drop", "tension"]


def test_lights_stay_as_bright_as_they_were_made_when_another_preset_comes() -> None:
    play = Performance(look("first", lights={"smooth": 1.0}))
    play.panel.turn("lights.level", 0.2, "midi")
    play.take(look("second"), 0.0, 0.0)
    after = values(play, 0.1)
    assert (after["lights.level"], after["lights.smooth"]) == (0.2, 0.05)


def test_the_logo_stays_where_it_was_put_when_another_preset_comes() -> None:
    play = Performance(look("first", logo={"size": "0.3 + 0.1*kick"}))
    play.panel.turn("logo.x", 0.9, "midi")
    assert values(play, 0.0, kick=1.0)["logo.size"] == pytest.approx(0.4)
    play.take(look("second"), 0.0, 0.0)
    play.panic(0.1)
    after = values(play, 0.2, kick=1.0)
    assert (after["logo.x"], after["logo.size"]) == (0.9, 0.3)


def test_what_the_command_line_says_goes_before_every_preset_and_after_every_knob() -> None:
    play = Performance(look("first", logo={"size": 0.9}), {"logo.size": compile_expr("0.2 + 0.1*kick")})
    assert values(play, 0.0, kick=1.0)["logo.size"] == pytest.approx(0.3)
    play.take(look("second", logo={"size": 0.8}), 0.0, 0.0)
    assert values(play, 0.1, kick=0.5)["logo.size"] == pytest.approx(0.25)
    play.panel.turn("logo.size", 0.7, "midi")
    assert values(play, 0.2, kick=1.0)["logo.size"] == 0.7


def test_a_held_knob_is_handed_over_without_a_jump() -> None:
    play = Performance(look())
    play.panel.turn("stage.exposure", 2.0, "midi")
    play.panel.turn("stage.bloom", 0.5, "midi")
    assert exposures(play, 0.0) == [2.0]
    play.go("calm", 0.0, BPM)
    assert exposures(play, 0.0, 2.0, 4.0) == [2.0, 1.5, 1.0]
    assert play.panel.knobs() == {"stage.bloom": 0.5}  # the scene says nothing of it


def test_a_knob_morphs_between_two_scenes_and_four_and_a_scene_ends_that() -> None:
    play = Performance(look())
    play.panel.turn("play.morph", 0.0)
    play.turned("play.morph", 0.0)
    for now in (0.0, 0.5, 1.0):
        values(play, now)
    play.panel.turn("play.morph", 0.5)
    for n in range(20):
        values(play, 1.0 + n * 0.1)
    assert exposures(play, 3.0) == [2.0]  # half way from calm (1) to storm (3)
    for name, place in (("play.x", 1.0), ("play.y", 0.0)):
        play.panel.turn(name, place)
        play.turned(name, 3.0)
    for n in range(20):
        values(play, 3.0 + n * 0.1)
    assert exposures(play, 5.0) == [3.0] and play.scene is not None and play.scene.name == "storm"
    play.go("calm", 5.0, BPM, 0.0)
    assert exposures(play, 5.0, 6.0) == [1.0, 1.0] and play.panel.knobs() == {}


def test_a_preset_may_drive_the_morph_itself() -> None:
    play = Performance(look(play={"morph": "t/10"}))
    for n in range(50):
        values(play, n * 0.1)
    assert exposures(play, 5.0)[0] == pytest.approx(2.0, abs=0.05)


def test_next_and_back_go_round_and_next_may_be_named() -> None:
    play = Performance(look(scene=[{**CALM, "next": "hard"}, STORM, HARD]))
    names = []
    for step in (1, 1, 1, -1, -1, -1):
        play.advance(step, 0.0, BPM)
        names.append(play.scene.name if play.scene else "")
    assert names == ["calm", "hard", "calm", "hard", "storm", "calm"]


def test_a_scene_that_plays_is_begun_again_when_it_is_chosen_and_has_a_video() -> None:
    clip = {"name": "clip", "transition": "cut", "media": {"video": "a.mp4"}}
    play, begun = Performance(look(scene=[clip, STORM])), []
    for scene in ("clip", "clip", 1, "storm", "storm", 0, 0, "clip", "clip"):
        play.go(scene, 0.0, 120.0)
        begun.append(play.again)
    assert begun == [0, 1, 2, 2, 2, 2, 2, 2, 3]


def test_an_unknown_scene_is_refused_with_the_near_ones() -> None:
    play = Performance(look())
    with pytest.raises(UserError, match=r"no scene 'clam' \(did you mean: calm"):
        play.go("clam", 0.0, BPM)
    with pytest.raises(UserError, match="no scene '9'"):
        play.go(9.0, 0.0, BPM)
    with pytest.raises(UserError, match="has none"):
        Performance(look(scene=[])).go("calm", 0.0, BPM)
    with pytest.raises(UserError, match="has no scenes"):
        Performance(look(scene=[])).advance(1, 0.0, BPM)


def test_an_expression_can_be_changed_and_given_back() -> None:
    play = Performance(look(stage={"hue": "0.5*beat"}))
    play.panel.turn("stage.hue", 0.9, "web")
    assert play.panel.holders() == {"stage.hue": "web"}
    play.drive("stage.hue", "0.25*beat")
    assert play.panel.holders() == {} and values(play, 0.5)["stage.hue"] == 0.25
    play.drive("stage.hue", "0.125")
    assert values(play, 0.5)["stage.hue"] == 0.125
    assert (play.panel.drivers()["stage.hue"], play.panel.drivers()["camera.zoom"]) == ("0.125", "1")
    play.drive("stage.hue", "")
    assert (values(play, 0.5)["stage.hue"], play.panel.drivers()["stage.hue"]) == (0.5, "0.5*beat")
    play.drive("camera.zoom", None)
    assert values(play, 0.5)["camera.zoom"] == 1.0


def test_a_bad_expression_leaves_the_last_good_one() -> None:
    play = Performance(look(stage={"hue": "0.5*beat"}))
    before = play.panel.drivers()
    with pytest.raises(UserError, match="column 5") as wrong:
        play.drive("stage.hue", "0.5*baet")
    assert isinstance(wrong.value, (UserError, ExprError))
    assert values(play, 0.5)["stage.hue"] == 0.5 and play.panel.drivers() is before


def test_an_edit_in_a_scene_belongs_to_it() -> None:
    play = Performance(look())
    play.go("calm", 0.0, BPM, 0.0)
    play.drive("stage.exposure", "2.5")
    play.text(1, "lake")
    play.drive("stage.bloom", "0.5")  # of which the scene says nothing: the preset's
    assert exposures(play, 0.1) == [2.5] and texts(play) == {"lake": 1.0}
    play.go("storm", 0.2, BPM, 0.0)
    after = values(play, 0.3)
    assert (after["stage.exposure"], after["stage.bloom"], texts(play)) == (3.0, 0.5, {"hill": 1.0})
    play.go("calm", 0.4, BPM, 0.0)
    assert exposures(play, 0.5) == [2.5]
    play.panic(0.6)
    assert values(play, 0.6)["stage.bloom"] == 0.0


def test_a_modulator_of_the_preset_may_be_used_in_an_edit() -> None:
    play = Performance(look(modulators={"sway": {"lfo": "saw", "hertz": 1}}))
    play.drive("stage.hue", "sway")
    assert values(play, 0.25)["stage.hue"] == 0.25


def edited(play: Performance, target: str, now: float, value: float) -> None:
    before = play.state()
    play.panel.turn(target, value, "midi")
    play.history.will_change(target, before, now)


def test_undo_takes_back_whole_gestures_and_redo_does_them_again() -> None:
    play = Performance(look())
    for n in range(10):  # one turn of a knob, in ten messages
        edited(play, "stage.hue", 1 + n * 0.05, n / 10)
    edited(play, "stage.bloom", 9.0, 0.5)
    before = play.state()
    play.go("storm", 20.0, BPM)
    play.history.will_change("do.scene", before, 20.0)
    assert play.history.undos == 3
    play.undo(30.0)
    assert play.scene is None and play.panel.knobs() == {"stage.hue": 0.9, "stage.bloom": 0.5}
    play.undo(31.0)
    assert play.panel.knobs() == {"stage.hue": 0.9}
    play.undo(32.0)
    assert play.panel.knobs() == {} and play.history.redos == 3
    with pytest.raises(UserError, match="nothing to undo"):
        play.undo(33.0)
    play.redo(34.0)
    play.redo(35.0)
    play.redo(36.0)
    assert play.scene is not None and play.scene.name == "storm" and play.history.redos == 0
    play.undo(37.0)
    edited(play, "stage.hue", 40.0, 0.1)
    with pytest.raises(UserError, match="nothing to redo"):
        play.redo(41.0)


def test_undo_of_a_change_of_preset_brings_its_edits_back() -> None:
    play = Performance(look("first"))
    play.drive("stage.exposure", "1.5")
    before = play.state()
    play.take(look("second"), 1.0, 0.0)
    play.history.will_change("do.preset", before, 1.0)
    assert exposures(play, 2.0) == [0.0]
    play.undo(3.0)
    assert play.preset.name == "first" and exposures(play, 3.0, 5.0) == [0.0, 1.5]


def test_undo_never_lifts_a_blackout() -> None:
    play = Performance(look())
    edited(play, "stage.hue", 1.0, 0.5)
    play.panel.turn("out.blackout", 1.0)
    play.undo(2.0)
    assert play.panel.knobs() == {"out.blackout": 1.0}


MOVES = st.one_of(
    st.tuples(st.just("scene"), st.sampled_from(["calm", "storm", "hard", "soft", None])),
    st.tuples(st.just("knob"), st.floats(-4, 4)),
    st.tuples(st.just("morph"), st.floats(0, 1)),
    st.tuples(st.just("undo"), st.none()),
    st.tuples(st.just("redo"), st.none()),
    st.tuples(st.just("preset"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("wait"), st.floats(0, 5)),
)


@given(st.lists(MOVES, max_size=30))
@example([("morph", 1.0), ("wait", 1.0), ("redo", None)])
def test_whatever_is_played_the_values_stay_in_range_and_a_glide_never_jumps(moves: list[tuple[str, object]]) -> None:
    presets = {"one": look("one"), "two": look("two", stage={"exposure": 2})}
    play, now, before = Performance(presets["one"]), 0.0, 0.0
    for kind, what in moves:
        jumps = kind == "knob" or what == "hard"
        if kind == "scene":
            state = play.state()
            play.go(what, now, BPM)  # type: ignore[arg-type]
            play.history.will_change("do.scene", state, now)
        elif kind == "knob":
            edited(play, "stage.exposure", now, float(what))  # type: ignore[arg-type]
        elif kind == "morph":
            edited(play, "play.morph", now, float(what))  # type: ignore[arg-type]
            play.turned("play.morph", now)
        elif kind == "preset":
            play.take(presets[str(what)], now, 2.0)
        elif kind in ("undo", "redo") and getattr(play.history, f"{kind}s"):
            jumps = True  # knobs are put back at once
            getattr(play, kind)(now)
        elif kind == "wait":
            now += float(what)  # type: ignore[arg-type]
            values(play, now, dt=float(what))  # type: ignore[arg-type]  # a morph follows its knob a frame later
            jumps = True
        value = values(play, now, dt=0.0)["stage.exposure"]
        assert -4 <= value <= 4
        assert jumps or abs(value - before) < 0.02 or kind == "morph"
        assert sum(texts(play, now).values()) == pytest.approx(1.0, abs=2e-3)
        before = value
