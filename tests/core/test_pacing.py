"""Which frame shows which picture: plain numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.core.pacing import Pacer, exact_rate, frames_before, placed


def shown(times: list[float], fps: float) -> list[int]:
    """Index of the picture that each frame shows, for pictures that come at `times`."""
    pacer, frames = Pacer(fps), []
    for i, time in enumerate(times):
        frames += [i - 1] * pacer.due(time)
    return frames + [len(times) - 1] * pacer.last()


@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 59.94, 60, 120])
def test_pictures_at_the_frame_rate_are_one_frame_each_for_an_hour(fps: float) -> None:
    pacer = Pacer(fps)
    counts = {pacer.due(12.34 + n / fps) for n in range(round(3600 * fps))}
    assert counts <= {0, 1} and pacer.frames == round(3600 * fps) - 1


def test_a_slow_picture_is_repeated_and_a_fast_one_left_out() -> None:
    assert shown([0.0, 0.1, 0.2, 0.5, 0.6], fps=10) == [0, 1, 2, 2, 2, 3, 4]
    assert shown([0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3], fps=10) == [0, 2, 4, 6]


def test_the_first_picture_is_frame_nought_whatever_its_time() -> None:
    assert shown([100.0, 100.1], fps=10) == shown([0.0, 0.1], fps=10) == [0, 1]


def test_no_picture_no_frame_and_one_picture_one_frame() -> None:
    assert shown([], fps=30) == [] and shown([7.0], fps=30) == [0]


@settings(deadline=None)
@given(st.lists(st.floats(0, 20), min_size=1, max_size=60), st.floats(1, 120))
def test_frame_n_shows_the_newest_picture_at_or_before_n_over_fps(times: list[float], fps: float) -> None:
    times = sorted(times)
    for n, picture in enumerate(shown(times, fps)[:-1]):
        due = times[0] + n / fps
        assert times[picture] <= due + 2e-6
        later = [time for time in times if time <= due - 2e-6]
        assert not later or times[picture] >= max(later) - 2e-6


@settings(deadline=None)
@given(st.floats(0, 1e5), st.floats(1, 240))
def test_frames_before_counts_frames_that_begin_earlier(seconds: float, fps: float) -> None:
    count = frames_before(seconds, fps)
    assert count == 0 or (count - 1) / fps < seconds
    assert count / fps >= seconds - 1e-5 and count <= math.ceil(seconds * fps)


@pytest.mark.parametrize(
    ("fps", "exact"),
    [(30, Fraction(30)), (29.97, Fraction(30000, 1001)), (23.976, Fraction(24000, 1001)), (12.5, Fraction(25, 2))],
)
def test_rates_are_the_fractions_meant_by_them(fps: float, exact: Fraction) -> None:
    assert exact_rate(fps) == exact


def test_sound_in_its_place_is_laid_as_it_is_and_sound_from_elsewhere_is_moved_there() -> None:
    assert placed(100, 1000, 0.004) == (0, 100)
    assert placed(100, 1000, 0.1) == (1, 100) and placed(100, 1000, -0.1) == (0, 99)
    assert placed(100, 1000, 0.5) == (500, 100) and placed(100, 1000, -0.5) == (0, 0)
    assert placed(100, 1000, 0.03, exactly=True) == (30, 100) and placed(100, 1000, -0.03, exactly=True) == (0, 70)


@pytest.mark.parametrize("drift", [-200e-6, -50e-6, 0.0, 50e-6, 200e-6])
def test_a_drifting_sound_card_stays_within_some_milliseconds_for_an_hour(drift: float) -> None:
    rate, block, laid, worst = 48000, 800, 0, 0.0
    for n in range(3600 * 60):
        ahead = 0.2 + n * block / rate * (1 + drift) - laid / rate
        silence, kept = placed(block, rate, ahead, exactly=not laid)
        laid += silence + kept
        worst = max(worst, abs(ahead) if n else 0.0)
    assert worst < 0.0052
