"""Rate, time left, and what is written where there is no terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from liveanim import progress


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def frames(self) -> Iterator[float]:
        yield self.time


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_rate_forgets_a_slow_start() -> None:
    pace = progress.Pace(total=1000, window=8.0)
    pace.mark(0, 20.0)  # twenty seconds of loading
    for second in range(1, 13):
        pace.mark(second * 10, 20.0 + second)
    assert pace.rate == pytest.approx(10.0)
    assert pace.left == pytest.approx((1000 - 120) / 10)


def test_nothing_is_promised_before_anything_is_known() -> None:
    pace = progress.Pace(total=10)
    assert (pace.rate, pace.left) == (0.0, None)
    assert progress.clock_text(None) == "-:--"


def test_times_read_like_a_clock() -> None:
    assert [progress.clock_text(s) for s in (0.2, 7, 59.6, 750, 3723)] == ["0:00", "0:07", "1:00", "12:30", "1:02:03"]


def test_without_a_terminal_there_is_a_line_every_few_seconds_and_one_at_the_end() -> None:
    out, clock = io.StringIO(), Hands()
    with progress.frames(40, "out.mp4", stream=out, clock=clock) as advance:
        for done in range(1, 41):
            clock.time = done * 0.25
            advance(done)
    assert out.getvalue().splitlines() == [
        "out.mp4: frame 20 of 40 (50 %), 4.0 frames/s, 0:05 left",
        "out.mp4: frame 40 of 40 (100 %), 4.0 frames/s, 0:00 left",
    ]


def test_a_terminal_shows_frames_rate_and_time_left() -> None:
    out, clock = Terminal(), Hands()
    with progress.frames(40, "out.mp4", stream=out, clock=clock) as advance:
        clock.time = 2.0
        advance(10)
    assert "10/40" in out.getvalue() and "5.0/s" in out.getvalue() and "0:06 left" in out.getvalue()


def test_quiet_writes_nothing() -> None:
    out = io.StringIO()
    with progress.frames(40, "out.mp4", quiet=True, stream=out, clock=Hands()) as advance:
        advance(40)
    assert out.getvalue() == ""
