"""Letters for the HUD: one atlas of Pillow's own font in a few sizes and of what this machine's fonts have besides, and
text laid out as boxes to draw."""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

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
_WIDTH = 48  # of the atlas, in heights of the largest letters
_MORE = 12  # lines of letters that there is room for besides the first ones
_TEXTS = 12  # lines of whole texts
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
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    plain = unicodedata.normalize("NFC", " ".join(text.translate(_STAND_INS).split()))
    return "".join(c if c in known else _stand_in(c) for c in plain)


def _stand_in(letter: str) -> str:
    parts = [c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c)]
    return "".join(c if c in _LETTERS else "?" for c in parts)


class Letters:
    """The atlas for some font sizes (pixels). `image`: (height, width) uint8 coverage, 255 is ink.

    finder   looks for letters beyond the first ones, which appear as soon as they are found (`refresh`); None: nowhere
    version  counts the changes of what is in its place in the atlas
    parts    what the HUD keeps of its drawings, by name
    """

    def __init__(self, sizes: tuple[int, ...], finder: Finder | None = None) -> None:
        self._glyphs: dict[tuple[int, str], Glyph] = {}
        self._widths: _Kept[tuple[str, int], float] = _Kept()
        self._painted: _Kept[tuple[str, int], NDArray[np.float32]] = _Kept()
        self._fitted: _Kept[tuple[str, int, float], str] = _Kept()
        self.parts: dict[str, tuple[Any, NDArray[np.float32], Any]] = {}
        self.version = 0
        self._finder = finder
        self._asked: set[tuple[int, str]] = set()
        fonts = {size: ImageFont.load_default(size) for size in sorted(set(sizes))}
        self._ascents = {size: font.getmetrics()[0] for size, font in fonts.items()}  # type: ignore[union-attr]
        first = [draw(font, letter, size) for size, font in fonts.items() for letter in _LETTERS]  # type: ignore[arg-type]
        self._known = {size: set(_LETTERS) for size in fonts}
        width = max(1024, _WIDTH * max(fonts))
        self._shelf = Shelf(width)
        places = [self._shelf.place(*one.ink.shape[::-1]) for one in first]
        self._letters_end = self._shelf.height + _MORE * (2 + 2 * max(fonts))
        height = self._letters_end + _TEXTS * (2 + 2 * max(fonts))
        self.image: NDArray[np.uint8] = np.zeros((height, width), np.uint8)
        self._texts, self._texts_full = Shelf(width), False
        self._stale = height, 0
        for one, place in zip(first, places, strict=True):
            self._keep(one, place)
        for size in fonts:
            self._even_digits(size)
        self._tables = {size: self._table(size) for size in fonts}

    def _table(self, size: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Of the ASCII letters by their code: boxes as in `painted`, and how far the pen goes on."""
        boxes, advances = np.zeros((128, 13), np.float32), np.zeros(128)
        for letter in _ASCII:
            glyph = self._glyphs[size, letter]
            boxes[ord(letter), :8] = *glyph.offset, *glyph.size, *glyph.uv
            advances[ord(letter)] = glyph.advance
        return boxes, advances

    def _keep(self, one: Drawn, place: tuple[int, int]) -> None:
        (x, y), (height, width) = place, one.ink.shape
        self.image[y : y + height, x : x + width] = one.ink
        self._stale = min(self._stale[0], y), max(self._stale[1], y + height)
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
            if self._shelf.height <= self._letters_end and one.size in self._known:  # no room: it keeps its stand-in
                self._keep(one, place)
                self._known[one.size].add(one.letter)
        if found or self._texts_full:
            self.version += 1
            self._widths.clear()
            self._painted.clear()
            self._fitted.clear()
            self._texts, self._texts_full = Shelf(self.image.shape[1]), False
        return bool(found)

    def changed(self) -> tuple[int, int]:
        """Rows (first, end) of `image` that have changed since the last call."""
        stale, self._stale = self._stale, (len(self.image), 0)
        return stale

    def _readable(self, text: str, size: int) -> str:
        known = self._known[size]
        if self._finder is not None and not text.isascii():
            for letter in unicodedata.normalize("NFC", text):
                if letter not in known and (size, letter) not in self._asked and letter.isprintable():
                    self._asked.add((size, letter))
                    self._finder.ask(letter, size)
        return readable(text, known)

    def width(self, text: str, size: int) -> float:
        """Width of `text` in pixels."""
        known = self._widths.get((text, size))
        if known is None:
            letters = self._readable(text, size)
            known = self._widths.keep((text, size), sum(self._glyphs[size, letter].advance for letter in letters))
        return known

    def fitted(self, text: str, size: int, room: float) -> str:
        """`text`, cut with an ellipsis where it is wider than `room` pixels."""
        known = self._fitted.get((text, size, room))
        if known is None:
            known = self._fitted.keep((text, size, room), self._cut(self._readable(text, size), size, room))
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
        """(n, 13): x, y, width, height, u, v, width, height, r, g, b, a, 0 of each letter of `text`; its line box
        starts at (x, y)."""
        boxes = self._painted.get((text, size))
        if boxes is None:
            boxes = self._painted.keep((text, size), self._set(text, size))
        boxes = boxes.copy()
        boxes[:, 8:12] = colour
        # Whole pixels: the letters stay as crisp as the font drew them.
        boxes[:, 0] += round(x)
        boxes[:, 1] += round(y)
        return boxes

    def figures(
        self, texts: Sequence[str], size: int, rights: Sequence[float], tops: Sequence[float], colours: Sequence[Colour]
    ) -> NDArray[np.float32]:
        """As `painted`, for many short ASCII texts at once that change all the time: each ends at its `rights`."""
        boxes, advances = self._tables[size]
        codes = np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8)
        line = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
        widths = np.bincount(line, advances[codes], len(texts))
        pens = np.cumsum(advances[codes]) - advances[codes] - (np.cumsum(widths) - widths)[line]
        rows = boxes[codes]
        rows[:, 0] += np.rint(np.asarray(rights) - widths)[line] + np.rint(pens)
        rows[:, 1] += np.rint(tops)[line]
        rows[:, 8:12] = np.asarray(colours, np.float32)[line]
        inked: NDArray[np.float32] = rows[codes != ord(" ")]
        return inked

    def _set(self, text: str, size: int) -> NDArray[np.float32]:
        """One box where there is room for the whole text in the atlas, else one for each letter."""
        boxes, x = [], 0.0
        for letter in self._readable(text, size):
            glyph = self._glyphs[size, letter]
            if glyph.size[0] > 0 and letter != " ":
                boxes.append((round(x) + glyph.offset[0], glyph.offset[1], *glyph.size, *glyph.uv, 0, 0, 0, 0, 0))
            x += glyph.advance
        rows = np.array(boxes, dtype=np.float32).reshape(-1, 13)
        return self._whole(rows) if len(rows) > 1 else rows

    def _whole(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The letters `rows` as one picture in the atlas and one box; as they are where there is no room for it."""
        tall, wide = self.image.shape
        left, top = rows[:, :2].min(axis=0).astype(int)
        width, height = (rows[:, :2] + rows[:, 2:4]).max(axis=0).astype(int) - (left, top)
        if width + 3 > wide:
            return rows
        x, y = self._texts.place(int(width), int(height))
        y += self._letters_end
        if y + height > tall:
            self._texts_full = True
            return rows
        spot = self.image[y : y + height, x : x + width]
        spot[:] = 0
        sources = np.rint(rows[:, 4:8] * (wide, tall, wide, tall)).astype(int)
        for (u, v, w, h), (to_x, to_y) in zip(sources, rows[:, :2].astype(int) - (left, top), strict=True):
            part = spot[to_y : to_y + h, to_x : to_x + w]
            np.maximum(part, self.image[v : v + h, u : u + w], out=part)
        self._stale = min(self._stale[0], y), max(self._stale[1], y + int(height))
        whole = rows[:1].copy()
        whole[0, :8] = left, top, width, height, x / wide, y / tall, width / wide, height / tall
        return whole


K = TypeVar("K")
V = TypeVar("V")


class _Kept(dict[K, V]):
    """What was worked out before; when it is full the oldest part is forgotten."""

    def keep(self, key: K, value: V) -> V:
        if len(self) >= _MOST_LINES:
            for old in [*islice(self, _MOST_LINES // 8)]:
                del self[old]
        self[key] = value
        return value
