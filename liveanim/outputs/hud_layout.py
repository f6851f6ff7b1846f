"""Where everything of the HUD stands: a blend and a few measurements -> boxes. Pure but for the font's measures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liveanim.core.flash import MOST_FLASHES
from liveanim.core.model import Blend, Status

from .glyphs import Colour, Letters
from .keys import help_lines

_PANEL: Colour = (0.035, 0.038, 0.055, 0.66)
_TROUGH: Colour = (1.0, 1.0, 1.0, 0.10)
_TEXT: Colour = (0.95, 0.96, 0.98, 1.0)
_DIM: Colour = (0.66, 0.69, 0.76, 1.0)
_CYAN: Colour = (0.36, 0.82, 1.0, 1.0)
_ROSE: Colour = (1.0, 0.36, 0.52, 1.0)
_AMBER: Colour = (1.0, 0.76, 0.30, 1.0)
_GREEN: Colour = (0.45, 0.92, 0.60, 1.0)
_RED: Colour = (0.98, 0.25, 0.28, 1.0)
_INK: Colour = (0.03, 0.03, 0.05, 1.0)
_METERS = (("rms", "level", _TEXT), ("bass", "bass", _ROSE), ("mid", "mid", _AMBER), ("high", "high", _CYAN))
_LAMPS = (("onset", "onset", _TEXT), ("kick", "kick", _ROSE), ("snare", "snare", _AMBER), ("hat", "hat", _CYAN))
_MOST_CHIPS = 8
_MOST_WARNINGS = 3


@dataclass(frozen=True, slots=True)
class Readout:
    """What the window itself knows.

    fps         frames shown per second
    recording   the recorder's line, '' when nothing is recorded
    flashes     in the last second; None: nothing limits them
    holding     whether the flash limiter held a picture back in the last second
    memory      bytes that the program takes; 0: not known
    """

    fps: float = 0.0
    recording: str = ""
    warnings: tuple[str, ...] = ()
    panels: bool = True
    keys: bool = False
    flashes: int | None = 0
    holding: bool = False
    memory: float = 0.0


def scale_for(size: tuple[int, int]) -> float:
    """Pixels per HUD unit on a window of `size`: 1 at 720p, 3 at 4K; in steps, so that letters are rarely redrawn."""
    return max(0.75, round(min(size[1] / 720.0, size[0] / 1000.0) * 8) / 8)


def sizes_for(scale: float) -> tuple[int, int, int]:
    """Font sizes in pixels: caption, body, title."""
    return round(12 * scale), round(14 * scale), round(21 * scale)


class _Canvas:
    """Collects boxes and letters; measures in HUD units, stores pixels."""

    def __init__(self, size: tuple[int, int], letters: Letters) -> None:
        self.scale = scale_for(size)
        self.width, self.height = size[0] / self.scale, size[1] / self.scale
        self.letters = letters
        self.caption, self.body, self.title = sizes_for(self.scale)
        self._rows: list[NDArray[np.float32]] = []
        self._boxes: list[tuple[float, ...]] = []  # those since the last text

    def box(self, x: float, y: float, width: float, height: float, colour: Colour, radius: float = 0.0) -> None:
        s = self.scale
        place = round(x * s), round(y * s), round(width * s), round(height * s)
        self._boxes.append((*place, 0, 0, 0, 0, *colour, radius * s))

    def dot(self, x: float, y: float, diameter: float, colour: Colour) -> None:
        self.box(x, y, diameter, diameter, colour, diameter / 2)

    def text(self, text: str, size: int, x: float, y: float, colour: Colour) -> None:
        s = self.scale
        self._close()
        self._rows.append(self.letters.painted(text, size, x * s, y * s, colour))

    def measure(self, text: str, size: int) -> float:
        return self.letters.width(text, size) / self.scale

    def fitted(self, text: str, size: int, room: float) -> str:
        return self.letters.fitted(text, size, room * self.scale)

    def _close(self) -> None:
        if self._boxes:
            self._rows.append(np.array(self._boxes, dtype=np.float32))
            self._boxes = []

    def rows(self) -> NDArray[np.float32]:
        self._close()
        return np.concatenate(self._rows) if self._rows else np.empty((0, 13), dtype=np.float32)


_EDGE, _PAD, _ROUND = 16.0, 12.0, 9.0
_SOUND_WIDTH = 4 * 34.0 + 4 * 40.0 + 118 + 2 * _PAD
_CHIP_ROOM = 300.0  # at the right, for the parameters that are held
_MOST_SCENES = 9
_HOLDERS = {"midi": _CYAN, "osc": _AMBER, "web": _ROSE}  # all others: green


def lay_out(blend: Blend, readout: Readout, size: tuple[int, int], letters: Letters) -> NDArray[np.float32]:
    """(n, 13) float32: x, y, width, height in pixels; atlas u, v, width, height; r, g, b, a; corner radius."""
    canvas = _Canvas(size, letters)
    if readout.panels:
        _panels(canvas, blend, readout)
    if readout.keys:
        _keys(canvas)
    return canvas.rows()


def _panels(canvas: _Canvas, blend: Blend, readout: Readout) -> None:
    taken = _numbers(canvas, blend.status, readout)
    below = _title(canvas, blend.status, canvas.width - taken - 3 * _EDGE)
    _scenes(canvas, blend.status, below)
    top = _sound(canvas, blend)
    _modulators(canvas, blend)
    _warnings(canvas, readout.warnings + blend.status.warnings, top)
    _hands(canvas, blend)
    _marks(canvas, blend, readout)


def _keys(canvas: _Canvas) -> None:
    """The list of keys, in the middle."""
    lines = help_lines()
    name_width = max(canvas.measure(name, canvas.body) for name, _ in lines)
    width = name_width + 18 + max(canvas.measure(doc, canvas.body) for _, doc in lines) + 2 * _PAD
    height = 21.0 * len(lines) + 2 * _PAD + 34
    x, y = (canvas.width - width) / 2, (canvas.height - height) / 2
    canvas.box(x, y, width, height, (*_PANEL[:3], 0.86), _ROUND)
    canvas.text("Keys", canvas.title, x + _PAD, y + _PAD - 3, _TEXT)
    for i, (name, doc) in enumerate(lines):
        row = y + _PAD + 34 + 21 * i
        canvas.text(name, canvas.body, x + _PAD + name_width - canvas.measure(name, canvas.body), row, _CYAN)
        canvas.text(doc, canvas.body, x + _PAD + name_width + 18, row, _TEXT)


def _title(canvas: _Canvas, status: Status, room: float) -> float:
    """What plays, at the top left; the y of the panel's end."""
    room = min(room, 560.0) - 2 * _PAD
    title = canvas.fitted(status.preset or "liveanim", canvas.title, room)
    about = canvas.fitted(" · ".join(part for part in (status.model, status.audio) if part), canvas.body, room)
    prompt = canvas.fitted(status.prompt, canvas.body, room)
    lines = [(about, _DIM), (prompt, _TEXT)]
    shown = [(text, colour) for text, colour in lines if text]
    widest = max([canvas.measure(title, canvas.title)] + [canvas.measure(text, canvas.body) for text, _ in shown])
    canvas.box(_EDGE, _EDGE, widest + 2 * _PAD, 2 * _PAD + 24 + 20 * len(shown), _PANEL, _ROUND)
    canvas.text(title, canvas.title, _EDGE + _PAD, _EDGE + _PAD - 3, _TEXT)
    for i, (text, colour) in enumerate(shown):
        canvas.text(text, canvas.body, _EDGE + _PAD, _EDGE + _PAD + 26 + 20 * i, colour)
    return _EDGE + 2 * _PAD + 24 + 20 * len(shown)


def _scenes(canvas: _Canvas, status: Status, top: float) -> None:
    """The scenes with their numbers, the one that plays bright, with the way it has come; and what is waited for."""
    at = status.scenes.index(status.scene) if status.scene in status.scenes else 0
    first = max(0, min(at - _MOST_SCENES // 2, len(status.scenes) - _MOST_SCENES))
    rows = list(enumerate(status.scenes, 1))[first : first + _MOST_SCENES]
    lines = [(f"waits: {line.removeprefix('do.')}", _AMBER) for line in status.waiting[:3]]
    lines += [(f"move a knob or pad for {status.learning}", _ROSE)] if status.learning else []
    lines += [(status.notice, _GREEN)] if status.notice else []
    if not rows and not lines:
        return
    room = min(420.0, canvas.width - 2 * _EDGE - 2 * _PAD - 24)
    shown = [(f"{n}", canvas.fitted(name, canvas.body, room), name == status.scene) for n, name in rows]
    said = [(canvas.fitted(text, canvas.body, room), colour) for text, colour in lines]
    widths = [canvas.measure(name, canvas.body) + 22 for _, name, _ in shown]
    width = max([*widths, *(canvas.measure(text, canvas.body) for text, _ in said)])
    y = top + 8
    canvas.box(_EDGE, y, width + 2 * _PAD, 20.0 * (len(shown) + len(said)) + 14, _PANEL, _ROUND)
    y += 7
    for number, name, here in shown:
        if here:
            canvas.box(_EDGE + 6, y, (width + 12) * status.arriving, 20, (*_CYAN[:3], 0.30), 4)
        canvas.text(number, canvas.body, _EDGE + _PAD, y, _CYAN if here else _DIM)
        canvas.text(name, canvas.body, _EDGE + _PAD + 22, y, _TEXT if here else _DIM)
        y += 20
    for text, colour in said:
        canvas.text(text, canvas.body, _EDGE + _PAD, y, colour)
        y += 20


def _modulators(canvas: _Canvas, blend: Blend) -> None:
    """A slider for each modulator of the preset, to the right of the sound."""
    left, top = _EDGE + _SOUND_WIDTH + 8, canvas.height - _EDGE - 92.0
    room = canvas.width - left - _EDGE - _CHIP_ROOM
    names = list(blend.modulators)[: max(0, int((room - 2 * _PAD) // 46))]
    if not names:
        return
    canvas.box(left, top, 46.0 * len(names) + 2 * _PAD, 92, _PANEL, _ROUND)
    for i, name in enumerate(names):
        x, place = left + _PAD + 46 * i, _unit(blend.modulators[name])
        canvas.box(x + 21, top + _PAD, 4, 50, _TROUGH, 2)
        canvas.box(x + 21, top + _PAD + 50 * (1 - place), 4, 50 * place, (*_CYAN[:3], 0.55), 2)
        canvas.dot(x + 17, top + _PAD + 44 * (1 - place), 12, _CYAN)
        label = canvas.fitted(name, canvas.caption, 44)
        canvas.text(label, canvas.caption, x + 23 - canvas.measure(label, canvas.caption) / 2, top + _PAD + 55, _DIM)


def _numbers(canvas: _Canvas, status: Status, readout: Readout) -> float:
    """Rates at the top right; the width used."""
    delay = f"{1000 * status.keyframe_delay:.0f}" if status.keyframe_delay > 0 else "-"
    cells = [
        (f"{readout.fps:.0f}", "fps", _TEXT),
        (f"{status.keyframe_rate:.1f}", "keyframes/s", _TEXT),
        (delay, "ms latency", _TEXT),
        _flashes(readout),
    ]
    if readout.memory > 0:
        cells.insert(3, (f"{readout.memory / 1e9:.1f}", "GB memory", _TEXT))
    widths = [max(canvas.measure(v, canvas.title), canvas.measure(c, canvas.caption), 34.0) for v, c, _ in cells]
    total = sum(widths) + 18 * (len(cells) - 1) + 2 * _PAD
    x = canvas.width - _EDGE - total
    canvas.box(x, _EDGE, total, 62, _PANEL, _ROUND)
    x += _PAD
    for (value, caption, colour), width in zip(cells, widths, strict=True):
        canvas.text(value, canvas.title, x + width - canvas.measure(value, canvas.title), _EDGE + 9, colour)
        canvas.text(caption, canvas.caption, x + width - canvas.measure(caption, canvas.caption), _EDGE + 37, _DIM)
        x += width + 18
    return total


def _flashes(readout: Readout) -> tuple[str, str, Colour]:
    """The limiter's cell: flashes in the last second of those there may be. Amber while it holds the picture back."""
    if readout.flashes is None:
        return "any", "flashes/s", _AMBER
    return f"{readout.flashes}/{MOST_FLASHES}", "flashes/s", _AMBER if readout.holding else _TEXT


def _sound(canvas: _Canvas, blend: Blend) -> float:
    """Meters, lamps and beat at the bottom left; the y of the panel's top."""
    signals = blend.signals
    width, height = _SOUND_WIDTH, 92.0
    left, top = _EDGE, canvas.height - _EDGE - height
    canvas.box(left, top, width, height, _PANEL, _ROUND)
    x = left + _PAD
    for name, label, colour in _METERS:
        _meter(canvas, x, top + _PAD, _unit(signals.get(name, 0.0)), label, colour)
        x += 34
    x += 4
    for name, label, colour in _LAMPS:
        _lamp(canvas, x, top + _PAD, _unit(signals.get(name, 0.0)), label, colour)
        x += 40
    _beat(canvas, x + 10, top + _PAD, blend)
    return top


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0


def _meter(canvas: _Canvas, x: float, y: float, level: float, label: str, colour: Colour) -> None:
    canvas.box(x + 8, y, 12, 50, _TROUGH, 3)
    if level > 0.02:
        canvas.box(x + 8, y + 50 * (1 - level), 12, 50 * level, colour, min(3.0, 25 * level))
    canvas.text(label, canvas.caption, x + 14 - canvas.measure(label, canvas.caption) / 2, y + 55, _DIM)


def _lamp(canvas: _Canvas, x: float, y: float, level: float, label: str, colour: Colour) -> None:
    size = 22.0
    centre = x + 20
    if level > 0.05:
        canvas.dot(centre - 17, y + 25 - 17, 34, (*colour[:3], 0.22 * level))
    canvas.dot(centre - size / 2, y + 25 - size / 2, size, _TROUGH)
    canvas.dot(centre - size / 2, y + 25 - size / 2, size, (*colour[:3], level))
    canvas.text(label, canvas.caption, centre - canvas.measure(label, canvas.caption) / 2, y + 55, _DIM)


def _beat(canvas: _Canvas, x: float, y: float, blend: Blend) -> None:
    bpm = blend.status.bpm or blend.signals.get("bpm", 0.0)
    number = f"{bpm:.1f}" if bpm > 0 else "-"
    canvas.text(number, canvas.title, x, y - 1, _TEXT)
    canvas.text("bpm", canvas.caption, x + canvas.measure(number, canvas.title) + 6, y + 8, _DIM)
    beat = blend.signals.get("beat", 0.0)
    now = math.floor(beat) % 4 if bpm > 0 and math.isfinite(beat) else -1
    for i in range(4):
        here = i == now
        glow = 1.0 - 0.55 * (beat % 1.0) if here else 0.0
        colour = _ROSE if i == 0 else _GREEN
        canvas.dot(x + 24 * i, y + 33, 14, (*colour[:3], glow) if here else _TROUGH)
    bar = blend.signals.get("bar", 0.0)
    if bpm > 0 and math.isfinite(bar):
        canvas.text(f"bar {math.floor(bar) + 1}", canvas.caption, x, y + 55, _DIM)


def _warnings(canvas: _Canvas, warnings: tuple[str, ...], bottom: float) -> None:
    shown = [
        canvas.fitted(text, canvas.body, min(760.0, canvas.width - 4 * _EDGE)) for text in warnings[:_MOST_WARNINGS]
    ]
    if not shown:
        return
    width = max(canvas.measure(text, canvas.body) for text in shown) + 2 * _PAD + 16
    height = 20.0 * len(shown) + 14
    y = bottom - 8 - height
    canvas.box(_EDGE, y, width, height, _PANEL, _ROUND)
    for i, text in enumerate(shown):
        canvas.dot(_EDGE + _PAD, y + 13 + 20 * i, 8, _AMBER)
        canvas.text(text, canvas.body, _EDGE + _PAD + 16, y + 7 + 20 * i, _AMBER)


def _hands(canvas: _Canvas, blend: Blend) -> None:
    """Parameters a performer holds, as chips at the bottom right, newest lowest: the value, and by colour who holds it.
    A hollow mark: a knob that waits to meet its parameter."""
    names = [*blend.hints, *(name for name in blend.status.taken_over if name not in blend.hints)]
    shown = names[-_MOST_CHIPS:]
    y = canvas.height - _EDGE
    for i, name in enumerate(reversed(shown)):
        text, colour = _chip(blend, name)
        if i == len(shown) - 1 and len(names) > _MOST_CHIPS:
            text, colour = f"+ {len(names) - _MOST_CHIPS + 1} more", _DIM
        text = canvas.fitted(text, canvas.body, _CHIP_ROOM - 2 * _PAD)
        width = canvas.measure(text, canvas.body) + 2 * _PAD + 14
        x = canvas.width - _EDGE - width
        y -= 26
        canvas.box(x, y, width, 24, _PANEL, 12)
        canvas.dot(x + 11, y + 8, 8, colour)
        if name in blend.hints:
            canvas.dot(x + 13, y + 10, 4, _INK)
        canvas.text(text, canvas.body, x + _PAD + 14, y + 2.5, _TEXT)


def _chip(blend: Blend, name: str) -> tuple[str, Colour]:
    if name in blend.hints:
        return f"{name}  knob at {100 * _unit(blend.hints[name]):.0f} %", _AMBER
    value = blend.values.get(name)
    text = name if value is None or not math.isfinite(value) else f"{name}  {value:.3g}"
    return text, _HOLDERS.get(blend.holders.get(name, ""), _GREEN)


def _marks(canvas: _Canvas, blend: Blend, readout: Readout) -> None:
    marks = [("BLACKOUT", _RED)] if blend.blackout else []
    marks += [("FROZEN", _CYAN)] if blend.freeze else []
    marks += [(readout.recording, _ROSE)] if readout.recording else []
    widths = [canvas.measure(text, canvas.body) + 28 for text, _ in marks]
    x = canvas.width - _EDGE + 8
    for (text, colour), width in zip(marks, widths, strict=True):
        x -= width + 8
        canvas.box(x, _EDGE + 72, width, 26, colour, 13)
        canvas.text(text, canvas.body, x + 14, _EDGE + 75, _INK)
