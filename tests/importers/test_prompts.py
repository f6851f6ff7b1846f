"""Prompts of settings: LoRAs that they name, and settings without any."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from liveanim.core.deforum import Timed
from liveanim.core.preset import Preset
from liveanim.core.schedule import values
from liveanim.importers import Imported, import_text
from liveanim.importers.prompts import NO_PROMPT
from liveanim.library import parse_preset


def of(prompts: Any, **more: Any) -> tuple[Imported, Preset]:
    settings = {"animation_mode": "2D", "max_frames": 100, "fps": 10, "prompts": prompts, **more}
    found = import_text(json.dumps(settings), "a.txt")
    return found, parse_preset(found.toml, "a")


def line(preset: Preset, name: str) -> np.ndarray:
    driver = preset.drivers[name]
    if isinstance(driver, float):
        return np.full(100, driver)
    assert isinstance(driver, Timed)
    return values(driver.expression, 100, fps=10, compat="deforum", max_f=99)


def test_loras_are_weighed_by_frame_and_cut_with_their_prompts() -> None:
    first = "a fox <lora:ghibli:0.8> at night<lora:grain>"
    found, preset = of({"0": first, "40": "an owl <lora:ghibli:-0.5>", "70": "sea --neg <lora:no:1> mud"})
    assert preset.journey is not None
    assert "lora" not in found.toml.split("[prompt.keys]")[1].split("[")[0]
    assert line(preset, "lora.weight1") == pytest.approx(np.repeat([0.8, -0.5, 0.0], [40, 30, 30]))
    assert line(preset, "lora.weight2") == pytest.approx(np.repeat([1.0, 0.0], [40, 60]))
    assert "lora.weight3" not in preset.drivers
    assert any("in this order: --lora ghibli.safetensors --lora grain.safetensors" in said for said in found.warnings)


def test_a_lora_that_stays_is_a_number_and_one_in_backticks_an_expression() -> None:
    _, preset = of({"0": "a fox <lora:x:0.8:1>", "40": "an owl <LoRA:x:0.8>"})
    assert preset.drivers["lora.weight1"] == 0.8
    _, preset = of({"0": "a fox <lora:x:`0.5+0.01*t`>"})
    assert line(preset, "lora.weight1")[[0, 50]] == pytest.approx([0.5, 1.0])
    found, preset = of({"0": "a fox <lora:x:much>, <hypernet:y:1>"})
    assert "lora.weight1" not in preset.drivers and preset.prompts[0].startswith("a fox")
    assert any("the weight of the LoRA x cannot be read" in said for said in found.warnings)


def test_at_most_four_loras_play_and_the_others_are_said() -> None:
    found, preset = of({"0": "".join(f"<lora:l{n}:1>" for n in range(6)) + "a fox"})
    assert sum(name.startswith("lora.") for name in preset.drivers) == 4
    assert any(said.endswith("left out: l4, l5") for said in found.warnings)


@pytest.mark.parametrize("prompts", [None, {}, {"0": ""}, {"0": "--neg mud"}])
def test_settings_without_prompts_get_one(prompts: Any) -> None:
    found, preset = of(prompts)
    assert preset.prompts[0].startswith(NO_PROMPT)
    assert any("it has no prompts" in said for said in found.warnings)
    assert of(prompts, positive_prompts="a fox")[1].prompts[0].startswith("a fox")


def test_a_prompt_whose_key_is_no_frame_is_said_and_left_out() -> None:
    found, preset = of({"0": "a fox", "30s": "an owl", "max_f/2": "a sea", "": "mud"})
    assert preset.journey is not None and preset.journey.texts == ("a fox", "a sea")
    said = [line for line in found.warnings if line.startswith("prompts: the key")]
    assert len(said) == 2 and said[0].startswith("prompts: the key '30s' is no frame, its prompt is left out: ")
    assert of({"first": "a fox"})[1].prompts[0].startswith("a fox")


def test_a_long_prompt_is_taken_alone_as_well_as_among_others() -> None:
    long = ("masterpiece, " * 300).strip()
    assert of({"0": long})[1].prompts[0] == long
    other = of({"0": long, "9": "a sea"})[1]
    assert other.journey is not None and other.journey.texts == (long, "a sea")
