"""What clients say becomes checked control events, or a reason why not."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.model import ControlEvent
from liveanim.inputs.web.events import BadEvent, Vocabulary

WORDS = Vocabulary(presets=lambda: ("dawn", "storm"))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TARGETS = st.sampled_from(
    [*WORDS.table, *WORDS.actions, "prompt.1", "add.stage.hue", "expr.stage.hue", "beat.do.scene"]
)


@pytest.mark.parametrize(
    ("target", "value", "becomes"),
    [
        ("camera.zoom", 1.5, 1.5),
        ("camera.zoom", 99, 10.0),
        ("camera.zoom", None, None),
        ("stage.mirror", 1.4, 1.0),
        ("stage.mirror", "left right", 1.0),
        ("play.quantise", "bar", 2.0),
        ("out.blackout", "toggle", "toggle"),
        ("out.blackout", True, 1.0),
        ("add.stage.hue", -0.1, -0.1),
        ("expr.stage.hue", "0.1*beat", "0.1*beat"),
        ("expr.stage.hue", "lfo_slow", "lfo_slow"),
        ("expr.stage.hue", "", None),
        ("prompt.2", "a storm\nat sea", "a storm at sea"),
        ("prompt.negative", "", ""),
        ("do.tap", 7, None),
        ("do.bpm", 1e9, 1000.0),
        ("do.preset", "storm", "storm"),
        ("do.preset", 2, 2.0),
        ("do.scene", "drop", "drop"),
        ("do.save", None, None),
        ("do.learn", "stage.hue range=0.2..0.8", "stage.hue range=0.2..0.8"),
        ("bar.do.scene", 3, 3.0),
        ("beat.stage.hue", 0.5, 0.5),
    ],
)
def test_what_can_be_said(target: str, value: object, becomes: float | str | None) -> None:
    assert WORDS.event(target, value, 2.0, {"lfo_slow"}) == ControlEvent(2.0, target, becomes, "web")


@pytest.mark.parametrize(
    ("target", "value", "reason"),
    [
        ("camera.zom", 1, r"unknown target 'camera.zom' \(did you mean: camera.zoom"),
        ("do.quit", None, "unknown target"),
        ("beat.beat.do.tap", None, "unknown target"),
        ("cc.7", 1, "unknown target"),
        ("hint.stage.hue", 1, "unknown target"),
        ("do.learned", "x", "unknown target"),
        (None, None, "target: expected a text"),
        ("camera.zoom", "1.5", "expected a number, got '1.5'"),
        ("stage.mirror", "up", "expected a number or one of off, left_right, top_bottom, both, got 'up'"),
        ("camera.zoom", math.nan, "camera.zoom: expected a finite number"),
        ("camera.zoom", 10**400, "expected a number"),
        ("prompt.1", 5, "expected a text, got 5"),
        ("prompt.1", "x" * 2001, "at most 2000 characters"),
        ("do.preset", "noon", "there is no preset 'noon'"),
        ("do.preset", 3, "there is no preset 3$"),
        ("do.preset", [], "expected a number"),
        ("do.bpm", None, "expected a number, got nothing"),
    ],
)
def test_what_cannot_be_said_is_answered_with_the_reason(target: object, value: object, reason: str) -> None:
    with pytest.raises(BadEvent, match=reason):
        WORDS.event(target, value, 0.0)


def test_a_bad_expression_says_its_column() -> None:
    with pytest.raises(BadEvent, match="kick") as wrong:
        WORDS.event("expr.stage.hue", "0.1 + kik", 0.0)
    assert wrong.value.column == 7


@given(TARGETS | JSON, JSON)
def test_whatever_is_said_is_an_event_with_a_finite_value_or_a_reason(target: object, value: object) -> None:
    try:
        event = WORDS.event(target, value, 1.0)
    except BadEvent as error:
        assert str(error)
    else:
        assert event.value is None or isinstance(event.value, str) or math.isfinite(event.value)
