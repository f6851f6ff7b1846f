"""Which frames are rendered: plain numbers."""

from __future__ import annotations

import numpy as np
import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Image
from liveanim.span import SinkFrom, Span, TapFrom, frame_count, span_of

from .fakes import Tape


@pytest.mark.parametrize(
    ("duration", "seconds", "frames"), [(2.0, None, 60), (2.0, 1.0, 30), (1.01, 9.0, 31), (None, 0.5, 15)]
)
def test_a_render_is_as_long_as_the_shorter_of_source_and_wish(
    duration: float | None, seconds: float | None, frames: int
) -> None:
    assert frame_count(duration, seconds, 30.0) == frames


def test_a_source_without_end_needs_a_wish() -> None:
    with pytest.raises(UserError, match="--seconds"):
        frame_count(None, None, 30.0)


@pytest.mark.parametrize(
    ("length", "wish", "span"),
    [
        (10.0, {}, Span(0, 300, 300, 30)),
        (10.0, {"begin": 4.0}, Span(120, 300, 300, 30)),
        (10.0, {"begin": 4.0, "end": 6.0}, Span(120, 180, 300, 30)),
        (10.0, {"end": 60.0}, Span(0, 300, 300, 30)),
        (10.0, {"begin": 4.0, "seconds": 1.0}, Span(120, 150, 150, 30)),
        (None, {"begin": 1.0, "end": 3.0}, Span(30, 90, 90, 30)),
    ],
)
def test_a_part_is_told_in_frames_of_the_whole(length: float | None, wish: dict[str, float], span: Span) -> None:
    found = span_of(length, 30.0, **wish)
    assert found == span
    assert found.frames == span.last - span.first and found.begin == wish.get("begin", 0.0)
    assert found.lead_in == max(0.0, found.begin - 2.0)


@pytest.mark.parametrize(
    ("wish", "said"), [({"begin": 12.0}, "it ends at 10 s"), ({"begin": 4.0, "end": 3.0}, "the end is at 3 s")]
)
def test_a_part_without_frames_is_one_line(wish: dict[str, float], said: str) -> None:
    with pytest.raises(UserError, match=said):
        span_of(10.0, 30.0, **wish)


def test_sinks_and_taps_sleep_until_the_part_begins() -> None:
    tape, seen = Tape(), []

    class Eye:
        def picture(self, image: Image, now: float) -> None:
            seen.append(now)

        def close(self) -> None:
            seen.append(-1.0)

    sink, tap = SinkFrom(tape, 0.2), TapFrom(Eye(), 0.2)
    for n in range(4):
        sink.write(Blend(n / 10), n / 10)
        tap.picture(np.zeros((2, 2, 3), np.uint8), n / 10)
    tap.close()
    assert [blend.time for blend in tape.blends] == [0.2, 0.3] and seen == [0.2, 0.3, -1.0]
