"""The HUD's list of parameters, while one is chosen by keys: live values, what moves them, where knobs stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from liveanim.core.model import Blend
from liveanim.core.params import ParamSpec

from .glyphs import Colour
from .hud_canvas import (
    AMBER,
    CYAN,
    DIM,
    EDGE,
    INK,
    PAD,
    PANEL,
    ROSE,
    ROUND,
    TEXT,
    TROUGH,
    VIOLET,
    Canvas,
    Figure,
    holder_colour,
    moment,
    unit,
)
from .picker import Pick

WIDEST, NARROWEST = 420.0, 330.0
_ROW, _HEAD = 22.0, 112.0
_BAR, _TOP = 96.0, 122.0
_KEYS = (
    "arrows choose and turn (shift: fine)  ·  backspace release",
    "L learn a knob  ·  delete forget it  ·  S search  ·  tab done",
)
_ACTS = {"stage": "next frame", "keyframe": "next picture"}
Row = tuple[ParamSpec, Colour | None]
"""A parameter and the colour of what moves it."""
_WHO = {"midi": "MIDI", "osc": "OSC", "web": "the remote"}


def draw_pick(canvas: Canvas, blend: Blend, pick: Pick, width: float) -> None:
    """At the right, over its whole height, `width` wide."""
    shown = canvas.part("pick", (moment(blend.time, 1 / 3), pick), lambda: _list(canvas, blend, pick, width))
    left = canvas.width - EDGE - PAD - _BAR
    canvas.part("pick values", (moment(blend.time, 2 / 3), shown), lambda: _values(canvas, blend, shown, left))


def _list(canvas: Canvas, blend: Blend, pick: Pick, width: float) -> tuple[Row, ...]:
    """All but the values; the rows in sight."""
    x, height = canvas.width - EDGE - width, canvas.height - _TOP - EDGE
    canvas.box(x, _TOP, width, height, (*PANEL[:3], 0.86), ROUND)
    told = _told(blend, pick)
    canvas.part("pick head", (told, pick.chosen), lambda: _head(canvas, pick, told, x + PAD, width - 2 * PAD))
    count = max(1, int((height - _HEAD - 2 * 18 - PAD) // _ROW))
    first = max(0, min(pick.at - count // 2, len(pick.rows) - count))
    shown = tuple((row, _mark(blend, row.name)) for row in pick.rows[first : first + count])
    here = pick.at - first
    canvas.part("pick rows", (shown, here), lambda: _names(canvas, shown, (x, _TOP + _HEAD, width), here))
    canvas.part("pick keys", None, lambda: _help(canvas, x + PAD, _TOP + height - 2 * 18 - 8))
    return shown


def _told(blend: Blend, pick: Pick) -> tuple[str, Colour]:
    """One line about the chosen parameter: what is searched for, learned, or what moves it."""
    row = pick.chosen
    if pick.search is not None:
        return f"search: {pick.search}_   (enter keeps it, escape shows all)", CYAN
    if row is None:
        return "nothing has all of these words in its name", AMBER
    if blend.status.learning.partition(" ")[0] == row.name:
        return "move a knob or pad (L: not after all)", ROSE
    if row.name in blend.hints:
        return f"a knob waits at {100 * unit(blend.hints[row.name]):.0f} % to meet it", AMBER
    driver = blend.drivers.get(row.name, "")
    if row.name in blend.knobs:
        who = blend.holders.get(row.name, "")
        return f"held by {_WHO.get(who, who or 'a hand')}; else {driver}", holder_colour(who)
    return driver, DIM if _is_number(driver) else VIOLET


@lru_cache(4096)
def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _head(canvas: Canvas, pick: Pick, told: tuple[str, Colour], x: float, room: float) -> None:
    row = pick.chosen
    name = row.name if row is not None else "-"
    canvas.text(canvas.fitted(name, canvas.title, room), canvas.title, x, _TOP + 8, TEXT)
    if row is not None:
        about = f"{row.low:g} .. {row.high:g} {row.unit}".strip() + f"  ·  acts on the {_ACTS[row.acts]}"
        canvas.text(canvas.fitted(row.doc, canvas.body, room), canvas.body, x, _TOP + 38, TEXT)
        canvas.text(canvas.fitted(about, canvas.caption, room), canvas.caption, x, _TOP + 59, DIM)
    canvas.passing(canvas.fitted(told[0], canvas.body, room), canvas.body, x, _TOP + 79, told[1])


def _help(canvas: Canvas, x: float, y: float) -> None:
    for i, line in enumerate(_KEYS):
        canvas.text(line, canvas.caption, x, y + 18 * i, DIM)


def _names(canvas: Canvas, rows: Sequence[Row], place: tuple[float, float, float], here: int) -> None:
    """What of the lines stays still: a mark by what moves the parameter, its name, the way of its bar."""
    x, y, width = place
    room = width - 2 * PAD - _BAR - 10 - 14 - 90
    for i, (row, mark) in enumerate(rows):
        top = y + _ROW * i
        if i == here:
            canvas.box(x + 4, top, width - 8, _ROW, (*CYAN[:3], 0.24), 4)
        if mark is not None:
            canvas.dot(x + PAD, top + 7, 8, mark)
        name = canvas.fitted(row.name, canvas.body, room)
        canvas.text(name, canvas.body, x + PAD + 14, top + 1, TEXT if i == here or mark is not None else DIM)
        canvas.box(x + width - PAD - _BAR, top + 8, _BAR - 4, 6, TROUGH, 2)


def _values(canvas: Canvas, blend: Blend, rows: Sequence[Row], left: float) -> None:
    """Each value, and a bar of where it stands on its way; a stroke where the knob stands that an expression goes on
    from, a hollow dot where one waits."""
    figures: list[Figure] = []
    for i, (row, mark) in enumerate(rows):
        y, length = _TOP + _HEAD + _ROW * i, _BAR - 4
        value = blend.values.get(row.name, row.default)
        words = written(row, value)
        figures.append((canvas.fitted(words, canvas.body, 84) if row.choices else words, left - 10, y + 1, TEXT))
        at = row.to_unit(value)
        begin = row.to_unit(0.0) if row.low < 0 < row.high else 0.0
        low, high = (begin, at) if begin < at else (at, begin)
        canvas.box(left + length * low, y + 8, max(2.0, length * (high - low)), 6, mark or DIM, 2)
        if row.name in blend.knobs:
            canvas.box(left + length * row.to_unit(blend.knobs[row.name]) - 1, y + 4, 3, 14, TEXT, 1)
        if row.name in blend.hints:
            spot = left + length * unit(blend.hints[row.name]) - 5
            canvas.dot(spot, y + 6, 10, AMBER)
            canvas.dot(spot + 3, y + 9, 4, INK)
    canvas.figures(figures, canvas.body)


def _mark(blend: Blend, name: str) -> Colour | None:
    """By who holds a parameter, or violet for an expression; None for a number that stands still."""
    if name in blend.knobs:
        return holder_colour(blend.holders.get(name, ""))
    return None if _is_number(blend.drivers.get(name, "0")) else VIOLET


def written(row: ParamSpec, value: float) -> str:
    """A value for people: a choice by its name, a toggle as on or off, numbers as fine as their range asks for."""
    if not math.isfinite(value):
        return "-"
    if row.curve == "toggle":
        return "on" if value > 0.5 else "off"
    if row.curve == "step":
        return row.choices[int(value)].replace("_", " ") if 0 <= value < len(row.choices) else f"{value:.0f}"
    wide = abs(row.high - row.low)
    return f"{value:.{0 if wide >= 1000 else 1 if wide >= 100 else 2 if wide >= 10 else 3}f}"
