"""Soft takeover by rows of numbers, and the promises it makes for any movement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.takeover import MODES, NEAR, Grip, Mode, turn

PLACES = st.integers(0, 127).map(lambda n: n / 127)


def follow(places: list[float], value: float, mode: Mode) -> list[float]:
    """Where the value stands after each movement of the knob."""
    grip, row = Grip(), []
    for place in places:
        grip, new = turn(grip, place, value, mode)
        value = value if new is None else new
        row.append(round(value, 3))
    return row


def test_pickup_waits_until_the_knob_meets_the_value() -> None:
    assert follow([0.2, 0.3, 0.45, 0.55, 0.6, 0.1], 0.5, "pickup") == [0.5, 0.5, 0.5, 0.55, 0.6, 0.1]
    assert follow([0.9, 0.4, 0.3], 0.5, "pickup") == [0.5, 0.4, 0.3]
    assert follow([0.505, 0.6], 0.5, "pickup") == [0.505, 0.6]


def test_scale_moves_at_once_and_meets_at_the_end() -> None:
    assert follow([0.2, 0.6, 1.0, 0.5], 0.5, "scale") == [0.5, 0.75, 1.0, 0.5]
    assert follow([0.8, 0.4, 0.0, 0.3], 0.5, "scale") == [0.5, 0.25, 0.0, 0.3]
    assert follow([0.6, 0.8], 0.0, "scale") == [0.0, 0.5]


def test_jump_jumps() -> None:
    assert follow([0.2, 0.9], 0.5, "jump") == [0.2, 0.9]


@pytest.mark.parametrize("mode", ["scale", "pickup"])
def test_a_knob_lets_go_when_somebody_else_moves_the_value(mode: Mode) -> None:
    grip, value = turn(Grip(), 0.5, 0.5, mode)
    assert value == 0.5
    grip, value = turn(grip, 0.6, 0.5, mode)
    assert value == 0.6
    grip, value = turn(grip, 0.61, 0.1, mode)  # a new look set it to 0.1
    assert value is None or value == pytest.approx(0.1, abs=0.03)


def test_small_turns_of_a_value_with_steps_are_not_lost() -> None:
    grip, steps, value = Grip(), 4, 0.5
    seen = []
    for n in range(20, 128):
        grip, new = turn(grip, n / 127, value, "scale", near=0.51 / steps)
        value = value if new is None else round(new * steps) / steps
        seen.append(value)
    assert (seen[0], seen[-1]) == (0.5, 1.0)
    assert seen == sorted(seen)


@given(st.lists(PLACES, min_size=2, max_size=30), st.floats(0, 1), st.sampled_from(["scale", "pickup"]))
def test_nothing_jumps_when_a_knob_is_first_touched(places: list[float], value: float, mode: Mode) -> None:
    _grip, new = turn(Grip(), places[0], value, mode)
    assert new is None or abs(new - value) <= NEAR


@given(st.lists(PLACES, min_size=1, max_size=40), st.floats(0, 1), st.sampled_from(MODES))
def test_values_stay_in_range_and_move_with_the_knob(places: list[float], value: float, mode: Mode) -> None:
    grip, last = Grip(), None
    for place in places:
        grip, new = turn(grip, place, value, mode)
        if new is not None:
            assert -1e-9 <= new <= 1 + 1e-9
            if last is not None and mode != "jump":
                assert (new - value) * (place - last) >= -NEAR
            value = new
        last = place


@given(PLACES, st.floats(0, 1), st.sampled_from(["scale", "pickup"]))
def test_a_knob_turned_from_end_to_end_always_gets_hold(start: float, value: float, mode: Mode) -> None:
    places = [start, *[n / 127 for n in range(round(start * 127), 128)], *[n / 127 for n in range(127, -1, -1)], 0.25]
    assert follow(places, value, mode)[-1] == 0.25
