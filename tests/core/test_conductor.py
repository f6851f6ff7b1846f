"""What happens by itself: events on the beat, scenes that follow each other, drops, the autopilot. A clock by hand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from liveanim.core.autopilot import LONGEST, STAY, Autopilot, Heard, energies
from liveanim.core.conductor import Conductor
from liveanim.core.drops import Drops
from liveanim.core.model import ControlEvent
from liveanim.core.preset import Preset, preset_from
from liveanim.core.quantise import Lines, Waiting
from liveanim.core.tempo import Bars
from tests.fakes import counted

SCENE = ControlEvent(0.0, "do.scene", "storm")


def look(*scenes: Mapping[str, object], **tables: object) -> Preset:
    return preset_from({"prompt": {"text": ["a"]}, "scene": list(scenes), **tables}, "test.toml", "look")


@pytest.mark.parametrize(
    ("target", "quantise", "beat", "line"),
    [
        ("bar.do.scene", 0, 5.5, 8.0),
        ("beat.stage.hue", 0, 5.5, 6.0),
        ("beat.do.scene", 2, 5.5, 6.0),  # what it says itself counts
        ("do.scene", 1, 5.5, 6.0),
        ("do.scene", 2, 5.5, 8.0),
        ("do.preset", 3, 5.5, 16.0),
        ("do.scene", 0, 5.5, None),
        ("stage.hue", 2, 5.5, None),  # play.quantise is for scenes and presets, not for knobs
        ("do.scene", 1, 5.05, None),  # a little late: meant is the beat that has just been
    ],
)
def test_an_event_waits_for_its_line(target: str, quantise: float, beat: float, line: float | None) -> None:
    conductor, event = Conductor(), ControlEvent(1.0, target, 1.0)
    ready = conductor.waits(event, counted(beat), quantise)
    plain = target.removeprefix("bar.").removeprefix("beat.")
    if line is None:
        assert ready == event and conductor.lines() == ()
        return
    assert ready is None and conductor.lines() == (f"{plain} 1.0",)
    seen = []
    for n in range(400):
        at = beat + n / 16
        for done in conductor.step(n / 30, {"beat": at, "bar": at / 4}, look(), None, False, ()):
            seen.append((at, done.target))
    assert seen == [(line, plain)]


def test_the_newest_wish_for_the_same_thing_counts() -> None:
    waiting = Waiting()
    for value in ("a", "b"):
        assert waiting.put(ControlEvent(0.0, "do.scene", value), counted(1.5), Lines("bar"))
    assert [event.value for event in waiting.due({"bar": 1.0})] == ["b"] and waiting.due({"bar": 2.0}) == []


@pytest.mark.parametrize(
    ("meter", "quantise", "beat", "line"),
    [
        (3, 2, 7.5, 9.0),
        (3, 3, 7.5, 12.0),
        (7, 2, 13.8, 14.0),
        (7, 2, 14.05, None),
        (7, 2, 14.15, 21.0),
        (1, 3, 1.5, 4.0),
    ],
)
def test_it_waits_for_bars_of_any_meter(meter: int, quantise: float, beat: float, line: float | None) -> None:
    waiting, bars = Conductor(), Bars(meter=meter)
    kept = waiting.waits(SCENE, counted(beat, bars), quantise) is None
    assert kept is (line is not None)
    frames = [n / 16 for n in range(400)]
    done = [at for at in frames if waiting.step(at, {"beat": at, "bar": bars.at(at)}, look(), None, False, ())]
    assert done == ([line] if kept else [])


def test_it_waits_for_the_bar_that_a_new_meter_begins_with() -> None:
    conductor, bars = Conductor(), Bars().turned(7, 2.0).turned(3, 3.0)
    conductor.waits(replace(SCENE, target="do.preset"), counted(2.5, bars), 2)
    conductor.waits(SCENE, counted(2.5, bars), 3)
    done = []
    for at in (n / 16 for n in range(400)):
        for event in conductor.step(at, {"beat": at, "bar": bars.at(at)}, look(), None, False, ()):
            done.append((at, event.target))
    assert done == [(4.0, "do.preset"), (13.0, "do.scene")]  # bars of 4, 3, 3 and 3 beats


def followed(advance: str, every: float, seconds: float, start: float = 0.0) -> list[tuple[float, str]]:
    """When the first of three scenes is over, at 120 BPM: (seconds, what was done)."""
    rows = [{"name": name, "advance": advance, "every": every} for name in ("a", "b", "c")]
    preset, conductor, seen = look(*rows), Conductor(), []
    for n in range(round(start * 60), round(seconds * 60)):
        now = n / 60
        for event in conductor.step(now, {"beat": 2 * now, "bar": now / 2}, preset, preset.scenes[0], False, ("look",)):
            seen.append((round(now, 2), f"{event.target} {event.value or ''}".strip()))
    return seen


def test_a_scene_ends_after_its_seconds_or_bars_on_the_line() -> None:
    assert followed("timer", 1.5, 4.0) == [(1.5, "do.next"), (3.0, "do.next")]
    assert followed("bars", 2, 9.0) == [(4.0, "do.next"), (8.0, "do.next")]
    assert followed("bars", 2, 9.0, start=1.8) == [(6.0, "do.next")]  # it came just before the second bar
    assert followed("manual", 1, 9.0) == []


def test_a_random_scene_is_never_the_same_and_the_same_at_every_show() -> None:
    seen = followed("random", 1, 20.0)
    assert [time for time, _ in seen] == [2.0 * n for n in range(1, 10)]
    assert {what for _, what in seen} == {"do.scene b", "do.scene c"} and seen == followed("random", 1, 20.0)


def dropped(bass: list[tuple[float, float]]) -> list[float]:
    """Seconds of the drops in a bass of pulses on every half second: (until, level)."""
    drops, seen = Drops(), []
    for n in range(round(bass[-1][0] * 60)):
        now = n / 60
        level = next(level for until, level in bass if now < until)
        if drops.step(level * math.exp(-(now % 0.5) / 0.2), 1 / 60):
            seen.append(round(now, 1))
    return seen


def test_a_drop_is_the_bass_after_a_break() -> None:
    assert dropped([(20, 0.9), (28, 0.05), (40, 0.9)]) == [28.0]
    assert dropped([(40, 0.9)]) == [] and dropped([(20, 0.9), (21, 0.0), (40, 0.9)]) == []
    assert dropped([(20, 0.02), (28, 0.0), (40, 0.02)]) == []
    assert dropped([(20, 0.9), (28, 0.05), (40, 0.9), (50, 0.0), (60, 0.9)]) == [28.0, 50.0]


WILD = [{"name": name} for name in ("calm", "flow", "storm")]


def flown(
    energy: list[tuple[int, float]], preset: Preset, drops: tuple[int, ...] = (), silence: float = 0.0
) -> list[tuple[int, str]]:
    """What the autopilot does, by bars: energy as (until bar, level)."""
    pilot, scene, seen = Autopilot(), "calm", []
    for n in range(energy[-1][0] * 8):
        bar = n / 8
        level = next(level for until, level in energy if bar < until)
        heard = Heard(bar * 2, 0.25 if n else 0.0, bar, level, silence, bar in drops)
        for event in pilot.step(heard, preset, scene, ("look", "other", "third")):
            seen.append((math.floor(bar), f"{event.target} {event.value}"))
            if event.target == "do.scene":
                scene = str(event.value)
    return seen


def test_the_autopilot_plays_the_scene_that_fits_the_energy_on_phrases() -> None:
    seen = flown([(10, 0.1), (41, 0.9), (60, 0.5)], look(*WILD))
    assert seen == [(12, "do.scene flow"), (20, "do.scene storm"), (44, "do.scene flow")]


def test_the_autopilot_hears_the_breaks_of_pressed_music() -> None:
    """Its quietest is hardly below its loudest."""
    assert flown([(16, 1.0), (32, 0.78), (48, 1.0)], look(*WILD)) == [
        (8, "do.scene storm"),
        (20, "do.scene calm"),
        (36, "do.scene storm"),
    ]


def test_the_autopilot_goes_wild_on_a_drop_and_calm_in_silence() -> None:
    assert flown([(30, 0.1)], look(*WILD), drops=(13,))[0] == (13, "do.scene storm")
    loud = [{"name": "storm", "energy": 1.0}, {"name": "calm", "energy": 0.0}]
    assert energies(look(*loud).scenes) == {"storm": 1.0, "calm": 0.0}
    assert flown([(30, 0.9)], look(*[{"name": "storm"}, {"name": "calm"}]), silence=1.0)[0][1] == "do.scene storm"


def test_the_autopilot_never_stays_for_ever() -> None:
    seen = flown([(200, 0.1)], look(*WILD))
    assert seen[0][0] == LONGEST and any(what.startswith("do.preset") for _, what in seen)
    gaps = [b - a for (a, _), (b, _) in itertools.pairwise(seen)]
    assert all(STAY <= gap <= LONGEST for gap in gaps)


def test_the_autopilot_changes_prompts_only_where_there_are_some() -> None:
    seen = flown([(40, 0.5)], look(autopilot={"prompts": ["b", "c", "d"], "bars": 8}))
    assert [bar for bar, _ in seen] == [8, 16, 24, 32] and {what[:9] for _, what in seen} == {"prompt.1 "}
    assert flown([(40, 0.5)], look()) == []
    assert flown([(40, 0.5)], look(autopilot={"prompts": ["a"], "bars": 8})) == []  # it is there already
