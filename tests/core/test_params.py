"""The table of parameters and the panel that plays them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.expr import compile_expr
from liveanim.core.modulation import Panel
from liveanim.core.params import PARAMS, ParamSpec, defaults, spec

ROWS = st.sampled_from(list(PARAMS.values()))


@given(ROWS, st.floats(allow_nan=True, allow_infinity=True))
def test_a_clamped_value_is_in_range_whatever_comes(row: ParamSpec, value: float) -> None:
    assert row.low <= row.clamp(value) <= row.high
    low, high = row.reach or (row.low, row.high)
    assert low <= row.limit(value) <= high


@given(ROWS, st.floats(0, 1))
def test_a_knob_position_and_its_value_are_the_same_thing(row: ParamSpec, position: float) -> None:
    value = row.from_unit(position)
    assert row.from_unit(row.to_unit(value)) == pytest.approx(value, rel=1e-6, abs=1e-9 * (row.high - row.low))


@pytest.mark.parametrize("row", PARAMS.values(), ids=lambda row: row.name)
def test_every_row_is_whole(row: ParamSpec) -> None:
    assert row.low <= row.default <= row.high
    assert row.reach is None or (row.reach[0] <= row.low and row.high <= row.reach[1])
    assert row.doc and row.name == f"{row.group}.{row.short}"
    assert row.curve != "log" or row.low > 0


def test_an_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(UserError, match=r"unknown parameter 'camera.zom' \(did you mean: camera.zoom"):
        spec("camera.zom")


def panel(**expressions: str) -> Panel:
    return Panel({name.replace("_", ".", 1): compile_expr(text) for name, text in expressions.items()})


def env(**values: float) -> dict[str, float]:
    return {"dt": 0.1, "t": 0.0, **values}


def test_a_macro_is_heard_in_every_expression_of_the_same_frame() -> None:
    desk = panel(stage_hue="m1/2")
    desk.turn("macro.m1", 0.8)
    assert desk.evaluate(env())["stage.hue"] == pytest.approx(0.4)


def test_a_slow_knob_glides_and_arrives() -> None:
    desk = Panel()
    desk.turn("prompt.weight2", 1.0)
    values = [desk.evaluate(env())["prompt.weight2"] for _ in range(200)]
    assert values[0] == pytest.approx(1 - math.exp(-1))
    assert values == sorted(values) and values[-1] == 1.0


def test_releasing_gives_back_all_but_the_blackout() -> None:
    desk = Panel()
    desk.turn("out.blackout", "toggle")
    desk.turn("stage.hue", 0.5)
    desk.release()
    assert desk.taken_over() == ("out.blackout",)


@given(st.sampled_from(sorted(PARAMS)), st.floats(allow_nan=True, allow_infinity=True))
def test_no_value_that_is_sent_can_leave_the_range(name: str, value: float) -> None:
    desk = Panel()
    desk.turn(name, value)
    row = PARAMS[name]
    assert row.low <= desk.evaluate(env())[name] <= row.high


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_expression_can_leave_the_range_or_be_no_number(kick: float) -> None:
    value = panel(stage_exposure="100*kick/(kick-kick)").evaluate(env(kick=kick))["stage.exposure"]
    assert -4 <= value <= 4


def test_an_expression_may_go_beyond_a_knobs_way_and_a_knob_may_not() -> None:
    desk = panel(camera_zoom="40")
    assert desk.evaluate(env())["camera.zoom"] == 40
    desk.turn("camera.zoom", 40)
    assert desk.evaluate(env())["camera.zoom"] == 10


def test_a_new_look_sets_every_parameter_it_does_not_name_to_its_default() -> None:
    desk = panel(stage_hue="0.5", camera_zoom="2")
    desk.evaluate(env())
    desk.load({"stage.hue": 0.25})
    fresh = defaults() | {"stage.hue": 0.25}
    assert desk.evaluate(env()) == fresh
