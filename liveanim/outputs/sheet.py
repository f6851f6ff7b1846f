"""The contact sheet: some frames of a show of known length, side by side in one PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from liveanim.core.errors import UserError, brief
from liveanim.core.model import Image
from liveanim.data import whole

_SHEET_WIDTH = 1920
_MARGIN = 6
_GROUND = 14


class ContactSheet:
    """A tap that keeps `count` pictures spread evenly over `seconds` of show and writes them to `path` when closed.

    Picture k is the first at or after (k + 1/2) * seconds / count, so neither the fade-in nor the last frame is shown.
    The file appears when it is complete; UserError when it cannot be written.
    """

    def __init__(self, path: str | Path, seconds: float, count: int = 12, columns: int = 4) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise UserError(f"cannot write {self.path}: no such folder; make it first: mkdir -p {self.path.parent}")
        self._times = [(k + 0.5) * seconds / count for k in range(count)]
        self._columns = columns
        self._cells: list[Image] = []
        self._start: float | None = None
        self._last: Image | None = None
        self._closed = False

    def picture(self, image: Image, now: float) -> None:
        """The stage showed `image` (height, width, 3) at show time `now` (s)."""
        if self._start is None:
            self._start = now
        self._last = image
        while len(self._cells) < len(self._times) and now - self._start >= self._times[len(self._cells)] - 1e-6:
            self._cells.append(self._small(image))

    def close(self) -> None:
        """Write the sheet; cells of a show that ended early show its last picture. Without pictures: no file."""
        if self._closed or self._last is None:
            return
        self._closed = True
        cells = self._cells + [self._small(self._last)] * (len(self._times) - len(self._cells))
        try:
            with whole(self.path) as part:
                Pillow.fromarray(self._grid(cells)).save(part, format="PNG")
        except OSError as error:
            raise UserError(f"cannot write {self.path}: {brief(error).lower()}") from None

    def _small(self, image: Image) -> Image:
        height, width = image.shape[:2]
        cell = (_SHEET_WIDTH - _MARGIN * (self._columns + 1)) // self._columns
        if width <= cell:
            return image
        size = (cell, max(1, round(height * cell / width)))
        return np.asarray(Pillow.fromarray(image).resize(size, Pillow.Resampling.LANCZOS))

    def _grid(self, cells: list[Image]) -> Image:
        height, width = cells[0].shape[:2]
        rows = -(-len(cells) // self._columns)
        sheet: Image = np.full(
            (rows * (height + _MARGIN) + _MARGIN, self._columns * (width + _MARGIN) + _MARGIN, 3), _GROUND, np.uint8
        )
        for k, cell in enumerate(cells):
            y = _MARGIN + k // self._columns * (height + _MARGIN)
            x = _MARGIN + k % self._columns * (width + _MARGIN)
            sheet[y : y + height, x : x + width] = cell
        return sheet
