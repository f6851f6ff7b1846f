"""Macros in looks that do not use them."""

from __future__ import annotations

import pytest

from liveanim.core.macros import MACROS, free
from liveanim.core.params import PARAMS
from liveanim.core.performance import Performance
from liveanim.core.preset import Preset, preset_from


def look(name: str = "look", **tables: object) -> Preset:
    return preset_from({"prompt": {"text": ["hill"]}, **tables}, "test.toml", name)


def values(play: Performance, now: float = 0.0) -> dict[str, float]:
    return play.evaluate({"t": now, "dt": 0.1, "beat": 2 * now}, now)


def turned(play: Performance, number: int, to: float) -> Performance:
    play.panel.turn(f"macro.m{number}", to, "midi")
    return play


@pytest.mark.parametrize("number", range(1, len(MACROS) + 1))
def test_every_macro_does_something_in_every_look_and_nothing_at_rest(number: int) -> None:
    target = MACROS[number - 1].target
    play = Performance(look())
    rest = values(play)
    assert rest[target] == PARAMS[target].default
    up = values(turned(play, number, 1.0), 1.0)
    assert {name for name in up if up[name] != rest[name]} == {target, f"macro.m{number}"}
    row = PARAMS[target]
    assert abs(row.to_unit(up[target]) - row.to_unit(rest[target])) == pytest.approx(abs(MACROS[number - 1].reach))
    assert values(turned(play, number, 0.0), 2.0) == rest


def test_what_a_preset_makes_of_a_macro_is_all_that_it_does() -> None:
    play = Performance(look(stage={"bloom": "0.3*m1"}, modulators={"power": {"macro": 2}}, macro={"m3": "0.5"}))
    for number in (1, 2, 3):
        turned(play, number, 1.0)
    now = values(play)
    assert now["stage.bloom"] == pytest.approx(0.3)
    assert (now["stage.feedback"], now["stage.split"]) == (0.0, 0.0)
    assert play.macros() == ("", "", "", *(one.name for one in MACROS[3:]))


def test_a_macro_adds_to_what_an_expression_says_and_leaves_a_held_knob_alone() -> None:
    play = turned(Performance(look(stage={"hue": "0.25"})), 4, 0.5)
    assert values(play)["stage.hue"] == pytest.approx(0.75)
    play.panel.turn("stage.hue", 0.1, "midi")
    assert values(play)["stage.hue"] == 0.1


def test_a_parameter_is_turned_on_from_where_its_macro_has_brought_it() -> None:
    play = turned(Performance(look()), 2, 0.5)
    assert values(play)["stage.bloom"] == pytest.approx(0.4)
    play.panel.move("stage.bloom", 0.1)
    assert values(play)["stage.bloom"] == pytest.approx(0.5)


def test_on_the_way_to_a_preset_that_uses_it_a_macro_hands_over() -> None:
    play = turned(Performance(look()), 2, 1.0)
    assert values(play)["stage.bloom"] == pytest.approx(0.8)
    play.take(look("own", stage={"exposure": "m2"}), 0.0, 2.0)
    now = values(play, 1.0)
    assert (now["stage.bloom"], now["stage.exposure"]) == (pytest.approx(0.4), pytest.approx(0.5))
    now = values(play, 3.0)
    assert (now["stage.bloom"], now["stage.exposure"]) == (0.0, 1.0)


def test_words_and_weights_of_prompts_count_as_use() -> None:
    assert free({}, [], ["a sea:`m5`"]) == frozenset(range(1, 9)) - {5}
