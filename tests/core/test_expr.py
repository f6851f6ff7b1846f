"""The expression language in liveanim's own reading: values, time, memory, keys."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import pytest

from liveanim.core.expr import FUNCTIONS, ExprError, compile_expr

ENV: Mapping[str, float] = {
    "t": 1.5, "f": 36.0, "fps": 24.0, "bpm": 120.0, "beat": 3.0, "bar": 0.75, "phase": 0.0, "max_f": 100.0,
    "seed": 7.0, "s": 7.0, "kick": 0.5, "bass": 0.25, "knob": 0.8, "m1": 0.1, "dt": 0.02, "cc:21": 0.4, "osc:/x": 0.9,
}  # fmt: skip


def value(text: str, **changes: float) -> float:
    expression = compile_expr(text)
    return expression.evaluate({**ENV, **changes}, expression.memory())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.0 + 0.06*kick", 1.03),
        ("knob + 0.05*kick", 0.825),
        ("-2**2", -4.0),
        ("2**3**2", 512.0),
        ("2**-1", 0.5),
        ("7 - 2 - 1", 4.0),
        ("24/4/2*3", 9.0),
        ("7//2 + 7 % 4", 6.0),
        ("-1 % 4", 3.0),
        ("1 + 2 << 1", 6.0),
        ("6 & 3 | 8 ^ 1", 11.0),
        ("~5", -6.0),
        ("--3", 3.0),
        ("1 < 2 < 3", 1.0),
        ("3 > 2 > 2", 0.0),
        ("not kick > 0.4 or t > 1", 1.0),
        ("kick > 0.4 and bass > 0.4", 0.0),
        ("1_000 + .5 + 5. + 1e-3", 1005.501),
        ("pi + e + tau", math.pi + math.e + math.tau),
        ("clamp(3, 0, 1) + lerp(10, 20, 0.5) + min(4, 2, 3) + max(1, 5)", 23.0),
        ("where(kick > 0.4, 10, 20)", 10.0),
        ("step(0.5, kick) + smoothstep(0, 1, 0.5)", 1.5),
        ("saw(3.25) + tri(0.25) + square(0.7) + square(0.7, 0.8)", 1.75),
        ("pulse(beat)", 1.0),
        ("pulse(beat + 0.5)", 0.0),
        ("remap(5, 0, 10, 100, 200)", 150.0),
        ("ease_in_quad(0.5) + ease_out_quad(0.5) + ease_in_out_sine(0.5)", 1.5),
        ("lfo(1)", 1.0),
        ("lfo_beats(4)", 0.5),
        ("beat_in(500) - beat", 1.0),
        ('cc(21) + osc("/x")', 1.3),
        ("cc(22) + osc('/never/sent')", 0.0),
        ("round(2.5) + trunc(-2.7) + fract(-0.25) + sign(-3)", 0.75),
        ("atan2(1, 1) - arctan2(1, 1) + mix(0, 1, 0.5)", 0.5),
        ("1/(kick - 0.5) > 1000", 1.0),
        ("clamp(1/(kick - 0.5), 0, 5)", 5.0),
    ],
)
def test_an_expression_gives_its_value(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    ["1/(kick-0.5)", "log(bass-0.25)", "(-kick)**0.5", "exp(9999*t)", "sin(exp(9999*t))", "(0-t)**0.9", "kick<<99"],
)
def test_a_maths_error_is_nan(text: str) -> None:
    assert math.isnan(value(text))


def test_a_signal_that_is_not_there_reads_zero() -> None:
    expression = compile_expr("1 + snare")
    assert expression.evaluate({}, []) == 1.0


def test_even_a_broken_env_or_memory_raises_nothing() -> None:
    assert math.isnan(compile_expr("kick + 1").evaluate({"kick": "loud"}, []))  # type: ignore[dict-item]
    assert math.isnan(compile_expr("smooth(kick, 1)").evaluate({"kick": 1.0}, []))


def test_constant_and_names_are_known() -> None:
    assert compile_expr("2*pi").constant == 2 * math.pi
    assert compile_expr("0: (0.65)").constant == 0.65
    assert compile_expr("0: (0.65), 10: (0.7)").constant is None
    assert compile_expr("1 + 0*kick").constant is None
    assert compile_expr("knob + cc(3)*kick + pad(36)").names == {"knob", "cc:3", "kick", "pad:36"}
    assert "dt" in compile_expr("decay(kick, 1)").names


def test_extra_names_are_allowed_when_declared() -> None:
    with pytest.raises(ExprError, match="my_band"):
        compile_expr("2*my_band")
    assert compile_expr("2*my_band", extra={"my_band"}).evaluate({"my_band": 3.0}, []) == 6.0


# -- memory ----------------------------------------------------------------


def play(text: str, frames: list[dict[str, float]], dt: float = 0.1) -> list[float]:
    expression = compile_expr(text)
    memory = expression.memory()
    return [expression.evaluate({"dt": dt, **frame}, memory) for frame in frames]


def test_smooth_covers_two_thirds_of_the_way_in_its_time() -> None:
    heard = play("smooth(bass, 0.5)", [{"bass": 0.0}] + [{"bass": 1.0}] * 5)
    assert heard[0] == 0.0
    assert heard[5] == pytest.approx(1 - math.exp(-1))


def test_smooth_is_the_same_at_any_frame_rate() -> None:
    slow = play("smooth(bass, 0.3)", [{"bass": 0.0}] + [{"bass": 1.0}] * 10, dt=0.1)
    fast = play("smooth(bass, 0.3)", [{"bass": 0.0}] + [{"bass": 1.0}] * 100, dt=0.01)
    assert slow[-1] == pytest.approx(fast[-1])


def test_follow_rises_and_falls_at_its_own_speeds() -> None:
    heard = play("follow(bass, 0, 1)", [{"bass": 0.0}, {"bass": 1.0}, {"bass": 0.0}])
    assert heard == pytest.approx([0.0, 1.0, math.exp(-0.1)])


def test_decay_jumps_up_and_dies_away() -> None:
    heard = play("decay(kick, 0.2)", [{"kick": 0.0}, {"kick": 1.0}, {"kick": 0.0}, {"kick": 0.0}, {"kick": 0.9}])
    assert heard == pytest.approx([0.0, 1.0, math.exp(-0.5), math.exp(-1.0), 0.9])


def test_integrate_moves_with_the_sound() -> None:
    assert play("integrate(2*bass)", [{"bass": 1.0}] * 3 + [{}])[-1] == pytest.approx(0.6)


def test_count_and_hold_answer_only_to_rising_triggers() -> None:
    kicks = [{"kick": k, "t": float(n)} for n, k in enumerate([0, 1, 1, 0, 1, 0, 1])]
    assert play("count(kick)", kicks) == [0, 1, 1, 1, 2, 2, 3]
    assert play("count(kick, 2)", kicks) == [0, 1, 1, 1, 0, 0, 1]
    assert play("hold(t, kick)", kicks) == [0, 1, 1, 1, 4, 4, 6]


def test_a_gap_in_the_signal_does_not_poison_the_memory() -> None:
    assert play("smooth(bass, 1)", [{"bass": 0.5}, {"bass": math.nan}, {"bass": 0.5}])[-1] == 0.5


def test_two_memories_do_not_know_of_each_other() -> None:
    expression = compile_expr("integrate(1)")
    first, second = expression.memory(), expression.memory()
    expression.evaluate({"dt": 1.0}, first)
    assert (first, second) == ([1.0], [0.0])


# -- noise ----------------------------------------------------------------


def test_noise_is_repeatable_bounded_and_smooth() -> None:
    line = [value("noise(x)".replace("x", str(n / 100))) for n in range(2000)]
    assert line == [value("noise(x)".replace("x", str(n / 100))) for n in range(2000)]
    assert -1 <= min(line) < -0.5 and 0.5 < max(line) <= 1
    assert max(abs(a - b) for a, b in itertools.pairwise(line)) < 0.05
    assert abs(sum(line) / len(line)) < 0.35


def test_noise_and_rand_differ_by_seed_and_keep_their_published_values() -> None:
    assert value("noise(0.5)") != value("noise(0.5, 1)")
    assert value("rand(3.2)") == value("rand(3.9)") != value("rand(4)")
    assert value("rand(3)") == pytest.approx(RAND_3, abs=1e-15)
    assert value("noise(-2.25, 9)") == pytest.approx(NOISE, abs=1e-15)


RAND_3, NOISE = 0.26392672856651855, 0.733132371798999


# -- every function ----------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_compiles_and_gives_numbers_everywhere(name: str) -> None:
    row = FUNCTIONS[name]
    for count in range(row.low, min(row.high, 5) + 1):
        expression = compile_expr(f"{name}({', '.join(['kick'] * count)})")
        for x in (0.0, 0.3, 1.0, -0.5, 1e300, -1e300, math.inf, -math.inf, math.nan):
            memory = expression.memory()
            for _ in range(3):
                result = expression.evaluate({"kick": x, "t": x, "beat": x, "dt": 0.1}, memory)
                assert isinstance(result, float) and not math.isinf(result)


@pytest.mark.parametrize("name", sorted(n for n in FUNCTIONS if n.startswith("ease_")))
def test_every_easing_runs_from_0_to_1(name: str) -> None:
    assert value(f"{name}(0)") == pytest.approx(0, abs=1e-3)
    assert value(f"{name}(1)") == pytest.approx(1, abs=1e-3)
    assert value(f"{name}(7)") == pytest.approx(1, abs=1e-3)
    half = value(f"{name}(0.25)") + value(f"{name}(0.75)")
    assert "in_out" not in name or half == pytest.approx(1, abs=1e-3)


# -- keys ----------------------------------------------------------------


def at(text: str, seconds: float, fps: float = 24.0, bpm: float = 120.0, **more: float) -> float:
    beat = seconds * bpm / 60
    return value(text, t=seconds, f=seconds * fps, fps=fps, bpm=bpm, beat=beat, bar=beat / 4, phase=beat % 1, **more)


def test_numbers_between_keys_run_straight() -> None:
    assert [at("0:(1), 24:(3)", s) for s in (0, 0.5, 1, 9)] == [1, 2, 3, 3]


def test_before_the_first_key_its_value_holds() -> None:
    assert at("24: 5, 48: 7", 0) == 5


def test_an_expression_plays_until_the_next_key() -> None:
    text = "0: 10*t, 2s: 5, 4s: 7"
    assert at("0: (10*t), 48: (5), 96: (7)", 1.5) == 15
    with_units = "0s: (10*t), 2s: (5), 4s: (7)"
    assert [at(with_units, s) for s in (1.5, 2, 3)] == [15, 5, 6]
    assert [at(text, s) for s in (1.5, 2, 3)] == pytest.approx([15, 5, 6])


def test_a_number_runs_to_what_the_next_expression_gives_at_its_key() -> None:
    assert at("0s: (0), 2s: (10*t)", 1) == pytest.approx(10)
    assert at("0b: (0), 4b: (10*t)", 1) == pytest.approx(10)


@pytest.mark.parametrize("key", ["48", "2s", "2.0 s", "4b", "4 beats", "1bar", "'48'", '"max_f/2 - 2"', "(max_f - 52)"])
def test_the_same_moment_in_every_unit(key: str) -> None:
    assert at(f"0: (0), {key}: (10)", 1) == pytest.approx(5)
    assert at(f"0: (0), {key}: (10)", 2) == pytest.approx(10)


def test_units_may_be_mixed_and_keys_in_any_order() -> None:
    text = "16b: (3), 0: (1), 2.5s: (2), 60s: (3)"
    assert [at(text, s) for s in (0, 1.25, 2.5, 8, 99)] == pytest.approx([1, 1.5, 2, 3, 3])


def test_beat_keys_follow_a_change_of_tempo() -> None:
    assert value("0b: (0), 8b: (8)", beat=4.0, bpm=60.0) == 4


def test_of_two_keys_at_one_place_the_later_wins_with_a_warning() -> None:
    expression = compile_expr("0:(1), 0:(2), 5:(3)")
    assert expression.evaluate({"f": 0.0}, []) == 2
    assert "later one wins" in expression.warnings[0]


def test_keys_may_hear_the_room() -> None:
    assert at("0: (1.01), 90: (1.04 + 0.5*kick)", 10) == pytest.approx(1.29)


def test_commas_inside_brackets_belong_to_functions() -> None:
    assert at("0: where(t > 1, 2, 3), 100: max(1, 2, 9)", 2) == 2


def test_a_comma_at_the_end_is_forgiven() -> None:
    assert compile_expr("0:(1), 24:(3),").evaluate({"f": 12.0}, []) == 2


def test_a_schedule_of_six_thousand_keys_plays() -> None:
    expression = compile_expr(", ".join(f"{n}:({n * n})" for n in range(6000)))
    assert expression.evaluate({"f": 3000.5}, []) == pytest.approx((3000**2 + 3001**2) / 2)
