"""The fields of Deforum's settings files: old names, defaults, and those that nothing here corresponds to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .report import Kind

RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "width": "W",
        "height": "H",
        "animation_prompts": "prompts",
        "animation_prompts_positive": "positive_prompts",
        "animation_prompts_negative": "negative_prompts",
        "flip_2d_perspective": "enable_perspective_flip",
        "skip_video_for_run_all": "skip_video_creation",
        "scale": "cfg_scale_schedule",
        "cfg_scale": "cfg_scale_schedule",
        "fov": "fov_schedule",
        "near_plane": "near_schedule",
        "far_plane": "far_schedule",
        "sampler_name": "sampler",
        "ddim_eta": "ddim_eta_schedule",
        "use_mask_video_path": "video_mask_path",
    }
)
"""Older names of fields. A file that has both means the newer one."""

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "W": 512,
        "H": 512,
        "animation_mode": "2D",
        "max_frames": 120,
        "fps": 15,
        "border": "replicate",
        "angle": "0: (0)",
        "zoom": "0: (1.0025+0.002*sin(1.25*3.14*t/30))",
        "translation_x": "0: (0)",
        "translation_y": "0: (0)",
        "translation_z": "0: (1.75)",
        "rotation_3d_x": "0: (0)",
        "rotation_3d_y": "0: (0)",
        "rotation_3d_z": "0: (0)",
        "transform_center_x": "0: (0.5)",
        "transform_center_y": "0: (0.5)",
        "fov_schedule": "0: (70)",
        "aspect_ratio_schedule": "0: (1)",
        "perspective_flip_theta": "0: (0)",
        "perspective_flip_phi": "0: (0)",
        "perspective_flip_gamma": "0: (0)",
        "perspective_flip_fv": "0: (53)",
        "padding_mode": "border",
        "sampling_mode": "bicubic",
        "strength_schedule": "0: (0.65)",
        "noise_schedule": "0: (0.065)",
        "noise_type": "perlin",
        "perlin_octaves": 4,
        "perlin_persistence": 0.5,
        "contrast_schedule": "0: (1)",
        "amount_schedule": "0: (0.1)",
        "kernel_schedule": "0: (5)",
        "sigma_schedule": "0: (1)",
        "threshold_schedule": "0: (0)",
        "color_coherence": "LAB",
        "diffusion_cadence": 2,
        "redo_flow_factor_schedule": "0: (1)",
        "seed": -1,
        "seed_behavior": "iter",
        "seed_iter_N": 1,
        "prompts": {},
    }
)
"""What the family takes where a partial file says nothing."""

_FILES = "how files are written; liveanim render has options of its own"
_OLD = "guidance by gradients, of the first notebook"
Rule = tuple[str, Kind, str]
REST: tuple[Rule, ...] = (
    (
        r"batch_name|filename_format|n_batch|make_grid|grid_rows|save_samples|save_settings|display_samples|timestring|"
        r"skip_video_creation|make_gif|delete_imgs|delete_input_frames|store_frames_in_ram|bit_depth_output|"
        r"save_sample_per_step|show_sample_per_step|show_info_on_ui|outdir|save_prompt|save_path|filename",
        "off",
        _FILES,
    ),
    (r"r_upscale_.*", "not", "upscaling after the render: give liveanim render a larger --size instead"),
    (
        r"frame_interpolation_.*",
        "near",
        "the stage draws every display frame itself: liveanim render --fps 60 gives more",
    ),
    (r"sd_model_name|sd_vae.*|checkpoint|ckpt|model_checkpoint|model_config", "near", "the model is chosen by --model"),
    (r"sd_model_hash|deforum_git_commit_id|fetched_parseq_manifest_summary", "off", "a note about how it was made"),
    (r"sampler|scheduler|sampler_schedule|scheduler_schedule", "near", "the model's own few-step sampler paints"),
    (r"resume_.*|override_these_with_webui|from_img2img_instead_of_link|motion_preview_mode", "off", "of that program"),
    (r"near_schedule|far_schedule", "off", "has no effect in that family either"),
    (r"strength_0_no_init", "exact", "the first picture is always painted afresh"),
    (r"reroll_.*", "near", "a picture that goes flat is painted more strongly by itself"),
    (r"legacy_colormatch", "near", "colours are matched before and after painting"),
    (r"pix2pix_.*", "not", "a kind of model that is not played here"),
    (
        r"(ddim|ancestral)_eta_schedule|clipskip_schedule|noise_multiplier_schedule|distilled_cfg.*",
        "not",
        "no such knob",
    ),
    (r"checkpoint_schedule", "not", "one model plays a show"),
    (r"keyframe_strength_schedule|image_keyframe_strength_schedule", "not", "one strength for all keyframes"),
    (r"keyframe_distribution", "near", "keyframes come evenly"),
    (r"shake_speed", "near", "the shake has its own pace"),
    (r"freeu_.*|kohya_.*|wan_.*|qwen_.*|animatediff_.*|projectm_.*|generate_viz", "not", "that program's own add-on"),
    (r"tiling|restore_faces|seed_resize_from_[wh]|seed_enable_extras", "not", "no such option"),
    (
        r"(\w+_)?scale|clip_name|colormatch_.*|exposure_.*|cutn|cut_pow|init_mse_.*|grad_threshold_type|clamp_.*|"
        r"gradient_.*|ignore_sat_weight|decode_method|cond_uncond_sync",
        "not",
        _OLD,
    ),
    (
        r"precision|C|f|enable_hr|firstphase_.*|init_latent|init_sample|init_c|prompt|interpolate_.*|anim_set_on|"
        r"anim_settings|from_.*|timestep.*|threads|batch_size|full_res_mask.*|fill|image_path|schedule_events|beat_offset",
        "not",
        "no such option",
    ),
    (r"overwrite_extracted_frames|extract_.*|hybrid_generate_inputframes", "off", "videos are read as they play"),
    (r"hybrid_.*|save_depth_maps|color_coherence_image_path|guided_.*|cn_[1-5]_.*", "not", "no such option"),
    (r"enable_.*_scheduling", "exact", ""),
    (r"cadence_flow_factor_schedule|hybrid_flow_factor.*", "near", "flow is followed as far as it goes"),
    (r"midas_weight", "off", "has no effect in the family but in its two old modes"),
    (r"color_coherence_video_every_N_frames", "off", "there is no video to match"),
    (r"subseed|subseed_strength", "off", "only its schedules count in animations"),
)
"""What becomes of fields that have no place of their own (the first pattern that fits the whole name)."""

SWITCHES: Mapping[str, str] = MappingProxyType(
    {
        r"steps_schedule": "enable_steps_scheduling",
        r"subseed_(strength_)?schedule": "enable_subseed_scheduling",
        r"sampler_schedule": "enable_sampler_scheduling",
        r"scheduler_schedule": "enable_scheduler_scheduling",
        r"checkpoint_schedule": "enable_checkpoint_scheduling",
        r"clipskip_schedule": "enable_clipskip_scheduling",
        r"noise_multiplier_schedule": "enable_noise_multiplier_scheduling",
        r"ddim_eta_schedule": "enable_ddim_eta_scheduling",
        r"ancestral_eta_schedule": "enable_ancestral_eta_scheduling",
        r"(mask_file|use_alpha_as_mask|invert_mask|mask_.*_adjust|overlay_mask|mask_overlay_blur|fill|"
        r"full_res_mask.*|mask_schedule)": "use_mask",
        r"noise_mask_schedule": "use_noise_mask",
        r"init_image|init_image_box|strength": "use_init",
        r"video_mask_path": "use_mask_video",
        r"perspective_flip_(theta|phi|gamma|fv)": "enable_perspective_flip",
        r"(init_images|image_strength_schedule|blendFactor(Max|Slope)|tweening_frames_schedule|color_correction_factor|"
        r"image_keyframe_strength_schedule)": "use_looper",
        **{rf"cn_{n}_(?!enabled).*": f"cn_{n}_enabled" for n in range(1, 6)},
        r"freeu_(?!enabled).*": "freeu_enabled",
        r"kohya_hrfix_(?!enabled).*": "kohya_hrfix_enabled",
        r"r_upscale_(?!video).*": "r_upscale_video",
        r"frame_interpolation_(?!engine).*": "frame_interpolation_engine",
        r"soundtrack_path": "add_soundtrack",
        r"parseq_.*(?<!manifest)": "parseq_manifest",
        r"cadence_flow_factor_schedule": "optical_flow_cadence",
        r"redo_flow_factor_schedule": "optical_flow_redo_generation",
        r"hybrid_(comp_alpha|comp_mask).*|hybrid_comp_save_extra_frames": "hybrid_composite",
        r"hybrid_comp_mask_(?!type).*": "hybrid_comp_mask_type",
        r"hybrid_(flow|consistency|motion_).*": "hybrid_motion",
        r"shake_(?!name).*": "shake_name",
        r"color_coherence_image_path": "color_coherence",
        r"seed_iter_N": "seed_behavior",
    }
)
"""Fields (patterns of the whole name) that count only while a switch is on."""
_REST = [(re.compile(pattern), kind, note) for pattern, kind, note in REST]
_SWITCHES = [(re.compile(pattern), switch) for pattern, switch in SWITCHES.items()]


def is_off(value: Any) -> bool:
    """Whether a switch with this value is off."""
    return value in (False, None, 0, "", "None", "none", "False", "0", "No", "off")


def switch_of(field: str, settings: Mapping[str, Any]) -> str:
    """The switch that makes `field` count for nothing in `settings`; '' when there is none or it is on."""
    for pattern, switch in _SWITCHES:
        if pattern.fullmatch(field) and is_off(settings.get(switch)):
            return switch
    return ""


def rest(field: str) -> tuple[Kind, str] | None:
    """What becomes of a field that has no place of its own; None for one that is not known."""
    for pattern, kind, note in _REST:
        if pattern.fullmatch(field):
            return kind, note
    return None
