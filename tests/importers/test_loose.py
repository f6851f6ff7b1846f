"""JSON as people write it: what is forgiven, what is refused and where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.errors import UserError
from liveanim.importers.loose import read

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_json_is_read_as_json(value: Any) -> None:
    assert read(json.dumps(value), "x") == (value, [])


@given(VALUES)
def test_a_comma_at_the_end_changes_nothing(value: Any) -> None:
    found, _ = read(f"[{json.dumps(value)},]", "x")
    assert found == [value]


@pytest.mark.parametrize(
    ("text", "value", "note"),
    [
        ('{"a": 1, // note\n "b": 2}', {"a": 1, "b": 2}, "line 1, column 10: a comment"),
        ('{"a": 1, # note\n}', {"a": 1}, "a comment"),
        ('/* x */ {"a": [1, 2,],}', {"a": [1, 2]}, "a comma at the end"),
        ("{a: yes, b: None, c: True}", {"a": "yes", "b": None, "c": True}, "'yes' without quotes"),
        ("{'a': 'it\\'s'}", {"a": "it's"}, "single quotes"),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}, ""),
        ('{"a": 5., "b": .5, "c": +3, "d": 1e-3}', {"a": 5.0, "b": 0.5, "c": 3, "d": 0.001}, ""),
        ('{"a": "\\u00e9\\n"}\n// end', {"a": "é\n"}, "a comment"),
        ('{"a": 1, "a": 2}', {"a": 2}, "'a' is there twice"),
        ("{'a': 'b', 'c': 1}", {"a": "b", "c": 1}, "line 1, column 2: text in single quotes (and 2 more)"),
    ],
)
def test_what_is_forgiven_and_said(text: str, value: Any, note: str) -> None:
    found, notes = read(text, "x")
    assert found == value
    assert not note or any(note in line for line in notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n "b" 2}', "x: line 2, column 6: expected ':' after 'b', got '2}'"),
        ('{"a": 1', "x: line 1, column 8: expected ',' or '}', but the file ends"),
        ('{"a": "b}', "x: line 1, column 7: a text that begins here has no end"),
        ("", "x: line 1, column 1: expected a value, but the file ends"),
        ("[" * 2000, "x: .*nested too deeply"),
        ("{} {}", "nothing more was expected here"),
        ("\n my notes", "x: line 2, column 2: expected '{', got 'my notes'"),
        ("{]", "expected a key in quotes"),
    ],
)
def test_a_mistake_is_named_by_line_and_column(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(text, "x")


@given(st.text(alphabet="{}[]\",:'\\ \n/#*abt1.-", max_size=60))
def test_nothing_but_a_user_error_comes_out(text: str) -> None:
    try:
        read(text, "x")
    except UserError as error:
        assert "\n" not in str(error)


def test_what_is_written_the_same_way_throughout_is_one_line() -> None:
    _, notes = read(repr({f"key {n}": [None, "x"] for n in range(50)}), "x")
    assert notes == [
        "line 1, column 2: text in single quotes (and 99 more)",
        "line 1, column 12: 'None' without quotes (and 49 more)",
    ]
