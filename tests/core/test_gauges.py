"""Frames a second, and hits that are held until somebody looks."""

from __future__ import annotations

import pytest

from liveanim.core.gauges import FrameRate, Peaks


def test_frames_are_counted_over_the_last_second() -> None:
    rate = FrameRate()
    assert (rate.fps, rate.last) == (0.0, None)
    rate.frame(5.0)
    assert (rate.fps, rate.last) == (0.0, 5.0)
    for n in range(1, 121):
        rate.frame(5.0 + n / 60)
    assert rate.fps == pytest.approx(60.0)
    for n in range(1, 41):  # half as fast: a second later nothing else is said
        rate.frame(7.0 + n / 30)
    assert rate.fps == pytest.approx(30.0)


def test_uneven_frames_are_as_many_as_they_are() -> None:
    rate, now = FrameRate(), 0.0
    for n in range(200):
        now += 0.005 if n % 2 else 0.045
        rate.frame(now)
    assert rate.fps == pytest.approx(40.0, rel=0.03)


def test_after_a_halt_the_rate_is_that_of_the_halt_and_then_the_new_one() -> None:
    rate = FrameRate()
    for now in (0.0, 0.02, 0.04, 4.04):
        rate.frame(now)
    assert rate.fps == pytest.approx(0.25)
    for n in range(1, 60):
        rate.frame(4.04 + n / 50)
    assert rate.fps == pytest.approx(50.0)


def test_a_hit_between_two_looks_is_told_once() -> None:
    peaks = Peaks()
    for kick in (0.1, 0.9, 0.2):
        peaks.hold({"kick": kick, "bass": 1.0})
    assert peaks.take() == {"onset": 0.0, "kick": 0.9, "snare": 0.0, "hat": 0.0}
    peaks.hold({"kick": 0.05, "hat": float("nan")})
    assert peaks.take() == {"onset": 0.0, "kick": 0.05, "snare": 0.0, "hat": 0.0}
