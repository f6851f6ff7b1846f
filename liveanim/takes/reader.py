"""A take read back, whole or cut off by a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..core.errors import UserError, told_as
from ..core.model import ControlEvent, Image, frozen_image
from ..inputs.fakes import Script
from .files import INDEX, kept, safe
from .format import (
    AUDIO,
    EVENTS,
    KEYFRAMES,
    META,
    PICTURES,
    PRESETS,
    Moment,
    TakeInfo,
    from_toml,
    parse_event,
    parse_moment,
)

_MAX_META, _MAX_EVENTS = 4_000_000, 400_000_000  # bytes: what is larger was not written here
T = TypeVar("T")


class TakeReader:
    """A take read back: a `Source` of its events, the path of its sound, and what it says of itself.

    moments    every picture that was painted, in order; () in takes of versions that did not keep them
    warnings   a line for whatever was left out
    UserError when the folder is no take or misses a part.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such take (expected a folder with {META}, {EVENTS} and {AUDIO})")
        for name in (META, EVENTS, AUDIO):
            if not (folder / name).is_file():
                raise UserError(f"{folder}: not a take, {name} is missing")
        self.folder = folder
        self.warnings: list[str] = []
        self.info: TakeInfo = from_toml(_text(folder / META, _MAX_META), str(folder / META))
        self.events = self._lines(EVENTS, parse_event)
        self.moments = self._lines(KEYFRAMES, parse_moment) if (folder / KEYFRAMES).is_file() else ()
        self._files = kept(folder, _text(folder / INDEX, _MAX_META)) if (folder / INDEX).is_file() else {}
        self.audio = folder / AUDIO
        # Where it was ended is where its sound ends.
        self._script = Script(event for event in self.events if event.target != "do.quit")

    def read(self, now: float) -> Sequence[ControlEvent]:
        """Events up to show time `now`, each once."""
        return self._script.read(now)

    @property
    def shown(self) -> tuple[int, int] | None:
        """(width, height) of the picture that was shown; None if it was not kept."""
        return self.info.picture if all(self.info.picture) else None

    def first_frame(self, fps: float) -> int:
        """The frame, at `fps`, with which its sound begins."""
        return round(self.info.sound_from * fps)

    def looks(self) -> Mapping[str, str]:
        """The texts of the presets that could be chosen, by name, in their order."""
        files = sorted((self.folder / PRESETS).glob("*.toml"))
        return {path.stem.partition("-")[2]: _text(path, _MAX_META) for path in files}

    def files(self, look: str = "") -> Mapping[str, str]:
        """The files it keeps, by the names they have in the preset `look`; '': on the command line."""
        return self._files.get(safe(look), {})

    def kept(self, time: float) -> Moment | None:
        """The last painted picture at or before `time` (s) that was kept; None when there is none."""
        return next((moment for moment in reversed(self.kept_moments()) if moment.time <= time), None)

    def kept_moments(self) -> tuple[Moment, ...]:
        """Every painted picture that was kept, in order."""
        files = {path.name for path in (self.folder / PICTURES).glob("*.jpg")}
        return tuple(moment for moment in self.moments if moment.file in files)

    def picture(self, moment: Moment) -> Image:
        """(height, width, 3) of a kept picture. UserError when it cannot be read."""
        from PIL import Image as Pictures

        path = self.folder / PICTURES / moment.file
        try:
            with Pictures.open(path, formats=["JPEG"]) as picture:
                return frozen_image(np.array(picture.convert("RGB")))
        except (OSError, Pictures.DecompressionBombError) as error:
            raise UserError(f"{path}: cannot be read ({error})") from None

    def _lines(self, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        path = self.folder / name
        lines = _text(path, _MAX_EVENTS).split("\n")
        rows = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                rows.append(parse(line))
            except ValueError as error:
                if number < len(lines):
                    raise UserError(f"{path}, line {number}: {error}") from None
                self.warnings.append(f"{path}: the last line is cut off and was left out")
        return tuple(rows)


def is_take(path: Path) -> bool:
    """Whether `path` is a folder that holds a take."""
    return (path / META).is_file()


def _text(path: Path, limit: int) -> str:
    with told_as(f"{path}: cannot be read"):
        if path.stat().st_size > limit:
            raise UserError(f"{path}: too large to be part of a take ({path.stat().st_size // 1_000_000} MB)")
        return path.read_text(encoding="utf-8", errors="replace")
