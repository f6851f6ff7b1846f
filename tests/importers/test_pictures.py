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


@pytest.mark.parametrize(
    "named",
    [
        {"animation_mode": "Video Input", "video_init_path": "a.mp4"},
        {"hybrid_composite": "Normal", "video_init_path": "a.mp4"},
        {"use_mask": True, "use_mask_video": True, "video_mask_path": "a.mp4"},
        {"cn_1_enabled": True, "cn_1_model": "canny", "cn_1_vid_path": "passes"},
    ],
)
def test_a_video_shows_one_of_its_frames_a_frame(named: dict[str, Any]) -> None:
    _, preset = of(**named, extract_nth_frame=3)
    assert preset.drivers["video.rate"] == 30
    assert "video.rate" not in of()[1].drivers
    found, preset = of(**named, extract_nth_frame=50)
    assert preset.drivers["video.rate"] == 240
    assert {line.field: line.kind for line in found.lines}["extract_nth_frame"] == "near"


def test_hybrid_video_begins_with_its_first_frame() -> None:
    given = {"hybrid_motion": "Affine", "video_init_path": "a.mp4", "strength": 0.6}
    found, preset = of(**given, hybrid_use_first_frame_as_init_image=True, use_init=True, init_image="start.png")
    assert preset.media == {"video": "a.mp4", "init": "a.mp4"} and preset.drivers["picture.init_strength"] == 0.6
    kinds = {line.field: line.kind for line in found.lines}
    assert (kinds["hybrid_use_first_frame_as_init_image"], kinds["init_image"]) == ("exact", "off")
    _, preset = of(**given, hybrid_use_first_frame_as_init_image=False)
    assert preset.media == {"video": "a.mp4"}


def test_every_field_is_given_its_own_reason() -> None:
    """What belongs to something that is off is off; what is known is not called unknown."""
    found, _ = of(
        use_mask=True, mask_file="https://x/m.png", mask_contrast_adjust=1.2, overlay_mask=True,
        parseq_manifest="https://x/p.json", parseq_use_deltas=True, parseq_non_schedule_overrides=True,
        cn_1_enabled=True, cn_1_model="canny", cn_1_control_mode="Balanced", cn_6_model="x",
        hybrid_use_first_frame_as_init_image=True, hybrid_generate_inputframes=True, hybrid_flow_method="RAFT",
        use_init=True, init_image="data:image/png;base64,iVBORw0KGgo",
    )  # fmt: skip
    lines = {line.field: (line.kind, line.note) for line in found.lines}
    for field in ("mask_contrast_adjust", "overlay_mask"):
        assert lines[field] == ("off", "there is no mask")
    for field in ("parseq_use_deltas", "parseq_non_schedule_overrides"):
        assert lines[field] == ("off", "the Parseq document is not here")
    assert lines["cn_1_control_mode"] == ("not", "no such option")
    assert lines["cn_6_model"] == ("not", "more ControlNets than liveanim plays")
    assert {lines[field] for field in lines if field.startswith("hybrid_")} == {("off", "hybrid video is off")}
    assert lines["init_image"] == ("not", "a picture inside the settings: keep it as a file and name that")


def test_what_only_feeds_on_is_off_in_interpolation() -> None:
    found, _ = of(
        animation_mode="Interpolation", prompts={"0": "a fox", "50": "a wolf"}, optical_flow_cadence="RAFT",
        cadence_flow_factor_schedule="0:(1)", diffusion_redo=2, hybrid_motion="Affine", diffusion_cadence=4,
    )  # fmt: skip
    lines = {line.field: (line.kind, line.note) for line in found.lines}
    off = ("optical_flow_cadence", "cadence_flow_factor_schedule", "diffusion_redo", "diffusion_cadence")
    assert {lines[field] for field in off} == {("off", "not in Interpolation")}
    assert lines["prompts"][0] == "near"
