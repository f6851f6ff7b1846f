"""The camera by numbers: signs, units, and that small steps add up to the whole way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.motion import CameraPath, move, partial, step_matrix
from liveanim.core.params import defaults

ASPECT = 16 / 9


def camera(**rates: float) -> dict[str, float]:
    return defaults() | {f"camera.{name}": value for name, value in rates.items()}


def moved(point: tuple[float, float], dt: float = 1.0, **rates: float) -> list[float]:
    return [round(float(x), 6) for x in move(step_matrix(camera(**rates), dt, ASPECT), np.array([point]))[0]]


def test_still_is_still() -> None:
    assert np.array_equal(step_matrix(camera(), 1.0, ASPECT), np.eye(3))


def test_zoom_above_one_enlarges_by_that_factor_in_a_second() -> None:
    assert moved((0.1, -0.2), zoom=1.5) == [0.15, -0.3]


def test_x_moves_content_right_and_y_down_in_picture_heights() -> None:
    assert moved((0.0, 0.0), x=0.25, y=0.1) == [0.25, 0.1]


def test_a_positive_angle_turns_counter_clockwise_on_screen() -> None:
    assert moved((0.5, 0.0), angle=90) == [0.0, -0.5]  # what was right is on top: y points down


def test_zoom_and_roll_leave_the_chosen_centre_where_it_is() -> None:
    centre = ((0.25 - 0.5) * ASPECT, 0.75 - 0.5)
    assert moved(centre, zoom=2, angle=33, centre_x=0.25, centre_y=0.75) == [round(c, 6) for c in centre]


def test_a_shift_comes_before_zoom_and_roll() -> None:
    assert moved((0.0, 0.0), zoom=2, x=0.1) == [0.2, 0.0]


def test_tilting_about_the_vertical_axis_brings_one_side_nearer() -> None:
    left, right = moved((-0.5, 0.0), flip_y=20)[0], moved((0.5, 0.0), flip_y=20)[0]
    turned, depth = 0.5 * math.cos(math.radians(20)), 0.5 * math.sin(math.radians(20))
    assert -left == pytest.approx(turned / (1 + depth), abs=1e-6)
    assert right == pytest.approx(turned / (1 - depth), abs=1e-6)
    assert moved((0.0, 0.0), flip_y=20) == [0.0, 0.0]


RATES = st.fixed_dictionaries(
    {
        "zoom": st.floats(0.5, 2),
        "angle": st.floats(-90, 90),
        "x": st.floats(-1, 1),
        "y": st.floats(-1, 1),
        "flip_x": st.floats(-20, 20),
        "flip_y": st.floats(-20, 20),
    }
)


@given(RATES, st.integers(1, 40), st.integers(0, 40))
def test_the_way_from_a_to_c_is_the_way_from_a_to_b_and_on_to_c(
    rates: dict[str, float], ticks: int, middle: int
) -> None:
    path = CameraPath()
    for tick in range(ticks + 1):
        path = path.moved(tick / 30, step_matrix(camera(**rates), 1 / 30 if tick else 0.0, ASPECT))
    b = min(middle, ticks) / 30
    whole = path.between(0.0, ticks / 30)
    halves = path.between(b, ticks / 30) @ path.between(0.0, b)
    np.testing.assert_allclose(whole, halves / halves[2, 2], atol=1e-6)


@given(st.integers(1, 200))
def test_forgetting_the_past_changes_no_way_that_is_still_asked_for(oldest: int) -> None:
    path = CameraPath()
    for tick in range(201):
        path = path.moved(tick / 60, step_matrix(camera(zoom=1.7, angle=40, x=0.2), 1 / 60, ASPECT))
    short = path.since(oldest / 60)
    assert len(short.times) == 201 - oldest
    np.testing.assert_allclose(short.between(oldest / 60, 200 / 60), path.between(oldest / 60, 200 / 60), atol=1e-9)


def test_steps_of_any_length_zoom_and_roll_alike() -> None:
    one = step_matrix(camera(zoom=1.8, angle=50), 1.0, ASPECT)
    many = np.linalg.matrix_power(step_matrix(camera(zoom=1.8, angle=50), 0.01, ASPECT), 100)
    np.testing.assert_allclose(many, one, atol=1e-9)
    assert math.hypot(one[0, 0], one[0, 1]) == pytest.approx(1.8)


@given(st.floats(0.5, 2), st.floats(-170, 170), st.floats(-1, 1), st.floats(-1, 1), st.integers(1, 9))
def test_parts_of_a_move_make_the_whole(zoom: float, angle: float, x: float, y: float, count: int) -> None:
    values = {**defaults(), "camera.zoom": zoom, "camera.angle": angle, "camera.x": x, "camera.y": y}
    whole = step_matrix(values, 1.0, 1.5)
    matrix = np.eye(3)
    for _ in range(count):
        matrix = partial(whole, 1 / count) @ matrix
    assert matrix == pytest.approx(whole, abs=1e-9)


def test_part_of_a_tilt_is_on_its_way() -> None:
    whole = step_matrix({**defaults(), "camera.flip_x": 10.0}, 1.0, 1.5)
    assert partial(whole, 1.0) is whole
    assert partial(whole, 0.0) == pytest.approx(np.eye(3))
    assert partial(whole, 0.5)[2, 1] == pytest.approx(whole[2, 1] / whole[2, 2] / 2)
