"""The flash limiter's part on the card: measures every finished picture, holds it back where it would flash too often.

A quiet picture costs one tiny reduction and is handed on as it is. The picture is measured before it is shown, and a
mixed one again, so the budget always knows what was really seen.
"""

from __future__ import annotations

import moderngl
import numpy as np

from liveanim.core.flash import FlashBudget, Grid

from .context import wait
from .shaders import Program
from .targets import Target

GRID = 64, 36  # cells across and down; the quarter that counts as a flash is some 550 of them


class FlashLimiter:
    """Of one compositor whose pictures have `size` (width, height) pixels."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int]) -> None:
        self._ctx, self._size = ctx, size
        self._budget = FlashBudget()
        self._grid = Target(ctx, GRID, "f4")
        self._measure = Program(ctx, ["flash.frag.glsl"], ["MEASURE"])
        self._mix = Program(ctx, ["flash.frag.glsl"])
        self._copy = Program(ctx, ["flash.frag.glsl"], ["COPY"])
        self._mixes: list[Target] = []
        self._shown: Target | None = None
        self._kept: Target | None = None
        # What was shown last; None when that picture has since been drawn over, because it was not going to be needed.
        self._last: Target | None = None
        self._time = 0.0

    @property
    def flashes(self) -> int:
        """Flashes within the last second, one begun counted whole. Only blackouts may make them more than 3."""
        return (self._budget.transitions(self._time) + 1) // 2

    @property
    def holding(self) -> bool:
        """Whether a picture was held back within the last second."""
        return self._budget.holding(self._time)

    def limit(self, picture: Target, time: float, *, cut: bool = False) -> Target:
        """What to show at `time` (s) when `picture` was drawn.

        cut     black: shown at once, whatever it does to the budget; its way back waits
        """
        self._time, shown = time, picture
        grid = self._measured(picture)
        weight = 1.0 if cut or self._last is None else self._budget.weight(grid, time)
        if weight < 1.0:
            picture = self._mixed(picture, weight)
            grid, shown = self._measured(picture), self._in_bytes(picture)
        self._budget.show(grid, time)
        self._last = picture
        if not cut and weight == 1.0:
            # Only a picture that may be needed in the next frame is worth a copy.
            self._last = self._copied(picture) if self._budget.spent(time) else None
        return shown

    def _measured(self, picture: Target) -> Grid:
        picture.texture.use(0)
        self._measure.set(picture=0, cell=(1.0 / GRID[0], 1.0 / GRID[1]))
        self._grid.fbo.use()
        self._measure.draw()
        wait(self._ctx)
        values = np.frombuffer(self._grid.fbo.read(components=4, dtype="f4"), np.float32)
        return values.reshape(GRID[1], GRID[0], 4)[..., :3]

    def _mixed(self, picture: Target, weight: float) -> Target:
        """`picture` mixed into the last one, in a target of this limiter's own. Half floats: small steps add up."""
        if not self._mixes:
            self._mixes = [Target(self._ctx, self._size) for _ in range(2)]
        self._mixes.reverse()
        target, last = self._mixes
        picture.texture.use(0)
        (self._last or last).texture.use(1)
        self._mix.set(picture=0, last=1, weight=weight)
        target.fbo.use()
        self._mix.draw()
        return target

    def _copied(self, picture: Target) -> Target:
        """`picture`, which is in bytes, in a target of this limiter's own."""
        if self._kept is None:
            self._kept = Target(self._ctx, self._size, "f1")
        self._kept.copy(picture)
        return self._kept

    def _in_bytes(self, picture: Target) -> Target:
        """`picture` as what a screen gets. Whoever fetches half floats pays ten times as much."""
        if self._shown is None:
            self._shown = Target(self._ctx, self._size, "f1")
        picture.texture.use(0)
        self._copy.set(picture=0)
        self._shown.fbo.use()
        self._copy.draw()
        return self._shown

    def release(self) -> None:
        for target in (self._grid, self._shown, self._kept, *self._mixes):
            if target is not None:
                target.release()
        for program in (self._measure, self._mix, self._copy):
            program.release()
