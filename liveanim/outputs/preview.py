"""Small pictures of the stage, for remotes and thumbnails: made on the card, fetched a frame later, and only while
somebody looks."""

from __future__ import annotations

from typing import Protocol

import moderngl
import numpy as np

from liveanim.core.model import Image

from .compositor import Compositor
from .shaders import Program
from .targets import Target

WIDTH = 480  # pixels at most
RATE = 15.0  # Hz at most


class Viewer(Protocol):
    """Somebody who looks now and then."""

    def wanted(self) -> bool:
        """Whether somebody looks."""

    def picture(self, image: Image, now: float) -> None:
        """`image` (height, width, 3) uint8 RGB, top row first, read-only, as it was at show time `now`."""


class Preview:
    """Gives `viewers` small pictures of what `compositor` draws, `width` pixels wide at most and at most `rate` of them
    a second. Needs its context current."""

    def __init__(self, ctx: moderngl.Context, compositor: Compositor, width: int = WIDTH, rate: float = RATE) -> None:
        self._compositor, self._rate = compositor, rate
        self.viewers: list[Viewer] = []
        wide, high = compositor.size
        self.size = min(width, wide), max(1, round(min(width, wide) * high / wide))
        self._target = Target(ctx, self.size, "f1")
        self._buffer = ctx.buffer(reserve=self.size[0] * self.size[1] * 3)
        self._program = Program(ctx, ["preview.frag.glsl"])
        self._program.set(picture=0, aspect=1.0, pixel=(1 / self.size[0], 1 / self.size[1]))
        self._waiting: float | None = None
        self._due = -1.0

    def taken(self, now: float) -> None:
        """The picture for show time `now` has been drawn."""
        if self._waiting is not None:
            wide, high = self.size
            image: Image = np.frombuffer(self._buffer.read(), dtype=np.uint8).reshape(high, wide, 3)
            for viewer in self.viewers:
                viewer.picture(image, self._waiting)
            self._waiting = None
        if now < self._due or not any(viewer.wanted() for viewer in self.viewers):
            return
        self._due = now + 1 / self._rate - 1e-3
        self._target.fbo.use()
        self._compositor.texture.use(0)
        self._program.draw()
        self._target.fbo.read_into(self._buffer, components=3, alignment=1)
        self._waiting = now

    def release(self) -> None:
        self._target.release()
        self._buffer.release()
        self._program.release()
