"""What the HUD is drawn with: boxes and letters in HUD units, and parts that are kept while they stay the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from liveanim.core.modulation import LOOP

from .glyphs import Colour, Letters

PANEL: Colour = (0.035, 0.038, 0.055, 0.80)
TROUGH: Colour = (1.0, 1.0, 1.0, 0.10)
TEXT: Colour = (0.95, 0.96, 0.98, 1.0)
DIM: Colour = (0.66, 0.69, 0.76, 1.0)
CYAN: Colour = (0.36, 0.82, 1.0, 1.0)
ROSE: Colour = (1.0, 0.36, 0.52, 1.0)
AMBER: Colour = (1.0, 0.76, 0.30, 1.0)
GREEN: Colour = (0.45, 0.92, 0.60, 1.0)
LIME: Colour = (0.83, 0.95, 0.36, 1.0)
VIOLET: Colour = (0.68, 0.58, 1.0, 1.0)
RED: Colour = (0.98, 0.25, 0.28, 1.0)
INK: Colour = (0.03, 0.03, 0.05, 1.0)
EDGE, PAD, ROUND = 16.0, 12.0, 9.0
_HOLDERS = {"midi": CYAN, "osc": AMBER, "web": ROSE, LOOP: LIME}  # all others: green
RATE = 20.0  # times a second that words and figures change: nobody reads faster
_LENGTHS = (0, 1, 2, 3, 12)
T = TypeVar("T")
Figure = tuple[str, float, float, Colour]
"""A text, its right end, its top, its colour."""


def holder_colour(who: str) -> Colour:
    """By who holds a parameter."""
    return _HOLDERS.get(who, GREEN)


def unit(value: float) -> float:
    """`value` inside 0..1; 0 for what is no number."""
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0


def moment(time: float, phase: float = 0.0) -> int:
    """Which of the `RATE` moments in a second `time` (s) is in; `phase` 0..1 has them begin so much earlier. What is
    drawn at different phases is not all drawn anew in one frame."""
    return math.floor(time * RATE + phase)


def scale_for(size: tuple[int, int]) -> float:
    """Pixels per HUD unit on a window of `size`: 1 at 720p, 3 at 4K; in steps, so that letters are rarely redrawn."""
    return max(0.75, round(min(size[1] / 720.0, size[0] / 1000.0) * 8) / 8)


def sizes_for(scale: float) -> tuple[int, int, int]:
    """Font sizes in pixels: caption, body, title."""
    return round(12 * scale), round(14 * scale), round(21 * scale)


class Canvas:
    """Collects boxes and letters; measures in HUD units, stores pixels."""

    def __init__(self, size: tuple[int, int], letters: Letters) -> None:
        self.scale = scale_for(size)
        self.width, self.height = size[0] / self.scale, size[1] / self.scale
        self.letters = letters
        self.caption, self.body, self.title = sizes_for(self.scale)
        self._size = size
        self._rows: list[NDArray[np.float32]] = []
        self._boxes: list[tuple[float, ...]] = []  # those since the last text

    def part(self, name: str, key: Hashable, draw: Callable[[], T]) -> T:
        """What `draw` draws and returns. While `key`, which is all that it depends on, stays the same, it is not drawn
        again but taken from the last time."""
        self._close()
        whole = (self._size, self.letters.version, key)
        kept = self.letters.parts.get(name)
        if kept is None or kept[0] != whole:
            kept = self.letters.parts[name] = whole, *self.aside(draw)
        self._rows.append(kept[1])
        answer: T = kept[2]
        return answer

    def box(self, x: float, y: float, width: float, height: float, colour: Colour, radius: float = 0.0) -> None:
        self._boxes.append((x, y, width, height, 0, 0, 0, 0, *colour, radius))

    def aside(self, draw: Callable[[], T]) -> tuple[NDArray[np.float32], T]:
        """The boxes that `draw` draws, which are not shown, and what it returns."""
        self._close()
        before, self._rows = self._rows, []
        result = draw()
        drawn, self._rows = self.rows(), before
        return drawn, result

    def between(self, low: NDArray[np.float32], high: NDArray[np.float32], levels: Sequence[float]) -> None:
        """Boxes on their way from `low` to `high`, each as far as its one of `levels` (0..1), on whole pixels."""
        self._close()
        rows = low + (high - low) * np.asarray(levels, np.float32)[:, None]
        ends = np.rint(rows[:, :2] + rows[:, 2:4])
        np.rint(rows[:, :2], out=rows[:, :2])
        rows[:, 2:4] = ends - rows[:, :2]
        self._rows.append(rows)

    def dot(self, x: float, y: float, diameter: float, colour: Colour) -> None:
        self.box(x, y, diameter, diameter, colour, diameter / 2)

    def text(self, text: str, size: int, x: float, y: float, colour: Colour) -> None:
        s = self.scale
        self._close()
        self._rows.append(self.letters.painted(text, size, x * s, y * s, colour))

    def passing(self, text: str, size: int, x: float, y: float, colour: Colour) -> None:
        """As `text`, for what changes often: it is not kept as a whole."""
        if text.isascii():
            self.figures([(text, x + self.measure(text, size), y, colour)], size)
        else:
            self.text(text, size, x, y, colour)

    def figures(self, rows: Sequence[Figure], size: int) -> None:
        """Short texts in ASCII that change all the time, each up to its right end."""
        if not rows:
            return
        s = self.scale
        self._close()
        texts, rights, tops, colours = zip(*rows, strict=True)
        places = [right * s for right in rights], [top * s for top in tops]
        self._rows.append(self.letters.figures(texts, size, *places, colours))

    def measure(self, text: str, size: int) -> float:
        return self.letters.width(text, size) / self.scale

    def fitted(self, text: str, size: int, room: float) -> str:
        return self.letters.fitted(text, size, room * self.scale)

    def _close(self) -> None:
        if self._boxes:
            rows = np.array(self._boxes, dtype=np.float32)
            rows[:, _LENGTHS] *= self.scale
            np.rint(rows[:, :4], out=rows[:, :4])
            self._rows.append(rows)
            self._boxes = []

    def rows(self) -> NDArray[np.float32]:
        """(n, 13) float32: x, y, width, height in pixels; atlas u, v, width, height; r, g, b, a; corner radius."""
        self._close()
        return np.concatenate(self._rows) if self._rows else np.empty((0, 13), dtype=np.float32)
