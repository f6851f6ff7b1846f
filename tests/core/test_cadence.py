"""When keyframes are due: by time, on the beat, on a trigger."""

from __future__ import annotations

import math
from collections.abc import Callable

from liveanim.core.cadence import Cadence
from liveanim.core.model import RenderRequest
from liveanim.core.params import defaults

Values = dict[str, float | Callable[[float], float]]


def due_at(values: Values, fps: float = 60, seconds: float = 4, bpm: float = 120, lead: float = 0) -> list[float]:
    """Times at which a painter that is always free is asked for a keyframe; `values` may hold functions of time."""
    cadence, begun = Cadence(), None
    asked: list[float] = []
    for n in range(int(seconds * fps)):
        now = n / fps
        row = {**defaults(), **{k: v(now) if callable(v) else v for k, v in values.items()}}
        if cadence.due(begun, now, now * bpm / 60 + lead, row):
            begun = RenderRequest(len(asked), now, (64, 64))
            asked.append(round(now, 3))
    return asked


def test_by_time_every_so_many_seconds() -> None:
    assert due_at({"picture.cadence": 0.5}) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]


def test_with_no_cadence_every_frame_is_asked_for() -> None:
    assert len(due_at({"picture.cadence": 0}, fps=30, seconds=1)) == 30


def test_locked_to_the_beat_every_multiple_has_one_keyframe() -> None:
    assert due_at({"picture.beats": 1}) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert due_at({"picture.beats": 4}) == [0, 2]
    assert due_at({"picture.beats": 0.25}, seconds=0.5) == [0, 0.133, 0.25, 0.383]


def test_a_slow_painter_is_asked_early_so_that_the_picture_lands_on_the_beat() -> None:
    assert due_at({"picture.beats": 1}, lead=0.2) == [0, 0.4, 0.9, 1.4, 1.9, 2.4, 2.9, 3.4, 3.9]


def test_a_beat_that_trembles_about_a_multiple_counts_once() -> None:
    cadence, begun, asked = Cadence(), RenderRequest(0, 0.0, (64, 64)), 0
    values = {**defaults(), "picture.beats": 1.0}
    for n, beat in enumerate([0.9, 0.99, 1.01, 0.99, 1.02, 0.98, 1.5, 2.0]):
        if cadence.due(begun, n * 0.1, beat, values):
            asked += 1
            begun = RenderRequest(asked, n * 0.1, (64, 64))
    assert asked == 2


def test_after_a_resync_the_grid_goes_on_from_there() -> None:
    cadence, begun = Cadence(), RenderRequest(0, 0.0, (64, 64))
    values = {**defaults(), "picture.beats": 1.0}
    answers = [cadence.due(begun, n * 0.1, beat, values) for n, beat in enumerate([40.5, 0.0])]
    assert answers == [False, True]


def test_a_grid_that_moves_in_every_frame_has_its_keyframes_all_the_same() -> None:
    swaying: Values = {"picture.beats": lambda t: 1 + 0.2 * math.sin(t)}
    assert 5 <= len(due_at(swaying)) <= 10
    fading: Values = {"picture.beats": lambda t: 1 + t / 2}
    assert 4 <= len(due_at(fading)) <= 7


def test_a_grid_that_dies_away_leaves_the_cadence() -> None:
    assert due_at({"picture.beats": 1e-308, "picture.cadence": 0.5}) == due_at({"picture.cadence": 0.5})


def test_a_trigger_adds_a_keyframe_each_time_it_rises() -> None:
    hits: Values = {"picture.cadence": 60, "picture.trigger": lambda t: 1.0 if 1 <= t < 1.2 or t >= 3 else 0.2}
    assert due_at(hits) == [0, 1, 3]


def test_what_is_owed_waits_for_a_painter_that_is_busy() -> None:
    cadence, begun = Cadence(), RenderRequest(3, 0.0, (64, 64))
    values = {**defaults(), "picture.cadence": 60.0}
    assert not cadence.due(begun, 0.1, 0.0, values)
    assert cadence.due(begun, 0.2, 0.0, {**values, "picture.trigger": 1.0})
    assert cadence.due(begun, 0.3, 0.0, values)
    assert not cadence.due(RenderRequest(4, 0.3, (64, 64)), 0.4, 0.0, values)
