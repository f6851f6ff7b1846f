"""Curves of values over time as a PNG, to see what a schedule does or what a performer did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .core.errors import UserError, told_as

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_SIZE, _LEFT, _EDGE, _BOTTOM, _TOP = (960, 360), 84, 20, 34, 40
_PAPER, _GRID, _INK, _CURVE = (16, 18, 24), (44, 48, 60), (196, 200, 212), (255, 176, 64)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between `low` and `high`, at most about `most` of them."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * next(factor for factor in (1, 2, 5, 10) if factor * unit >= rough * 0.999)
    return [float(round(n * step, 12)) for n in range(int(np.ceil(low / step - 1e-9)), int(high / step + 1e-9) + 1)]


def draw_curve(values: NDArray[np.float64], path: Path, fps: float, title: str) -> None:
    """Draws `values` (one a frame) to `path`; where one is not finite the curve has a gap.

    UserError if none is finite, or where `path` cannot be written.
    """
    if not np.isfinite(values).any():
        raise UserError("there is nothing to draw: the expression has no finite value")
    save(_curve(values, fps, title, 0.0, _SIZE), path)


def draw_curves(curves: Mapping[str, NDArray[np.float64]], path: Path, fps: float, begin: float) -> None:
    """Draws several curves below each other, the first value of each at `begin` seconds. UserError without a place."""
    from PIL import Image

    width, height = _SIZE[0], _SIZE[1] // 2
    sheet = Image.new("RGB", (width, height * len(curves)), _PAPER)
    for row, (name, values) in enumerate(curves.items()):
        sheet.paste(_curve(values, fps, name, begin, (width, height)), (0, row * height))
    save(sheet, path)


def save(picture: Picture, path: Path) -> None:
    """`picture` as the PNG file `path`; UserError where it cannot be written."""
    with told_as(f"{path}: cannot be written"):
        picture.save(path, "PNG")


def _curve(values: NDArray[np.float64], fps: float, title: str, begin: float, size: tuple[int, int]) -> Picture:
    """A picture of `size` pixels with one curve; at least one value is finite."""
    from PIL import Image, ImageDraw, ImageFont

    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    width, height = size
    seconds = max(1, len(values) - 1) / fps

    def across(time: float) -> float:
        return _LEFT + (width - _LEFT - _EDGE) * (time - begin) / seconds

    def up(value: float) -> float:
        return height - _BOTTOM - (height - _TOP - _BOTTOM) * (value - low) / (high - low)

    # Drawn at twice the size and made smaller, for smooth lines.
    picture = Image.new("RGB", (2 * width, 2 * height), _PAPER)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(26)
    for value in ticks(low, high, 6 if height >= _SIZE[1] else 3):
        draw.line([(2 * _LEFT, 2 * up(value)), (2 * (width - _EDGE), 2 * up(value))], _GRID, 2)
        draw.text((2 * _LEFT - 16, 2 * up(value)), f"{value:g}", _INK, font, anchor="rm")
    for time in ticks(begin, begin + seconds, 10):
        draw.line([(2 * across(time), 2 * _TOP), (2 * across(time), 2 * (height - _BOTTOM))], _GRID, 2)
        draw.text((2 * across(time), 2 * (height - _BOTTOM) + 12), f"{time:g} s", _INK, font, anchor="ma")
    draw.text((2 * _LEFT, 40), title if len(title) < 110 else title[:107] + "...", _INK, font, anchor="lm")
    for run in _runs(values):
        points = [(2 * across(begin + frame / fps), 2 * up(value)) for frame, value in run]
        draw.line(points if len(points) > 1 else points * 2, _CURVE, 5, joint="curve")
    return picture.resize(size, Image.Resampling.LANCZOS)


def _runs(values: NDArray[np.float64]) -> list[Sequence[tuple[int, float]]]:
    """The stretches of finite values, as (frame, value)."""
    runs: list[list[tuple[int, float]]] = [[]]
    for frame, value in enumerate(values):
        if np.isfinite(value):
            runs[-1].append((frame, float(value)))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
