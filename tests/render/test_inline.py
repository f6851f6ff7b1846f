"""Offline painting: at once, and for a take when and from what was painted then."""

from __future__ import annotations

import numpy as np
import pytest

from liveanim.core.model import Image, Keyframe, RenderRequest, frozen_image
from liveanim.render.inline import InlineRender, Start


class Counting:
    """Paints previous + 1; remembers what it was asked."""

    name, message, vram = "counting", "", (0.0, 0.0)

    def __init__(self) -> None:
        self.asked: list[tuple[int, float, int | None]] = []

    def render(self, request: RenderRequest, previous: Image | None) -> Keyframe:
        self.asked.append((request.index, round(request.time, 3), None if previous is None else int(previous[0, 0, 0])))
        level = 0 if previous is None else int(previous[0, 0, 0]) + 1
        return Keyframe(request.index, request.time, frozen_image(np.full((8, 16, 3), level, np.uint8)))

    def close(self) -> None:
        pass


def play(port: InlineRender, fps: float, seconds: float) -> list[tuple[int, float]]:
    """(index, time) of the keyframes that come out of a show that asks at every frame."""
    seen = []
    for n in range(round(fps * seconds)):
        begun = port.taken()
        index = 0 if begun is None else begun.index + 1
        port.submit(RenderRequest(index, n / fps, (16, 8), fresh=begun is None))
        keyframe = port.poll()
        if keyframe is not None:
            seen.append((keyframe.index, round(keyframe.time, 3)))
    return seen


def test_without_a_take_every_request_is_painted() -> None:
    painter = Counting()
    assert play(InlineRender(painter), 10, 0.3) == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert [previous for *_, previous in painter.asked] == [None, 0, 1]


def test_a_take_is_painted_at_the_frames_nearest_to_its_own_with_its_own_numbers() -> None:
    moments = [(0, 0.21), (1, 0.52), (2, 0.77), (4, 1.04)]
    assert play(InlineRender(Counting(), moments, 0.1), 10, 1.5) == [(0, 0.0), (1, 0.5), (2, 0.8), (4, 1.0)]


def test_where_the_take_painted_oftener_than_there_are_frames_the_newest_is_painted() -> None:
    moments = [(n, n / 40) for n in range(40)]
    assert play(InlineRender(Counting(), moments, 0.1), 10, 0.4) == [(1, 0.0), (5, 0.1), (9, 0.2), (13, 0.3)]


@pytest.mark.parametrize("moments", [None, [(n, n / 10) for n in range(30)]])
def test_a_part_begins_from_the_picture_that_was_kept(moments: list[tuple[int, float]] | None) -> None:
    painter = Counting()
    kept = np.full((4, 8, 3), 100, np.uint8)
    seen = play(InlineRender(painter, moments, 0.1, Start(1.0, kept)), 10, 1.3)
    assert seen == [(10, 1.0), (11, 1.1), (12, 1.2)]
    assert painter.asked == [(11, 1.1, 100), (12, 1.2, 101)]


def test_a_part_without_a_picture_begins_with_a_fresh_one() -> None:
    painter = Counting()
    assert play(InlineRender(painter, None, 0.1, Start(0.5)), 10, 0.7) == [(5, 0.5), (6, 0.6)]
    assert painter.asked[0] == (5, 0.5, None)
