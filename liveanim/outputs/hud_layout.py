"""Where everything of the HUD stands: a blend and a few measurements -> boxes. Pure but for the font's measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liveanim.core.flash import MOST_FLASHES
from liveanim.core.model import Blend, Status
from liveanim.core.params import METER, PARAMS
from liveanim.core.tempo import beat_of_bar

from .glyphs import Colour, Letters
from .hud_canvas import (
    AMBER,
    CYAN,
    DIM,
    EDGE,
    GREEN,
    INK,
    LIME,
    PAD,
    PANEL,
    RED,
    ROSE,
    ROUND,
    TEXT,
    TROUGH,
    Canvas,
    holder_colour,
    moment,
    unit,
)
from .hud_pick import NARROWEST, WIDEST, draw_pick, written
from .keys import help_lines
from .picker import Pick

_METERS = (("rms", "level", TEXT), ("bass", "bass", ROSE), ("mid", "mid", AMBER), ("high", "high", CYAN))
_LAMPS = (("onset", "onset", TEXT), ("kick", "kick", ROSE), ("snare", "snare", AMBER), ("hat", "hat", CYAN))
_MOST_CHIPS = 8
_MOST_BEATS = round(PARAMS["play.meter"].high)  # lamps
_MOST_WARNINGS = 3
_GIB = float(1 << 30)  # what cards are sold by
_FULL = 0.92  # of a card's memory: soon there is none left


Cell = tuple[str, str, Colour]


@dataclass(frozen=True, slots=True)
class Readout:
    """What the window itself knows.

    fps         frames shown per second
    recording   the recorder's line, '' when nothing is recorded
    flashes     in the last second; None: nothing limits them
    holding     whether the flash limiter held a picture back in the last second
    memory      bytes that the program takes; 0: not known
    pick        the parameters to choose from, while one is chosen by keys
    """

    fps: float = 0.0
    recording: str = ""
    warnings: tuple[str, ...] = ()
    panels: bool = True
    keys: bool = False
    flashes: int | None = 0
    holding: bool = False
    memory: float = 0.0
    pick: Pick | None = None


_METER_LEFTS = tuple(EDGE + PAD + 8 + 34.0 * i for i in range(len(_METERS)))
_LAMP_CENTRES = tuple(EDGE + PAD + 34.0 * len(_METERS) + 24 + 40 * i for i in range(len(_LAMPS)))
_BEAT_LEFT = _LAMP_CENTRES[-1] + 30
_SOUND_WIDTH, _SOUND_HEIGHT = _BEAT_LEFT + 104 + PAD - EDGE, 92.0
_MODULATORS_LEFT = EDGE + _SOUND_WIDTH + 8
_CHIP_ROOM = 300.0  # at the right, for the parameters that are held
_MOST_SCENES = _MOST_PRESETS = 9  # as there are keys
_LEAST_PRESETS = 3  # where there is room for fewer, they are left out
_LEAST_TITLE = 100.0
_TOP = EDGE + 98  # where the figures and marks at the top end


def lay_out(blend: Blend, readout: Readout, size: tuple[int, int], letters: Letters) -> NDArray[np.float32]:
    """(n, 13) float32: x, y, width, height in pixels; atlas u, v, width, height; r, g, b, a; corner radius.

    What answers the music moves with every blend, words and figures change `RATE` times a second of its time.
    """
    canvas = Canvas(size, letters)
    if readout.panels:
        now = moment(blend.time), readout.pick is None, blend.blackout, blend.freeze
        names = canvas.part("panels", now, lambda: _panels(canvas, blend, readout))
        if _has_sound(canvas):
            _moving(canvas, blend, names)
    else:  # what the window asks is seen all the same
        _warnings(canvas, readout.warnings, _sound_top(canvas), _beside_list(canvas, readout))
    if readout.pick is not None:
        draw_pick(canvas, blend, readout.pick, _list_width(canvas))
    if readout.keys:
        canvas.part("keys", None, lambda: _keys(canvas))
    return canvas.rows()


def _panels(canvas: Canvas, blend: Blend, readout: Readout) -> tuple[str, ...]:
    """All but what moves; the modulators that there is room for."""
    status = blend.status
    marks = _marks_of(blend, readout)
    taken = max(_numbers(canvas, _cells(status, readout)), canvas.part("marks", marks, lambda: _marks(canvas, marks)))
    room = canvas.width - taken - 3 * EDGE
    words = status.preset, status.model, status.audio, status.prompt
    title = canvas.part("title", (words, room), lambda: _title(canvas, status, room))
    head = title if _wide(canvas) else max(title, _TOP)
    top = _sound(canvas, blend) if _has_sound(canvas) else canvas.height - EDGE + 8
    lines = (readout.warnings + status.warnings)[:_MOST_WARNINGS]
    lines = lines[: max(0, int((top - head - 30) // 20))]
    end = top - (20 * len(lines) + 22 if lines else 0) - 8
    told = status.scenes, status.scene, status.arriving, status.waiting, status.learning, status.notice
    below = canvas.part("scenes", (told, head, end), lambda: _scenes(canvas, status, head, end))
    looks = status.presets, status.preset, below, top
    over = canvas.part("presets", looks, lambda: _presets(canvas, status.presets, status.preset, below, top))
    names = _modulators(canvas, blend, _CHIP_ROOM if readout.pick is None else _list_width(canvas) + 8)
    wide = _beside_list(canvas, readout)
    canvas.part("warnings", (lines, over, wide), lambda: _warnings(canvas, lines, over, wide))
    if readout.pick is None:
        chips = _chips(blend)[: max(0, int((canvas.height - EDGE - _TOP) // 26))] if _wide(canvas) else ()
        canvas.part("hands", chips, lambda: _hands(canvas, chips))
    return names


def _keys(canvas: Canvas) -> None:
    """The list of keys, in the middle: in two columns where there is room for them."""
    lines = help_lines()
    names = max(canvas.measure(name, canvas.body) for name, _ in lines) + 18
    column = names + max(canvas.measure(doc, canvas.body) for _, doc in lines) + 2 * PAD
    columns = 2 if 2 * column < canvas.width else 1
    count = math.ceil(len(lines) / columns)
    width, height = columns * column, 21.0 * count + 2 * PAD + 34
    left, y = (canvas.width - width) / 2, (canvas.height - height) / 2
    canvas.box(left, y, width, height, (*PANEL[:3], 0.94), ROUND)
    canvas.text("Keys", canvas.title, left + PAD, y + PAD - 3, TEXT)
    for i, (name, doc) in enumerate(lines):
        x, row = left + PAD + column * (i // count) + names, y + PAD + 34 + 21 * (i % count)
        canvas.text(name, canvas.body, x - 18 - canvas.measure(name, canvas.body), row, CYAN)
        canvas.text(doc, canvas.body, x, row, TEXT)


def _wide(canvas: Canvas) -> bool:
    """Whether lists have room beside one another."""
    return canvas.width >= EDGE + _SOUND_WIDTH + 8 + _CHIP_ROOM + EDGE


def _has_sound(canvas: Canvas) -> bool:
    """Whether there is room for the meters, in their width and under what stands at the top."""
    return canvas.width >= _SOUND_WIDTH + 2 * EDGE and _sound_top(canvas) >= _TOP + 8


def _title(canvas: Canvas, status: Status, room: float) -> float:
    """What plays, at the top left where there is room; the y of the panel's end."""
    if room < _LEAST_TITLE:
        return _TOP
    room = min(room, 560.0) - 2 * PAD
    title = canvas.fitted(status.preset or "liveanim", canvas.title, room)
    about = canvas.fitted(" · ".join(part for part in (status.model, status.audio) if part), canvas.body, room)
    prompt = canvas.fitted(status.prompt, canvas.body, room)
    lines = [(about, DIM), (prompt, TEXT)]
    shown = [(text, colour) for text, colour in lines if text]
    widest = max([canvas.measure(title, canvas.title)] + [canvas.measure(text, canvas.body) for text, _ in shown])
    canvas.box(EDGE, EDGE, widest + 2 * PAD, 2 * PAD + 24 + 20 * len(shown), PANEL, ROUND)
    canvas.text(title, canvas.title, EDGE + PAD, EDGE + PAD - 3, TEXT)
    for i, (text, colour) in enumerate(shown):
        canvas.text(text, canvas.body, EDGE + PAD, EDGE + PAD + 26 + 20 * i, colour)
    return EDGE + 2 * PAD + 24 + 20 * len(shown)


def _scenes(canvas: Canvas, status: Status, top: float, bottom: float) -> float:
    """The scenes with their numbers, the one that plays bright, with the way it has come; and what is waited for: what
    there is room for between `top` and `bottom`. The y of the panel's end."""
    lines = [(f"waits: {line.removeprefix('do.')}", AMBER) for line in status.waiting[:3]]
    lines += [(f"move a knob or pad for {status.learning}", ROSE)] if status.learning else []
    lines += [(status.notice, GREEN)] if status.notice else []
    lines = lines[: max(0, int((bottom - top - 22) // 20))]
    most = max(0, min(_MOST_SCENES, int((bottom - top - 22) // 20) - len(lines)))
    at = status.scenes.index(status.scene) if status.scene in status.scenes else 0
    first = max(0, min(at - most // 2, len(status.scenes) - most))
    rows = list(enumerate(status.scenes, 1))[first : first + most]
    if not rows and not lines:
        return top
    room = min(420.0, canvas.width - 2 * EDGE - 2 * PAD - 24)
    shown = [(f"{n}", canvas.fitted(name, canvas.body, room), name == status.scene) for n, name in rows]
    said = [(canvas.fitted(text, canvas.body, room), colour) for text, colour in lines]
    widths = [canvas.measure(name, canvas.body) + 22 for _, name, _ in shown]
    width = max([*widths, *(canvas.measure(text, canvas.body) for text, _ in said)])
    y = top + 8
    canvas.box(EDGE, y, width + 2 * PAD, 20.0 * (len(shown) + len(said)) + 14, PANEL, ROUND)
    y += 7
    for number, name, here in shown:
        if here:
            canvas.box(EDGE + 6, y, (width + 12) * status.arriving, 20, (*CYAN[:3], 0.30), 4)
        canvas.text(number, canvas.body, EDGE + PAD, y, CYAN if here else DIM)
        canvas.text(name, canvas.body, EDGE + PAD + 22, y, TEXT if here else DIM)
        y += 20
    for text, colour in said:
        canvas.text(text, canvas.body, EDGE + PAD, y, colour)
        y += 20
    return y + 7


def _presets(canvas: Canvas, names: Sequence[str], playing: str, above: float, bottom: float) -> float:
    """The page of presets with the one that plays, with their numbers, where there is room between what is `above`,
    lines of warnings and the panel at the `bottom`. The y of the list's top."""
    most = min(_MOST_PRESETS, int((bottom - above - 20 * _MOST_WARNINGS - 2 * 14 - 3 * 8) // 20))
    if len(names) < 2 or most < _LEAST_PRESETS:
        return bottom
    at = names.index(playing) if playing in names else 0
    page, room = at - at % most, min(180.0, canvas.width - 2 * EDGE - 2 * PAD - 22)
    rows = list(enumerate(names, 1))[page : page + most]
    shown = [(f"{n}", canvas.fitted(name, canvas.body, room), name == playing) for n, name in rows]
    width = max(canvas.measure(name, canvas.body) for _, name, _ in shown) + 22
    top = y = bottom - 8 - 20.0 * len(shown) - 14
    canvas.box(EDGE, y, width + 2 * PAD, 20.0 * len(shown) + 14, PANEL, ROUND)
    for number, name, here in shown:
        canvas.text(number, canvas.body, EDGE + PAD, y + 7, CYAN if here else DIM)
        canvas.text(name, canvas.body, EDGE + PAD + 22, y + 7, TEXT if here else DIM)
        y += 20
    return top


def _list_width(canvas: Canvas) -> float:
    """Of the list of parameters: beside the sound, where there is room for both."""
    beside = canvas.width - EDGE - _MODULATORS_LEFT
    return min(WIDEST, beside if beside >= NARROWEST else canvas.width - 2 * EDGE)


def _beside_list(canvas: Canvas, readout: Readout) -> float:
    """How wide lines of text may be, beside the list of parameters where that is shown."""
    return min(760.0, canvas.width - 4 * EDGE - (0.0 if readout.pick is None else _list_width(canvas) + 8))


def _modulators(canvas: Canvas, blend: Blend, taken: float) -> tuple[str, ...]:
    """A slider for each modulator of the preset, to the right of the sound; the names of those there is room for
    where `taken` at the right is taken."""
    room = canvas.width - _MODULATORS_LEFT - EDGE - taken
    names = tuple(blend.modulators)[: max(0, int((room - 2 * PAD) // 46))]
    if names:
        canvas.part("modulators", names, lambda: _troughs(canvas, names, _MODULATORS_LEFT, _sound_top(canvas)))
    return names


def _troughs(canvas: Canvas, names: Sequence[str], left: float, top: float) -> None:
    """What of the modulators stays still."""
    canvas.box(left, top, 46.0 * len(names) + 2 * PAD, 92, PANEL, ROUND)
    for i, name in enumerate(names):
        x = left + PAD + 46 * i
        canvas.box(x + 21, top + PAD, 4, 50, TROUGH, 2)
        label = canvas.fitted(name, canvas.caption, 44)
        canvas.text(label, canvas.caption, x + 23 - canvas.measure(label, canvas.caption) / 2, top + PAD + 55, DIM)


def _cells(status: Status, readout: Readout) -> tuple[Cell, ...]:
    """Rates: (figure, caption, colour)."""
    delay = f"{1000 * status.keyframe_delay:.0f}" if status.keyframe_delay > 0 else "-"
    cells = [
        (f"{readout.fps:.0f}", "fps", TEXT),
        (f"{status.keyframe_rate:.1f}", "keyframes/s", TEXT),
        (delay, "ms latency", TEXT),
        _flashes(readout),
    ]
    if readout.memory > 0:
        cells.insert(3, (f"{readout.memory / 1e9:.1f}", "GB memory", TEXT))
    taken, whole = status.vram
    if whole > 0:
        cells.insert(
            -1, (f"{taken / _GIB:.1f}/{whole / _GIB:.0f}", "GB VRAM", AMBER if taken > _FULL * whole else TEXT)
        )
    return tuple(cells)


def _numbers(canvas: Canvas, cells: Sequence[Cell]) -> float:
    """Rates at the top right, the first ones where there is no room for all; the width used."""
    captions = tuple(caption for _, caption, _ in cells)
    widths = tuple(max(canvas.measure(v, canvas.title), canvas.measure(c, canvas.caption), 34.0) for v, c, _ in cells)
    total = sum(widths) + 18 * (len(cells) - 1) + 2 * PAD
    if total > canvas.width - 2 * EDGE and len(cells) > 1:
        return _numbers(canvas, cells[:-1])
    ends = [canvas.width - EDGE - PAD - sum(widths[n + 1 :]) - 18 * (len(cells) - 1 - n) for n in range(len(cells))]
    canvas.part("captions", (captions, widths), lambda: _captions(canvas, captions, ends, total))
    canvas.figures([(cells[n][0], end, EDGE + 9, cells[n][2]) for n, end in enumerate(ends)], canvas.title)
    return total


def _captions(canvas: Canvas, captions: Sequence[str], ends: Sequence[float], width: float) -> None:
    canvas.box(canvas.width - EDGE - width, EDGE, width, 62, PANEL, ROUND)
    for caption, end in zip(captions, ends, strict=True):
        canvas.text(caption, canvas.caption, end - canvas.measure(caption, canvas.caption), EDGE + 37, DIM)


def _flashes(readout: Readout) -> Cell:
    """The limiter's cell: flashes in the last second of those there may be. Amber while it holds the picture back."""
    if readout.flashes is None:
        return "any", "flashes/s", AMBER
    return f"{readout.flashes}/{MOST_FLASHES}", "flashes/s", AMBER if readout.holding else TEXT


def _sound_top(canvas: Canvas) -> float:
    return canvas.height - EDGE - _SOUND_HEIGHT


def _sound(canvas: Canvas, blend: Blend) -> float:
    """Meters, lamps and beat at the bottom left; the y of the panel's top."""
    top = _sound_top(canvas)
    meter = _meter(blend)
    canvas.part("sound", meter, lambda: _still(canvas, top, meter))
    bpm, bar = blend.status.bpm or blend.signals.get("bpm", 0.0), blend.signals.get("bar", 0.0)
    count = f"bar {math.floor(bar) + 1}" if bpm > 0 and math.isfinite(bar) else ""
    words = f"{bpm:.1f}" if bpm > 0 else "-", count, blend.status.tempo
    canvas.part("beat", words, lambda: _tempo(canvas, _BEAT_LEFT, top + PAD, *words))
    return top


def _still(canvas: Canvas, top: float, meter: int) -> None:
    """What of the sound's panel stays still."""
    canvas.box(EDGE, top, _SOUND_WIDTH, _SOUND_HEIGHT, PANEL, ROUND)
    y = top + PAD + 55
    for x, (_, label, _) in zip(_METER_LEFTS, _METERS, strict=True):
        canvas.box(x, top + PAD, 12, 50, TROUGH, 3)
        canvas.text(label, canvas.caption, x + 6 - canvas.measure(label, canvas.caption) / 2, y, DIM)
    for x, (_, label, _) in zip(_LAMP_CENTRES, _LAMPS, strict=True):
        canvas.dot(x - 11, top + PAD + 14, 22, TROUGH)
        canvas.text(label, canvas.caption, x - canvas.measure(label, canvas.caption) / 2, y, DIM)
    for x, y, size in _beat_lamps(meter):
        canvas.dot(x, top + PAD + y, size, TROUGH)


def _tempo(canvas: Canvas, x: float, y: float, number: str, bar: str, holder: str) -> None:
    canvas.passing(number, canvas.title, x, y - 1, TEXT)
    canvas.text("bpm", canvas.caption, x + canvas.measure(number, canvas.title) + 6, y + 8, DIM)
    if bar:
        canvas.passing(bar, canvas.caption, x, y + 55, DIM)
    if holder:
        canvas.text(holder, canvas.caption, x + canvas.measure(bar, canvas.caption) + 8, y + 55, AMBER)


def _moving(canvas: Canvas, blend: Blend, names: tuple[str, ...]) -> None:
    """What answers the music: meters, lamps, the beat, and the modulators `names`."""
    signals = blend.signals
    lamps = [unit(signals.get(name, 0.0)) for name, _, _ in _LAMPS]
    sliders = [unit(blend.modulators.get(name, 0.0)) for name in names]
    levels = [unit(signals.get(name, 0.0)) for name, _, _ in _METERS]
    beats = _beats(blend)
    levels += lamps + lamps + beats + sliders + sliders
    at_rest, whole = canvas.part("movers", (names, len(beats)), lambda: _movers(canvas, len(names), len(beats)))
    canvas.between(at_rest, whole, levels)


def _meter(blend: Blend) -> int:
    """Beats of the bar, as many as there are lamps for."""
    meter = blend.signals.get("meter", METER)
    return min(_MOST_BEATS, max(1, round(meter))) if math.isfinite(meter) else METER


def _beat_lamps(meter: int) -> list[tuple[float, float, float]]:
    """(x, y, diameter) of the lamp of each beat, y from the panel's inside: in two rows where there are many."""
    rows = 1 if meter <= _MOST_BEATS / 2 else 2
    columns = math.ceil(meter / rows)
    pitch = min(24.0, 100.0 / columns)
    size = min(14.0 if rows == 1 else 9.0, pitch - 3)
    top = 40 - 6 * (rows - 1) - size / 2
    return [(_BEAT_LEFT + pitch * (i % columns), top + 12 * (i // columns), size) for i in range(meter)]


def _beats(blend: Blend) -> list[float]:
    """How bright the lamp of each beat of the bar is."""
    beat, bar = blend.signals.get("beat", 0.0), blend.signals.get("bar", 0.0)
    meter = _meter(blend)
    glows = [0.0] * meter
    if math.isfinite(beat + bar) and (blend.status.bpm or blend.signals.get("bpm", 0.0)) > 0:
        glows[beat_of_bar(bar, beat % 1.0, meter)] = 1.0 - 0.55 * (beat % 1.0)
    return glows


def _movers(canvas: Canvas, modulators: int, meter: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The boxes of `_moving` at level 0 and at level 1."""
    low, _ = canvas.aside(lambda: _moved(canvas, modulators, meter, 0.0))
    high, _ = canvas.aside(lambda: _moved(canvas, modulators, meter, 1.0))
    return low, high


def _moved(canvas: Canvas, modulators: int, meter: int, level: float) -> None:
    top = _sound_top(canvas) + PAD
    for x, (_, _, colour) in zip(_METER_LEFTS, _METERS, strict=True):
        canvas.box(x, top + 50 * (1 - level), 12, 50 * level, colour, 3)
    for radius, strength in ((17, 0.22), (11, 1.0)):
        for x, (_, _, colour) in zip(_LAMP_CENTRES, _LAMPS, strict=True):
            canvas.dot(x - radius, top + 25 - radius, 2 * radius, (*colour[:3], strength * level))
    for i, (x, y, size) in enumerate(_beat_lamps(meter)):
        canvas.dot(x, top + y, size, (*(GREEN if i else ROSE)[:3], level))
    lefts = [_MODULATORS_LEFT + PAD + 46 * i for i in range(modulators)]
    for x in lefts:
        canvas.box(x + 21, top + 50 * (1 - level), 4, 50 * level, (*CYAN[:3], 0.55), 2)
    for x in lefts:
        canvas.dot(x + 17, top + 44 * (1 - level), 12, CYAN)


def _warnings(canvas: Canvas, warnings: tuple[str, ...], bottom: float, room: float) -> None:
    shown = [canvas.fitted(text, canvas.body, room) for text in warnings[:_MOST_WARNINGS]]
    if not shown:
        return
    width = max(canvas.measure(text, canvas.body) for text in shown) + 2 * PAD + 16
    height = 20.0 * len(shown) + 14
    y = bottom - 8 - height
    canvas.box(EDGE, y, width, height, PANEL, ROUND)
    for i, text in enumerate(shown):
        canvas.dot(EDGE + PAD, y + 13 + 20 * i, 8, AMBER)
        canvas.text(text, canvas.body, EDGE + PAD + 16, y + 7 + 20 * i, AMBER)


def _chips(blend: Blend) -> tuple[tuple[str, Colour, bool], ...]:
    """Parameters that a performer holds, the newest first: words, colour by who holds it, and whether a knob waits to
    meet its parameter. Blackout and freeze have marks of their own."""
    held = (name for name in blend.status.taken_over if name not in blend.hints and not name.startswith("out."))
    names = [*blend.hints, *held]
    chips = [_chip(blend, name) for name in reversed(names[-_MOST_CHIPS:])]
    if len(names) > _MOST_CHIPS:
        chips[-1] = f"+ {len(names) - _MOST_CHIPS + 1} more", DIM, False
    return tuple(chips)


def _chip(blend: Blend, name: str) -> tuple[str, Colour, bool]:
    value = blend.values.get(name)
    called = _called(name, blend.status.macros)
    row = PARAMS.get(name)
    if value is None or not math.isfinite(value):
        text = called
    else:
        text = f"{called}  {f'{value:.3g}' if row is None else written(row, value)}"
    if name in blend.hints:
        return f"{text}  (knob at {100 * unit(blend.hints[name]):.0f} %)", AMBER, True
    return text, holder_colour(blend.holders.get(name, "")), False


def _called(name: str, macros: Sequence[str]) -> str:
    """A parameter's name, a macro's with what it does."""
    number = int(name[-1]) if name.startswith("macro.m") else 0
    return f"{name} {macros[number - 1]}".strip() if 0 < number <= len(macros) else name


def _hands(canvas: Canvas, chips: Sequence[tuple[str, Colour, bool]]) -> None:
    """Those chips at the bottom right, upwards. A hollow mark: the knob waits."""
    y = canvas.height - EDGE
    for words, colour, waits in chips:
        text = canvas.fitted(words, canvas.body, _CHIP_ROOM - 2 * PAD)
        width = canvas.measure(text, canvas.body) + 2 * PAD + 14
        x = canvas.width - EDGE - width
        y -= 26
        canvas.box(x, y, width, 24, PANEL, 12)
        canvas.dot(x + 11, y + 8, 8, colour)
        if waits:
            canvas.dot(x + 13, y + 10, 4, INK)
        canvas.passing(text, canvas.body, x + PAD + 14, y + 2.5, TEXT)


def _marks_of(blend: Blend, readout: Readout) -> tuple[tuple[str, Colour], ...]:
    marks = [("BLACKOUT", RED)] if blend.blackout else []
    # Of a blackout that has a mark: how bright it will be afterwards.
    level = blend.values.get("out.level", 1.0) if blend.blackout else blend.level
    marks += [(f"DIMMED TO {math.floor(100 * level)} %", AMBER)] if level < 1.0 else []
    marks += [("FROZEN", CYAN)] if blend.freeze else []
    marks += [("TAKE", ROSE)] if blend.status.taking else []
    marks += _loop_marks(blend.status)
    return tuple([*marks, *([(readout.recording, ROSE)] if readout.recording else [])])


def _loop_marks(status: Status) -> list[tuple[str, Colour]]:
    """The gesture that is recorded, with its length as it would be now; how many knobs repeat one."""
    recorded = [(f"LOOP REC {status.loop}", RED)] if status.loop else []
    return recorded + ([(f"LOOP {len(status.looped)}", LIME)] if status.looped else [])


def _marks(canvas: Canvas, marks: Sequence[tuple[str, Colour]]) -> float:
    """Those that there is room for, under the rates; the width used."""
    widths = [canvas.measure(text, canvas.body) + 28 for text, _ in marks]
    x = canvas.width - EDGE + 8
    for (text, colour), width in zip(marks, widths, strict=True):
        if x - width - 8 < EDGE:
            break
        x -= width + 8
        canvas.box(x, EDGE + 72, width, 26, colour, 13)
        canvas.passing(text, canvas.body, x + 14, EDGE + 75, INK)
    return canvas.width - EDGE - x
