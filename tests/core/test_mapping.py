"""Corners and soft edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.mapping import AT_REST, Mapping, in_the_middle, mapping_from

SHIFT = st.floats(-0.2, 0.2)


def through(mapping: Mapping, point: tuple[float, float]) -> tuple[float, float]:
    x, y, w = mapping.matrix() @ np.array([*point, 1.0])
    return x / w, y / w


def test_at_rest_every_point_stays() -> None:
    assert Mapping().plain and Mapping().matrix() == pytest.approx(np.eye(3))


@given(st.lists(st.tuples(SHIFT, SHIFT), min_size=4, max_size=4))
def test_each_corner_of_the_picture_lies_where_it_was_put(shifts: list[tuple[float, float]]) -> None:
    mapping = Mapping()
    for corner, (dx, dy) in enumerate(shifts):
        mapping = mapping.moved(corner, dx, dy)
    for where, rest in zip(mapping.corners, AT_REST, strict=True):
        assert through(mapping, where) == pytest.approx(rest, abs=1e-6)


def test_a_picture_is_never_folded_over() -> None:
    assert Mapping().moved(0, 0.9, 0.9) == Mapping()
    assert Mapping().moved(2, -1.2, 0.0) == Mapping()
    assert Mapping().moved(0, -9.0, 0.0) == Mapping()


def test_edges_widen_up_to_the_middle() -> None:
    assert Mapping().widened(1, 0.2).edges == (0.0, 0.2, 0.0, 0.0)
    assert Mapping().widened(1, 9.0).edges[1] == 0.5 and Mapping().widened(1, -1.0).plain


def test_a_side_is_moved_as_far_as_something_is_left() -> None:
    half = Mapping().cut(1, -0.4).cut(2, 0.25)
    assert half.part == pytest.approx((0, 0.25, 0.6, 1)) and half.cut(0, 9).part[0] == pytest.approx(0.55)
    assert half.cut(3, -9).part[3] == pytest.approx(0.3) and half.cut(1, 9).cut(2, -9).part == (0, 0, 1, 1)
    assert mapping_from({"part": [0, 0.25, 0.6, 1]}, "w") == half


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"corners": [[0, 0], [1, 0], [1, 1]]}, "w: corners: expected"),
        ({"corners": [[0, 0], [0, 1], [1, 1], [1, 0]]}, "going round clockwise"),
        ({"corners": [[0, 0], [1, "a"], [1, 1], [0, 1]]}, "w: corners: expected"),
        ({"edges": [0.1, 0.1]}, "w: edges: expected four shares"),
        ({"edges": [0.6, 0, 0, 0]}, "from 0 to 0.5"),
        ({"part": [0, 0, 0.02, 1]}, "w: part: expected .* at least 0.05 apart"),
        ({"part": [0, 0, 1, 1.2]}, "w: part: expected"),
        ({"gamma": 0}, "w: gamma: expected a number from 1 to 4"),
        ({"mirror": 1}, "w: mirror: expected true or false"),
        ({"turn": 45}, "w: turn: expected 0, 90, 180 or 270"),
        ({"turn": True}, "w: turn: expected 0, 90, 180 or 270"),
    ],
)
def test_a_bad_mapping_says_what_is_expected(data: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        mapping_from(data, "w")


@pytest.mark.parametrize(
    ("hangs", "expected"),
    [
        # Where the picture's corners, round from the top left, lie on the window.
        ({}, [(0, 0), (1, 0), (1, 1), (0, 1)]),
        ({"mirror": True}, [(1, 0), (0, 0), (0, 1), (1, 1)]),
        ({"turn": 180}, [(1, 1), (0, 1), (0, 0), (1, 0)]),
        ({"turn": 90}, [(1, 0), (1, 1), (0, 1), (0, 0)]),
        ({"turn": 270}, [(0, 1), (0, 0), (1, 0), (1, 1)]),
        ({"mirror": True, "turn": 180}, [(0, 1), (1, 1), (1, 0), (0, 0)]),  # upside down
        ({"mirror": True, "turn": 90}, [(1, 1), (1, 0), (0, 0), (0, 1)]),
    ],
)
def test_a_picture_is_mirrored_then_turned_clockwise(hangs: dict[str, Any], expected: list[tuple[int, int]]) -> None:
    mapping = mapping_from(hangs, "w")
    window = (640, 360) if mapping.turn % 180 == 0 else (360, 640)
    place = mapping.onto(window, (640, 360))
    assert [tuple(np.rint((place @ [*corner, 1])[:2])) for corner in expected] == list(AT_REST)
    assert mapping.plain == (hangs == {}) and mapping.room(window) == (640, 360)


def test_corners_are_those_of_the_screen_as_it_is_seen() -> None:
    """A projector that hangs upside down: the picture's top left corner, moved right on the screen, moves left in what
    is sent to it."""
    moved = Mapping(turn=180).moved(0, 0.1, 0.0).onto((640, 360), (640, 360))
    x, y, w = moved @ np.array([0.9, 1.0, 1.0])
    assert (x / w, y / w) == pytest.approx((0.0, 0.0))
    hangs = Mapping(turn=90, mirror=True, gamma=2.0)
    assert hangs.moved(0, 0.1, 0.0).widened(1, 0.1).afresh() == hangs


@pytest.mark.parametrize(
    ("size", "room", "place"),
    [
        ((1280, 720), (1920, 1080), (0, 0, 1920, 1080)),
        ((1280, 720), (1920, 1200), (0, 60, 1920, 1080)),
        ((512, 512), (1920, 1080), (420, 0, 1080, 1080)),
        ((1920, 1080), (3, 1000), (0, 499, 3, 2)),
        ((4000, 10), (100, 100), (0, 49, 100, 1)),
    ],
)
def test_a_picture_is_shown_whole_in_the_middle(
    size: tuple[int, int], room: tuple[int, int], place: tuple[int, int, int, int]
) -> None:
    assert in_the_middle(size, room) == place
