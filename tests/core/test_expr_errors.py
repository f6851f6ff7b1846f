"""What cannot be read: the place, the reason, a hint; and that nothing hostile gets through."""

from __future__ import annotations

import math
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.core.expr import FUNCTIONS, KNOWN, ExprError, compile_expr
from liveanim.core.expr.base import MAX_EXPRESSION, MAX_KEYS, MAX_TEXT


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("", 1, "expression ends here"),
        ("1.0 + 0.06*kik", 12, "did you mean: kick"),
        ("1 + smoth(bass, 1)", 5, "did you mean: smooth"),
        ("2pi", 2, "write 2*pi"),
        ("(1 + 2", 1, "'(' is never closed"),
        ("1 + 2)", 6, "')' closes nothing"),
        ("clamp(1, 2)", 1, "clamp takes 3 arguments: clamp(x, low, high)"),
        ("sin", 1, "write sin(...)"),
        ("kick(1)", 1, "'kick' is not a function"),
        ("1 +", 4, "expression ends here"),
        ("1 + * 2", 5, "found '*'"),
        ("kick = 1", 6, "compare with '=='"),
        ("1 / 0", 5, "division by zero"),
        ("sqrt(-1)", 1, "sqrt is not defined there"),
        ("(0-8)**0.5", 8, "fractional power"),
        ("'abc'", 1, "only for osc"),
        ("osc(kick)", 1, "address in quotes"),
        ("osc('fader')", 1, "begins with a slash"),
        ("cc(128)", 1, "0 to 127"),
        ("cc(knob)", 1, "one whole number"),
        ("pad(36.5)", 1, "pad takes one whole number from 0 to 127, such as pad(36)"),
        ("0:(1), 12q:(3)", 8, "unknown unit 'q'"),
        ("0:(1), (2)", 8, "key: value"),
        ("0:(1), kick:(2)", 8, "unknown name 'kick'"),
        ("0:(1) 5:(3)", 7, "expected ',' before the next key"),
        ("0:1; 5:3", 4, "expected ',' before the next key"),
        ("(0:1)", 3, "after a key"),
        ("1,5", 2, "a decimal point is '.'"),
        ("kick > 0.5 ? 1 : 0", 1, "where(condition, a, b)"),
        ("if(kick, 1, 0)", 1, "where(condition, a, b)"),
        ("1.1 if kick else 2", 5, "where(condition, a, b)"),
        ("kick && snare", 7, "write and"),
        ("!kick", 1, "write not"),
        ("2(3)", 2, "write 2*(...)"),
        ("osc('/x)", 5, "never closed"),
        ("0\uff1a(1)", 2, "keyboard"),
        ("beat:(1)", 1, "a key is 30"),
        ("0:(1), 5:(1+)", 13, "found ')'"),
        ("1e999", 1, "too large"),
        ("9" * 41, 1, "number longer than"),
    ],
)
def test_an_error_says_where_and_what_to_do(text: str, column: int, hint: str) -> None:
    with pytest.raises(ExprError) as caught:
        compile_expr(text)
    message = str(caught.value)
    assert caught.value.column == column, message
    assert hint in message and message.startswith(f"column {column}: ")
    assert "\n" not in message and len(message) < 300
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize(
    "text",
    [
        "t.real",
        "().__class__.__bases__",
        "__import__('os').system('true')",
        "eval('1')",
        "open('/etc/passwd')",
        "lambda: 1",
        "[x for x in y]",
        "{1: 2}",
        "t if t else 1",
        "t := 3",
        "kick; import os",
        "f'{t}'",
        "`t`",
        "t\\n",
        "0x10",
        "1j",
        "\uff54",
        "t\x00",
    ],
)
@pytest.mark.parametrize("compat", ["", "deforum"])
def test_nothing_but_arithmetic_is_let_in(text: str, compat: str) -> None:
    with pytest.raises(ExprError):
        compile_expr(text, compat=compat)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "t" + ")" * 5000,
        "-" * 5000 + "t",
        "t**" * 5000 + "t",
        "sin(" * 3000 + "t" + ")" * 3000,
        "not " * 4000 + "t",
        "where(t,1," * 1000 + "t" + ")" * 1000,
        "t+" * MAX_EXPRESSION + "t",
        " " * (MAX_TEXT + 1),
        "0:1," * (MAX_KEYS + 1) + "0:1",
        "9**9**9**9**9",
        "t" * 3000,
        "1." + "0" * 3000,
    ],
)
@pytest.mark.parametrize("compat", ["", "deforum"])
def test_what_is_too_large_is_refused_and_quickly(text: str, compat: str) -> None:
    with pytest.raises(ExprError):
        compile_expr(text, compat=compat)  # type: ignore[arg-type]


@pytest.mark.parametrize("compat", ["", "deforum"])
@pytest.mark.parametrize("text", ["t**t**t**t", "(t+9)**999", "9**(9**t)", "t<<t<<t", "1<<(t*1e9)", "exp(exp(exp(t)))"])
def test_powers_cannot_grow_without_end(text: str, compat: str) -> None:
    expression = compile_expr(text, compat=compat)  # type: ignore[arg-type]
    for t in (0.0, 1.0, 50.0, 1e9, 1e300):
        assert isinstance(expression.evaluate({"t": t}, []), float)


def test_the_deepest_expression_that_compiles_also_evaluates_under_a_deep_stack() -> None:
    def deepest(level: str, end: str) -> str:
        count = 1
        while count < 200:
            try:
                compile_expr(level * count + "t" + end * count)
            except ExprError:
                break
            count += 1
        return level * (count - 1) + "t" + end * (count - 1)

    def below(depth: int, text: str) -> float:
        return below(depth - 1, text) if depth else compile_expr(text).evaluate({"t": 0.5}, [])

    room = sys.getrecursionlimit() - 600
    for level, end in (("(", ")"), ("(1+2*-", ")"), ("where(1<2+3*", ",t,t)"), ("(t or t and t<t|t^t&t<<t+t*t**", ")")):
        assert isinstance(below(max(0, room - 250), deepest(level, end)), float)


def test_long_sums_do_not_nest() -> None:
    text = "+".join(["t*1*1/1-t+t"] * 1000)
    assert compile_expr(text).evaluate({"t": 2.0}, []) == 2000.0
    assert compile_expr("0:" + text, compat="deforum").evaluate({"t": 2.0}, []) == 2000.0


def test_compile_time_grows_in_proportion_to_length() -> None:
    """1,000 characters compile in about 1 ms; the bound here is generous because test machines are busy."""
    term = "(cos(3.141*(t+70)/80)**6)*4.5+kick*0.25-"

    def best(text: str) -> float:
        spans = []
        for _ in range(5):
            begun = time.process_time()
            compile_expr(text)
            spans.append(time.process_time() - begun)
        return min(spans)

    short = term * (1000 // len(term)) + "1"
    long = term * (16_000 // len(term)) + "1"
    assert best(short) < 0.02
    assert best(long) < 0.32


# -- properties ----------------------------------------------------------------

WORDS = [
    *sorted(KNOWN),
    *sorted(FUNCTIONS),
    "cc",
    "pad",
    "osc",
    "'/x'",
    "1",
    "0",
    "2.5",
    ".5",
    "1e-3",
    "90",
    "4bar",
    "2.5s",
]
SIGNS = ["+", "-", "*", "/", "%", "**", "//", "<<", ">>", "&", "|", "^", "~", "<", "<=", "==", "!=", "(", ")", ",", ":"]
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="0123456789.tf()+-*/%:,^&|~<>=!'\" \n\te_", max_size=60),
    st.lists(st.sampled_from(WORDS + SIGNS * 3 + ["("] * 20 + [")"] * 20 + ["sin(", "0:("]), max_size=40).map(" ".join),
)
NUMBERS = st.one_of(st.floats(), st.integers(-5, 500).map(float))
COMPAT = st.sampled_from(["", "deforum"])


@settings(max_examples=1500, deadline=None)
@given(text=TEXTS, compat=COMPAT, numbers=st.lists(NUMBERS, min_size=6, max_size=6))
def test_any_text_gives_an_expr_error_or_numbers(text: str, compat: str, numbers: list[float]) -> None:
    try:
        expression = compile_expr(text, compat=compat)  # type: ignore[arg-type]
    except ExprError as problem:
        assert 1 <= problem.column <= len(text) + 1
        assert "\n" not in str(problem)
        return
    env = dict(zip(("t", "kick", "f", "max_f", "beat", "dt"), numbers, strict=True)) | {"fps": 24.0, "bpm": 120.0}
    memory = expression.memory()
    for _ in range(3):
        result = expression.evaluate(env, memory)
        assert type(result) is float and not math.isinf(result)
    if expression.constant is not None:
        assert expression.constant == result


EXPRESSIONS = st.recursive(
    st.sampled_from(["t", "kick", "beat", "1", "0.5", "3", "7", "pi"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "**", "<", ">", "&", "|", "^"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        st.tuples(st.sampled_from(["sin", "abs", "sqrt", "floor", "noise", "tri"]), inner).map(
            lambda parts: f"{parts[0]}({parts[1]})"
        ),
        st.tuples(inner, inner, inner).map(lambda parts: f"where({', '.join(parts)})"),
        st.tuples(inner, inner).map(lambda parts: f"smooth({', '.join(parts)})"),
    ),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(text=EXPRESSIONS, compat=COMPAT, t=NUMBERS, kick=NUMBERS)
def test_any_expression_evaluates_the_same_twice(text: str, compat: str, t: float, kick: float) -> None:
    try:
        expression = compile_expr(f"0: {text}, 50: 2, 80: {text}", compat=compat)  # type: ignore[arg-type]
    except ExprError:
        return
    env = {"t": t, "f": t, "kick": kick, "beat": t / 12, "max_f": 100.0, "fps": 24.0, "bpm": 120.0, "dt": 0.1}
    first = expression.evaluate(env, expression.memory())
    again = compile_expr(expression.text, compat=compat).evaluate(env, expression.memory())  # type: ignore[arg-type]
    assert type(first) is float and not math.isinf(first)
    assert first == again or (math.isnan(first) and math.isnan(again))


@pytest.mark.parametrize("text", ["16b:(1)", "0:(1), 16b:(2)", "0:(1), 16 bars:(2)"])
def test_keys_of_deforums_rules_are_frames_and_that_is_said(text: str) -> None:
    with pytest.raises(ExprError, match="expected a key in frames, found '16b"):
        compile_expr(text, compat="deforum")
