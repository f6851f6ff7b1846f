"""The camera in space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.album import Album
from liveanim.core.model import Keyframe, RenderRequest, Shots
from liveanim.core.params import defaults
from liveanim.core.space import Lens, Range, bounded, displacement, level, part, step_move
from liveanim.core.travel import Travel

NATIVE = Lens()


def move(**rates: float) -> np.ndarray:
    return step_move({**defaults(), **{f"space.{name}": value for name, value in rates.items()}}, 1.0)


def seen(x: float, y: float, z: float, matrix: np.ndarray, lens: Lens = NATIVE) -> tuple[float, float]:
    """Where a point is seen after the move (native lens: its picture point moves by the displacement)."""
    a, b, c = (np.full(1, value, np.float32) for value in (x, y, z))
    dx, dy = displacement(a, b, c, matrix, lens, 16 / 9)
    return x + float(dx[0]), y + float(dy[0])


def test_native_roll_is_a_roll() -> None:
    """Deforum turns 10 degrees into 19.9 at a field of view of 50; here it is 10, whatever the distance."""
    turned = seen(0.3, 0.0, 1.7, move(roll=10.0), Lens(fov=50))
    assert turned == pytest.approx((0.3 * np.cos(np.radians(10)), -0.3 * np.sin(np.radians(10))), abs=1e-5)


def test_signs_are_deforums() -> None:
    assert seen(0.0, 0.0, 1.0, move(x=0.1))[0] < 0  # the camera goes right: content left
    assert seen(0.0, 0.0, 1.0, move(y=0.1))[1] > 0  # up: content down
    assert seen(0.2, 0.1, 1.0, move(z=0.1)) > (0.2, 0.1)  # forward: it grows
    assert seen(0.0, 0.0, 1.0, move(pitch=3.0))[1] > 0
    assert seen(0.0, 0.0, 1.0, move(yaw=3.0))[0] < 0


def test_near_things_move_more_than_far_ones() -> None:
    near, far = (seen(0.2, 0.0, z, move(x=0.1))[0] for z in (1.0, 2.0))
    assert near - 0.2 == pytest.approx(2 * (far - 0.2), rel=1e-4)


def test_a_flight_in_steps_is_the_flight_in_one() -> None:
    values = {**defaults(), "space.z": 0.3, "space.x": -0.1}
    travel = Travel()
    for tick in range(31):
        travel = travel.moved(tick / 30, values, 0.0 if tick == 0 else 1 / 30, 1.5)
    _, flown = travel.between(0.0, 1.0)
    assert np.allclose(flown, step_move(values, 1.0))


@given(st.lists(st.floats(-60, 60), min_size=3, max_size=3), st.integers(2, 12))
def test_parts_of_a_flight_make_the_whole(angles: list[float], count: int) -> None:
    pitch, yaw, roll = angles
    whole = move(x=0.2, y=-0.1, z=0.3, pitch=pitch, yaw=yaw, roll=roll)
    made = np.linalg.matrix_power(part(whole, 1 / count), count)
    assert np.allclose(made, whole, atol=1e-9)


def test_pictures_that_do_not_come_from_one_another_are_not_carried() -> None:
    values = {**defaults(), "picture.mode": 1.0, "camera.zoom": 2.0, "space.z": 1.0}
    travel = Travel().moved(0.0, values, 0.0, 1.5).moved(1.0, values, 1.0, 1.5)
    homography, flown = travel.between(0.0, 1.0)
    assert np.allclose(homography, np.eye(3)) and np.allclose(flown, np.eye(4))


@given(st.floats(-50, 50))
def test_no_flight_goes_through_the_nearest_parts(forward: float) -> None:
    eased = bounded(move(z=min(20.0, max(-20.0, forward))))
    assert -eased[2, 3] <= 0.75
    if forward <= 0.3:
        assert -eased[2, 3] == pytest.approx(max(-20.0, forward))


def test_the_level_homography_agrees_with_a_flat_picture() -> None:
    lens, moved = Lens(), move(z=0.2, x=0.1, yaw=4.0)
    middle = float(lens.z(np.full(1, 0.5, np.float32))[0])
    expected = seen(0.25, -0.1, middle, moved)
    point = level(moved, lens, 16 / 9) @ np.array([0.25, -0.1, 1.0])
    assert (point[:2] / point[2]) == pytest.approx(expected, abs=1e-5)


def test_depth_follows_a_jumping_range_slowly() -> None:
    album = Album()
    for index in range(30):
        jump = 0.0 if index < 10 else 10.0
        album = album.seen(Keyframe(index, index * 0.1, np.zeros((8, 8, 3), np.uint8), near_far=(0.0, 5.0 + jump)))
        if index == 11:
            assert album.depth is not None and album.depth.high < 6.0
    assert album.depth is not None and 8.0 < album.depth.high < 11.0
    assert Range(0, 1).toward(Range(2, 3), 1e9) == Range(2, 3)


def test_the_first_keyframe_of_a_look_is_the_sample_of_its_colours() -> None:
    def keyframe(index: int) -> Keyframe:
        return Keyframe(index, index * 0.1, np.full((8, 8, 3), index, np.uint8))

    def request(index: int, fresh: bool = False) -> RenderRequest:
        return RenderRequest(index, index * 0.1, (8, 8), fresh=fresh)

    album = Album().begun(request(0, fresh=True)).seen(keyframe(0)).begun(request(1)).seen(keyframe(1))
    first = album.asked(request(2), request(1), Shots()).shots.sample
    assert first is not None and first[0, 0, 0] == 0
    album = album.begun(request(5, fresh=True)).seen(keyframe(4)).seen(keyframe(5))
    again = album.asked(request(6), request(5), Shots()).shots.sample
    assert again is not None and again[0, 0, 0] == 5


def test_a_video_gives_a_new_sample_every_so_many_keyframes() -> None:
    album, seen_levels = Album(), []
    values = {"match.to": 2.0, "match.every": 3.0}
    for index in range(7):
        video = np.full((8, 8, 3), index, np.uint8)
        request = album.asked(RenderRequest(index, 0.0, (8, 8), values=values), None, Shots(video=video))
        album = album.begun(request)
        sample = album.asked(request, request, Shots(video=video)).shots.sample
        assert sample is not None
        seen_levels.append(int(sample[0, 0, 0]))
    assert seen_levels == [0, 0, 0, 3, 3, 3, 6]
