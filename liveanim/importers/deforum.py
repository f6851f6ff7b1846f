"""Settings of Deforum (A1111, Forge, Studio, the notebooks) -> a preset that moves as they do, and a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ..core.errors import UserError, near
from . import loose, parseq
from .fields import DEFAULTS, RENAMED, is_off, rest, switch_of
from .job import Job
from .pictures import control, pictures
from .prompts import settings_prompts
from .report import Imported, Line
from .toml import written

MODES = {"2D": "2D", "3D": "3D", "Video Input": "2D", "Interpolation": "2D", "None": "2D"}
SEED_MODES = {"fixed": 1, "iter": 2, "ladder": 3, "alternate": 4, "random": 5}
BORDERS = {"border": "replicate", "reflection": "reflect", "zeros": "zeros"}
MOST_FRAMES = 1_000_000
_TELLTALE = frozenset((*DEFAULTS, *RENAMED, "steps", "sampler", "strength"))
_FEW_STEPS = 8


def settings_in(data: Any) -> Mapping[str, Any] | None:
    """The settings in `data`: itself, or inside the envelope of a job or a batch; None when there are none."""
    best: Mapping[str, Any] | None = None
    count, waiting, seen = 2, [data], 0
    while waiting and seen < 200:
        item = waiting.pop(0)
        seen += 1
        if isinstance(item, Mapping):
            known = sum(1 for key in item if key in _TELLTALE)
            if known > count:
                best, count = item, known
            waiting += [value for value in item.values() if isinstance(value, (Mapping, list))]
        elif isinstance(item, list):
            waiting += [value for value in item[:50] if isinstance(value, (Mapping, list))]
    return best


def imported(
    found: Mapping[str, Any], name: str, notes: list[str], frames: Sequence[Mapping[str, Any]] = ()
) -> Imported:
    """The preset of the settings `found`; `name` is the file's, `notes` are about the way it is written.

    `frames` are those of a Parseq document, whose prompts come from there.
    """
    settings, own, lost = _renamed(found)
    job = Job(settings, own)
    job.lost += [Line(field, "off", f"{instead} counts") for field, instead in lost]
    job.warnings += notes
    kind = "a Parseq document" if frames else "Deforum settings"
    frames = frames or _with_manifest(job, name)
    _run(job, name)
    if job.mode_name in ("2D", "3D"):
        _camera(job)
    else:
        _no_camera(job)
    _feedback(job)
    _seeds(job)
    if frames and "deforum_prompt" in frames[0]:
        parseq.write_prompts(job, frames)
        job.say("prompts", "off", "the Parseq document has prompts of its own")
    else:
        settings_prompts(job)
    sound = _sound(job)
    pictures(job)
    control(job)
    _everything_else(job)
    return finished(job, name, kind, sound)


def _with_manifest(job: Job, name: str) -> list[Mapping[str, Any]]:
    """The frames of a Parseq document inside the settings, which take the place of the settings' own schedules."""
    text = job.settings.get("parseq_manifest")
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return []
    try:
        document, _ = loose.read(text, f"{name}: parseq_manifest")
        rows, lost = parseq.frames_of(document, f"{name}: parseq_manifest")
    except UserError as error:
        job.say("parseq_manifest", "not", str(error))
        return []
    job.settings |= parseq.schedules(rows, job.settings.get("parseq_use_deltas", True) is not False)
    if job.settings.get("parseq_non_schedule_overrides", True) is not False:
        job.settings |= parseq.overrides(document, rows)
    job.warnings += lost
    for field in ("parseq_manifest", "parseq_use_deltas", "parseq_non_schedule_overrides"):
        job.say(field, "exact")
    return rows


def finished(job: Job, name: str, kind: str, sound: str = "") -> Imported:
    """What has been written, as a preset and a report."""
    missing = [field for field in DEFAULTS if field not in job.settings and field in job.read]
    if missing:
        job.warnings.append(f"not in the file, so as that family has it: {', '.join(missing)}")
    comments = [f"From {kind}: {name}. liveanim import {name} --report says what became of every field."]
    toml = written(job.tables, comments)
    order = {field: number for number, field in enumerate(job.settings)}
    lines = sorted(job.lines.values(), key=lambda line: order.get(line.field, len(order)))
    lines = [Line(job.own.get(line.field, line.field), line.kind, line.note) for line in lines] + job.lost
    if " --neg " in toml and "guidance" not in job.tables["picture"]:
        job.warnings.append("what follows --neg acts only with [picture] guidance above 1, which few-step models lack")
    return Imported(toml, tuple(lines), tuple(job.warnings), sound)


def _renamed(found: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[tuple[str, str]]]:
    """The settings under today's names, the file's own names of them, and (name, what counts instead) of the others."""
    settings: dict[str, Any] = {}
    own: dict[str, str] = {}
    lost: list[tuple[str, str]] = []
    for key, value in found.items():
        new = RENAMED.get(key, key)
        # Old notebooks have `prompts` for single pictures beside `animation_prompts` for animations.
        if new == key or new not in found or (isinstance(value, Mapping) and not isinstance(found[new], Mapping)):
            if new in own:
                lost.append((own[new], key))
            settings[new] = value
            own[new] = key
        else:
            lost.append((key, new))
    coherence = str(settings.get("color_coherence", ""))
    if coherence.startswith("Match Frame 0 "):
        settings["color_coherence"] = coherence.removeprefix("Match Frame 0 ")
    for key, on in (("hybrid_composite", "Normal"), *((f"optical_flow_{n}", "DIS Fine") for n in _FLOWS)):
        if isinstance(settings.get(key), bool):
            settings[key] = on if settings[key] else "None"
    return settings, own, lost


_FLOWS = ("cadence", "redo_generation")


def _run(job: Job, name: str) -> None:
    """Size, length, rate and mode."""
    width, height = job.number("W", 512), job.number("H", 512)
    wide, high = (min(4096, max(64, round(side / 8) * 8)) for side in (width, height))
    for field, side, got in (("W", width, wide), ("H", height, high)):
        job.say(field, "exact" if side == got else "near", "" if side == got else f"{side:g} becomes {got}")
    mode = str(job.get("animation_mode"))
    job.mode_name = mode if mode in MODES else "2D"
    job.mode = MODES[job.mode_name]
    said = "" if mode in MODES else f"{mode!r} is not played here; 2D is"
    job.say("animation_mode", "not" if said else "exact", said)
    job.height, job.fps = high, min(1000.0, max(0.1, job.number("fps", 15)))
    job.say("fps", "exact")
    frames = int(min(1e9, max(1, job.number("max_frames", 120))))
    job.frames = frames if frames <= MOST_FRAMES else 0
    job.say("max_frames", "exact" if job.frames else "near", "" if job.frames else "it goes on without end")
    job.put("about", f"{PurePath(name).stem}: Deforum {job.mode_name}, {frames} frames at {job.fps:g} a second.")
    job.put("compat", "deforum")
    for key, value in (("mode", job.mode), ("fps", job.fps), ("frames", job.frames), ("size", f"{wide}x{high}")):
        job.put(f"deforum.{key}", value)
    bpm = job.number("bpm", 0)
    if "bpm" in job.settings and 1 <= bpm <= 1000:
        job.put("deforum.bpm", bpm)
        job.say("bpm", "exact")


def _camera(job: Job) -> None:
    job.put("camera.warp", "compat")
    flat = ("zoom", "angle", "transform_center_x", "transform_center_y")
    deep = ("translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z")
    for field in ("translation_x", "translation_y", *(flat[:2] if job.mode == "2D" else deep)):
        job.schedule(field, f"deforum.{field}")
    if job.mode == "2D":
        job.schedule("transform_center_x", "camera.centre_x")
        job.schedule("transform_center_y", "camera.centre_y")
        border = "wrap" if job.get("border") == "wrap" else "replicate"
        job.put("camera.border", border)
        job.put("camera.sampling", "bilinear")
        odd = job.get("border") not in ("wrap", "replicate")
        job.say("border", "exact", f"as that family reads {job.get('border')!r}: replicate" if odd else "")
    else:
        _space(job)
    for field in (*deep, "fov_schedule", "aspect_ratio_schedule", "aspect_ratio_use_old_formula"):
        job.say(field, "off", "3D only")
    for field in ("padding_mode", "sampling_mode", "use_depth_warping", "depth_algorithm", "use_zoe_depth"):
        job.say(field, "off", "3D only")
    for field in (*flat, "border"):
        job.say(field, "off", "2D only")
    _flip(job)


def _space(job: Job) -> None:
    fov = job.schedule("fov_schedule", "space.fov")
    if fov is not None and any(value < 0 for value in job.sampled(fov)):
        job.warnings.append("a negative fov turns translation_z round there; here it is cut")
    if job.get("aspect_ratio_use_old_formula"):
        size = str(job.tables["deforum"]["size"]).split("x")
        job.put("space.aspect", int(size[0]) / int(size[1]))
        job.say("aspect_ratio_use_old_formula", "exact")
    else:
        job.schedule("aspect_ratio_schedule", "space.aspect")
        job.say("aspect_ratio_use_old_formula", "exact", "off")
    job.put("camera.border", BORDERS.get(str(job.get("padding_mode")), "replicate"))
    job.say("padding_mode", "exact")
    sampling = str(job.get("sampling_mode"))
    job.put("camera.sampling", sampling if sampling in ("bicubic", "bilinear", "nearest") else "bicubic")
    job.say("sampling_mode", "exact")
    if job.settings.get("use_depth_warping", True) is False:
        job.put("space.depth", "flat")
    job.say("use_depth_warping", "exact")
    for field in ("depth_algorithm", "use_zoe_depth"):
        job.say(field, "near", "depth comes from liveanim's own model, or from geometry without one")


def _flip(job: Job) -> None:
    flips = [f"perspective_flip_{name}" for name in ("theta", "phi", "gamma")]
    if is_off(job.get("enable_perspective_flip")):
        job.say("enable_perspective_flip", "exact", "off")
        return
    job.say("enable_perspective_flip", "exact")
    for field in flips:
        job.schedule(field, f"deforum.{field}")
    job.schedule("perspective_flip_fv", "camera.flip_fov")
    if job.mode == "2D":
        job.warnings.append("with the perspective flip on, that family loses translation_x and _y; so does this preset")


def _no_camera(job: Job) -> None:
    """Interpolation, Video Input and single pictures: every keyframe stands on its own."""
    job.put("picture.mode", "video" if job.mode_name == "Video Input" else "still")
    for field in (
        "zoom angle translation_x translation_y translation_z rotation_3d_x rotation_3d_y rotation_3d_z fov_schedule "
        "transform_center_x transform_center_y border padding_mode sampling_mode aspect_ratio_schedule "
        "aspect_ratio_use_old_formula enable_perspective_flip use_depth_warping depth_algorithm use_zoe_depth"
    ).split():
        job.say(field, "off", f"the camera rests in {job.mode_name}")


def _feedback(job: Job) -> None:
    """Strength, noise, contrast, sharpening, colours, cadence, steps."""
    feeds = job.mode_name in ("2D", "3D")
    if job.mode_name == "Interpolation":
        job.say("strength_schedule", "off", "every picture is painted afresh in Interpolation")
    else:
        job.schedule("strength_schedule", "picture.strength")
    job.put("picture.strength_as", "sd")
    rows = {
        "noise_schedule": "noise.amount",
        "contrast_schedule": "picture.contrast",
        "amount_schedule": "unsharp.amount",
        "kernel_schedule": "unsharp.kernel",
        "sigma_schedule": "unsharp.sigma",
        "threshold_schedule": "unsharp.threshold",
    }
    for field, target in rows.items():
        if feeds:
            job.schedule(field, target)
        job.say(field, "off", f"not in {job.mode_name}")
    job.put("picture.pivot", "black")
    job.put("picture.noise", 0)
    job.put("picture.sharpen", 0)
    job.put("picture.blend_curve", 0)
    kind = str(job.get("noise_type")) if feeds else ""
    if feeds and kind in ("perlin", "uniform"):
        job.put("noise.type", kind)
        for field, target, most in (("perlin_octaves", "octaves", 7), ("perlin_persistence", "persistence", 1)):
            job.put(f"noise.{target}", min(most, max(0, job.number(field, float(DEFAULTS[field])))))
        for field, target in (("perlin_w", "width"), ("perlin_h", "height")):
            if field in job.settings:
                job.put(f"noise.{target}", min(64, max(1, round(job.number(field, 8)))))
    for field in ("noise_type", "perlin_octaves", "perlin_persistence", "perlin_w", "perlin_h"):
        job.say(field, "exact" if feeds else "off", "" if feeds else f"not in {job.mode_name}")
    if not is_off(job.settings.get("color_force_grayscale")):
        job.put("picture.grey", 1)
    job.say("color_force_grayscale", "exact")
    _cadence(job, feeds)
    _effort(job)


def _cadence(job: Job, feeds: bool) -> None:
    every = max(1, round(job.number("diffusion_cadence", 2))) if feeds else 1
    job.put("picture.cadence", every / job.fps)
    for field in () if feeds else ("diffusion_cadence", "optical_flow_cadence", "cadence_flow_factor_schedule"):
        job.say(field, "off", f"not in {job.mode_name}")
    job.say("diffusion_cadence", "exact")
    flow = job.settings.get("optical_flow_cadence")
    if feeds and not is_off(flow):
        job.put("picture.flow_fade", 1)
        job.say("optical_flow_cadence", "near", "by the flow between keyframes, whatever the method's name")
    job.say("optical_flow_cadence", "exact", "off")


def _effort(job: Job) -> None:
    """Steps and guidance: few-step models want few of both."""
    few = "few-step models paint in 1 to 8; with another model set [picture] "
    if not is_off(job.settings.get("enable_steps_scheduling")):
        job.say("steps", "off", "its schedule counts")
        job.schedule("steps_schedule", "picture.steps")
    else:
        steps = job.number("steps", 25)
        if steps <= _FEW_STEPS:
            job.put("picture.steps", max(1, round(steps)))
        job.say("steps", "exact" if steps <= _FEW_STEPS else "near", "" if steps <= _FEW_STEPS else f"{few}steps")
    job.say("enable_steps_scheduling", "exact")
    if "cfg_scale_schedule" in job.settings:
        guidance = job.compiled("cfg_scale_schedule")
        if guidance is not None and max(job.sampled(guidance), default=9.0) <= 2.0:
            job.schedule("cfg_scale_schedule", "picture.guidance")
        job.say(
            "cfg_scale_schedule", "near", "few-step models are not guided; with another model set [picture] guidance"
        )


def _seeds(job: Job) -> None:
    seed = job.number("seed", -1)
    job.seed = min(4294967295.0, seed) if seed >= 0 else 1.0
    job.put("deforum.seed", job.seed)
    said = "" if seed >= 0 else "random there; 1 here, so that it can be rendered again (--seed gives another)"
    job.say("seed", "exact" if seed >= 0 else "near", said)
    behaviour = str(job.get("seed_behavior"))
    job.put("picture.seed", job.seed)
    if behaviour == "schedule":
        job.put("picture.seed_mode", 1)
        job.schedule("seed_schedule", "picture.seed")
        job.say("seed_behavior", "exact")
    else:
        job.put("picture.seed_mode", SEED_MODES.get(behaviour, 2))
        known = behaviour in SEED_MODES
        job.say("seed_behavior", "exact" if known else "not", "" if known else f"{behaviour!r}: iter is used")
        job.say("seed_schedule", "off", 'counts with seed_behavior "schedule" only')
    if behaviour == "iter":
        job.put("picture.seed_every", min(100, max(1, round(job.number("seed_iter_N", 1)))))
        job.say("seed_iter_N", "exact")
    job.say("seed_iter_N", "off", 'counts with seed_behavior "iter" only')
    if not is_off(job.settings.get("enable_subseed_scheduling")):
        job.schedule("subseed_schedule", "picture.subseed")
        job.schedule("subseed_strength_schedule", "picture.subseed_strength")
    job.say("enable_subseed_scheduling", "exact")


def _sound(job: Job) -> str:
    path = str(job.settings.get("soundtrack_path") or "")
    if str(job.settings.get("add_soundtrack")) != "File" or not path:
        job.say("add_soundtrack", "off" if is_off(job.settings.get("add_soundtrack")) else "not", "give --audio FILE")
        job.say("soundtrack_path", "off", "add_soundtrack is off")
        return ""
    if "://" in path:
        job.say("add_soundtrack", "not", f"fetch {path[:80]} and give it with --audio")
        job.say("soundtrack_path", "not", "nothing is fetched from the net")
        return ""
    job.say("add_soundtrack", "exact")
    job.say("soundtrack_path", "exact", "played where the file is there; --audio gives another")
    return path


def _everything_else(job: Job) -> None:
    """A line about every field that has none yet."""
    for field, value in job.settings.items():
        if field in job.lines:
            continue
        switch = switch_of(field, job.settings)
        known = rest(field)
        if switch:
            job.say(field, "off", f"{switch} is off")
        elif (known is None or known[0] == "not") and (is_off(value) or value in _IDLE):
            job.say(field, "off", "off")
        elif known is not None:
            job.say(field, *known)
        elif field.startswith("enable_") or field.startswith("use_"):
            job.say(field, "off" if is_off(value) else "not", "off" if is_off(value) else "no such option")
        elif field.startswith("cn_"):
            job.say(field, "not", "more ControlNets than liveanim plays")
        else:
            hint = near(field, (*DEFAULTS, *job.lines))
            job.say(field, "not", f"liveanim does not know this field{hint}")


_IDLE: tuple[Any, ...] = ([], {}, "uniform", "0: (1)", "0:(1)", "0: (0)", "0:(0)", -1)
