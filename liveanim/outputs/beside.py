"""A second window that shows the picture of the first: the base of the performer's window and of further projectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import glfw
import moderngl
import numpy as np

from liveanim.core.model import Image

from .context import Loader, current_context

Keys = Callable[[Any, int, int, int, int], None]


class Beside:
    """The window `handle`, which shares the textures of `beside`, the window of the picture. Leaves `beside`'s context
    current.

    loader   finds OpenGL functions; keys: what is told of keys typed here
    """

    def __init__(self, beside: Any, handle: Any, loader: Loader, keys: Keys) -> None:
        self._beside, self.handle = beside, handle
        self._seen: dict[int, moderngl.Texture] = {}
        with self.current():
            self.ctx = current_context(loader)
            glfw.swap_interval(0)  # the picture's window sets the pace
        glfw.set_key_callback(handle, keys)

    @property
    def closed(self) -> bool:
        """Whether somebody closed it; the show goes on."""
        return bool(glfw.window_should_close(self.handle))

    @contextmanager
    def current(self) -> Iterator[None]:
        """With this window's context."""
        glfw.make_context_current(self.handle)
        try:
            yield
        finally:
            glfw.make_context_current(self._beside)

    @contextmanager
    def drawing(self) -> Iterator[tuple[int, int]]:
        """(width, height) in pixels of the window, cleared before and shown after; (0, 0) where it is hidden."""
        width, height = glfw.get_framebuffer_size(self.handle)
        if width < 1 or height < 1:
            yield 0, 0
            return
        with self.current():
            screen = self.ctx.screen
            screen.use()
            screen.viewport = (0, 0, width, height)
            screen.clear()
            yield width, height
            glfw.swap_buffers(self.handle)

    def shared(self, picture: moderngl.Texture) -> moderngl.Texture:
        """`picture` of the first window, as this window's context knows it."""
        if picture.glo not in self._seen:
            self._seen[picture.glo] = self.ctx.external_texture(picture.glo, picture.size, 4, 0, picture.dtype)
        return self._seen[picture.glo]

    def read(self) -> Image:
        """What is on the window now, (height, width, 3) uint8, top row first."""
        with self.current():
            return on_window(self.handle, self.ctx)

    def close(self) -> None:
        glfw.destroy_window(self.handle)


def on_window(handle: Any, ctx: moderngl.Context) -> Image:
    """What is on a window now, whose context is current: (height, width, 3) uint8, top row first."""
    width, height = glfw.get_framebuffer_size(handle)
    data = ctx.screen.read((0, 0, width, height), components=3, alignment=1)
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)[::-1]
