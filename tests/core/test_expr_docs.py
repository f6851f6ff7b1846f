"""The manual page of the language says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liveanim.core.expr import FUNCTIONS, KNOWN, READER_DOCS, ExprError, compile_expr
from liveanim.core.expr.base import MAX_DEPTH, MAX_EXPRESSION, MAX_KEYS, MAX_TEXT

PAGE = Path(__file__).parents[2] / "docs" / "expressions.md"
TEXT = PAGE.read_text() if PAGE.exists() else ""


@pytest.mark.parametrize("name", sorted(FUNCTIONS) + [row.name for row in READER_DOCS])
def test_every_function_is_in_the_manual(name: str) -> None:
    if name.startswith("ease_"):
        assert f"`{name.rpartition('_')[2]}`" in TEXT
        return
    row = FUNCTIONS.get(name) or next(row for row in READER_DOCS if row.name == name)
    assert f"| `{row.name}({row.arguments})` | {row.doc} |" in TEXT


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_variable_is_in_the_manual(name: str) -> None:
    if not re.fullmatch(r"(m|lfo)[2-7]", name):
        assert f"`{name}`" in TEXT


def test_every_example_and_recipe_compiles() -> None:
    block = TEXT.split("```")[1].strip().splitlines()
    examples = [re.split(r"\s{2,}", line)[0] for line in block]
    recipes = TEXT.partition("## Recipes")[2].partition("\n## ")[0]
    examples += [found for row in recipes.splitlines()[4:] for found in re.findall(r"`([^`]+)`", row)]
    assert len(examples) > 14
    for example in examples:
        expression = compile_expr(example)
        memory = expression.memory()
        assert expression.evaluate({"t": 1.0, "beat": 2.0, "kick": 0.5, "dt": 0.02}, memory) is not None


def test_the_example_of_an_error_is_what_is_said() -> None:
    with pytest.raises(ExprError) as caught:
        compile_expr("1.0 + 0.06*kik")
    assert str(caught.value) in TEXT


def test_the_limits_are_the_limits() -> None:
    limits = f"{MAX_EXPRESSION:,} characters for one expression, {MAX_TEXT:,} characters and {MAX_KEYS:,} keys"
    assert limits in TEXT
    assert f"{MAX_DEPTH} levels" in TEXT
