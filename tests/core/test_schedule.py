"""Schedules over frames, prompts and seeds, from our own cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from liveanim.core.expr import ExprError, compile_expr
from liveanim.core.schedule import frame_env, key_frame, seed_at, split_negative, values


def test_values_are_sampled_frame_by_frame() -> None:
    line = values("0:(0), 2s:(48)", 5, fps=24)
    assert line.dtype == np.float64
    assert line.tolist() == [0, 1, 2, 3, 4]
    assert values("beat", [0, 12, 24], fps=24, bpm=60).tolist() == [0, 0.5, 1]
    assert values("kick + seed", 2, seed=3, extra=lambda frame: {"kick": 0.5 * frame}).tolist() == [3, 3.5]


def test_values_carry_memory_from_frame_to_frame() -> None:
    line = values("integrate(2)", 4, fps=10)
    assert line == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_native_values_hold_no_infinity() -> None:
    assert np.isnan(values("1/f", 1)[0])
    assert np.isinf(values("0:(1/t)", 1, compat="deforum")[0])


def test_the_clocks_of_a_steady_show() -> None:
    env = frame_env(36, fps=24, bpm=120)
    assert (env["t"], env["f"], env["beat"], env["bar"], env["phase"]) == (1.5, 36, 3, 0.75, 0)
    assert frame_env(36, fps=24, compat="deforum")["t"] == 36
    env = frame_env(36, fps=24, bpm=120, meter=3)
    assert (env["bar"], env["meter"]) == (1.0, 3.0)


def test_keys_in_bars_follow_the_meter() -> None:
    assert values("0bar: 0, 2bar: 6", 4, fps=1, bpm=60, meter=3).tolist() == [0, 1, 2, 3]
    assert values("0: 0, 2bar: (t)", 4, fps=1, bpm=60, meter=3) == pytest.approx([0, 1, 2, 3])  # t is 6 there
    assert values("0bar: 0, 1bar: (bar)", [2.5], fps=1, bpm=60, meter=5).tolist() == [0.5]


# -- the family's reading ------------------------------------------------


def family(text: str, frames: int = 20, max_f: float = 19) -> list[float]:
    return values(text, frames, max_f=max_f, compat="deforum").tolist()


def test_only_plain_numbers_run_to_the_next_key() -> None:
    assert family("0:(0), 10:(10)")[5] == 5
    assert family("0:( 0 ), 10:(10)")[5] == 0
    assert family("0:(0+0), 10:(10)")[5] == 0


def test_whole_numbers_stay_whole_as_in_numexpr() -> None:
    assert family("0:(t^2)")[:4] == [2, 3, 0, 1]
    assert family("0:(7//2)")[0] == 3
    assert family("0:(t//2)")[7] == 3.5
    assert family("0:(t%0)")[3] == 0
    assert family("0:((0-t)%5)")[7] == 3
    assert family("0:(t**40)")[7] == float(-6212923193149656639)
    assert family("0:(t<<70)")[7] == 448
    assert family("0:(~(t>1))")[:3] == [1, 1, 0]
    assert family("0:((t>5)+(t>3))")[7] == 1


def test_frames_without_a_value_are_filled_in_from_both_sides() -> None:
    line = family("0:(sqrt(3-t)), 10:(7)")
    assert line[:4] == pytest.approx([math.sqrt(3), math.sqrt(2), 1, 0])
    assert line[4:11] == pytest.approx([n for n in range(1, 8)])
    assert family("0:(sqrt(t-4)+2)")[:6] == pytest.approx([2, 2, 2, 2, 2, 3])
    assert family("0:(sqrt(4-t)+2)")[4:8] == pytest.approx([2, 2, 2, 2])
    assert np.isnan(family("0:(sqrt(0-1-t))")).all()


def test_a_number_runs_to_what_an_expression_gives_at_its_key() -> None:
    assert family("0:(0), 10:(t*2)")[5] == 10


def test_between_two_frames_the_family_is_in_proportion() -> None:
    expression = compile_expr("0:(0), 10:(10), 20:(t*3)", compat="deforum")
    assert expression.evaluate({"t": 2.5, "max_f": 100.0}, []) == 2.5
    assert expression.evaluate({"t": 22.5, "max_f": 100.0}, []) == 67.5


def test_keys_outside_the_film_do_not_count() -> None:
    assert set(family("0:(0.65), 999:(0.1)")) == {0.65}
    assert compile_expr("0:(0), 10:(10)", compat="deforum").evaluate({"t": 5.0}, []) == 5, "no max_f: all keys count"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("0:0: ((0.05*cos(t)))", "second ':'"),
        ("0:(1), 219: (0).3", "read as 0.3"),
        ("0:(1), 315: 0: (cos(t))", "second ':'"),
        ("0:(cos(t)**0.90)", "straight line"),
        ("0:( 1 ), 10:( 2 )", "holds until the next key"),
        ("0:(1), 10:(1e-3)", "holds until the next key"),
        ("0:(1, 10:(2)", "a bracket too few or too many"),
        ("0:(1), 0:(2)", "later one wins"),
        ("-5:(1), 0:(2)", "before frame 0"),
        ("10:(1)", "no key for frame 0"),
        ("0:(where(t>1,2,3))", "Deforum Studio"),
        ("0:(t^2)", "power is written **"),
        ("0:(t//2)", "without rounding"),
        ("1 + t", "no 'frame:'"),
        ("0:(events_passed)", "schedule_events"),
    ],
)
def test_each_silent_misreading_is_warned_about(text: str, warning: str) -> None:
    assert any(warning in line for line in compile_expr(text, compat="deforum").warnings)


def test_what_the_family_reads_as_meant_has_no_warning() -> None:
    for text in ("0:(1)", "0: (0.65), 25: (0.55)", '0:(s), 1:(-1), "max_f-2":(-1)', "0:(1.0+0.2*sin(t/10)), 30:(2)"):
        assert compile_expr(text, compat="deforum").warnings == ()


# -- prompts, seeds -------------------------------------------------------------


def test_prompts_have_a_frame_and_may_have_a_negative_half() -> None:
    assert [key_frame(key, max_f=100) for key in ("0", '"max_f/2"', "(90)")] == [0, 50, 90]
    with pytest.raises(ExprError, match="unknown name"):
        key_frame("soon")
    assert split_negative("a cat --neg blur --neg fog") == ("a cat", " blur  fog")
    assert split_negative("x") == ("x", "")


def test_seed_sequences_are_the_family_s() -> None:
    assert [seed_at("iter", 100, n) for n in range(4)] == [100, 101, 102, 103]
    assert [seed_at("iter", 100, n, 3) for n in range(8)] == [100, 101, 101, 101, 102, 102, 102, 103]
    assert [seed_at("ladder", 100, n) for n in range(6)] == [100, 102, 101, 103, 102, 104]
    assert [seed_at("alternate", 100, n) for n in range(4)] == [100, 101, 100, 101]
    assert [seed_at("fixed", 100, n) for n in range(3)] == [100, 100, 100]
    drawn = [seed_at("random", 100, n) for n in range(50)]
    assert len(set(drawn)) == 50 and all(0 <= seed < 2**32 for seed in drawn)
