"""The shaders a look names, and the parameters they bring."""

from __future__ import annotations

from typing import Any

import pytest

from liveanim.core.errors import UserError
from liveanim.core.model import Chain, ControlEvent
from liveanim.core.params import PARAMS, ParamSpec, with_rows
from liveanim.core.preset import Preset, preset_from
from liveanim.inputs.fakes import Script
from liveanim.show import Settings, Show
from tests.fakes import AtOnce, Hears

AMOUNT = ParamSpec("isf.swirl.amount", "", 0, 2, 1, "stage", "how much")


def preset(**tables: Any) -> Preset:
    return preset_from({"prompt": {"text": "a"}, **tables}, "look.toml", "look", [AMOUNT])


def test_a_look_names_its_shaders_and_turns_their_inputs() -> None:
    look = preset(
        stage={"generator": "plasma", "filters": ["swirl", "glitch"], "transition": "liquid", "hue": 0.25},
        isf={"swirl": {"amount": 1.5}},
    )
    assert look.chain == Chain("plasma", ("swirl", "glitch"), "liquid")
    assert look.chain.shaders == ("liquid", "plasma", "swirl", "glitch")
    assert look.drivers == {"stage.hue": 0.25, "isf.swirl.amount": 1.5}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"stage": {"filters": [3]}}, r"look.toml: \[stage\] filters: expected a text"),
        (
            {"stage": {"filters": ["a"] * 9}},
            r"\[stage\] filters: expected a list of up to 8 names of shaders, got 9 of them",
        ),
        ({"stage": {"generator": 1}}, r"\[stage\] generator: expected a text"),
        (
            {"isf": {"swirl": {"amuont": 1}}},
            r"\[isf.swirl\] amuont: unknown .*did you mean: isf.swirl.amount",
        ),
        ({"isf": {"swirl": 1}}, r"expected a table \[swirl\]"),
        ({"isf": 3}, r"expected a table \[isf\]"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        preset(**tables)


def test_the_chain_and_the_knobs_of_its_shaders_reach_the_stage() -> None:
    look = preset(stage={"filters": ["swirl"]}, isf={"swirl": {"amount": "2*m1"}})
    keys = Script([ControlEvent(0.1, "macro.m1", 0.3), ControlEvent(0.3, "isf.swirl.amount", 9.0)])
    show = Show([keys], Hears(), AtOnce(), [look], Settings((16, 8), table=with_rows(look.rows)))
    blends = [show.tick(time) for time in (0.0, 0.2, 0.4)]
    assert [blend.values["isf.swirl.amount"] for blend in blends] == [0.0, 0.6, 2.0]
    assert blends[-1].chain == look.chain and blends[-1].knobs["isf.swirl.amount"] == 2.0
    assert "isf.swirl.amount" not in PARAMS
