"""The file that says which lamps and LEDs show which parts of the picture, and what plays them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from .core.errors import UserError
from .core.lights import Light, read_lights
from .data import stamp
from .library import read_text
from .outputs.lights import Lights, Sender, chase, darken

STEP = 0.6  # s that a colour of a light that is looked for stays


def lights_of(path: Path) -> Sequence[Light]:
    """The lights of the file at `path`. UserError where it is no good."""
    return read_lights(read_text(path), str(path))


class LightsFile:
    """What the file at `path` says. UserError where it is no good."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = stamp([path])
        self.lights = lights_of(path)

    def again(self) -> Sequence[Light] | None:
        """Its lights if it has been written since; UserError, once, where what is there now is no good."""
        now = stamp([self.path])
        if now == self._stamp:
            return None
        self._stamp = now
        self.lights = lights_of(self.path)
        return self.lights


def open_lights(path: Path, desk: tuple[str, int] | None = None, flash_limit: bool = True) -> Lights:
    """What shows the picture on the lights of a file, also as it is written again. UserError: file, light, reason.

    desk          the universe that the show is played by: what is sent to everybody would come back by it
    flash_limit   whether lights that flash too often are held back
    """
    file = LightsFile(path)
    for light in file.lights:
        if any((to.way, to.universe) == desk and not to.host for to, *_ in light.runs()):
            raise UserError(f"{path}: {light.name}: --dmx hears that universe: name a host, or take another universe")
    lights = Lights(file.lights, file.again, flash_limit=flash_limit)
    lights.start()
    return lights


def listed(lights: Sequence[Light]) -> list[str]:
    """A line for every light: where its channels are, what they are, and for how many cells."""
    lines = []
    for light in lights:
        (begin, first, *_), *_ = runs = list(light.runs())
        end, start, _, count = runs[-1]
        place = f"{begin.way}:{begin.universe} {first + 1} .. "
        place += "" if end == begin else f"{end.way}:{end.universe} "
        place += str(start + count * len(light.channels))
        cells = "" if light.cells == 1 else f"  {light.grid[0]} x {light.grid[1]}"
        lines.append(f"{light.name}: {place}  {light.channels}{cells}  {light.to.host}".rstrip())
    return lines


def identify(lights: Sequence[Light]) -> None:
    """Show every light in turn, until ctrl+C; then none."""
    sender = Sender()
    try:
        while True:
            chase(lights, sender, STEP, time.sleep)
            if sender.trouble:
                raise UserError(sender.trouble)
    finally:
        darken(lights, sender)
        sender.close()
