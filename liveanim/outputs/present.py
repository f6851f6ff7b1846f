"""The finished picture on a window: as large as fits, in its middle."""

from __future__ import annotations

import moderngl

from liveanim.core.mapping import in_the_middle

from .shaders import Program


class Present:
    """Of one window, whose context is `ctx`."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._fitted, self._as_it_is = (Program(ctx, ["show.frag.glsl"], way) for way in ((), ("AS_IT_IS",)))

    def show(self, picture: moderngl.Texture, room: tuple[int, int]) -> None:
        """Draw `picture`, whose row 0 is at the top, on the bound window of `room` (width, height) pixels."""
        self._ctx.screen.viewport = place = in_the_middle(picture.size, room)
        program = self._as_it_is if place[2:] == picture.size else self._fitted
        picture.use(0)
        program.set(picture=0, aspect=1.0)
        program.draw()

    def release(self) -> None:
        self._fitted.release()
        self._as_it_is.release()
