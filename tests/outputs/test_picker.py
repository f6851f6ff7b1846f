"""A parameter chosen by keys: the rows, the search, and what the keys send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveanim.core.params import PARAMS, ParamSpec
from liveanim.outputs.picker import FINE, SOURCE, STEP, Picker, event_of

ROWS = {
    row.name: row
    for row in (
        ParamSpec("a.one", "", 0, 1, 0, "stage", "the first of all"),
        ParamSpec("a.two", "", 0, 5, 2, "stage", "one that has steps", "step"),
        ParamSpec("b.three", "", 0, 1, 0, "stage", "a switch", "toggle"),
        ParamSpec("b.seed", "", 0, 4294967295, 0, "keyframe", "a large number", "step"),
    )
}


def picker(*keys: str) -> Picker:
    made = Picker(ROWS)
    made.toggle()
    for key in keys:
        assert made.key(key, False)
    return made


def chosen(made: Picker) -> str:
    assert made.pick is not None and made.pick.chosen is not None
    return made.pick.chosen.name


def sent(made: Picker, values: dict[str, float] | None = None, learning: str = "") -> list[tuple[str, object]]:
    events = [event_of(wish, 1.0, values or {}, learning, ROWS) for wish in made.take()]
    assert all((event.time, event.source) == (1.0, SOURCE) for event in events)
    return [(event.target, event.value) for event in events]


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ((), "a.one"),
        (("down",), "a.two"),
        (("up",), "b.seed"),
        (("down",) * 4, "a.one"),
        (("end",), "b.seed"),
        (("end", "home"), "a.one"),
        (("page_down",), "b.seed"),
        (("page_down", "page_up"), "a.one"),
        (("down", "tab"), None),
    ],
)
def test_arrows_go_through_the_parameters(keys: tuple[str, ...], name: str | None) -> None:
    made = picker(*keys)
    assert (chosen(made) if name else made.pick) == name


def test_it_begins_where_it_was_left() -> None:
    made = picker("down", "down", "escape")
    made.toggle()
    assert chosen(made) == "b.three"


def test_arrows_turn_by_a_share_of_the_way_and_whole_numbers_by_one() -> None:
    made = picker("right", "left")
    made.key("right", True)
    assert sent(made) == [("add.a.one", STEP), ("add.a.one", -STEP), ("add.a.one", FINE)]
    assert sent(made) == []
    assert sent(picker("down", "right"), {"a.two": 4.0}) == [("a.two", 5.0)]
    assert sent(picker("down", "right"), {"a.two": 5.0}) == [("a.two", 5.0)]
    assert sent(picker("down", "down", "left"), {"b.three": 1.0}) == [("b.three", 0.0)]
    ((_, value),) = sent(picker("end", "right"), {"b.seed": 0.0})
    assert value == round(STEP * 4294967295)


def test_keys_learn_forget_and_release() -> None:
    assert sent(picker("l", "delete", "backspace")) == [("do.learn", "a.one"), ("do.forget", "a.one"), ("a.one", None)]
    assert sent(picker("l"), learning="a.one range=0..1") == [("do.learn", None)]


def test_a_search_leaves_what_has_all_the_words() -> None:
    made = picker("s", "o", "n", "e")
    assert made.pick is not None and [row.name for row in made.pick.rows] == ["a.one", "a.two"]
    assert made.pick.search == "one"
    for key in ("space", "s", "t", "e", "p"):
        made.key(key, False)
    assert made.pick is not None and [row.name for row in made.pick.rows] == ["a.two"]
    made.key("enter", False)
    assert made.active and sent(picker()) == []
    made.key("s", False)
    assert made.pick is not None and len(made.pick.rows) == 4  # a new search begins with all
    for key in ("x", "x", "down", "enter", "right"):
        made.key(key, False)
    assert made.pick is not None and made.pick.chosen is None and sent(made) == []
    for key in ("s", "x", "backspace", "escape"):
        made.key(key, False)
    assert made.pick is not None and len(made.pick.rows) == 4 and made.active


def test_other_keys_play_the_show_as_always() -> None:
    made = picker()
    assert not any(made.key(key, False) for key in ("b", "space", "t", "1", "f11", ""))


@given(
    st.lists(st.tuples(st.sampled_from(["up", "down", "page_up", "s", "x", "l", "left", "tab", "end"]), st.booleans()))
)
def test_no_keys_break_it(keys: list[tuple[str, bool]]) -> None:
    made = Picker(PARAMS)
    made.toggle()
    for name, shift in keys:
        if not made.active:
            made.toggle()
        made.key(name, shift)
        assert made.pick is None or made.pick.at < max(1, len(made.pick.rows))
    for wish in made.take():
        event = event_of(wish, 0.0, {}, "", PARAMS)
        assert event.target.partition(".")[0] in ("do", "add") or event.target in PARAMS
