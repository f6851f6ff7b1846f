"""Pictures that Deforum's settings name: colour samples, init images, videos, masks, hybrid video, ControlNet."""

from __future__ import annotations

import re

from .fields import is_off, switch_of
from .job import Job

_FASTEST = 240.0  # frames of a video a second
SPACES = {"LAB": "lab", "HSV": "hsv", "RGB": "rgb"}


def pictures(job: Job) -> None:
    """Everything that is painted from, or matched to, a picture from outside."""
    _colours(job)
    _init(job)
    _video(job)
    _masks(job)
    _hybrid(job)
    _redo(job)


def _colours(job: Job) -> None:
    wanted = str(job.get("color_coherence"))
    if job.mode_name not in ("2D", "3D"):
        job.say("color_coherence", "off", f"not in {job.mode_name}")
    elif wanted in SPACES:
        job.put("match.space", SPACES[wanted])
        job.put("match.to", "first")
        job.say("color_coherence", "near", "in the true colour space; that family takes red for blue there")
    elif is_off(wanted):
        job.say("color_coherence", "exact", "off")
    elif wanted == "Image" and _media(job, "color_coherence_image_path", "match"):
        job.put("match.space", "lab")
        job.put("match.to", "image")
        job.say("color_coherence", "exact")
    elif wanted == "Video Input":
        job.put("match.space", "lab")
        job.put("match.to", "video")
        job.put("match.every", max(1, job.number("color_coherence_video_every_N_frames", 1)))
        for field in ("color_coherence", "color_coherence_video_every_N_frames"):
            job.say(field, "exact")
    else:
        job.say("color_coherence", "not", f"{wanted}: no sample to match")


def _media(job: Job, field: str, use: str) -> bool:
    """Whether the file that `field` names is there to be used; one from the net is not fetched."""
    path = str(job.settings.get(field) or "")
    if not path or "://" in path:
        job.say(field, "not" if path else "off", "nothing is fetched from the net" if path else "no file is named")
        return False
    if path.startswith("data:"):
        job.say(field, "not", "a picture inside the settings: keep it as a file and name that")
        return False
    job.put(f"media.{use}", path[:2000])
    job.say(field, "exact")
    return True


def _pace(job: Job) -> None:
    """Videos show one of their frames a frame, as that family has taken them apart, whatever their own rate."""
    every = min(100.0, max(1.0, job.number("extract_nth_frame", 1)))
    if job.fps * every > _FASTEST:
        job.say("extract_nth_frame", "near", f"a video plays at most {_FASTEST:g} of its frames a second")
    job.put("video.rate", min(_FASTEST, job.fps * every))


def _init(job: Job) -> None:
    fields = ("use_init", "init_image", "init_image_box", "strength")
    first, video = "hybrid_use_first_frame_as_init_image", str(job.settings.get("video_init_path") or "")
    if _mixes(job) and not is_off(job.settings.get(first)) and video and "://" not in video:
        job.put("media.init", video[:2000])
        job.say(first, "exact")
        for field in fields[:3]:
            job.say(field, "off", "the video's first frame is painted from")
    elif is_off(job.settings.get("use_init")) or not _media(job, "init_image", "init"):
        for field in fields:
            job.say(field, "off", "use_init is off, or there is no picture here")
        return
    job.put("picture.init_strength", min(1.0, max(0.0, job.number("strength", 0.8))))
    for field in fields:
        job.say(field, "exact")


def _video(job: Job) -> None:
    """The video of Video Input, hybrid video or colour samples, and which of its frames are shown."""
    wanted = job.mode_name == "Video Input" or _mixes(job)
    if not wanted or not _media(job, "video_init_path", "video"):
        job.say("video_init_path", "off", "no video is used")
        return
    _pace(job)
    job.warnings.append(
        "its video shows one frame a frame and begins again at its end: that family ends there, here max_frames (or "
        "--seconds) says when"
    )
    rows = (("extract_nth_frame", "every", 1, 100), ("extract_from_frame", "first", 0, 1e6))
    for field, key, low, high in (*rows, ("extract_to_frame", "last", -1, 1e6)):
        if field in job.settings:
            job.put(f"video.{key}", min(high, max(low, job.number(field, low))))
            job.say(field, "exact")


def _masks(job: Job) -> None:
    words = _mask_in_words(job, "use_mask", "mask_schedule")
    if words:
        used, source = True, "words"
    elif not is_off(job.settings.get("use_mask_video")):
        used, source = _media(job, "video_mask_path", "mask"), "file"
        _pace(job)
    else:
        source = "file" if is_off(job.settings.get("use_alpha_as_mask")) else "alpha"
        used = not is_off(job.settings.get("use_mask")) and (source == "alpha" or _media(job, "mask_file", "mask"))
    if used:
        _mask(job, source)
    elif not is_off(job.settings.get("use_mask")):
        for field in _OF_MASKS:
            job.say(field, "off", "there is no mask")
    for field in ("use_mask", "use_mask_video"):
        _absent(job, field, "there is no file for it here", used)
    _noise_mask(job, used)


_OF_MASKS = (
    "use_alpha_as_mask",
    "invert_mask",
    "overlay_mask",
    "mask_brightness_adjust",
    "mask_contrast_adjust",
    "mask_overlay_blur",
)


def _mask(job: Job, source: str) -> None:
    """The mask's own settings."""
    job.put("mask.source", source)
    job.put("mask.invert", 0 if is_off(job.settings.get("invert_mask")) else 1)
    job.put("mask.overlay", 0 if is_off(job.settings.get("overlay_mask", True)) else 1)
    rows = (("mask_brightness_adjust", "brightness", 1, 4), ("mask_contrast_adjust", "contrast", 1, 4))
    for field, key, usual, most in (*rows, ("mask_overlay_blur", "blur", 4, 64)):
        job.put(f"mask.{key}", min(most, max(0, job.number(field, usual))))
        job.say(field, "exact")
    for field in _OF_MASKS:
        job.say(field, "exact")


def _noise_mask(job: Job, masked: bool) -> None:
    """Noise only where a mask lets it: the picture's own mask, or one in words where the picture has none."""
    if is_off(job.settings.get("use_noise_mask")):
        job.say("use_noise_mask", "off", "off")
        return
    alone = not masked and _mask_in_words(job, "use_noise_mask", "noise_mask_schedule") != ""
    if alone:
        job.put("mask.source", "words")
        job.put("mask.overlay", 0)
    if masked or alone:
        job.put("noise.masked", 1)
    job.say("use_noise_mask", "near" if masked else "exact" if alone else "not", "by the mask of the picture")
    job.say("noise_mask_schedule", "near" if masked else "not", "one mask serves both")


_IN_WORDS = re.compile(r"""(?:\s*0\s*:)?[\s("']*<([^<>]+)>[\s)"']*""")


def _mask_in_words(job: Job, switch: str, field: str) -> str:
    """What a mask schedule names in words; '' where it names none, or composes several masks."""
    text = str(job.settings.get(field) or "")
    if is_off(job.settings.get(switch)) or "<" not in text:
        return ""
    found = _IN_WORDS.fullmatch(text)
    if found is None:
        job.say(field, "not", "masks that are composed, or change by frame, are not played: one mask in words is")
        return ""
    job.put("mask.words", found[1].strip()[:2000])
    job.say(field, "exact", "found by --words clipseg")
    job.warnings.append("its mask is in words: give the model that finds them with --words clipseg")
    return found[1].strip()


_HYBRID = ("hybrid_composite", "hybrid_motion")
_WORDS = {
    "hybrid_composite": (
        "composite",
        {"Normal": "normal", "Before Motion": "before_motion", "After Generation": "after"},
    ),
    "hybrid_comp_mask_type": (
        "mask",
        {"Depth": "depth", "Video Depth": "video_depth", "Blend": "blend", "Difference": "difference"},
    ),
    "hybrid_comp_mask_equalize": ("mask_equalize", {"Before": "before", "After": "after", "Both": "both"}),
    "hybrid_motion": ("motion", {"Optical Flow": "flow", "Affine": "affine", "Perspective": "perspective"}),
    "hybrid_flow_method": (
        "method",
        {"DIS Medium": "dis_medium", "DIS Fine": "dis_fine", "Farneback": "farneback", "RAFT": "dis_fine"},
    ),
}
_SCHEDULES = {
    "hybrid_comp_alpha_schedule": "alpha",
    "hybrid_comp_mask_blend_alpha_schedule": "mask_alpha",
    "hybrid_comp_mask_contrast_schedule": "mask_contrast",
    "hybrid_comp_mask_auto_contrast_cutoff_low_schedule": "mask_low",
    "hybrid_comp_mask_auto_contrast_cutoff_high_schedule": "mask_high",
    "hybrid_flow_factor_schedule": "factor",
}
_TOGGLES = {
    "hybrid_comp_mask_inverse": "mask_invert",
    "hybrid_comp_mask_auto_contrast": "mask_auto",
    "hybrid_flow_consistency": "consistency",
    "hybrid_motion_use_prev_img": "from_picture",
}


def _mixes(job: Job) -> bool:
    """Whether hybrid video is on."""
    return job.mode_name in ("2D", "3D") and any(not is_off(job.settings.get(field)) for field in _HYBRID)


def _hybrid(job: Job) -> None:
    if not _mixes(job):
        for field in job.settings:
            if field.startswith("hybrid_"):
                job.say(field, "off", "hybrid video is off")
        return
    if "media" not in job.tables:
        job.warnings.append("hybrid video needs its video: give it with --video")
    for field, (key, words) in _WORDS.items():
        value = str(job.settings.get(field))
        if value in words and not switch_of(field, job.settings):
            job.put(f"hybrid.{key}", words[value])
            near = value == "RAFT"
            job.say(field, "near" if near else "exact", "by DIS: no network finds the flow" if near else "")
    for field, key in _SCHEDULES.items():
        if field in job.settings and not switch_of(field, job.settings):
            job.schedule(field, f"hybrid.{key}")
    for field, key in _TOGGLES.items():
        if field in job.settings and not switch_of(field, job.settings):
            job.put(f"hybrid.{key}", 0 if is_off(job.settings[field]) else 1)
            job.say(field, "exact")
    if "hybrid_consistency_blur" in job.settings and not switch_of("hybrid_consistency_blur", job.settings):
        job.put("hybrid.blur", min(16, max(0, job.number("hybrid_consistency_blur", 2))))
        job.say("hybrid_consistency_blur", "exact")
    for field in _HYBRID:
        _absent(job, field, "no such way to mix", False)


def _redo(job: Job) -> None:
    """Passes over a picture before the one that counts."""
    flow, passes = job.settings.get("optical_flow_redo_generation"), job.number("diffusion_redo", 0)
    feeds = job.mode_name in ("2D", "3D")
    if feeds and not is_off(flow):
        job.schedule("redo_flow_factor_schedule", "picture.redo_flow")
        methods = _WORDS["hybrid_flow_method"][1]
        job.tables.setdefault("hybrid", {}).setdefault("method", methods.get(str(flow), "dis_fine"))
        near = str(flow) not in methods or flow == "RAFT"
        job.say("optical_flow_redo_generation", "near" if near else "exact", "by DIS: no network finds the flow")
    if feeds and passes >= 1:
        job.put("picture.redo", min(8, round(passes)))
        job.say("diffusion_redo", "exact" if passes <= 8 else "near", "at most 8 passes")
    for field in ("optical_flow_redo_generation", "redo_flow_factor_schedule", "diffusion_redo"):
        job.say(field, "off", "off" if feeds else f"not in {job.mode_name}")


_FILTERS = {"canny": "edges", "softedge": "edges", "lineart": "edges", "hed": "edges", "depth": "depth"}


def _networks(job: Job) -> None:
    """The ControlNets that are on, in their order: weights, when they lead, what they are shown."""
    models, played = [], 0
    for unit in range(1, 6):
        name = f"cn_{unit}"
        if is_off(job.settings.get(f"{name}_enabled")):
            job.say(f"{name}_enabled", "off", "off")
            continue
        played += 1
        models.append(str(job.settings.get(f"{name}_model") or "?").partition(" [")[0][:100])
        for field, key in (("weight", "weight"), ("guidance_start", "start"), ("guidance_end", "end")):
            if f"{name}_{field}" in job.settings:
                job.schedule(f"{name}_{field}", f"control.{key}{played}")
        module = str(job.settings.get(f"{name}_module") or "none").lower()
        found = next((kind for word, kind in _FILTERS.items() if module.startswith(word)), "none")
        job.put(f"control.filter{played}", found)
        known = found != "none" or module == "none"
        job.say(
            f"{name}_module", "near" if known else "not", f"it is shown the {found if found != 'none' else 'picture'}"
        )
        if _media(job, f"{name}_vid_path", f"control{played}"):
            job.put(f"control.source{played}", "file")
            _pace(job)
        job.say(f"{name}_enabled", "near", "its folder is given with --control")
        job.say(f"{name}_model", "near", "its folder is given with --control")
    if models:
        job.warnings.append(
            f"it uses ControlNets: give the folder of each in this order with --control: {', '.join(models)}"
        )


def control(job: Job) -> None:
    """ControlNet units, guided images, camera shake, a Parseq document inside the settings."""
    _networks(job)
    if not is_off(job.settings.get("use_looper")):
        for field in (
            "use_looper init_images image_strength_schedule blendFactorMax blendFactorSlope tweening_frames_schedule "
            "color_correction_factor"
        ).split():
            job.say(field, "not", "guided images are not played")
    job.say("use_looper", "off", "off")
    if not is_off(job.settings.get("shake_name")) and job.mode_name == "3D":
        strength = min(1.0, max(0.0, 0.15 * job.number("shake_intensity", 1.0)))
        job.put("stage.shake", strength)
        for field in ("shake_name", "shake_intensity"):
            job.say(field, "near", "a shake of its own at the stage, without the recorded hand")
    if not is_off(job.settings.get("parseq_manifest")):
        job.say("parseq_manifest", "not", "import the Parseq document itself: it has the rendered frames")
        for field in ("parseq_use_deltas", "parseq_non_schedule_overrides"):
            job.say(field, "off", "the Parseq document is not here")


def _absent(job: Job, switch: str, why: str, there: bool) -> None:
    off = is_off(job.settings.get(switch))
    job.say(switch, "off" if off else "exact" if there else "not", "off" if off else "" if there else why)
