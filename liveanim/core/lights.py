"""Lamps and LEDs that show parts of the picture: what a file says of them, and their channels' levels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dmx import CHANNELS, UNIVERSES, parse_universe
from .errors import UserError, number_within, only_known
from .model import Image
from .toml import read_toml

Floats = NDArray[np.float64]

MOST = 4096  # cells of one light
JUDGED = 16  # cells of each light that are looked at for flashes
GAMMA = 2.2  # light is about the display's value to this power
_LETTERS = "RGBWDrgbwd+-"
_THINNEST = 1e-3  # of the picture: what has no width of its own has this


@dataclass(frozen=True, slots=True)
class Address:
    """Where levels go: a universe of `way` ('artnet', 'sacn') at `host`; '': to everybody who listens for it."""

    way: str
    universe: int
    host: str = ""


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp, or a row or field of them that are wired one after another.

    to         where the first channel is; cells that find no room go on at channel 1 of the next universe
    channel    the first channel, 1..512
    channels   what the channels of each cell are, by letters: R G B; W white, taken out of these; D dimmer, which has
               the brightness then, and the colours are at their fullest; + full, - nothing; small letters: the fine
               byte of a channel of 16 bits
    area       left, top, right, bottom of what it shows of the picture, 0..1; swapped where it runs the other way
    grid       (columns, rows) of cells, row by row
    snake      every other row runs backwards
    level      how bright it is at most, 0..1
    linear     its channels are light; False: it takes display values, and corrects them itself
    """

    name: str
    to: Address
    channel: int = 1
    channels: str = "RGB"
    area: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    grid: tuple[int, int] = (1, 1)
    snake: bool = False
    level: float = 1.0
    linear: bool = True

    @property
    def cells(self) -> int:
        return self.grid[0] * self.grid[1]

    def runs(self) -> Iterator[tuple[Address, int, int, int]]:
        """(address, first channel from 0, first cell, cells) of every part that lies in one universe."""
        wide, first, cell = len(self.channels), self.channel - 1, 0
        universe = self.to.universe
        while cell < self.cells:
            count = min(self.cells - cell, (CHANNELS - first) // wide)
            if count:
                yield Address(self.to.way, universe, self.to.host), first, cell, count
            universe, first, cell = universe + 1, 0, cell + count


def read_lights(text: str, where: str) -> tuple[Light, ...]:
    """The lights of a file with TOML `text`. UserError names `where` and the light."""
    data = read_toml(text, where)
    only_known(data, ("light",), where)
    rows = data.get("light", [])
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{where}: no [[light]] in it (docs/outputs.md has an example)")
    lights = tuple(_light(row, f"{where}: light {n}", f"light {n}") for n, row in enumerate(rows, 1))
    taken: dict[tuple[Address, int], Light] = {}
    for light in lights:
        for address, first, _, count in light.runs():
            for channel in range(first, first + count * len(light.channels)):
                other = taken.setdefault((address, channel), light)
                if other is not light:
                    place = f"channel {channel + 1} of {address.way}:{address.universe}"
                    raise UserError(f"{where}: {light.name}: {place} is {other.name}'s already")
    return lights


def _light(row: Mapping[str, Any], where: str, name: str) -> Light:
    only_known(row, ("name", *_READERS), where)
    if "to" not in row:
        raise UserError(f'{where}: to: missing; expected "sacn:1" or "artnet:0 192.168.1.50"')
    name = str(row.get("name", name))
    found = {key: read(row[key], f"{where}: {key}") for key, read in _READERS.items() if key in row}
    light = Light(name, **found)
    if light.cells > MOST:
        raise UserError(f"{where}: grid: {light.cells} cells, and {MOST} are the most of one light")
    if len(light.channels) > CHANNELS + 1 - light.channel and light.cells == 1:
        raise UserError(f"{where}: channel: {len(light.channels)} channels from {light.channel} end after {CHANNELS}")
    last, most = [address.universe for address, *_ in light.runs()][-1], UNIVERSES[light.to.way][1]
    if last > most:
        raise UserError(f"{where}: grid: it ends in universe {last}, and {most} is the last")
    return light


def _address(value: Any, where: str) -> Address:
    way, _, host = str(value).strip().partition(" ")
    try:
        return Address(*parse_universe(way), host.strip())
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None


def _whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= CHANNELS:
        raise UserError(f"{where}: expected a whole number from 1 to {CHANNELS}")
    return value


def _channels(value: Any, where: str) -> str:
    text = str(value)
    if not text or len(text) > CHANNELS or re.sub(f"[{re.escape(_LETTERS)}]", "", text):
        raise UserError(f'{where}: {text!r}: expected letters of {_LETTERS}, such as "RGB" or "DRGBW"')
    return text


def _numbers(value: Any, where: str, count: int, words: str) -> tuple[float, ...]:
    good = isinstance(value, list) and len(value) == count
    if not good or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in value):
        raise UserError(f"{where}: expected [{words}]")
    return tuple(float(x) for x in value)


def _area(value: Any, where: str) -> tuple[float, ...]:
    numbers = _numbers(value, where, 4, "left, top, right, bottom")
    if not all(0.0 <= x <= 1.0 for x in numbers):
        raise UserError(f"{where}: expected numbers from 0 (left, top) to 1 (right, bottom)")
    return numbers


def _grid(value: Any, where: str) -> tuple[int, ...]:
    numbers = _numbers(value, where, 2, "columns, rows")
    if not all(x >= 1 and x == int(x) for x in numbers):
        raise UserError(f"{where}: expected whole numbers from 1")
    return tuple(int(x) for x in numbers)


def _share(value: Any, where: str) -> float:
    return number_within(value, 0, 1, where)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise UserError(f"{where}: expected true or false")
    return value


_READERS: Mapping[str, Any] = {
    "to": _address,
    "channel": _whole,
    "channels": _channels,
    "area": _area,
    "grid": _grid,
    "snake": _flag,
    "level": _share,
    "linear": _flag,
}


@dataclass(frozen=True, slots=True)
class Mood:
    """How the lights of a moment are: `level` and `saturation` 0..1 and 0..2, `smooth`: s in which they follow."""

    level: float = 1.0
    saturation: float = 1.0
    smooth: float = 0.0


_LIGHT_OF = (np.arange(256) / 255.0) ** GAMMA


def colours(lights: Sequence[Light], image: Image) -> list[Floats]:
    """The mean light (RGB, 0..1) of every cell's part of `image` (height, width, 3): (cells, 3) for each light."""
    height, width = image.shape[:2]
    sums = np.zeros((height + 1, width + 1, 3))
    np.cumsum(np.cumsum(_LIGHT_OF[image], axis=0), axis=1, out=sums[1:, 1:])
    return [_means(sums, *_edges(light, width, height)) for light in lights]


def _edges(light: Light, width: int, height: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Left, top, right and bottom of every cell, in pixels."""
    columns, rows = light.grid
    left, top, right, bottom = light.area
    across = np.linspace(left, right, columns + 1)
    down = np.linspace(top, bottom, rows + 1)
    order = np.tile(np.arange(columns), (rows, 1))
    if light.snake:
        order[1::2] = order[1::2, ::-1]
    column, row = order.ravel(), np.repeat(np.arange(rows), columns)
    lows, highs = [], []
    for ends, cell, size in ((across, column, width), (down, row, height)):
        low, high = np.minimum(ends[cell], ends[cell + 1]), np.maximum(ends[cell], ends[cell + 1])
        low = np.minimum(low, 1.0 - _THINNEST)
        lows.append(low * size)
        highs.append(np.maximum(high, low + _THINNEST) * size)
    return lows[0], lows[1], highs[0], highs[1]


def _means(sums: Floats, left: Floats, top: Floats, right: Floats, bottom: Floats) -> Floats:
    """Means over rectangles by a table of sums (Crow 1984), parts of pixels too: between its corners it is bilinear."""

    def at(x: Floats, y: Floats) -> Floats:
        x0 = np.minimum(x.astype(int), sums.shape[1] - 2)
        y0 = np.minimum(y.astype(int), sums.shape[0] - 2)
        fx, fy = (x - x0)[:, None], (y - y0)[:, None]
        above = sums[y0, x0] * (1 - fx) + sums[y0, x0 + 1] * fx
        below = sums[y0 + 1, x0] * (1 - fx) + sums[y0 + 1, x0 + 1] * fx
        whole: Floats = above * (1 - fy) + below * fy
        return whole

    total = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top)
    return np.clip(total / ((right - left) * (bottom - top))[:, None], 0.0, 1.0)


def tinted(seen: Sequence[Floats], mood: Mood) -> list[Floats]:
    """The light `seen` as bright and as colourful as `mood` has it."""
    greys = [cells.mean(axis=1, keepdims=True) for cells in seen]
    return [
        np.clip(grey + mood.saturation * (cells - grey), 0.0, 1.0) * mood.level
        for cells, grey in zip(seen, greys, strict=True)
    ]


def spread(lit: Sequence[Floats]) -> NDArray[np.float32]:
    """What is lit as a picture in which every light has the same area: (lights, JUDGED, 3)."""
    return np.stack([cells[np.linspace(0, len(cells) - 1, JUDGED).round().astype(int)] for cells in lit], dtype="f4")


def universes(lights: Sequence[Light], lit: Sequence[Floats]) -> dict[Address, bytes]:
    """The levels of every universe up to the last channel that is used, when `lights` are lit so."""
    found: dict[Address, bytearray] = {}
    for light, cells in zip(lights, lit, strict=True):
        levels = _levels(light, cells)
        for address, first, cell, count in light.runs():
            part = levels[cell : cell + count].tobytes()
            filled = found.setdefault(address, bytearray())
            filled.extend(bytes(max(0, first + len(part) - len(filled))))
            filled[first : first + len(part)] = part
    return {address: bytes(levels) for address, levels in found.items()}


def _levels(light: Light, cells: Floats) -> NDArray[np.uint8]:
    """(cells, channels) of one light."""
    colour = cells * light.level
    letters = light.channels.upper()
    parts = dict(zip("RGB", colour.T, strict=True))
    if "W" in letters:
        white = colour.min(axis=1)
        parts = {name: part - white for name, part in parts.items()} | {"W": white}
    if "D" in letters:
        most = np.maximum.reduce(list(parts.values()))
        parts = {name: part / np.maximum(most, 1e-9) for name, part in parts.items()} | {"D": most}
    parts |= {"+": np.ones(len(cells)), "-": np.zeros(len(cells))}
    if not light.linear:
        parts = {name: part ** (1 / GAMMA) for name, part in parts.items()}
    return np.stack([_byte(letter, parts[letter.upper()], light.channels) for letter in light.channels], axis=1)


def _byte(letter: str, value: Floats, channels: str) -> NDArray[np.uint8]:
    fine = letter.lower() in channels and letter not in "+-"
    if not fine:
        return np.rint(value * 255).astype(np.uint8)
    both = np.rint(value * 65535).astype(np.uint16)
    return ((both & 255) if letter.islower() else (both >> 8)).astype(np.uint8)
