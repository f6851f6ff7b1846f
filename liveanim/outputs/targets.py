"""Textures one can draw into."""

from __future__ import annotations

import moderngl


class Target:
    """A texture one can draw into and read from. `both` draws into `beside` and into this one at once."""

    def __init__(
        self, ctx: moderngl.Context, size: tuple[int, int], dtype: str = "f2", beside: Target | None = None
    ) -> None:
        self.texture = ctx.texture(size, 4, dtype=dtype)
        self.texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self.texture.repeat_x = self.texture.repeat_y = False
        self.fbo = ctx.framebuffer([self.texture])
        self.fbo.clear()
        self.both = ctx.framebuffer([beside.texture, self.texture]) if beside else None

    def copy(self, source: Target) -> None:
        """Have the picture of `source`, of the same size and kind. From memory to memory: where processors draw, that
        takes a fiftieth of drawing it."""
        self.fbo.ctx.copy_framebuffer(self.fbo, source.fbo)

    def release(self) -> None:
        if self.both:
            self.both.release()
        self.fbo.release()
        self.texture.release()
