"""Letters that Pillow's own font has not: looked for in the fonts of this machine, in a thread of its own."""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

log = logging.getLogger(__name__)

# Plain faces with many letters first, then those of the systems for Chinese, Japanese and Korean.
_GOOD = """notosans-regular dejavusans segoeui helveticaneue arial liberationsans-regular notosanscjk-regular
    notosanscjkjp-regular pingfang hiraginosans msyh msgothic yugothr malgun wqy-microhei wqy-zenhei droidsansfallback
    droidsansfallbackfull arialunicode""".split()
_SUFFIXES = (".ttf", ".otf", ".ttc")
_MOST = 400  # fonts that are tried
_NOBODYS = "\U0010fffe"  # a letter no font has: shows what a font draws in the place of such
Found = Callable[[], Iterator[Path]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A letter in one size: its ink (height, width) uint8, and how it sits: from the pen to its left edge, from the
    baseline down to its top (negative: above), and how far the pen goes on, in pixels."""

    letter: str
    size: int
    ink: NDArray[np.uint8]
    left: int
    top: int
    advance: float


def draw(font: ImageFont.FreeTypeFont, letter: str, size: int) -> Drawn:
    """`letter` as the font has it."""
    left, top, right, bottom = (int(side) for side in font.getbbox(letter, anchor="ls"))
    sheet = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(sheet).text((-left, -top), letter, fill=255, font=font, anchor="ls")
    return Drawn(letter, size, np.asarray(sheet), left, top, font.getlength(letter))


def of_this_machine() -> Iterator[Path]:
    """The font files of the system and the user, those that are good to read first."""
    home = Path.home()
    if sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    elif sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home)) / "Microsoft/Windows/Fonts"
        folders = [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", local]
    else:
        folders = [
            Path("/usr/share/fonts"),
            Path("/usr/local/share/fonts"),
            home / ".local/share/fonts",
            home / ".fonts",
        ]
    files = [Path(at) / name for top in folders for at, _, names in os.walk(top) for name in names]
    fonts = [path for path in files if path.suffix.lower() in _SUFFIXES]
    yield from sorted(fonts, key=_worth)[:_MOST]


def _worth(path: Path) -> tuple[int, bool, str]:
    stem = path.stem.lower().replace(" ", "")
    odd = any(word in stem for word in ("bold", "italic", "oblique", "mono", "serif", "light", "condensed", "emoji"))
    return _GOOD.index(stem) if stem in _GOOD else len(_GOOD), odd, stem


class Finder:
    """Finds and draws letters. `search` does the work; `start` lets a thread of its own do it."""

    def __init__(self, files: Found = of_this_machine) -> None:
        self._files = files
        self._fonts: list[Path] | None = None
        self._asked: queue.SimpleQueue[tuple[str, int] | None] = queue.SimpleQueue()
        self._found: queue.SimpleQueue[Drawn] = queue.SimpleQueue()
        self._home: dict[str, Path | None] = {}  # font that has a letter

    def start(self) -> None:
        threading.Thread(target=self._run, name="fonts", daemon=True).start()

    def close(self) -> None:
        """End the thread, once it has done what it is at."""
        self._asked.put(None)

    def ask(self, letter: str, size: int) -> None:
        """Look for `letter`; the answer is among `answers` some time later, or never."""
        self._asked.put((letter, size))

    def answers(self) -> list[Drawn]:
        """What has been found since the last call."""
        found = []
        while not self._found.empty():
            found.append(self._found.get())
        return found

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            try:
                drawn = self.search(*asked)
            except Exception as error:  # noqa: BLE001  top of the thread: a font that is broken costs its letters
                log.debug("fonts: %s", error)
                continue
            if drawn is not None:
                self._found.put(drawn)

    def search(self, letter: str, size: int) -> Drawn | None:
        """`letter` in the first font that has it."""
        if letter not in self._home:
            if self._fonts is None:
                self._fonts = list(self._files())
            self._home[letter] = next((path for path in self._fonts if _has(path, letter)), None)
        path = self._home[letter]
        return None if path is None else draw(ImageFont.truetype(path, size), letter, size)


def _has(path: Path, letter: str) -> bool:
    try:
        font = ImageFont.truetype(path, 16)
        mask, none = font.getmask(letter), font.getmask(_NOBODYS)
    except (OSError, ValueError):
        return False
    return mask.getbbox() is not None and (mask.size, bytes(mask)) != (none.size, bytes(none))


class Shelf:
    """Places boxes in rows on a sheet of `width` pixels, a pixel apart."""

    def __init__(self, width: int) -> None:
        self._width, self._x, self._y, self._tallest = width, 1, 1, 0

    @property
    def height(self) -> int:
        """What is taken so far."""
        return self._y + self._tallest + 2

    def place(self, width: int, height: int) -> tuple[int, int]:
        """The left upper corner of the next box."""
        if self._x + width + 2 > self._width:
            self._x, self._y, self._tallest = 1, self._y + self._tallest + 2, 0
        place = self._x, self._y
        self._x, self._tallest = self._x + width + 2, max(self._tallest, height)
        return place
