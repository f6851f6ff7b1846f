"""Pictures that Deforum's settings name: colour samples, init images, videos, masks, hybrid video, ControlNet."""

from __future__ import annotations

from .fields import is_off
from .job import Job

SPACES = {"LAB": "lab", "HSV": "hsv", "RGB": "rgb"}


def pictures(job: Job) -> None:
    """Everything that is painted from, or matched to, a picture from outside."""
    _colours(job)
    _init(job)
    _video(job)
    _masks(job)
    _hybrid(job)


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
    else:
        job.say("color_coherence", "not", f"{wanted}: no sample from a file")


def _init(job: Job) -> None:
    if is_off(job.settings.get("use_init")) or not job.settings.get("init_image"):
        job.say("use_init", "off", "off, or without a picture")
        for field in ("init_image", "init_image_box", "strength"):
            job.say(field, "off", "use_init is off, or there is no picture")
        return
    for field in ("use_init", "init_image", "strength"):
        job.say(field, "not", "no init image yet: the first picture is painted from the prompt")


def _video(job: Job) -> None:
    if job.mode_name == "Video Input":
        job.say("video_init_path", "not", "give the video with --video")
    job.say("video_init_path", "off", "no video is used")


def _masks(job: Job) -> None:
    for field in ("use_mask", "use_mask_video", "use_noise_mask"):
        _absent(job, field, "no masks yet")


def _hybrid(job: Job) -> None:
    for field in ("hybrid_composite", "hybrid_motion"):
        _absent(job, field, "no hybrid video yet")


def control(job: Job) -> None:
    """ControlNet units, guided images, camera shake, a Parseq document inside the settings."""
    for number in range(1, 6):
        field = f"cn_{number}_enabled"
        _absent(job, field, "no ControlNet yet")
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


def _absent(job: Job, switch: str, why: str) -> None:
    off = is_off(job.settings.get(switch))
    job.say(switch, "off" if off else "not", "off" if off else why)
