"""The performer's own window: the picture as it goes out and the display of figures, beside the clean picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import glfw
import moderngl

from liveanim.core.model import Blend

from . import monitors
from .beside import Beside, Keys
from .context import Loader
from .hud import Hud
from .hud_layout import Readout
from .present import Present


class Performer(Beside):
    """A window with the picture and the figures over it."""

    def __init__(self, beside: Any, handle: Any, loader: Loader, keys: Keys) -> None:
        super().__init__(beside, handle, loader, keys)
        with self.current():
            self._hud, self._present = Hud(self.ctx), Present(self.ctx)

    def show(self, picture: moderngl.Texture, blend: Blend, readout: Readout) -> None:
        """Show `picture` (of the other context, row 0 at the top) and the figures over it."""
        with self.drawing() as (width, height):
            if not width:
                return
            self._present.show(self.shared(picture), (width, height))
            self.ctx.screen.viewport = (0, 0, width, height)
            self._hud.draw(blend, readout, (width, height))

    def close(self) -> None:
        with self.current():
            self._hud.release()
            self._present.release()
        super().close()


def place_for(beside: Any, taken: Sequence[str] = ()) -> tuple[Any, tuple[int, int]]:
    """(screen, size): where the performer's window goes: another screen than `beside`'s and those whose names are
    `taken`, where there is one."""
    here = glfw.get_window_monitor(beside) or monitors.handle_under(beside)
    full = [*taken, monitors.name_of(here)] if here else taken
    others = [handle for handle in glfw.get_monitors() if monitors.name_of(handle) not in full]
    handle = others[0] if others else here
    if not handle:
        return None, (960, 540)
    _, _, wide, tall = glfw.get_monitor_workarea(handle)
    share = 0.85 if others else 0.5
    return handle, (max(640, int(wide * share)), max(360, int(tall * share)))
