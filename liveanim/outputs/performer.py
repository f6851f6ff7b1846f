"""The performer's own window: the picture as it goes out and the display of figures, beside the clean picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import glfw
import moderngl
import numpy as np

from liveanim.core.mapping import in_the_middle
from liveanim.core.model import Blend, Image

from . import monitors
from .context import Loader, current_context
from .hud import Hud
from .hud_layout import Readout
from .shaders import Program

Keys = Callable[[Any, int, int, int, int], None]


class Performer:
    """A window that shares the textures of `beside`, the window of the picture. Leaves `beside`'s context current.

    loader   finds OpenGL functions; keys: what is told of keys typed here
    """

    def __init__(self, beside: Any, window: Any, loader: Loader, keys: Keys) -> None:
        self._beside, self.handle = beside, window
        self._seen: dict[int, moderngl.Texture] = {}
        glfw.make_context_current(window)
        self._ctx = current_context(loader)
        glfw.swap_interval(0)  # the picture's window sets the pace
        self._hud, self._present = Hud(self._ctx), Program(self._ctx, ["show.frag.glsl"])
        glfw.set_key_callback(window, keys)
        glfw.make_context_current(beside)

    @property
    def closed(self) -> bool:
        """Whether somebody closed it; the show goes on."""
        return bool(glfw.window_should_close(self.handle))

    def show(self, picture: moderngl.Texture, blend: Blend, readout: Readout) -> None:
        """Show `picture` (of the other context, row 0 at the top) and the figures over it."""
        width, height = glfw.get_framebuffer_size(self.handle)
        if width < 1 or height < 1:
            return
        glfw.make_context_current(self.handle)
        screen = self._ctx.screen
        screen.use()
        screen.viewport = (0, 0, width, height)
        screen.clear()
        screen.viewport = in_the_middle(picture.size, (width, height))
        self._shared(picture).use(0)
        self._present.set(picture=0, aspect=1.0)
        self._present.draw()
        screen.viewport = (0, 0, width, height)
        self._hud.draw(blend, readout, (width, height))
        glfw.swap_buffers(self.handle)
        glfw.make_context_current(self._beside)

    def _shared(self, picture: moderngl.Texture) -> moderngl.Texture:
        """The same texture, as this window's context knows it."""
        if picture.glo not in self._seen:
            kind = picture.dtype
            self._seen[picture.glo] = self._ctx.external_texture(picture.glo, picture.size, 4, 0, kind)
        return self._seen[picture.glo]

    def read(self) -> Image:
        """What is on the window now, (height, width, 3) uint8, top row first."""
        width, height = glfw.get_framebuffer_size(self.handle)
        glfw.make_context_current(self.handle)
        data = self._ctx.screen.read((0, 0, width, height), components=3, alignment=1)
        glfw.make_context_current(self._beside)
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)[::-1]

    def close(self) -> None:
        glfw.make_context_current(self.handle)
        self._hud.release()
        self._present.release()
        glfw.make_context_current(self._beside)
        glfw.destroy_window(self.handle)


def place_for(beside: Any) -> tuple[Any, tuple[int, int]]:
    """(screen, size): where the performer's window goes: another screen than `beside`'s, where there is one."""
    taken = glfw.get_window_monitor(beside) or monitors.handle_under(beside)
    others = [handle for handle in glfw.get_monitors() if monitors.name_of(handle) != monitors.name_of(taken)]
    handle = others[0] if others else taken
    if not handle:
        return None, (960, 540)
    _, _, wide, tall = glfw.get_monitor_workarea(handle)
    share = 0.85 if others else 0.5
    return handle, (max(640, int(wide * share)), max(360, int(tall * share)))
