"""The flash budget, judged by another counter: three flashes a second, and nothing held back that need not be."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from liveanim.core.flash import MOST_TRANSITIONS, FlashBudget
from tests import flashes
from tests.flashes import Grids

CLIPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "flash"
SHAPE = 9, 16
RATES = 24.0, 60.0, 144.0


def limited(grids: Grids, fps: float) -> tuple[Grids, NDArray[np.float64]]:
    """What is shown of `grids`, and the share of each that was let through."""
    budget, shown, weights = FlashBudget(), [grids[0]], [1.0]
    budget.show(grids[0], 0.0)
    for n, grid in enumerate(grids[1:], 1):
        weight = budget.weight(grid, n / fps)
        shown.append(grid if weight == 1.0 else shown[-1] + np.float32(weight) * (grid - shown[-1]))
        weights.append(weight)
        budget.show(shown[-1], n / fps)
    return np.stack(shown), np.array(weights)


def uniform(levels: NDArray[np.float64]) -> Grids:
    """Grey pictures of these linear levels."""
    return np.broadcast_to(levels.astype(np.float32)[:, None, None, None], (len(levels), *SHAPE, 3)).copy()


def square(rate: float, fps: float, seconds: float = 3.0) -> NDArray[np.bool_]:
    """On and off `rate` times a second, frame by frame."""
    return np.floor(2 * rate * np.arange(round(seconds * fps)) / fps + 1e-6) % 2 > 0


def pulses(bpm: float, fps: float, seconds: float = 4.0) -> NDArray[np.float64]:
    """Light that jumps up on each beat and dies away, as the shipped presets answer a kick."""
    time = np.arange(round(seconds * fps)) / fps
    return 0.12 + 0.5 * np.exp(-((time * bpm / 60) % 1.0) * 60 / bpm / 0.09)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("rate", [4.0, 5.0, 7.5, 10.0, 12.0, 15.0, 20.0, 30.0])
def test_a_strobe_of_any_rate_comes_out_as_three_flashes_a_second(rate: float, fps: float) -> None:
    lamp = uniform(np.where(square(rate, fps), 1.0, 0.02))
    shown, _ = limited(lamp, fps)
    assert flashes.worst(shown, fps) <= MOST_TRANSITIONS
    assert flashes.cell_by_cell(shown, fps) <= MOST_TRANSITIONS
    if 2 * rate < fps:
        assert flashes.worst(lamp, fps) > MOST_TRANSITIONS
        assert flashes.worst(shown, fps) >= 4, "it still flashes as much as it may"


@pytest.mark.parametrize("fps", RATES)
def test_red_and_blue_in_turn_are_held_back(fps: float) -> None:
    colours = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], dtype=np.float32)
    lamp = np.broadcast_to(colours[square(8.0, fps).astype(int)][:, None, None], (round(3 * fps), *SHAPE, 3)).copy()
    assert flashes.worst(limited(lamp, fps)[0], fps) <= MOST_TRANSITIONS < flashes.worst(lamp, fps)


def test_red_of_the_same_luminance_as_its_ground_is_held_back() -> None:
    colours = np.array([[0.2126, 0.2126, 0.2126], [1.0, 0.0, 0.0]], dtype=np.float32)
    lamp = np.broadcast_to(colours[square(8.0, 60.0).astype(int)][:, None, None], (180, *SHAPE, 3)).copy()
    assert flashes.worst(limited(lamp, 60.0)[0], 60.0) <= MOST_TRANSITIONS < flashes.worst(lamp, 60.0)


def test_halves_that_flash_in_turn_are_held_back() -> None:
    lamp = uniform(np.full(180, 0.05))
    on = square(10.0, 60.0)
    lamp[on, :, :8], lamp[~on, :, 8:] = 0.9, 0.9
    assert flashes.cell_by_cell(limited(lamp, 60.0)[0], 60.0) <= MOST_TRANSITIONS < flashes.cell_by_cell(lamp, 60.0)


@pytest.mark.parametrize(("columns", "held"), [(3, False), (5, True)])
def test_a_fifth_of_the_picture_may_flash_and_a_third_may_not(columns: int, held: bool) -> None:
    lamp = uniform(np.full(180, 0.05))
    lamp[square(10.0, 60.0), :, :columns] = 0.9
    assert bool((limited(lamp, 60.0)[1] < 1.0).any()) == held


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 144.0])
@pytest.mark.parametrize("bpm", [90.0, 124.0, 150.0])
def test_kicks_up_to_150_a_minute_are_never_touched(bpm: float, fps: float) -> None:
    assert (limited(uniform(pulses(bpm, fps)), fps)[1] == 1.0).all()


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 144.0])
def test_four_on_the_floor_at_174_still_shows(fps: float) -> None:
    light = pulses(174.0, fps)
    shown, weights = limited(uniform(light), fps)
    got = shown[:, 0, 0, 0]
    beats = [round(n * 60 / 174 * fps) for n in range(1, 11)]
    depths = [
        (got[a : a + 3].max() - got[a + 3 : b].min()) / (light[a : a + 3].max() - light[a + 3 : b].min())
        for a, b in itertools.pairwise(beats)
    ]
    assert min(depths) > 0.5 and np.mean(depths) > 0.9
    assert (weights == 1.0).mean() > 0.75
    assert flashes.worst(shown, fps) <= MOST_TRANSITIONS


def test_strobes_within_bright_pictures_are_no_flashes() -> None:
    lamp = uniform(np.where(square(10.0, 60.0), 1.0, 0.85))
    assert (limited(lamp, 60.0)[1] == 1.0).all()


def test_after_a_strobe_the_picture_comes_back_within_a_second() -> None:
    lamp = uniform(np.concatenate([np.where(square(15.0, 60.0), 1.0, 0.0), np.full(90, 0.4)]))
    shown, weights = limited(lamp, 60.0)
    assert (weights[180 + 62 :] == 1.0).all()
    np.testing.assert_array_equal(shown[-1], lamp[-1])


def test_kicks_after_a_strobe_are_untouched_again() -> None:
    light = np.concatenate([np.where(square(15.0, 60.0), 1.0, 0.0), pulses(124.0, 60.0, 6.0)])
    assert (limited(uniform(light), 60.0)[1][180 + 120 :] == 1.0).all()


def test_a_blackout_spends_flashes_and_only_the_way_back_waits() -> None:
    budget, bright, black = FlashBudget(), uniform(np.array([0.7]))[0], uniform(np.array([0.0]))[0]
    shown, waited = 0.7, 0
    for n in range(60):
        if n % 4 < 2:
            budget.show(black, n / 60)
            shown = 0.0
            continue
        weight = budget.weight(bright, n / 60)
        waited += weight < 1.0
        shown += weight * (0.7 - shown)
        budget.show(uniform(np.array([shown]))[0], n / 60)
    assert waited > 10
    assert budget.transitions(1.0) <= MOST_TRANSITIONS + 1


def test_it_counts_what_was_shown_and_forgets_it_after_a_second() -> None:
    budget = FlashBudget()
    assert budget.transitions(0.0) == 0
    for n, level in enumerate([0.0, 0.5, 0.0, 0.5]):
        budget.show(uniform(np.array([level]))[0], n / 10)
    assert budget.transitions(0.3) == 3
    assert not budget.spent(0.3) and not budget.holding(0.3)
    assert budget.transitions(1.4) == 0


def chance(seed: int) -> tuple[Grids, float]:
    """Two and a half seconds of light by chance, and its rate: steps or a drift, of some colours, in some stripes."""
    rng = np.random.default_rng(seed)
    fps, hold, parts = float(rng.choice([24, 30, 50, 60, 120])), int(rng.integers(1, 9)), int(rng.choice([1, 2, 3, 16]))
    count = round(2.5 * fps)
    levels = np.repeat(rng.random((count // hold + 1, parts, 3)), hold, axis=0)[:count] ** 2 * rng.uniform(0.1, 1.0)
    if rng.random() < 0.3:  # saturated red now and then
        levels[..., 1:] *= rng.choice([0.05, 0.2, 0.4])
    if rng.random() < 0.3:  # a drift
        levels = np.abs(np.cumsum(levels - levels.mean(axis=0), axis=0)) * rng.uniform(0.05, 0.5) % 1.0
    columns = np.arange(SHAPE[1]) * parts // SHAPE[1]
    return np.broadcast_to(levels[:, None, columns], (count, *SHAPE, 3)).astype(np.float32), fps


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_light_by_chance_comes_out_within_the_budget(seed: int) -> None:
    lamp, fps = chance(seed)
    shown, _ = limited(lamp, fps)
    assert max(flashes.worst(shown, fps), flashes.cell_by_cell(shown, fps)) <= MOST_TRANSITIONS


def clip(path: Path) -> tuple[Grids, float]:
    with av.open(str(path)) as video:
        fps = float(video.streams.video[0].average_rate or 25)
        frames = [
            frame.reformat(width=64, height=36, interpolation="AREA").to_ndarray(format="rgb24")
            for frame in video.decode(video=0)
        ]
    value = np.stack(frames).astype(np.float64) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32), fps


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the flash test clips are not here")
@pytest.mark.parametrize("name", ["2Hz_5s", "2Hz_6s", "3Hz_6s", "extendedFLONG", "flashStripes", "intermitentEF"])
def test_broadcast_test_clips_come_out_within_the_budget(name: str) -> None:
    grids, fps = clip(CLIPS / f"{name}.mp4")
    rows = list(csv.DictReader((CLIPS / f"{name}_RELATIVE.csv").read_text().splitlines()))
    known = max(int(row["LuminanceTransitions"]) for row in rows)
    assert flashes.worst(grids, fps) == known, "this file's own counter agrees with the clip's log"
    shown, weights = limited(grids, fps)
    assert flashes.worst(shown, fps) <= MOST_TRANSITIONS
    if known < MOST_TRANSITIONS:
        assert (weights == 1.0).all()


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the flash test clips are not here")
@pytest.mark.parametrize("name", ["gray", "GradualRedIncrease"])
def test_quiet_test_clips_are_untouched(name: str) -> None:
    assert (limited(*clip(CLIPS / f"{name}.mp4"))[1] == 1.0).all()
