"""Where everything of the HUD stands: a blend and a few measurements -> boxes. Pure but for the font's measures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liveanim.core.flash import MOST_FLASHES
from liveanim.core.model import Blend, Status

from .glyphs import Letters
from .keys import help_lines

Colour = tuple[float, float, float, float]

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
    """

    fps: float = 0.0
    recording: str = ""
    warnings: tuple[str, ...] = ()
    panels: bool = True
    keys: bool = False
    flashes: int | None = 0
    holding: bool = False


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

    def box(self, x: float, y: float, width: float, height: float, colour: Colour, radius: float = 0.0) -> None:
        s = self.scale
        row = (round(x * s), round(y * s), round(width * s), round(height * s), 0, 0, 0, 0, *colour, radius * s)
        self._rows.append(np.array([row], dtype=np.float32))

    def dot(self, x: float, y: float, diameter: float, colour: Colour) -> None:
        self.box(x, y, diameter, diameter, colour, diameter / 2)

    def text(self, text: str, size: int, x: float, y: float, colour: Colour) -> None:
        s = self.scale
        boxes = self.letters.line(text, size, x * s, y * s)
        paint = np.array([[*colour, 0.0]], dtype=np.float32)
        self._rows.append(np.concatenate([boxes, np.broadcast_to(paint, (len(boxes), 5))], axis=1))

    def measure(self, text: str, size: int) -> float:
        return self.letters.width(text, size) / self.scale

    def fitted(self, text: str, size: int, room: float) -> str:
        return self.letters.fitted(text, size, room * self.scale)

    def rows(self) -> NDArray[np.float32]:
        return np.concatenate(self._rows) if self._rows else np.empty((0, 13), dtype=np.float32)


_EDGE, _PAD, _ROUND = 16.0, 12.0, 9.0


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
    _title(canvas, blend.status, canvas.width - taken - 3 * _EDGE)
    top = _sound(canvas, blend)
    _warnings(canvas, readout.warnings + blend.status.warnings, top)
    _hands(canvas, blend.status.taken_over)
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


def _title(canvas: _Canvas, status: Status, room: float) -> None:
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


def _numbers(canvas: _Canvas, status: Status, readout: Readout) -> float:
    """Rates at the top right; the width used."""
    delay = f"{1000 * status.keyframe_delay:.0f}" if status.keyframe_delay > 0 else "-"
    cells = [
        (f"{readout.fps:.0f}", "fps", _TEXT),
        (f"{status.keyframe_rate:.1f}", "keyframes/s", _TEXT),
        (delay, "ms latency", _TEXT),
        _flashes(readout),
    ]
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
    width, height = 4 * 34.0 + 4 * 40.0 + 118 + 2 * _PAD, 92.0
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


def _hands(canvas: _Canvas, names: tuple[str, ...]) -> None:
    """Parameters a performer holds, as chips at the bottom right, newest lowest."""
    shown = list(names[-_MOST_CHIPS:])
    if len(names) > _MOST_CHIPS:
        shown[0] = f"+ {len(names) - _MOST_CHIPS + 1} more"
    y = canvas.height - _EDGE
    for name in reversed(shown):
        width = canvas.measure(name, canvas.body) + 2 * _PAD + 14
        x = canvas.width - _EDGE - width
        y -= 26
        canvas.box(x, y, width, 24, _PANEL, 12)
        canvas.dot(x + 11, y + 8, 8, _GREEN)
        canvas.text(name, canvas.body, x + _PAD + 14, y + 2.5, _TEXT)


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
