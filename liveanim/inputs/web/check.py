"""Tries an expression beside the show: where it is wrong, or the curve it would draw over two bars of plain music."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from typing import Any

from ...core.expr import ExprError, compile_expr
from ...core.params import METER, Table
from ...core.schedule import values

POINTS = 160
BARS = 2
LONGEST = 2000  # characters


def check(
    table: Table, target: str, text: str, signals: Mapping[str, float] | None = None, names: Set[str] = frozenset()
) -> dict[str, Any]:
    """What the parameter `target` would do with the expression `text`, at the tempo and meter of the show's `signals`.

    {"ok": true, "curve": POINTS values over BARS bars, "seconds": their length} or
    {"ok": false, "column": from 1, "error": what is wrong there}. `names` are modulators of the preset: each goes
    up and down once a bar in the curve.
    """
    row = table.get(target)
    if row is None:
        return {"ok": False, "column": 0, "error": f"unknown parameter {target[:40]!r}"}
    if len(text) > LONGEST:
        return {"ok": False, "column": LONGEST + 1, "error": f"longer than {LONGEST} characters"}
    try:
        expression = compile_expr(text, extra=names)
    except ExprError as error:
        return {"ok": False, "column": error.column, "error": error.reason}
    now = signals or {}
    tempo, meter = min(400.0, max(20.0, now.get("bpm") or 120.0)), int(now.get("meter") or METER)
    seconds = BARS * meter * 60 / tempo
    fps = POINTS / seconds

    def around(frame: float) -> Mapping[str, float]:
        """The variables at a frame: those of the music, and the modulators."""
        beat = frame / fps * tempo / 60
        return {**music(beat), **dict.fromkeys(names, 0.5 - 0.5 * math.cos(2 * math.pi * beat / meter))}

    rows = values(expression, POINTS, fps=fps, bpm=tempo, meter=meter, extra=around)
    curve = [round(row.clamp(float(value)), 5) for value in rows]
    return {"ok": True, "curve": curve, "seconds": round(seconds, 3), "warnings": list(expression.warnings)}


def music(beat: float) -> Mapping[str, float]:
    """The signals of a plain beat: kick on every beat, snare on two and four, hats between, bass with the kick."""
    kick, hat = _hit(beat % 1.0), _hit((beat + 0.5) % 1.0)
    snare = _hit((beat - 1.0) % 2.0)
    return {
        "kick": kick,
        "snare": snare,
        "hat": hat,
        "onset": max(kick, snare, hat),
        "bass": 0.25 + 0.6 * kick,
        "mid": 0.3 + 0.4 * snare,
        "high": 0.2 + 0.5 * hat,
        "rms": 0.35 + 0.4 * kick,
        "flux": 0.6 * max(kick, snare),
        "energy": 0.5,
        "bass_energy": 0.8,
        "harmonic": 0.4,
        "percussive": 0.3 + 0.6 * kick,
        "centroid": 0.4 + 0.3 * hat,
        "knob": 0.5,
        "confidence": 1.0,
        "time_since_onset": (beat % 0.5) * 0.5,
    }


def _hit(beats: float) -> float:
    """A hit so many beats ago."""
    return math.exp(-6.0 * beats)
