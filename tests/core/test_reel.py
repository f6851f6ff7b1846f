"""Which frame of a video is seen when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.reel import Reel


def frames(count: int, fps: float, times: list[float], **video: float) -> list[int]:
    values = {f"video.{name}": value for name, value in video.items()}
    reel, seen = Reel(), []
    for time in times:
        reel = reel.at(time, values, fps)
        seen.append(reel.frame(values, count))
    return seen


TENTHS = [n / 10 for n in range(8)]


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 0, 1, 2]),  # its own pace, and again from its beginning
        ({"rate": 20.0}, [0, 2, 4, 1, 3, 0, 2, 4]),
        ({"rate": -10.0}, [0, 4, 3, 2, 1, 0, 4, 3]),
        ({"every": 2.0}, [0, 0, 2, 2, 4, 4, 0, 0]),  # Deforum's extract_nth_frame
        ({"first": 1.0, "last": 3.0}, [1, 2, 3, 1, 2, 3, 1, 2]),
        ({"first": 99.0}, [4] * 8),
    ],
)
def test_five_frames_of_ten_a_second(video: dict[str, float], expected: list[int]) -> None:
    assert frames(5, 10.0, TENTHS, **video) == expected


@given(
    st.integers(1, 500), st.floats(0, 1e5), st.floats(-240, 240), st.integers(1, 100), st.integers(0, 600),
    st.integers(-1, 600),
)  # fmt: skip
def test_whatever_is_asked_there_is_a_frame(
    count: int, time: float, rate: float, every: int, first: int, last: int
) -> None:
    number = frames(count, 25.0, [0.0, time], rate=rate, every=every, first=first, last=last)[-1]
    assert 0 <= number < count
