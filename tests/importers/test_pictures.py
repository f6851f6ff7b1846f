"""Pictures and passes of settings: masks in words, redo passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from liveanim.core.deforum import Timed
from liveanim.core.preset import Preset
from liveanim.importers import Imported, import_text
from liveanim.library import parse_preset


def of(**more: Any) -> tuple[Imported, Preset]:
    settings = {"animation_mode": "2D", "max_frames": 100, "fps": 10, "prompts": {"0": "a fox"}, **more}
    found = import_text(json.dumps(settings), "a.txt")
    return found, parse_preset(found.toml, "a")


@pytest.mark.parametrize("text", ['0: ("<the sky>")', "0:(<the sky>)", "<the sky>"])
def test_a_mask_in_words_is_imported(text: str) -> None:
    found, preset = of(use_mask=True, mask_schedule=text, invert_mask=True)
    assert preset.mask_words == "the sky"
    assert preset.drivers["mask.source"] == 3 and preset.drivers["mask.invert"] == 1
    assert any("--words clipseg" in said for said in found.warnings)
    assert {line.field: line.kind for line in found.lines}["use_mask"] == "exact"


def test_noise_is_masked_by_words_without_keeping_anything() -> None:
    _, preset = of(use_noise_mask=True, noise_mask_schedule='0: ("<sea>")')
    assert preset.mask_words == "sea"
    assert [preset.drivers[f"{name}"] for name in ("mask.source", "mask.overlay", "noise.masked")] == [3, 0, 1]


def test_masks_that_are_composed_are_said() -> None:
    found, preset = of(use_mask=True, mask_schedule='0: ("<sea> & !<sky>")')
    assert preset.mask_words == "" and "mask.source" not in preset.drivers
    assert {line.field: line.kind for line in found.lines}["mask_schedule"] == "not"


def test_redo_passes_are_imported() -> None:
    factor = "0:(1.5), 50:(0.5)"
    found, preset = of(optical_flow_redo_generation="Farneback", redo_flow_factor_schedule=factor, diffusion_redo="2")
    driver = preset.drivers["picture.redo_flow"]
    assert isinstance(driver, Timed) and driver.text == factor
    assert preset.drivers["picture.redo"] == 2 and preset.drivers["hybrid.method"] == 2
    assert {line.kind for line in found.lines if "redo" in line.field} == {"exact"}
    found, preset = of(optical_flow_redo_generation="RAFT", diffusion_redo=0)
    assert preset.drivers["picture.redo_flow"] == 1 and preset.drivers["hybrid.method"] == 1
    assert {line.field: line.kind for line in found.lines}["optical_flow_redo_generation"] == "near"
    found, preset = of(optical_flow_redo_generation="None", redo_flow_factor_schedule="0:(1)", diffusion_redo="0")
    assert not any("redo" in name for name in preset.drivers)
    assert {line.kind for line in found.lines if "redo" in line.field} == {"off"}


def test_controlnets_keep_their_order_weights_and_pictures() -> None:
    found, preset = of(
        cn_1_enabled=False, cn_1_weight="0:(9)",
        cn_2_enabled=True, cn_2_model="control_v11f1p_sd15_depth [cfd03158]", cn_2_module="depth_midas",
        cn_2_weight="0:(0.4), 50:(1)", cn_2_guidance_end="0:(0.5)", cn_2_vid_path="",
        cn_4_enabled=True, cn_4_model="canny", cn_4_module="canny", cn_4_weight=0.5, cn_4_vid_path="passes/edges",
    )  # fmt: skip
    drivers = preset.drivers
    assert isinstance(drivers["control.weight1"], Timed) and drivers["control.end1"] == 0.5
    assert drivers["control.filter1"] == 3 and "control.source1" not in drivers
    assert drivers["control.weight2"] == 0.5 and drivers["control.filter2"] == 1 and drivers["control.source2"] == 2
    assert preset.media == {"control2": "passes/edges"} and "control.weight3" not in drivers
    assert any(said.endswith("with --control: control_v11f1p_sd15_depth, canny") for said in found.warnings)
