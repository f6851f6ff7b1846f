"""One more projector: a window that fills another screen with the picture of the first, or a part of it."""

from __future__ import annotations

from typing import Any

import glfw
import moderngl

from . import monitors
from .beside import Beside, Keys
from .context import Loader
from .mapper import Mapper, Screens
from .shaders import Program


class Projector(Beside):
    """A window for the screen called `screen`; hidden while that is away. `mapper` fits the picture to it."""

    def __init__(self, beside: Any, handle: Any, loader: Loader, keys: Keys, screen: str, screens: Screens) -> None:
        super().__init__(beside, handle, loader, keys)
        self.mapper = Mapper(screens)
        self.mapper.follow(screen)
        with self.current():
            self._program = Program(self.ctx, ["mapped.frag.glsl"])
        self.follow()

    def show(self, picture: moderngl.Texture) -> None:
        """Show `picture` (of the other context, row 0 at the top)."""
        with self.drawing() as size:
            if size[0]:
                self.mapper.draw(self._program, self.shared(picture), size)

    def follow(self) -> None:
        """Screens came or went: fill this one's own, or wait for it."""
        if glfw.get_window_monitor(self.handle):
            return
        screen = monitors.handle_named(self.mapper.screen)
        if not screen:
            glfw.hide_window(self.handle)
            return
        glfw.show_window(self.handle)
        monitors.fill(self.handle, screen)

    def close(self) -> None:
        with self.current():
            self._program.release()
        super().close()
