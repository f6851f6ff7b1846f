"""The stage without a screen: the same compositor on an EGL context, for offline rendering and bare machines."""

from __future__ import annotations

from typing import Any

import moderngl

from liveanim.core.errors import UserError
from liveanim.core.model import Blend, Image

from .compositor import Compositor
from .taps import Tap, TapFeed


def headless_context() -> moderngl.Context:
    """An OpenGL 3.3 context that needs no display; UserError with the remedy when there is none."""
    try:
        options: dict[str, Any] = {"standalone": True, "backend": "egl", "require": 330}
        return moderngl.create_context(**options)
    except Exception as error:  # noqa: BLE001  moderngl raises bare Exception, whatever the cause
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(
            f"no OpenGL 3.3 without a screen ({reason}); on Debian or Ubuntu: sudo apt install libegl1 libgl1-mesa-dri"
        ) from None


class Headless:
    """A stage sink of `size` (width, height) pixels without a window. Pictures reach the taps at once."""

    def __init__(self, size: tuple[int, int], linear_light: bool = False) -> None:
        self.size = size
        self._ctx = headless_context()
        self.compositor = Compositor(self._ctx, size, linear_light)
        self._feed = TapFeed(self.compositor, later=False)
        self._last: float | None = None

    def add_tap(self, tap: Tap) -> None:
        """Give `tap` every picture from now on; it is closed with the stage."""
        self._feed.add(tap)

    def remove_tap(self, tap: Tap) -> None:
        self._feed.remove(tap)

    def write(self, blend: Blend, now: float) -> None:
        """Draw `blend` for show time `now` (s) and hand the picture to the taps."""
        dt = now - self._last if self._last is not None else 1 / 60
        self._last = now
        self.compositor.draw(blend, dt)
        self._feed.taken(now)

    def read(self) -> Image:
        """The picture last drawn."""
        return self.compositor.read()

    def close(self) -> None:
        self._feed.close()
        self.compositor.release()
        self._ctx.release()
