"""Which frame shows which picture: plain numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.core.pacing import Pacer, Samples, SoundLine, exact_rate, frames_before, stretched


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


def ramp(first: int, count: int) -> Samples:
    """Sample k of the show is k: what is laid tells where it came from."""
    return np.arange(first, first + count, dtype=np.float32)


def test_sound_in_its_place_is_laid_as_it_is() -> None:
    line = SoundLine(2.0)
    first = ramp(0, 100)
    assert line.lay(first, 1000, 2.0).tolist() == first.tolist()
    assert line.lay(first, 1000, 2.104) is first and line.lay(first, 1000) is first
    assert line.seconds == pytest.approx(0.3)


def test_the_first_sound_is_laid_exactly_and_what_comes_before_the_start_is_left_out() -> None:
    assert SoundLine(2.0).lay(ramp(5, 3), 1000, 2.002).tolist() == [0, 0, 5, 6, 7]
    assert SoundLine(2.0).lay(ramp(5, 3), 1000, 1.998).tolist() == [7]
    assert SoundLine(2.0).lay(ramp(5, 3), 1000, 1.0).tolist() == []


def test_a_gap_is_filled_with_silence_and_a_late_doubling_is_cut() -> None:
    line = SoundLine()
    line.lay(ramp(1, 100), 1000, 0.0)
    laid = line.lay(ramp(601, 100), 1000, 0.6)
    assert len(laid) == 600 and not laid[:500].any() and laid[500] == 601
    assert len(line.lay(ramp(301, 100), 1000, 0.3)) == 0
    assert line.silence(0.3, 1000).tolist() == [0.0] * 300 and line.seconds == pytest.approx(1.0)


@given(st.integers(2, 300), st.integers(-3, 3), st.booleans())
def test_stretched_sound_keeps_its_ends_and_leaps_nowhere(count: int, more: int, stereo: bool) -> None:
    block = ramp(0, count)
    out = stretched(np.stack([block, block], axis=1) if stereo else block, max(2, count + more))
    assert len(out) == max(2, count + more)
    track = out[:, 1] if stereo else out
    assert track[0] == 0 and track[-1] == pytest.approx(count - 1)
    assert np.abs(np.diff(track) - (count - 1) / (len(track) - 1)).max() < 1e-3 * count


@pytest.mark.parametrize("drift", [-500e-6, -50e-6, 0.0, 50e-6, 500e-6])
def test_a_drifting_sound_card_stays_within_some_milliseconds_for_an_hour(drift: float) -> None:
    rate, block, line, worst = 1000, 50, SoundLine(0.2), 0.0
    steady = np.zeros(block, dtype=np.float32)
    for n in range(3600 * rate // block):
        time = 0.3 + n * block / rate * (1 + drift)
        worst = max(worst, abs(time - 0.2 - line.seconds) if n else 0.0)
        line.lay(steady, rate, time)
    assert worst < 0.0062
