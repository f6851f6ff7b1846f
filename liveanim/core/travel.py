"""Where the camera has been, over the picture and in space. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .model import Matrix
from .motion import CameraPath, partial, step_matrix
from .space import part, step_move


@dataclass(frozen=True, slots=True)
class Travel:
    """`path`: homographies over the picture; `flight`: moves in space, which come after them."""

    path: CameraPath = field(default_factory=CameraPath)
    flight: CameraPath = field(default_factory=lambda: CameraPath(order=4))

    def moved(
        self, now: float, values: Mapping[str, float], dt: float, aspect: float, frames: float | None = None
    ) -> Travel:
        """One tick of `dt` seconds more. Keyframes that do not come from one another are not carried.

        `frames`: frames a second that a look was made in; the tick is a share of such a frame's whole move.
        """
        if values["picture.mode"] > 0.5:
            return Travel(self.path.moved(now, np.eye(3)), self.flight.moved(now, np.eye(4)))
        if frames is None or dt <= 0:
            over, through = step_matrix(values, dt, aspect), step_move(values, dt)
        else:
            over = partial(step_matrix(values, 1 / frames, aspect), dt * frames)
            through = part(step_move(values, 1 / frames), dt * frames)
        return Travel(self.path.moved(now, over), self.flight.moved(now, through))

    def between(self, start: float, end: float) -> tuple[Matrix, Matrix]:
        """(homography, move) from what was seen at `start` to `end`."""
        return self.path.between(start, end), self.flight.between(start, end)

    def since(self, oldest: float) -> Travel:
        """Without the ticks before `oldest`."""
        return Travel(self.path.since(oldest), self.flight.since(oldest))
