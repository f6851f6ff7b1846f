"""Show time: real and virtual."""

from __future__ import annotations

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


def test_a_restarted_clock_begins_at_zero() -> None:
    clock = WallClock(seconds=0.02)
    assert list(clock.frames())
    clock.restart()
    assert clock.now() < 0.02 and next(clock.frames()) < 0.02


def test_the_newest_value_wins_and_what_was_never_taken_is_counted() -> None:
    slot: Latest[int] = Latest()
    for value in (1, 2, 3):
        slot.put(value)
    assert (slot.take(), slot.take(), slot.dropped) == (3, None, 2)
