"""Scenes, quantise, undo and saving in a whole show on a frame clock."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from liveanim.archive import Archive
from liveanim.clock import FrameClock
from liveanim.core.model import Blend, ControlEvent, Features, Shots
from liveanim.core.preset import Preset, preset_from
from liveanim.core.scenes import Scene
from liveanim.inputs.fakes import Script
from liveanim.keeping import Paper
from liveanim.library import as_toml, parse_preset
from liveanim.show import Settings, Show, run
from tests.fakes import AtOnce, Hears, Tape

SCENES = [
    {"name": "calm", "seconds": 1, "stage": {"exposure": 1}, "prompt": {"text": ["sea"]}},
    {"name": "soft", "transition": "fade", "seconds": 1, "prompt": {"text": ["sky"]}},
    {"name": "hard", "transition": "cut", "stage": {"hue": 0.5}},
]
STEADY = {"cadence": 0.2, "blend_curve": 0}


def look(name: str = "look", **tables: object) -> Preset:
    data = {"prompt": {"text": ["hill"]}, "picture": STEADY, "scene": SCENES, **tables}
    return preset_from(data, "test.toml", name)


def played(*events: ControlEvent, frames: int = 30, preset: Preset | None = None, **kept: Any) -> list[Blend]:
    """Blends at ten frames a second and 120 BPM."""
    tape = Tape()
    show = Show(
        [Script(events)],
        Hears(),
        AtOnce(),
        [preset or look(), look("other")],
        Settings((16, 8)),
        archive=Archive(**kept),
    )
    run(show, FrameClock(10, frames), [tape])
    return tape.blends


def event(time: float, target: str, value: float | str | None = None, source: str = "osc") -> ControlEvent:
    return ControlEvent(time, target, value, source)


def test_a_scene_that_fades_is_painted_afresh_beside_the_old_picture() -> None:
    desk, tape = AtOnce(), Tape()
    show = Show([Script([event(1.0, "do.scene", "soft")])], Hears(), desk, [look()], Settings((16, 8)))
    run(show, FrameClock(10, 26), [tape])
    fresh = [request for request in desk.requests if request.fresh]
    assert [(request.index, round(request.time, 2)) for request in fresh] == [(0, 0.0), (5, 1.0)]
    assert [prompt.text for prompt in fresh[1].prompts] == ["sky"]
    old = [sum(layer.weight for layer in b.layers if layer.keyframe.index < 5) for b in tape.blends]
    assert old[9] == pytest.approx(1) and [round(w, 3) for w in old[10:21:2]] == [1.0, 0.896, 0.648, 0.352, 0.104, 0.0]
    assert all(sum(layer.weight for layer in b.layers) == pytest.approx(1) and len(b.layers) <= 4 for b in tape.blends)
    assert {layer.keyframe.index for layer in tape.blends[15].layers} >= {4, 7}  # the new pictures go on meanwhile


def test_a_cut_is_there_with_the_next_picture_without_a_fade() -> None:
    blends = played(event(1.0, "do.scene", "hard"))
    assert [[layer.keyframe.index for layer in b.layers] for b in blends[9:11]] == [[3, 4], [5]]
    assert blends[10].stage["hue"] == 0.5 and blends[10].status.scene == "hard"


class Files:
    """Media that are there `delay` looks after they were asked for; the newest of what was asked for goes first."""

    def __init__(self, delay: int = 0) -> None:
        self.wanted: list[tuple[Mapping[str, str], Mapping[str, str]]] = []
        self._delay, self._left = delay, 0

    def look(self, media: Mapping[str, str], scene: Scene | None, again: int = 0) -> bool:
        wanted = media, {} if scene is None else scene.media
        if wanted not in self.wanted[-1:]:
            self._left = self._delay if self.wanted else 0
            self.wanted.append(wanted)
        self._left -= 1
        return self._left < 0

    def at(self, now: float, values: Mapping[str, float]) -> Shots:
        return Shots()


CLIPS: list[dict[str, Any]] = [
    {"name": "calm", "transition": "cut", "media": {"video": "sea.mp4"}},
    {"name": "wild", "transition": "fade", "seconds": 1, "media": {"init": "storm.png"}},
]


def test_a_scene_brings_its_files_and_takes_them_with_it() -> None:
    first = look(scene=CLIPS, media={"mask": "m.png"})
    edited = as_toml(look(scene=[{**CLIPS[0], "media": {"video": "lake.mp4"}}], media={"mask": "m.png"}))
    events = [event(0.5, "do.scene", 1), event(2.5, "do.scene", "wild"), event(3.0, "do.undo")]
    events += [event(3.5, "look.look", edited), event(4.0, "do.scene", 0)]
    files, archive = Files(), Archive(read=lambda name, text: parse_preset(text, name))
    show = Show(
        [Script(events)],
        Hears(),
        AtOnce(),
        [first],
        Settings((16, 8)),
        media=files,
        archive=archive,
    )
    run(show, FrameClock(10, 45), [])
    assert [own for _, own in files.wanted] == [
        {},
        {"video": "sea.mp4"},
        {"init": "storm.png"},
        {"video": "sea.mp4"},
        {"video": "lake.mp4"},
        {},
    ]
    assert all(media == {"mask": "m.png"} for media, _ in files.wanted)


@pytest.mark.parametrize("scene", ["calm", "wild"])
def test_a_scene_that_fades_or_cuts_in_waits_for_its_files(scene: str) -> None:
    desk, tape, files = AtOnce(), Tape(), Files(delay=4)
    show = Show(
        [Script([event(1.0, "do.scene", scene)])], Hears(), desk, [look(scene=CLIPS)], Settings((16, 8)), media=files
    )
    run(show, FrameClock(10, 26), [tape])
    fresh = [request for request in desk.requests if request.fresh]
    assert [round(request.time, 2) for request in fresh] == [0.0, 1.4]
    newest = [max(layer.keyframe.time for layer in b.layers) for b in tape.blends]
    assert round(newest[13], 2) == 1.2  # the pictures before go on meanwhile
    old = sum(layer.weight for layer in tape.blends[14].layers if layer.keyframe.time < 1.3)
    assert old == pytest.approx(0 if scene == "calm" else 1)


def test_a_morph_paints_on_in_the_same_picture() -> None:
    desk = AtOnce()
    show = Show([Script([event(1.0, "do.scene", "calm")])], Hears(), desk, [look()], Settings((16, 8)))
    run(show, FrameClock(10, 26), [])
    assert [request.index for request in desk.requests if request.fresh] == [0]
    texts = {round(r.time, 1): {p.text: round(p.weight, 2) for p in r.prompts} for r in desk.requests}
    assert texts[0.8] == {"hill": 1.0} and texts[2.0] == {"sea": 1.0}
    assert texts[1.4] == {"hill": 0.65, "sea": 0.35}


def test_a_scene_waits_for_the_bar_and_says_so() -> None:
    blends = played(event(0.05, "play.quantise", 2.0), event(1.0, "do.scene", 1.0), frames=25)
    assert [b.status.scene for b in blends[18:22]] == ["", "", "calm", "calm"]  # two seconds are one bar
    assert blends[12].status.waiting == ("do.scene 1.0",) and blends[21].status.waiting == ()


def test_any_event_may_wait_for_the_beat() -> None:
    blends = played(event(0.6, "beat.stage.hue", 0.25), frames=12)
    assert [b.stage["hue"] for b in blends[8:12]] == [0.0, 0.0, 0.25, 0.25]


def test_a_preset_comes_in_by_play_fade_and_keeps_what_waits() -> None:
    other = look("other", stage={"exposure": 2}, scene=[])
    tape = Tape()
    events = [event(0.0, "play.fade", 1.0), event(1.0, "do.preset", "other")]
    run(Show([Script(events)], Hears(), AtOnce(), [look(), other], Settings((16, 8))), FrameClock(10, 22), [tape])
    assert [round(b.stage["exposure"], 2) for b in tape.blends[10:21:5]] == [0.0, 1.0, 2.0]
    assert tape.blends[15].status.preset == "other" and tape.blends[15].status.arriving == pytest.approx(0.5)


def test_modulators_are_signals_of_expressions_and_are_shown() -> None:
    preset = look(modulators={"sway": {"lfo": "saw", "hertz": 1, "high": 2}}, stage={"exposure": "sway"}, scene=[])
    blends = played(preset=preset, frames=6)
    assert blends[5].stage["exposure"] == pytest.approx(1.0) and blends[5].modulators["sway"] == 0.5


def test_live_edits_are_undone_and_done_again_but_what_happens_by_itself_is_not() -> None:
    events = [
        event(0.1, "stage.hue", 0.5),
        event(0.3, "do.scene", "hard", "scene"),
        event(0.5, "prompt.1", "lake"),
        event(0.7, "do.undo"),
        event(0.9, "do.undo"),
        event(1.1, "do.redo"),
    ]
    blends = played(*events, frames=13)
    seen = [(b.status.prompts, b.knobs.get("stage.hue"), b.status.undo, b.status.redo) for b in blends]
    assert seen[6] == (("lake",), None, 2, 0)  # the scene names the hue: it let go of the knob
    assert seen[8] == (("hill",), None, 1, 1)
    assert seen[10] == (("hill",), None, 0, 2)
    assert seen[12] == (("hill",), None, 1, 1)


class Shelf(Paper):
    """A keeper that keeps in memory."""

    def __init__(self) -> None:
        self.kept: list[Preset] = []

    def keep(self, state: Preset) -> None:
        self.kept.append(state)


def test_every_change_is_kept_and_a_saved_state_is_a_preset_to_choose() -> None:
    shelf = Shelf()
    events = [event(0.1, "stage.hue", 0.25), event(0.4, "do.save", "my/own"), event(0.6, "do.preset", "my-own")]
    blends = played(*events, frames=40, keeper=shelf)
    assert [dict(state.knobs) for state in shelf.kept][:1] == [{"stage.hue": 0.25}]
    assert blends[5].status.notice == "saved as my-own" and blends[5].status.presets == ("look", "other", "my-own")
    assert blends[35].status.preset == "my-own" and blends[35].stage["hue"] == 0.25 and not blends[35].knobs


def test_a_preset_that_is_saved_again_keeps_its_number() -> None:
    events = [event(0.1, "do.save", "mine"), event(0.2, "stage.hue", 0.5), event(0.3, "do.save", "other")]
    blends = played(*events, event(0.5, "do.preset", 2.0), frames=40, keeper=Shelf())
    assert blends[-1].status.presets == ("look", "other", "mine")
    assert blends[-1].status.preset == "other" and blends[-1].stage["hue"] == 0.5


def test_the_presets_beside_the_one_that_plays_are_a_step_away() -> None:
    steps = [event(0.1 * n, "do.preset", value) for n, value in ((1, "+"), (3, "+"), (5, "-"), (7, "-"))]
    names = [blend.status.preset for blend in played(*steps, frames=10)]
    assert [names[n] for n in (0, 2, 4, 6, 8)] == ["look", "other", "look", "other", "look"]


def test_a_show_that_broke_off_is_offered_and_not_forced() -> None:
    broken = look("broken", knobs={"stage.hue": 0.75}, start="calm")
    blends = played(event(0.5, "do.resume"), frames=40, broken_off=broken)
    assert "broke off" in blends[0].status.notice and blends[4].status.preset == "look"
    assert (blends[4].status.broken_off, blends[-1].status.broken_off) == (True, False)
    assert (blends[-1].status.preset, blends[-1].status.scene, blends[-1].stage["hue"]) == ("broken", "calm", 0.75)


def test_the_autopilot_plays_a_show_by_itself_and_the_same_one_again() -> None:
    hops = [Features(n / 10, {"energy": 0.9 if 300 < n else 0.0, "bass": 0.5}) for n in range(900)]
    shows = []
    for _ in range(2):
        tape = Tape()
        settings = Settings((16, 8), overrides={"play.autopilot": 1.0})
        run(Show([], Hears(*hops), AtOnce(), [look()], settings), FrameClock(10, 900), [tape])
        shows.append([b.status.scene for b in tape.blends])
    assert shows[0] == shows[1] and shows[0][100] == "" and shows[0][550] == "hard"


def test_scenes_bring_on_the_next_one_by_time_bars_a_drop_and_chance() -> None:
    """120 BPM: a bar is two seconds. The bass is away from 20 to 24 s."""
    rules = [
        {"name": "clock", "advance": "timer", "every": 3},
        {"name": "count", "advance": "bars", "every": 2},
        {"name": "wait", "advance": "drop"},
        {"name": "dice", "advance": "random", "every": 1},
    ]
    hops = [Features(n / 10, {"bass_energy": 0.0 if 200 <= n < 240 else 0.9}) for n in range(300)]
    tape = Tape()
    source = Script([event(1.0, "do.scene", "clock")])
    show = Show([source], Hears(*hops), AtOnce(), [look(scene=rules)], Settings((16, 8)))
    run(show, FrameClock(10, 300), [tape])
    seen = [(round(blend.time, 1), blend.status.scene) for blend in tape.blends]
    changes = [after for before, after in itertools.pairwise(seen) if after[1] != before[1]]
    assert changes[:4] == [(1.0, "clock"), (4.0, "count"), (8.0, "wait"), (24.1, "dice")]
    (when, which), *_ = changes[4:]
    assert when == 26.0 and which != "dice"


@pytest.mark.parametrize("value", ["stage.hew", "do.fly"])
def test_what_cannot_be_learned_is_said(value: str) -> None:
    blends = played(event(0.1, "do.learn", value), event(0.3, "do.learn", "stage.hue range=0..1"), frames=5)
    assert "cannot learn" in blends[1].status.warnings[0] and blends[1].status.learning == ""
    assert blends[4].status.learning == "stage.hue range=0..1"


def test_hints_are_shown_until_they_are_taken_back() -> None:
    blends = played(event(0.1, "hint.stage.hue", 0.25), event(0.3, "hint.stage.hue", None), frames=5)
    assert [dict(b.hints) for b in blends[1:4]] == [{"stage.hue": 0.25}, {"stage.hue": 0.25}, {}]
