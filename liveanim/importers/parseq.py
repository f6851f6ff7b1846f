"""Parseq documents -> the schedules Deforum would play for them -> a preset.

What counts is `rendered_frames`, where Parseq has worked its formulas out already; else they are worked out here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.errors import UserError
from ..core.params import PROMPT_SLOTS
from . import deforum, prompts
from .formula import render_frames
from .job import Job
from .report import Imported, Line

MOVES = frozenset(
    "angle zoom translation_x translation_y translation_z rotation_3d_x rotation_3d_y rotation_3d_z "
    "perspective_flip_theta perspective_flip_phi perspective_flip_gamma".split()
)
"""Fields that Parseq gives as a pose: a frame's move is the difference, which it calls `_delta`."""
NAMES: Mapping[str, str] = {
    "noise": "noise_schedule",
    "strength": "strength_schedule",
    "contrast": "contrast_schedule",
    "scale": "cfg_scale_schedule",
    "fov": "fov_schedule",
    "near": "near_schedule",
    "far": "far_schedule",
    "antiblur_kernel": "kernel_schedule",
    "antiblur_sigma": "sigma_schedule",
    "antiblur_amount": "amount_schedule",
    "antiblur_threshold": "threshold_schedule",
    "noise_multiplier": "noise_multiplier_schedule",
    "clipskip": "clipskip_schedule",
    "cadence_flow_factor": "cadence_flow_factor_schedule",
    "redo_flow_factor": "redo_flow_factor_schedule",
    "guided_imageStrength": "image_strength_schedule",
    "guided_blendFactorMax": "blendFactorMax",
    "guided_blendFactorSlope": "blendFactorSlope",
    "guided_tweening_frames": "tweening_frames_schedule",
    "guided_color_correction_factor": "color_correction_factor",
}
MOST_FRAMES = 20_000
_DEEP = ("translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z")
_FLIPS = ("perspective_flip_theta", "perspective_flip_phi", "perspective_flip_gamma")
_WEIGHED = re.compile(r"(.*?)\s*:\s*(-?\d*\.?\d+)\s*", re.DOTALL)
_NOT_FIELDS = ("frame", "deforum_prompt", "subseed", "subseed_strength", "info")
_PROMPT_FIELDS = re.compile(r"prompt_weight_\d+")


def is_document(data: Any) -> bool:
    """Whether `data` is a Parseq document, rendered or not."""
    if not isinstance(data, Mapping):
        return False
    return "rendered_frames" in data or ("keyframes" in data and "prompts" in data)


def imported(document: Mapping[str, Any], name: str, notes: list[str]) -> Imported:
    """The preset of a document. UserError when it holds nothing to play."""
    rows, lost = frames_of(document, name)
    settings = {"zoom": "0:(1)", "translation_z": "0:(0)", "strength_0_no_init": True}
    settings |= schedules(rows, use_deltas=True) | overrides(document, rows)
    flat = not any(_moves(rows, field) for field in _DEEP)
    settings["animation_mode"] = "2D" if flat else "3D"
    found = deforum.imported(settings, name, notes, rows)
    mode = "2D" if flat else "3D"
    by = "Parseq rendered them" if document.get("rendered_frames") else "Parseq would render them, worked out here"
    lines = (
        Line("keyframes", "near" if lost else "exact", "; ".join((f"as {by}", *lost))),
        Line("options", "exact", "frames a second and cadence; the tempo is in the frames"),
        *(line for line in found.lines if line.field not in ("strength_0_no_init", "animation_mode")),
    )
    why = f"a Parseq document does not say 2D or 3D: {mode}, as {'nothing moves' if flat else 'it moves'} in depth"
    return Imported(found.toml, lines, (*found.warnings, *lost, why))


def frames_of(document: Mapping[str, Any], name: str) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The frames in their order, each with its number under 'frame', and what of them could not be worked out.

    UserError when there are none.
    """
    rows = document.get("rendered_frames")
    if not isinstance(rows, list) or not rows:
        worked_out, lost = render_frames(document, name)
        return list(worked_out), lost
    found: dict[int, Mapping[str, Any]] = {}
    for number, row in enumerate(rows[:MOST_FRAMES]):
        if not isinstance(row, Mapping):
            raise UserError(f"{name}: rendered_frames[{number}]: expected a table, got {str(row)[:40]!r}")
        frame = row.get("frame", number)
        if isinstance(frame, bool) or not isinstance(frame, (int, float)) or not 0 <= frame < 1e7:
            raise UserError(f"{name}: rendered_frames[{number}]: frame: expected a number from 0, got {frame!r}")
        found[int(frame)] = row
    return [{**found[frame], "frame": frame} for frame in sorted(found)], []


def overrides(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a document says of the whole: frames a second, length and cadence."""
    options = document.get("options")
    options = options if isinstance(options, Mapping) else {}
    return {
        "fps": options.get("output_fps", 20),
        "max_frames": rows[-1]["frame"] + 1,
        "diffusion_cadence": options.get("cadence", 1),
    }


def schedules(rows: Sequence[Mapping[str, Any]], use_deltas: bool) -> dict[str, Any]:
    """Deforum's settings for the fields that the frames hold."""
    found: dict[str, Any] = {}
    for field in rows[0]:
        if field in _NOT_FIELDS or field.endswith(("_delta", "_pc")) or _PROMPT_FIELDS.fullmatch(field):
            continue
        column = f"{field}_delta" if use_deltas and field in MOVES else field
        text = series(rows, column)
        if text is None:
            continue
        if field == "seed":
            first = _number(rows[0]["seed"])
            start = int(first) if 0 <= first < 2**32 else 0
            found |= {"seed_schedule": text, "seed_behavior": "schedule", "seed": start}
        else:
            found[NAMES.get(field, f"{field}_schedule" if field.startswith("hybrid_") else field)] = text
    if any(_moves(rows, field) for field in _FLIPS):
        found["enable_perspective_flip"] = True
    return found


def series(rows: Sequence[Mapping[str, Any]], field: str) -> str | None:
    """The values of `field` as a schedule; frames that lie on a straight line between others are left out.

    None where the frames do not hold numbers under that name.
    """
    points = [(row["frame"], _number(row.get(field))) for row in rows]
    points = [(frame, value) for frame, value in points if math.isfinite(value)]
    if not points:
        return None
    kept = [points[0]]
    for n in range(1, len(points) - 1):
        (a, u), (b, v), (c, w) = kept[-1], points[n], points[n + 1]
        # Straight on from the last kept point, and through this one, or it bends here.
        before = (v - u) / (b - a)
        if abs((w - v) / (c - b) - before) > 1e-9 or abs(before - (w - u) / (c - a)) > 1e-9:
            kept.append(points[n])
    if len(points) > 1:
        kept.append(points[-1])
    if all(value == kept[0][1] for _, value in kept):
        kept = kept[:1]
    start = "" if kept[0][0] == 0 else f"0:({_plain(kept[0][1])}), "
    return start + ", ".join(f"{frame}:({_plain(value)})" for frame, value in kept)


def write_prompts(job: Job, rows: Sequence[Mapping[str, Any]]) -> None:
    """The frames' prompts: a few texts with changing weights as slots, others as hard cuts."""
    lines = [(row["frame"], str(row.get("deforum_prompt") or "")) for row in rows]
    said: dict[str, list[tuple[str, float]]] = {}
    for _, line in lines:
        if line not in said:
            said[line] = pieces(line)
    changes = [line for n, line in enumerate(lines) if n == 0 or line[1] != lines[n - 1][1]]
    prompts.loras(job, [(str(frame if n else 0), line) for n, (frame, line) in enumerate(changes)])
    texts = list(dict.fromkeys(text for parts in said.values() for text, _ in parts))
    if all(len(parts) == 1 for parts in said.values()):
        keys = {str(frame if n else 0): prompts.without_tags(line) for n, (frame, line) in enumerate(changes)}
        prompts.write(job, keys, "cut")
        return
    job.warnings.append("prompts that overlap are blended on the arc between them, not averaged")
    if len(texts) <= PROMPT_SLOTS:
        job.put("prompt.text", [prompts.without_tags(text) for text in texts])
        for n, text in enumerate(texts, 1):
            weights = [
                {"frame": frame, "w": min(1.0, max(0.0, dict(said[line]).get(text, 0.0)))} for frame, line in lines
            ]
            job.put(f"prompt.weight{n}", series(weights, "w") or "0:(0)")
        return
    path, places = way([said[line] for _, line in lines])
    job.put("prompt.path", [prompts.without_tags(text) for text in path])
    job.put("prompt.loop", False)
    rows = [{"frame": frame, "place": place} for (frame, _), place in zip(lines, places, strict=True)]
    job.put("prompt.position", series(rows, "place") or "0:(0)")


def way(seen: Sequence[Sequence[tuple[str, float]]]) -> tuple[list[str], list[float]]:
    """Texts in the order in which they come, and the place among them of each frame; of three at once the two heaviest.

    `seen` holds each frame's texts and weights, the earlier one first.
    """
    path, places, here = [seen[0][0][0]], [], 0
    for parts in seen:
        heaviest = sorted(parts, key=lambda part: -part[1])[:2]
        first, *others = [part for part in parts if part in heaviest][:2]
        if here + 1 < len(path) and path[here] != first[0] and path[here + 1] == first[0]:
            here += 1
        if path[here] != first[0]:
            path.append(first[0])
            here = len(path) - 1
        share = others[0][1] / max(1e-9, first[1] + others[0][1]) if others else 0.0
        if others and (here + 1 == len(path) or path[here + 1] != others[0][0]):
            del path[here + 1 :]
            path.append(others[0][0])
        places.append(here + min(1.0, max(0.0, share)))
    return path, places


def pieces(line: str) -> list[tuple[str, float]]:
    """'a: 0.8 AND b: 0.2 --neg n: 0.8 AND m: 0.2' -> [('a --neg n', 0.8), ('b --neg m', 0.2)]."""
    positive, _, negative = line.partition("--neg")
    wanted, against = positive.split(" AND "), negative.split(" AND ")
    if len(wanted) == 1:
        return [(line.strip(), 1.0)]
    found = []
    for n, part in enumerate(wanted):
        text, weight = _weighed(part)
        avoided = _weighed(against[n])[0] if n < len(against) else ""
        found.append((f"{text} --neg {avoided}" if avoided else text, weight))
    return found


def _weighed(part: str) -> tuple[str, float]:
    match = _WEIGHED.fullmatch(part)
    return (match[1].strip(), float(match[2])) if match else (part.strip(), 1.0)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _plain(value: float) -> str:
    """A number as the family takes it for a goal of interpolation: no exponent."""
    return f"{value:.10f}".rstrip("0").rstrip(".") or "0"


def _moves(rows: Sequence[Mapping[str, Any]], field: str) -> bool:
    return any(_number(row.get(f"{field}_delta", row.get(field))) not in (0.0,) for row in rows if field in row)
