"""The beats of a bar, by whole shows: events in, the bars of every frame out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.archive import Archive
from liveanim.clock import FrameClock
from liveanim.core.model import Blend, ControlEvent
from liveanim.core.preset import Preset, preset_from
from liveanim.inputs.fakes import Script
from liveanim.show import Settings, Show, run
from tests.fakes import AtOnce, Hears, Tape
from tests.test_show_loops import Taker

Row = tuple[float, str, float | str | None]
FPS = 10  # at 120 BPM a frame is a fifth of a beat


def look(name: str = "look", **tables: object) -> Preset:
    return preset_from({"prompt": {"text": ["a"]}, **tables}, "test.toml", name)


def play(
    *rows: Row,
    seconds: float = 8.0,
    fps: int = FPS,
    presets: tuple[Preset, ...] = (look(),),
    overrides: Mapping[str, float] | None = None,
    taker: Taker | None = None,
) -> list[Blend]:
    events = [ControlEvent(time, target, value, "midi") for time, target, value in ((0.0, "do.bpm", 120.0), *rows)]
    tape, fixed = Tape(), Settings((16, 8), overrides=overrides or {})
    run(
        Show([Script(events)], Hears(), AtOnce(), presets, fixed, archive=Archive(taker=taker)),
        FrameClock(fps, round(seconds * fps)),
        [tape],
    )
    return tape.blends


def at(blends: list[Blend], time: float) -> tuple[float, int]:
    """(bar, beats of it)."""
    signals = next(blend.signals for blend in blends if blend.time == pytest.approx(time))
    return round(signals["bar"], 4), int(signals["meter"])


def test_a_knob_sets_the_meter_from_the_next_bar_line_on_and_undo_takes_it_back() -> None:
    blends = play((1.0, "play.meter", 3.0), (4.0, "do.undo", None))
    assert [at(blends, time) for time in (1.9, 2.0, 3.5, 4.5)] == [(0.95, 4), (1.0, 3), (2.0, 3), (2.6667, 3)]
    assert [at(blends, time) for time in (5.0, 7.0)] == [(3.0, 4), (4.0, 4)]


@pytest.mark.parametrize("way", ["knob", "preset", "param"])
@pytest.mark.parametrize("meter", [1, 3, 7, 16])
def test_bars_have_as_many_beats_as_is_said_from_the_start(way: str, meter: int) -> None:
    said: Row = (0.0, "play.meter", float(meter))
    blends = play(
        *([said] if way == "knob" else []),
        presets=(look(play={"meter": meter}) if way == "preset" else look(),),
        overrides={"play.meter": float(meter)} if way == "param" else {},
    )
    for blend in blends[1:]:
        assert blend.signals["bar"] == pytest.approx(blend.signals["beat"] / meter)
        assert blend.signals["meter"] == meter


def test_a_preset_that_waits_for_the_bar_begins_with_a_bar_of_its_own() -> None:
    waltz = look("waltz", play={"meter": 3})
    rows: tuple[Row, ...] = ((0.0, "play.fade", 0.0), (1.3, "bar.do.preset", "waltz"))
    for ahead in (-150.0, 0.0, 150.0):
        blends = play(*rows, (0.0, "play.ahead", ahead), presets=(look(), waltz), seconds=6.0, fps=50)
        lines = [
            round(b.signals["beat"])
            for a, b in itertools.pairwise(blends)
            if a.signals["bar"] // 1 < b.signals["bar"] // 1
        ]
        assert lines == [4, 7, 10]


def test_the_one_begins_a_bar_of_the_new_meter_at_once() -> None:
    blends = play((1.0, "play.meter", 7.0), (1.2, "do.resync", None))
    assert [at(blends, time) for time in (1.2, 4.7)] == [(1.0, 7), (2.0, 7)]


def test_scenes_last_bars_of_the_meter() -> None:
    scenes = [{"name": name, "advance": "bars", "every": 2, "transition": "cut"} for name in ("a", "b")]
    preset = look(start="a", scene=scenes, play={"meter": 3})
    changes = [b.time for a, b in itertools.pairwise(play(presets=(preset,))) if a.status.scene != b.status.scene]
    assert changes == pytest.approx([3.0, 6.0])


def test_expressions_count_its_bars_and_may_set_it() -> None:
    preset = look(
        stage={"hue": "0bar: 0, 2bar: 0.3, 4bar: 0.3", "bloom": "meter/16"},
        camera={"angle": "0: 10, 2bar: (20 + 0*t)"},
        play={"meter": "where(bar < 1, 3, 5)"},
    )
    blends = play(presets=(preset,), seconds=6.0)
    shown = {round(blend.time, 3): blend.values for blend in blends}
    assert shown[1.5]["stage.hue"] == pytest.approx(0.15) and shown[4.0]["stage.hue"] == pytest.approx(0.3)
    assert shown[1.0]["camera.angle"] < shown[3.9]["camera.angle"] < shown[4.0]["camera.angle"] == 20.0
    assert [at(blends, time) for time in (1.4, 1.6, 4.0)] == [(0.9333, 3), (1.04, 5), (2.0, 5)]


def test_a_take_that_begins_late_is_rendered_at_the_same_place_in_the_bar_with_its_loops() -> None:
    taker = Taker()
    turned: tuple[Row, ...] = (
        (4.0, "do.loop", None),
        (4.3, "stage.hue", 0.2),
        (4.7, "stage.hue", 0.4),
        (5.5, "do.loop", None),
    )
    whole = play((1.0, "play.meter", 7.0), *turned, (6.0, "do.take", "part"), seconds=14.0, taker=taker)
    stands: list[Row] = [(event.time, event.target, event.value) for event in taker.stands]
    render = play((0.0, "play.meter", 7.0), (2.2, "do.resync", None), *stands, seconds=14.0)
    for time in (round(n / 10, 1) for n in range(110, 140)):
        (bar, meter), (again, same) = at(whole, time), at(render, time)
        assert meter == same == 7 and (again - bar + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=1e-3)
    hues = [[round(blend.values["stage.hue"], 4) for blend in blends[110:]] for blends in (whole, render)]
    assert hues[0] == hues[1] and len(set(hues[0])) > 2


EVENTS = ("play.meter", "do.resync", "do.tap", "do.nudge", "do.double", "do.halve", "play.ahead", "clock.link")


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.floats(0, 4), st.sampled_from(EVENTS), st.floats(0, 1)), max_size=25))
def test_bars_and_beats_never_run_back(steps: list[tuple[float, str, float]]) -> None:
    said = {
        "play.meter": lambda x: float(round(1 + 15 * x)),
        "do.nudge": lambda x: x - 0.5,
        "play.ahead": lambda x: 500 * x - 200,
        "clock.link": lambda x: f"{100 + 50 * x} {7 * x}",
    }
    rows = sorted((time, target, said.get(target, lambda x: None)(x)) for time, target, x in steps)
    seen = [blend.signals for blend in play(*rows, seconds=4.5, fps=30)]
    for a, b in itertools.pairwise(seen):
        assert b["beat"] >= a["beat"] and b["bar"] >= a["bar"]
