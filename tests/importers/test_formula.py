"""Parseq's formulas and documents: the values that Parseq's own code gives for them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.importers.formula import FormulaError, compile_formula, render_frames
from liveanim.importers.formula.moment import Document, Keyed, Moment, Value

DATA = Path(__file__).parents[3] / "shared" / "data" / "parseq"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent")
CASES = json.loads((DATA / "interpreter_cases.json").read_text()) if DATA.is_dir() else {"upstream": [], "probes": []}
DOCUMENTS = sorted(path.name for path in (DATA / "rendered").glob("*.json")) if DATA.is_dir() else []


def values(formula: str, frames: range = range(11)) -> list[Value]:
    """The formula at frames 0..10 of a field keyed 5, 0, 10 at frames 0, 5, 10; 140 beats a minute, 30 frames/s."""
    keyed = Keyed((0, 5, 10), (5.0, 0.0, 10.0))
    node = compile_formula(formula)
    document = Document(fps=30.0, bpm=140.0, labels=tuple((frame, "") for frame in keyed.frames))
    return [node(Moment(frame, document, 5 * (frame // 5), keyed)) for frame in frames]


def agrees(found: Value, expected: Any) -> bool:
    if isinstance(found, str) or isinstance(expected, str):
        return found == expected
    if expected is None:
        return math.isnan(found)
    return found == pytest.approx(expected, abs=1e-5, nan_ok=True)


@needs_data
@pytest.mark.parametrize("case", CASES["upstream"], ids=lambda case: str(case["formula"])[:40])
def test_reference_formulas_of_their_own_tests(case: dict[str, Any]) -> None:
    found = values(case["formula"])
    assert all(agrees(*pair) for pair in zip(found, case["expected"], strict=True)), found


@needs_data
@pytest.mark.parametrize("case", CASES["probes"], ids=lambda case: repr(case["formula"]))
def test_reference_formulas_of_all_kinds(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(FormulaError):
            values(case["formula"])
        return
    found = values(case["formula"])
    assert all(agrees(*pair) for pair in zip(found, case["values"], strict=True)), found


@needs_data
@pytest.mark.parametrize("name", DOCUMENTS)
def test_reference_documents_are_rendered_as_there(name: str) -> None:
    rows, lost = render_frames(json.loads((DATA / name).read_text(encoding="utf-8")), name)
    assert lost == (["reverseRender: the frames are not turned round"] if name.endswith("render_reversed.json") else [])
    columns = json.loads((DATA / "rendered" / name).read_text(encoding="utf-8"))["columns"]
    constant = columns.pop("_constant", {})
    for field, column in columns.items():
        for row, expected in zip(rows, column, strict=False):
            assert agrees(row[field], expected), (field, row["frame"], row[field], expected)
    for field, expected in constant.items():
        assert all(agrees(row[field], expected) for row in rows), field


@needs_data
@pytest.mark.parametrize(
    ("name", "fps"),
    [("tholonia_parseq", 10), ("forge_tests_parseq_fps20", 20), ("deforum_tests_parseq_fps60_cadence2", 20)],
)
def test_reference_documents_of_users_are_rendered_as_they_have_it(name: str, fps: int) -> None:
    """The last one says 60 frames/s and holds frames that were rendered at 20."""
    data = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    data["options"]["output_fps"] = fps
    rows, lost = render_frames(data, name)
    assert lost == [] and len(rows) == len(data["rendered_frames"])
    for row, theirs in zip(rows, data["rendered_frames"], strict=True):
        for field in {field for field in theirs if not field.endswith("_pc")}:
            assert agrees(row[field], theirs[field]), (field, row["frame"], row[field], theirs[field])


def document(**more: Any) -> dict[str, Any]:
    return {"keyframes": [{"frame": 0, "zoom": 1}, {"frame": 4, "zoom": 2}], "prompts": [], **more}


def test_a_bad_formula_costs_its_field_alone_and_is_said() -> None:
    data = document(managedFields=["zoom", "angle"], prompts={"positive": "a ${nofunc(1)} cat", "negative": ""})
    data["keyframes"][0]["angle_i"] = "1/(2-f)"
    rows, lost = render_frames(data, "a.json")
    assert lost == ["angle: frame 2: divided by zero", "prompts: 'nofunc(1)': there is no function 'nofunc'"]
    assert [row["zoom"] for row in rows] == [1, 1.25, 1.5, 1.75, 2] and "angle" not in rows[0]
    assert rows[0]["deforum_prompt"] == "a  cat"


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("1 +", "column 4: expected a value, got 'the end'"),
        ("sin(p=1b", r"column 9: expected '\)', got 'the end'"),
        ("sin(q=1)", r"sin\(\) has no argument 'q'; it has period/p, phase/ps"),
        ("max(1)", r"max\(\) needs b"),
        ("abs(1, 2)", r"abs\(\) takes at most 1 arguments, not 2"),
        ("sin(p=1, p=2)", "sin: p is given twice"),
        ("sin(1, ps=2)", "sin: its arguments either all have names or none"),
        ("1 $ 2", r"column 3: '\$' is not expected there"),
        ("(" * 200 + "1" + ")" * 200, "nested too deeply"),
        ("-(" * 90 + "1" + ")" * 90 + "+1" * 6000, "nested too deeply"),
        ("1" * 30_000, "longer than 20000 characters"),
        ('bez(c="wavy")', "there is no curve 'wavy'"),
        ('abs("a")', r"abs\(\): v must be a number, not 'a'"),
        ('info_match("(a+)+$")', "too involved"),
        ('info_match("[")', "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_formula_is_said(formula: str, said: str) -> None:
    with pytest.raises(FormulaError, match=said):
        values(formula)


@pytest.mark.parametrize(
    ("keyframes", "said"),
    [
        (None, "neither rendered_frames nor two keyframes"),
        ([{"frame": 0}], "neither rendered_frames nor two keyframes"),
        ([{"frame": 0}, {"frame": 1.5}], "expected tables with a whole frame number"),
        ([{"frame": 0}, "x"], "expected tables with a whole frame number"),
        ([{"frame": 0}, {"frame": 1e12}], "at most 20000 frames"),
        ([{"frame": 0, "zoom_i": "1" * 19_000}, {"frame": 19_000}], "too long formulas for 19001 frames"),
    ],
)
def test_documents_without_end_or_beginning_are_refused(keyframes: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        render_frames({"keyframes": keyframes, "prompts": []}, "a.json")


def test_random_numbers_without_a_seed_are_the_same_every_time_and_said() -> None:
    data = document(managedFields=["zoom"])
    data["keyframes"][0]["zoom_i"] = "rand()"
    first, second = render_frames(data, "a.json"), render_frames(data, "a.json")
    assert first == second
    assert first[1] == ["random numbers without a seed are other ones than there: zoom"]


WORDS = st.sampled_from(
    [*"SLCPfkbs+-*/%^:(),=<>", "if ", " else ", " and ", "sin", "bez", "rand", "1", "2b", '"a"', "0.5s", " "]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=25).map("".join))
def test_any_formula_gives_values_or_says_why_not(formula: str) -> None:
    try:
        found = values(formula)
    except (FormulaError, ArithmeticError):
        return
    assert all(isinstance(value, (int, float, str)) for value in found)
