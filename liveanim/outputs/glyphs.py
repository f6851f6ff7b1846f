"""Letters for the HUD: one atlas of Pillow's own font in a few sizes, and text laid out as boxes to draw."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

_ASCII = "".join(chr(code) for code in range(32, 127))
# What the font has beyond ASCII, and what stands for what it has not.
_LETTERS = _ASCII + "·…°"
_STAND_INS = str.maketrans(
    {0x2013: "-", 0x2014: "-", 0x2212: "-", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xD7: "x"}
)
Colour = tuple[float, float, float, float]
_ATLAS_WIDTH = 1024
_MOST_LINES = 512


@dataclass(frozen=True, slots=True)
class Glyph:
    """One letter: its box in the atlas (u, v, width, height, 0..1) and how it sits on the line, in pixels."""

    uv: tuple[float, float, float, float]
    size: tuple[int, int]
    offset: tuple[int, int]
    advance: float


def readable(text: str) -> str:
    """`text` in letters the font has: accents are dropped, line ends become spaces, the rest '?'."""
    plain = unicodedata.normalize("NFKD", " ".join(text.translate(_STAND_INS).split()))
    return "".join(c if c in _LETTERS else "?" for c in plain if not unicodedata.combining(c))


class Letters:
    """The atlas for some font sizes (pixels). `image`: (height, width) uint8 coverage, 255 is ink."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self._glyphs: dict[tuple[int, str], Glyph] = {}
        self._lines: dict[tuple[str, int], NDArray[np.float32]] = {}
        self._widths: dict[tuple[str, int], float] = {}
        self._painted: dict[tuple[str, int, Colour], NDArray[np.float32]] = {}
        self._fitted: dict[tuple[str, int, float], str] = {}
        boxes = [(size, letter) for size in sorted(set(sizes)) for letter in _LETTERS]
        fonts = {size: ImageFont.load_default(size) for size, _ in boxes}
        rows = self._pack(boxes, fonts)
        self.image = self._draw(rows, fonts)

    def _pack(
        self, boxes: list[tuple[int, str]], fonts: dict[int, ImageFont.FreeTypeFont | ImageFont.ImageFont]
    ) -> list[tuple[int, str, int, int, tuple[int, int, int, int]]]:
        rows, x, y, tallest = [], 1, 1, 0
        for size, letter in boxes:
            left, top, right, bottom = (int(side) for side in fonts[size].getbbox(letter))
            width, height = right - left, bottom - top
            if x + width + 2 > _ATLAS_WIDTH:
                x, y, tallest = 1, y + tallest + 2, 0
            rows.append((size, letter, x, y, (left, top, width, height)))
            x, tallest = x + width + 2, max(tallest, height)
        self._height = y + tallest + 2
        return rows

    def _draw(
        self,
        rows: list[tuple[int, str, int, int, tuple[int, int, int, int]]],
        fonts: dict[int, ImageFont.FreeTypeFont | ImageFont.ImageFont],
    ) -> NDArray[np.uint8]:
        sheet = Pillow.new("L", (_ATLAS_WIDTH, self._height))
        pen = ImageDraw.Draw(sheet)
        digits = {size: max(font.getlength(d) for d in "0123456789") for size, font in fonts.items()}
        for size, letter, x, y, (left, top, width, height) in rows:
            pen.text((x - left, y - top), letter, fill=255, font=fonts[size])
            advance = fonts[size].getlength(letter)
            shift = 0
            if letter.isdigit():
                # Digits of one width: numbers that change do not jitter.
                shift, advance = round((digits[size] - advance) / 2), digits[size]
            uv = (x / _ATLAS_WIDTH, y / self._height, width / _ATLAS_WIDTH, height / self._height)
            self._glyphs[size, letter] = Glyph(uv, (width, height), (left + shift, top), advance)
        return np.asarray(sheet)

    def width(self, text: str, size: int) -> float:
        """Width of `text` in pixels."""
        known = self._widths.get((text, size))
        if known is None:
            if len(self._widths) >= _MOST_LINES:
                self._widths.clear()
            known = self._widths[text, size] = sum(self._glyphs[size, letter].advance for letter in readable(text))
        return known

    def fitted(self, text: str, size: int, room: float) -> str:
        """`text`, cut with an ellipsis where it is wider than `room` pixels."""
        known = self._fitted.get((text, size, room))
        if known is None:
            if len(self._fitted) >= _MOST_LINES:
                self._fitted.clear()
            known = self._fitted[text, size, room] = self._cut(readable(text), size, room)
        return known

    def _cut(self, text: str, size: int, room: float) -> str:
        if self.width(text, size) <= room:
            return text
        while text and self.width(text + "…", size) > room:
            text = text[:-1]
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
        for letter in readable(text):
            glyph = self._glyphs[size, letter]
            if glyph.size[0] > 0 and not letter.isspace():
                boxes.append((round(x) + glyph.offset[0], glyph.offset[1], *glyph.size, *glyph.uv))
            x += glyph.advance
        return np.array(boxes, dtype=np.float32).reshape(-1, 8)
