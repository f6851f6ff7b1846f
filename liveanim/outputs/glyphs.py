"""Letters for the HUD: one atlas of Pillow's own font in a few sizes and of what this machine's fonts have besides, and
text laid out as boxes to draw."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from .fonts import Drawn, Finder, Shelf, draw

_ASCII = "".join(chr(code) for code in range(32, 127))
_LETTERS = _ASCII + "·…°"
_STAND_INS = str.maketrans(
    {0x2013: "-", 0x2014: "-", 0x2212: "-", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xD7: "x"}
)
Colour = tuple[float, float, float, float]
_ATLAS_WIDTH = 1024
_MORE = 24  # lines of letters that there is room for besides the first ones
_MOST_LINES = 512


@dataclass(frozen=True, slots=True)
class Glyph:
    """One letter: its box in the atlas (u, v, width, height, 0..1) and how it sits on the line, in pixels."""

    uv: tuple[float, float, float, float]
    size: tuple[int, int]
    offset: tuple[int, int]
    advance: float


def readable(text: str, known: Container[str] = _LETTERS) -> str:
    """`text` in the letters `known`: other accents are dropped, line ends become spaces, the rest '?'."""
    plain = unicodedata.normalize("NFC", " ".join(text.translate(_STAND_INS).split()))
    return "".join(c if c in known else _stand_in(c) for c in plain)


def _stand_in(letter: str) -> str:
    parts = [c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c)]
    return "".join(c if c in _LETTERS else "?" for c in parts)


class Letters:
    """The atlas for some font sizes (pixels). `image`: (height, width) uint8 coverage, 255 is ink.

    finder   looks for letters beyond the first ones, which appear as soon as they are found (`refresh`); None: nowhere
    version  counts the changes of the atlas
    parts    what the HUD keeps of its drawings, by name
    """

    def __init__(self, sizes: tuple[int, ...], finder: Finder | None = None) -> None:
        self._glyphs: dict[tuple[int, str], Glyph] = {}
        self._lines: dict[tuple[str, int], NDArray[np.float32]] = {}
        self._widths: dict[tuple[str, int], float] = {}
        self._painted: dict[tuple[str, int, Colour], NDArray[np.float32]] = {}
        self._fitted: dict[tuple[str, int, float], str] = {}
        self.parts: dict[str, tuple[Any, NDArray[np.float32], Any]] = {}
        self.version = 0
        self._finder = finder
        self._asked: set[tuple[int, str]] = set()
        fonts = {size: ImageFont.load_default(size) for size in sorted(set(sizes))}
        self._ascents = {size: font.getmetrics()[0] for size, font in fonts.items()}  # type: ignore[union-attr]
        first = [draw(font, letter, size) for size, font in fonts.items() for letter in _LETTERS]  # type: ignore[arg-type]
        self._known = {size: set(_LETTERS) for size in fonts}
        self._shelf = Shelf(_ATLAS_WIDTH)
        places = [self._shelf.place(*one.ink.shape[::-1]) for one in first]
        height = self._shelf.height + _MORE * (2 + 2 * max(fonts))
        self.image: NDArray[np.uint8] = np.zeros((height, _ATLAS_WIDTH), np.uint8)
        for one, place in zip(first, places, strict=True):
            self._keep(one, place)
        for size in fonts:
            self._even_digits(size)

    def _keep(self, one: Drawn, place: tuple[int, int]) -> None:
        (x, y), (height, width) = place, one.ink.shape
        self.image[y : y + height, x : x + width] = one.ink
        tall, wide = self.image.shape
        uv = (x / wide, y / tall, width / wide, height / tall)
        offset = one.left, self._ascents[one.size] + one.top
        self._glyphs[one.size, one.letter] = Glyph(uv, (width, height), offset, one.advance)

    def _even_digits(self, size: int) -> None:
        """Digits of one width: numbers that change do not jitter."""
        widest = max(self._glyphs[size, digit].advance for digit in "0123456789")
        for digit in "0123456789":
            old = self._glyphs[size, digit]
            shift = round((widest - old.advance) / 2)
            self._glyphs[size, digit] = Glyph(old.uv, old.size, (old.offset[0] + shift, old.offset[1]), widest)

    def refresh(self) -> bool:
        """Take in the letters that have been found; whether there are any."""
        found = self._finder.answers() if self._finder is not None else []
        for one in found:
            place = self._shelf.place(*one.ink.shape[::-1])
            if self._shelf.height <= len(self.image) and one.size in self._known:  # no room: it keeps its stand-in
                self._keep(one, place)
                self._known[one.size].add(one.letter)
        if found:
            self.version += 1
            for kept in (self._lines, self._widths, self._painted, self._fitted):
                kept.clear()
        return bool(found)

    def _readable(self, text: str, size: int) -> str:
        known = self._known[size]
        if self._finder is not None:
            for letter in unicodedata.normalize("NFC", text):
                if letter not in known and (size, letter) not in self._asked and letter.isprintable():
                    self._asked.add((size, letter))
                    self._finder.ask(letter, size)
        return readable(text, known)

    def width(self, text: str, size: int) -> float:
        """Width of `text` in pixels."""
        known = self._widths.get((text, size))
        if known is None:
            if len(self._widths) >= _MOST_LINES:
                self._widths.clear()
            letters = self._readable(text, size)
            known = self._widths[text, size] = sum(self._glyphs[size, letter].advance for letter in letters)
        return known

    def fitted(self, text: str, size: int, room: float) -> str:
        """`text`, cut with an ellipsis where it is wider than `room` pixels."""
        known = self._fitted.get((text, size, room))
        if known is None:
            if len(self._fitted) >= _MOST_LINES:
                self._fitted.clear()
            known = self._fitted[text, size, room] = self._cut(self._readable(text, size), size, room)
        return known

    def _cut(self, text: str, size: int, room: float) -> str:
        if self.width(text, size) <= room:
            return text
        left = room - self._glyphs[size, "…"].advance
        for end, letter in enumerate(text):
            left -= self._glyphs[size, letter].advance
            if left < 0:
                return text[:end].rstrip() + "…"
        return text.rstrip() + "…"

    def painted(self, text: str, size: int, x: float, y: float, colour: Colour) -> NDArray[np.float32]:
        """(n, 13): as `line`, with the colour and a corner radius of 0 behind."""
        boxes = self._painted.get((text, size, colour))
        if boxes is None:
            if len(self._painted) >= _MOST_LINES:
                self._painted.clear()
            boxes = self.line(text, size, 0, 0)
            paint = np.broadcast_to(np.array([[*colour, 0.0]], dtype=np.float32), (len(boxes), 5))
            boxes = self._painted[text, size, colour] = np.concatenate([boxes, paint], axis=1)
        boxes = boxes.copy()
        boxes[:, 0] += round(x)
        boxes[:, 1] += round(y)
        return boxes

    def line(self, text: str, size: int, x: float, y: float) -> NDArray[np.float32]:
        """(n, 8): x, y, width, height, u, v, width, height of each letter of `text`; its line box starts at (x, y)."""
        boxes = self._lines.get((text, size))
        if boxes is None:
            if len(self._lines) >= _MOST_LINES:
                self._lines.clear()
            boxes = self._lines[text, size] = self._set(text, size)
        # Whole pixels: the letters stay as crisp as the font drew them.
        return boxes + np.array([round(x), round(y), 0, 0, 0, 0, 0, 0], dtype=np.float32)

    def _set(self, text: str, size: int) -> NDArray[np.float32]:
        boxes, x = [], 0.0
        for letter in self._readable(text, size):
            glyph = self._glyphs[size, letter]
            if glyph.size[0] > 0 and not letter.isspace():
                boxes.append((round(x) + glyph.offset[0], glyph.offset[1], *glyph.size, *glyph.uv))
            x += glyph.advance
        return np.array(boxes, dtype=np.float32).reshape(-1, 8)
