"""Show time: real and virtual."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from liveanim.clock import FrameClock, WallClock
from liveanim.mailbox import Latest


def test_frame_n_is_at_n_over_fps() -> None:
    clock = FrameClock(25, 4)
    assert [(now, clock.now()) for now in clock.frames()] == [(n / 25, n / 25) for n in range(4)]


def test_real_time_goes_forward_at_no_more_than_the_asked_rate_and_ends() -> None:
    times = list(WallClock(max_fps=500, seconds=0.05).frames())
    assert times == sorted(times)
    assert 2 <= len(times) <= 26 and times[-1] < 0.05


def test_stopping_ends_the_frames() -> None:
    clock = WallClock()
    seen = []
    for now in clock.frames():
        seen.append(now)
        clock.stop()
    assert len(seen) == 1


def test_a_waiting_clock_stands_at_zero_until_its_first_frame_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: machine)
    clock = WallClock(seconds=0.6, waits=True)
    machine += 4.0  # devices are opened
    assert clock.now() == 0.0
    frames = clock.frames()
    assert next(frames) == 0.0
    machine += 3.0  # shaders are loaded
    assert clock.now() == 0.0
    assert next(frames) == 0.0
    machine += 0.5
    assert next(frames) == pytest.approx(0.5)
    machine += 0.2
    assert list(frames) == []


def test_a_share_of_the_time_is_left_to_others_where_that_is_wished_for(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, rest, slept = 0.0, 0.5, []

    def sleep(seconds: float) -> None:
        nonlocal machine
        machine += seconds
        slept.append(seconds)

    monkeypatch.setattr(time, "perf_counter", lambda: machine)
    monkeypatch.setattr(time, "sleep", sleep)
    frames = WallClock(max_fps=100, rest=lambda: rest).frames()
    begun = [next(frames)]
    for share, busy in ((0.5, 0.04), (0.75, 0.02), (0.5, 0.001), (0.5, 60.0), (0.0, 0.04)):
        rest = share
        machine += busy
        begun.append(next(frames))
    gaps = [after - before for before, after in pairwise(begun)]
    assert gaps == pytest.approx([0.08, 0.08, 0.01, 60.2, 0.04], abs=1e-6)


def test_the_newest_value_wins_and_what_was_never_taken_is_counted() -> None:
    slot: Latest[int] = Latest()
    for value in (1, 2, 3):
        slot.put(value)
    assert (slot.take(), slot.take(), slot.dropped) == (3, None, 2)
