"""Modulators by rows of numbers: a clock moved by hand, the values each one takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.expr import KNOWN
from liveanim.core.expr.base import SHARED_NAMES
from liveanim.core.modulators import SHAPES, Bank, Modulator, modulators_from, standard


def made(**table: Mapping[str, Any]) -> tuple[Modulator, ...]:
    return modulators_from(table, "test.toml")


def played(
    row: Mapping[str, Any], frames: int, dt: float, more: Callable[[float], Mapping[str, float]] = lambda t: {}
) -> list[float]:
    """The values of one modulator at 0, dt, 2 dt ...; two beats a second."""
    bank, values = Bank(made(it=row)), []
    for n in range(frames):
        env = {"t": n * dt, "beat": 2 * n * dt, "dt": dt if n else 0.0, **more(n * dt)}
        bank.advance(env)
        values.append(round(env["it"], 4))
    return values


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        ("sine", [0.0, 0.5, 1.0, 0.5, 0.0]),
        ("tri", [0.0, 0.5, 1.0, 0.5, 0.0]),
        ("saw", [0.0, 0.25, 0.5, 0.75, 0.0]),
        ("square", [1.0, 1.0, 0.0, 0.0, 1.0]),
    ],
)
def test_a_wave_takes_its_shape_in_seconds_and_in_beats(shape: str, values: list[float]) -> None:
    assert played({"lfo": shape, "hertz": 1}, 5, 0.25) == values
    assert played({"lfo": shape, "beats": 2}, 5, 0.25) == values


def test_phase_moves_a_wave_on_and_low_and_high_spread_it() -> None:
    assert played({"lfo": "saw", "hertz": 1, "phase": 0.5, "low": -2, "high": 2}, 3, 0.25) == [0.0, 1.0, -2.0]


def test_random_holds_for_a_turn_and_smooth_wanders_between() -> None:
    held = played({"lfo": "random", "hertz": 1}, 40, 0.1)
    assert all(len(set(held[n : n + 10])) == 1 for n in range(0, 40, 10)) and len(set(held)) == 4
    smooth = played({"lfo": "smooth", "hertz": 1}, 400, 0.01)
    assert max(abs(a - b) for a, b in pairwise(smooth)) < 0.03 and len(set(smooth)) > 300


def test_a_speed_beyond_all_bounds_stops_nothing() -> None:
    for beats in ("4*exp(-1000*t)", "exp(-700*t)", 1e-320):
        assert set(played({"steps": [0.25, 0.75], "beats": beats}, 20, 0.1)) <= {0.25, 0.75}
    faster = {"lfo": "saw", "hertz": "where(t < 1, exp(exp(10*t)), 1)"}
    assert len(set(played(faster, 30, 0.1)[15:])) == 10  # and goes on when there is one again


def test_two_random_waves_differ_and_each_is_the_same_at_the_next_show() -> None:
    rows = made(one={"lfo": "random", "hertz": 1}, two={"lfo": "random", "hertz": 1})
    first, second = Bank(rows), Bank(rows)
    a, b = first.advance({"t": 3.0}), second.advance({"t": 3.0})
    assert a == b and a["one"] != a["two"]


def test_a_wave_whose_speed_changes_does_not_jump() -> None:
    values = played({"lfo": "saw", "hertz": "m1"}, 21, 0.1, lambda t: {"m1": 0.1 if t < 1.05 else 0.5})
    steps = [b - a for a, b in pairwise(values)]
    assert max(steps) == pytest.approx(0.05) and min(steps) == pytest.approx(0.01)


def test_a_follower_rises_and_falls_in_its_own_times() -> None:
    values = played({"follow": "bass", "attack": 0.1, "release": 1}, 31, 0.1, lambda t: {"bass": float(0.05 < t < 1)})
    assert values[0] == 0 and values[1] == pytest.approx(1 - math.exp(-1), abs=1e-3) and values[9] > 0.99
    assert values[20] == pytest.approx(values[10] * math.exp(-1), rel=0.01)


def test_an_envelope_runs_through_attack_and_decay_even_for_a_short_hit() -> None:
    row = {"adsr": [0.2, 0.2, 0.5, 0.5], "trigger": "kick"}
    hit = played(row, 11, 0.1, lambda t: {"kick": float(0.05 < t < 0.15)})
    assert hit == [0.0, 0.5, 1.0, 0.75, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0]
    held = played(row, 11, 0.1, lambda t: {"kick": float(0.05 < t < 0.75)})
    assert held == [0.0, 0.5, 1.0, 0.75, 0.5, 0.5, 0.5, 0.5, 0.4, 0.3, 0.2]


def test_an_envelope_struck_again_rises_from_where_it_is() -> None:
    row = {"adsr": [0.2, 0, 1, 1], "trigger": "kick"}
    values = played(row, 8, 0.1, lambda t: {"kick": float(0.05 < t < 0.15 or 0.45 < t < 0.55)})
    assert values[4] == pytest.approx(0.8) and values[5] == 1.0 and min(values[2:]) > 0.7


def test_sample_and_hold_takes_the_value_of_the_moment() -> None:
    values = played({"hold": "t", "trigger": "snare"}, 6, 0.1, lambda t: {"snare": float(0.25 < t < 0.45)})
    assert values == [0.0, 0.0, 0.0, 0.3, 0.3, 0.3]


def test_a_sequence_steps_on_the_beat_and_glides_where_it_is_told_to() -> None:
    assert played({"steps": [1, 0, 0.5], "beats": 0.5}, 7, 0.25) == [1.0, 0.0, 0.5, 1.0, 0.0, 0.5, 1.0]
    assert played({"steps": [0, 1], "beats": 1, "glide": 0.5}, 9, 0.125) == [1, 0.5, 0, 0, 0, 0.5, 1, 1, 1]


def test_a_macro_glides() -> None:
    values = played({"macro": 3, "smooth": 0.1}, 3, 0.1, lambda t: {"m3": float(t > 0.05)})
    assert values[0] == 0.0 and values[1] == pytest.approx(1 - math.exp(-1), abs=1e-3)


def test_a_modulator_may_use_those_above_it() -> None:
    bank = Bank(made(a={"lfo": "saw", "hertz": 1}, b={"follow": "2*a"}))
    env = {"t": 0.25, "dt": 0.0}
    assert bank.advance(env) == {"a": 0.25, "b": 0.5} and env["b"] == 0.5


def test_what_all_looks_share_is_known_to_every_expression() -> None:
    assert {row.name for row in standard()} == SHARED_NAMES < KNOWN


@given(st.sampled_from(SHAPES), st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(-1e3, 1e3))
def test_a_wave_is_within_its_way_whatever_its_speed(shape: str, hertz: float, t: float, phase: float) -> None:
    bank = Bank(made(it={"lfo": shape, "hertz": hertz, "phase": phase}))
    assert 0 <= bank.advance({"t": t, "dt": 0.1})["it"] <= 1


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.3)), max_size=60), st.lists(st.floats(0, 1), min_size=4))
def test_an_envelope_stays_within_0_and_1(hits: list[tuple[float, float]], adsr: list[float]) -> None:
    bank = Bank(made(it={"adsr": adsr[:4], "trigger": "kick"}))
    for kick, dt in hits:
        assert 0 <= bank.advance({"kick": kick, "dt": dt})["it"] <= 1


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("kick", {"lfo": "sine", "hertz": 1}, "has a meaning already"),
        ("sin", {"lfo": "sine", "hertz": 1}, "has a meaning already"),
        ("My", {"lfo": "sine", "hertz": 1}, "small letters"),
        ("a", {"lfo": "sin", "hertz": 1}, r"did you mean: sine"),
        ("a", {"lfo": "sine"}, "either hertz or beats"),
        ("a", {"lfo": "sine", "hertz": 1, "beats": 1}, "either hertz or beats"),
        ("a", {"lfo": "sine", "hertz": "kik"}, r"hertz: column 1: unknown name 'kik'"),
        ("a", {"adsr": [1, 1, 2, 1], "trigger": "kick"}, "sustain 0..1"),
        ("a", {"adsr": [1, 1, 1, 1]}, "trigger is missing"),
        ("a", {"steps": [], "beats": 1}, "1 to 64 numbers"),
        ("a", {"steps": [1, True], "beats": 1}, "expected a number"),
        ("a", {"macro": 9}, "from 1 to 8"),
        ("a", {"follow": "bass", "atack": 1}, "did you mean: attack"),
        ("a", {"follow": "bass", "hold": "t"}, "expected one of lfo"),
        ("a", "sine", "expected a table"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(name: str, row: Any, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        made(**{name: row})
    assert str(caught.value).startswith(f"test.toml: [modulators] {name}: ") and "\n" not in str(caught.value)
