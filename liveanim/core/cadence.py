"""When the next keyframe is due: by time, on the beat, and whenever a trigger rises."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .model import RenderRequest

LEAST = 1e-3  # beats: less is no grid
SLACK = 1e-6  # s: a keyframe due this soon is due now (frame times are sums of rounded numbers)


class Cadence:
    """Remembers what it has asked for. Owned by the show."""

    def __init__(self) -> None:
        self._begun = -1
        self._owed = False
        self._every, self._grid = 0.0, 0
        self._beat: float | None = None
        self._level = 0.0

    def due(self, begun: RenderRequest | None, now: float, beat: float, values: Mapping[str, float]) -> bool:
        """Whether to ask for a keyframe at `now`; `begun` is the last one that was begun.

        `beat` is the beat at which the picture would be on show. With picture.beats every multiple of it has one
        keyframe, else picture.cadence seconds pass from one to the next; picture.trigger adds one when it rises.
        """
        if begun is None:
            return True
        if begun.index != self._begun:
            self._begun, self._owed = begun.index, False
        every, level = values["picture.beats"], values["picture.trigger"]
        on_grid = self._crossed(beat, every)
        self._owed = self._owed or on_grid or level > 0.5 >= self._level
        self._level = level
        return self._owed or (every < LEAST and now - begun.time >= values["picture.cadence"] - SLACK)

    def _crossed(self, beat: float, every: float) -> bool:
        """Whether the beat has reached another multiple of `every`. A beat that trembles about one counts once."""
        before, self._beat = beat if self._beat is None else self._beat, beat
        if every < LEAST:
            self._every = 0.0
            return False
        if every != self._every:  # it may move in every frame
            self._every, self._grid = every, math.floor(before / every + SLACK)
        grid = math.floor(beat / every + SLACK)
        if self._grid - 1 <= grid <= self._grid:
            return False
        self._grid = grid
        return True
