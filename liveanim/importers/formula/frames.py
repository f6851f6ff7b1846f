"""The frames of a Parseq document, worked out from its keyframes, formulas and prompts as Parseq's own page does it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import UserError
from .moment import Document, FormulaError, Keyed, Moment, Node, Series, Value, number_of
from .parse import compile_formula
from .prompts import prompt_lines

MOST_FRAMES, MOST_KEYFRAMES, MOST_POINTS = 20_000, 5_000, 100_000
_MOST_WORK = 50_000_000  # characters of formulas times frames: about a minute
_EACH = 20  # characters that a field without a formula costs as much as
_ONES = "zoom contrast prompt_weight_1 prompt_weight_8 antiblur_sigma hybrid_comp_alpha hybrid_comp_mask_contrast "
_ONES += "hybrid_flow_factor cadence_flow_factor redo_flow_factor"
_ZEROS = "angle translation_x translation_y rotation_3d_x rotation_3d_y rotation_3d_z perspective_flip_theta "
_ZEROS += "perspective_flip_phi perspective_flip_gamma antiblur_threshold hybrid_comp_mask_auto_contrast_cutoff_low "
_ZEROS += "clipskip"
FIELDS: Mapping[str, float] = {
    **dict.fromkeys(_ONES.split(), 1.0),
    **dict.fromkeys(_ZEROS.split(), 0.0),
    **{f"prompt_weight_{n}": 0.0 for n in range(2, 8)},
    **{f"cn_{n}_weight": 1.0 for n in range(1, 6)},
    **{f"cn_{n}_guidance_start": 0.0 for n in range(1, 6)},
    **{f"cn_{n}_guidance_end": 1.0 for n in range(1, 6)},
    "seed": -1.0,
    "scale": 7.0,
    "noise": 0.08,
    "noise_multiplier": 1.05,
    "strength": 0.6,
    "transform_center_x": 0.5,
    "transform_center_y": 0.5,
    "perspective_flip_fv": 50.0,
    "translation_z": 10.0,
    "fov": 40.0,
    "near": 200.0,
    "far": 10000.0,
    "antiblur_kernel": 5.0,
    "antiblur_amount": 0.2,
    "hybrid_comp_mask_blend_alpha": 0.5,
    "hybrid_comp_mask_auto_contrast_cutoff_high": 100.0,
    "guided_blendFactorMax": 0.35,
    "guided_blendFactorSlope": 0.25,
    "guided_tweening_frames": 20.0,
    "guided_color_correction_factor": 0.075,
}
"""The fields a document manages when it does not say which, and their values where no keyframe has one."""

Row = dict[str, Any]


def render_frames(data: Mapping[str, Any], name: str) -> tuple[list[Row], list[str]]:
    """The frames of a document, each with its number under 'frame', and what could not be worked out of it.

    UserError when there are no keyframes to work from.
    """
    keyframes = _keyframes(data, name)
    document = _document(data, keyframes)
    frames = range(keyframes[0]["frame"], keyframes[-1]["frame"] + 1)
    managed = data.get("managedFields")
    fields = [field for field in managed if isinstance(field, str)] if isinstance(managed, list) else list(FIELDS)
    work = sum(_EACH + sum(len(str(row.get(f"{field}_i") or "")) for row in keyframes) for field in fields)
    if work * len(frames) > _MOST_WORK:
        raise UserError(f"{name}: too many fields or too long formulas for {len(frames)} frames: render it in Parseq")
    rows: list[Row] = [{"frame": frame} for frame in frames]
    lost: list[str] = []
    for field in fields:
        try:
            values = _column(field, keyframes, document, frames)
        except FormulaError as error:
            lost.append(f"{field}: {error}")
            continue
        _write(rows, field, values)
    lost += prompt_lines(data.get("prompts"), rows, document, [field for field in fields if field in rows[0]])
    if data.get("reverseRender") is True:
        lost.append("reverseRender: the frames are not turned round")
    unseeded = ", ".join(sorted(document.unseeded))
    lost += [f"random numbers without a seed are other ones than there: {unseeded}"] if unseeded else []
    return rows, lost


def _keyframes(data: Mapping[str, Any], name: str) -> list[Row]:
    """The keyframes in order, each frame once, their numbers whole."""
    found: dict[int, Row] = {}
    given = data.get("keyframes")
    for row in given[:MOST_KEYFRAMES] if isinstance(given, list) else []:
        frame = number_of(row.get("frame", "x")) if isinstance(row, Mapping) and _is_number(row.get("frame")) else -1.0
        if frame < 0 or frame != int(frame):
            raise UserError(f"{name}: keyframes: expected tables with a whole frame number, got {str(row)[:40]!r}")
        found.setdefault(int(frame), {**row, "frame": int(frame)})
    if len(found) < 2:
        raise UserError(f"{name}: this Parseq document has neither rendered_frames nor two keyframes")
    if max(found) - min(found) >= MOST_FRAMES:
        raise UserError(f"{name}: at most {MOST_FRAMES} frames of a Parseq document are worked out")
    return [found[frame] for frame in sorted(found)]


def _is_number(value: Any) -> bool:
    """Whether Parseq takes `value` for a number: texts of numbers too."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or value == "":
        return False
    try:
        return math.isfinite(number_of(value) if isinstance(value, str) else float(value))
    except OverflowError:
        return False


def _document(data: Mapping[str, Any], keyframes: Sequence[Row]) -> Document:
    options = data.get("options")
    options = options if isinstance(options, Mapping) else {}

    def option(key: str, usual: float, low: float, high: float) -> float:
        value = options.get(key)
        return min(high, max(low, float(number_of(value)))) if _is_number(value) else usual  # type: ignore[arg-type]

    series = data.get("timeSeries")
    return Document(
        fps=option("output_fps", 20.0, 0.1, 1000.0),
        bpm=option("bpm", 140.0, 1.0, 10_000.0),
        cadence=int(option("cadence", 1.0, 1.0, 1000.0)),
        last=keyframes[-1]["frame"],
        labels=tuple((row["frame"], str(row.get("info") or "")) for row in keyframes),
        series={
            str(one.get("alias")): _series(one.get("ts"))
            for one in (series[:100] if isinstance(series, list) else [])
            if isinstance(one, Mapping)
        },
    )


def _series(data: Any) -> Series:
    points = data.get("data") if isinstance(data, Mapping) else None
    found = sorted(
        (float(point["x"]), float(point["y"]))
        for point in (points[:MOST_POINTS] if isinstance(points, list) else [])
        if isinstance(point, Mapping) and _is_number(point.get("x")) and _is_number(point.get("y"))
    )
    timed = isinstance(data, Mapping) and data.get("timestampType") in (1, "Millisecond", "millisecond")
    return Series(tuple(x for x, _ in found), tuple(y for _, y in found), timed)


def _column(field: str, keyframes: Sequence[Row], document: Document, frames: range) -> list[float]:
    """The field's values at all frames. FormulaError names the frame."""
    default = FIELDS.get(field, 0.0)
    keyed = _keyed(field, keyframes, default)
    formulas = {row["frame"]: str(row[f"{field}_i"]) for row in keyframes if row.get(f"{field}_i")}
    marks = set(keyed.frames)
    node: Node = compile_formula("L")
    computed: list[Value] = []
    active, frame = 0, frames.start
    try:
        for frame in frames:
            if frame in formulas:
                node = compile_formula(formulas[frame])
            active = frame if frame in marks else active
            before = computed[frame - 1] if 0 < frame <= len(computed) else 0.0
            moment = Moment(
                frame, document, active, keyed, computed, {"prev_computed_value": before}, None, default, field
            )
            computed.append(node(moment))
    except (FormulaError, ArithmeticError, ValueError) as error:
        raise FormulaError(f"frame {frame}: {error}") from None
    return [number_of(value) for value in computed]


def _keyed(field: str, keyframes: Sequence[Row], default: float) -> Keyed:
    """The field's own keyframes; at both ends the nearest value where there is none, or the field's usual one."""
    pairs = [(row["frame"], float(number_of(row[field]))) for row in keyframes if _is_number(row.get(field))]
    first, last = keyframes[0]["frame"], keyframes[-1]["frame"]
    ends = (pairs[0][1], pairs[-1][1]) if pairs else (default, default)
    if not pairs or pairs[0][0] != first:
        pairs.insert(0, (first, ends[0]))
    if pairs[-1][0] != last:
        pairs.append((last, ends[1]))
    return Keyed(tuple(frame for frame, _ in pairs), tuple(value for _, value in pairs))


def _write(rows: Sequence[Row], field: str, values: Sequence[float]) -> None:
    """The field's values and what is made of them: moves from frame to frame, and halves of a seed."""
    before = 0.0
    for number, (row, value) in enumerate(zip(rows, values, strict=True)):
        row[field] = value
        row[f"{field}_delta"] = value if number == 0 else value - before + (1.0 if field == "zoom" else 0.0)
        if field == "seed" and math.isfinite(value):
            row |= {"subseed": math.ceil(value), "subseed_strength": math.fmod(value, 1.0)}
        before = value
